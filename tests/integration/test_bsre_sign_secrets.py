"""A marked passphrase and NIK are sent to BSrE's signing calls in every way, right and wrong, and then looked for."""

import io
import json
from base64 import b64encode
from dataclasses import replace

import httpx
import pytest
from pydantic import JsonValue

from esign.api import server
from esign.api.app import create_app
from esign.ca.authority import Secret
from esign.registry.models import Scope
from esign.registry.signers import NewSigner
from esign.service import letters, signers
from tests.bsre import SECRET, Application, written_page
from tests.integration.conftest import OPERATOR, House
from tests.integration.test_api_secrets import crash, everything_in, logged

__all__ = ["logged"]

PASSPHRASE = "Sandi+Tertandai/5d2e é"
WRONG = "Keliru+Tertandai/8b0c é"
CODE = "Totp+Tertandai/1f6a"
NIK = "3201019977553311"
MARKS = ("Tertandai", NIK, SECRET, b64encode(SECRET.encode()).decode()[:16])
PAGE = written_page("#", 300, 400)


def test_no_passphrase_no_nik_and_no_password_is_left_anywhere(
    house: House, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = NewSigner.model_validate({"agency_id": house.agency.id, "nik": NIK, "name": "Bapak Penanda Tangan"})
    signers.enrol(house.services, new, house.agency.name, Secret(PASSPHRASE), OPERATOR)
    application, reader = Application(house), Application(house, Scope.SIGNERS_READ)
    settings = house.services.settings.model_copy(update={"bsre_replay_seconds": 0})
    services = replace(house.services, settings=settings)
    answers: list[httpx.Response] = []
    with (
        server.running(create_app(services), services.settings, port=0) as url,
        application.client(url) as client,
        reader.client(url) as other,
        httpx.Client(base_url=url) as nobody,
    ):
        answers += said(client)
        answers += said(other)
        answers += said(nobody)
        monkeypatch.setattr(letters, "sign_all", crash)
        answers += said(client)
        measured = client.get("/metrics").content
    assert {200, 400, 401, 403, 404, 405, 500} <= {answer.status_code for answer in answers}

    for answer in answers:
        told = answer.content + str(answer.headers).encode()
        assert not found_in(told), (answer.request.url.path, answer.status_code, answer.text[:500])
    assert not found_in(measured)
    written = logged.getvalue()
    assert not found_in(written.encode()), next(line for line in written.splitlines() if found_in(line.encode()))
    lines = [json.loads(line) for line in written.splitlines()]
    routes = {line["route"] for line in lines if line["event"] == "request"}
    assert {"/api/sign/pdf", "/api/v2/sign/pdf", "/api/sign/download/{id_dokumen}", "unmatched"} <= routes
    assert any(line["event"] == "request_failed" for line in lines)
    for path in everything_in(house.folder):
        assert not found_in(path.read_bytes()), path


def said(client: httpx.Client) -> list[httpx.Response]:
    """Requests that hold the marks, valid and not."""
    file = {"file": ("surat.pdf", PAGE)}
    good = {"nik": NIK, "passphrase": PASSPHRASE, "tampilan": "invisible"}
    pdf = b64encode(PAGE).decode()
    body: dict[str, JsonValue] = {
        "nik": NIK, "passphrase": PASSPHRASE, "signatureProperties": [{"tampilan": "INVISIBLE"}], "file": [pdf],
    }  # fmt: skip
    v1, v2 = "/api/sign/pdf", "/api/v2/sign/pdf"
    marked: dict[str, JsonValue] = {NIK: PASSPHRASE, PASSPHRASE: [NIK]}
    return [
        # by form
        client.post(v1, data=good, files=file),
        client.post(v1, data=good | {"passphrase": WRONG}, files=file),
        client.post(v1, data=good | {"tampilan": PASSPHRASE, "page": NIK}, files=file),
        client.post(v1, data=good | {PASSPHRASE: NIK, NIK: PASSPHRASE}, files=file),
        client.post(v1, data=good, files={**file, "passphrase": ("p.txt", PASSPHRASE)}),
        client.post(v1, data=good | {"passphrase": PASSPHRASE * 4000}, files=file),
        client.post(v1, data=good, files={"file": ("a.pdf", f"{NIK} {PASSPHRASE}".encode())}),
        client.post(
            v1, data=good | {"tag_koordinat": PASSPHRASE, "tampilan": "visible"}, files={"file": ("a.pdf", b"x")}
        ),
        client.post(v1, data=good),
        client.post(
            v1, content=f"{NIK}{PASSPHRASE}".encode(), headers={"content-type": "multipart/form-data; boundary=x"}
        ),
        # by query
        client.post(v1, params=good, files=file),
        client.post(v1, params=good | {"passphrase": WRONG}, files=file),
        client.post(v1, params=good | {"jenis_response": PASSPHRASE}, files=file),
        client.post(f"//{v1}", params=good),
        client.post(v2, params=good, json=body),
        client.get("/api/nowhere", params=good),
        # by JSON
        client.post(v2, json=body),
        client.post(v2, json=body | {"passphrase": WRONG}),
        client.post(v2, json=body | {"passphrase": None, "totp": CODE}),
        client.post(v2, json=body | marked),
        client.post(v2, json=body | {"passphrase": {"is": PASSPHRASE}}),
        client.post(v2, json=body | {"nik": [NIK], "file": PASSPHRASE}),
        client.post(v2, json=body | {"signatureProperties": [marked | {"tampilan": NIK, "page": PASSPHRASE}]}),
        client.post(v2, content=f'{{"passphrase": "{PASSPHRASE}", "nik": {NIK}'.encode()),
        client.post(v2, json=[PASSPHRASE, NIK]),
        # by path and by header
        client.get(f"/api/sign/download/{NIK}"),
        client.get(f"/api/sign/download/{httpx.URL('/' + PASSPHRASE).raw_path.decode()[1:]}"),
        client.get(f"/api/{NIK}"),
        client.delete(f"/api/sign/download/{NIK}"),
        client.get("/api/sign/download/1", headers={"x-request-id": NIK, "accept": NIK}),
    ]


def found_in(data: bytes) -> bool:
    return any(mark.encode() in data for mark in MARKS)
