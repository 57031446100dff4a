"""A marked passphrase and NIK are sent in every way there is, right and wrong, and then looked for everywhere."""

import io
import itertools
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import structlog

from esign.api import logs, server
from esign.api.app import create_app
from esign.ca.authority import Secret
from esign.registry.models import Scope
from esign.registry.signers import NewSigner
from esign.service import checking, codes, letters, signers
from tests.integration.conftest import OPERATOR, House
from tests.integration.test_api_signing import sign
from tests.unit.test_verify_password import locked

Order = Callable[..., dict[str, str]]

PASSPHRASE = "Rahasia+Bertanda/7f3a é"
WRONG = "Salah+Bertanda/9c1d é"
NIK = "3201019988776655"
CODE = "Kode+Bertanda/5e2b é"
MARKS = ("Bertanda", NIK)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """The logs of this process as it would write them in production, at their most talkative."""
    kept = (logging.root.handlers[:], logging.root.level, logging.raiseExceptions)
    levels = {name: logging.getLogger(name).level for name in ("httpx", "httpcore", "python_multipart")}
    stream = io.StringIO()
    logs.configure("debug", "json", stream)
    yield stream
    logging.captureWarnings(capture=False)
    logging.root.handlers[:], level, logging.raiseExceptions = kept
    logging.root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


def test_no_passphrase_and_no_nik_is_left_anywhere(
    house: House, order: Order, pdf: bytes, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = signers.enrol(
        house.services,
        NewSigner(agency_id=house.agency.id, nik=NIK, name="Bapak Bertugas", office="Camat"),  # type: ignore[arg-type]
        house.agency.name,
        Secret(PASSPHRASE),
        OPERATOR,
    )
    key = house.key(Scope.LETTERS_SIGN, Scope.LETTERS_READ, Scope.SIGNERS_READ)
    answers: list[httpx.Response] = []
    with (
        server.running(create_app(house.services), house.services.settings, port=0) as url,
        httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client,
    ):
        answers += say_it_in_every_way(client, order, pdf, signer.id)
        crashing = ((letters, "sign_new"), (letters, "sign"), (letters, "get"), (checking, "upload"), (codes, "send"))
        for module, name in crashing:
            monkeypatch.setattr(module, name, crash)
        answers += say_it_in_every_way(client, order, pdf, signer.id)
    statuses = {answer.status_code for answer in answers}
    assert {201, 403, 404, 405, 415, 422, 500} <= statuses

    for answer in answers:
        told = answer.content + str(answer.headers).encode()
        assert not found_in(told), (answer.request.url.path, answer.status_code, answer.text[:500])
    written = logged.getvalue()
    assert not found_in(written.encode()), next(line for line in written.splitlines() if found_in(line.encode()))
    lines = [json.loads(line) for line in written.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) == len(answers)
    assert {line["route"] for line in requests} >= {
        "/v1/letters/sign",
        "/v1/signers/{signer_id}/credential",
        "unmatched",
    }
    assert any(line["event"] == "request_failed" for line in lines)
    for path in everything_in(house.folder):
        assert not found_in(path.read_bytes()), path


def crash(*args: object, **named: object) -> None:
    """Fails as carelessly as can be: with all that it was given in the message."""
    values = [value.reveal() if isinstance(value, Secret) else value for value in (*args, *named.values())]
    raise RuntimeError(f"crashed with {values} {NIK} {PASSPHRASE}")


def say_it_in_every_way(client: httpx.Client, order: Order, pdf: bytes, signer_id: str) -> list[httpx.Response]:
    """Requests that hold the marks, valid and not."""
    file = {"file": ("surat.pdf", pdf)}
    letter = {name: order()[name] for name in ("number", "date", "subject")}
    draft = client.post("/v1/letters", data=letter, files=file)
    signatures = f"{draft.headers.get('location', '/v1/letters/x')}/signatures"
    good = {"signer": NIK, "passphrase": PASSPHRASE, "profile": "B-B", "placement": {"kind": "invisible"}}
    wrong = {**good, "signer": signer_id, "passphrase": WRONG}
    query = {"nik": NIK, "passphrase": PASSPHRASE}
    return [
        draft,
        # by form, right and wrong
        sign(client, pdf, order(signer=NIK, passphrase=PASSPHRASE), accept="application/json"),
        sign(client, pdf, order(signer=NIK, passphrase=PASSPHRASE), idempotency_key=f"{NIK}-{next(_numbers)}"),
        sign(client, pdf, order(signer=signer_id, passphrase=WRONG)),
        sign(client, b"no PDF", order(signer=NIK, passphrase=PASSPHRASE)),
        sign(client, pdf, order(signer=NIK, passphrase=PASSPHRASE, date=NIK, profile=PASSPHRASE)),
        sign(client, pdf, order(signer=NIK, passphrase=PASSPHRASE, placement=f'{{"kind": "{PASSPHRASE}"}}')),
        sign(client, pdf, order(signer=NIK, passphrase=PASSPHRASE) | {NIK: PASSPHRASE, PASSPHRASE: NIK}),
        sign(client, pdf, order(signer=NIK, passphrase=PASSPHRASE * 100)),
        client.post("/v1/letters/sign", data=order(signer=NIK), files={**file, "passphrase": ("p", PASSPHRASE)}),
        client.post("/v1/letters/sign", data=order(signer=NIK, passphrase=PASSPHRASE), files={}),
        # by JSON
        client.post(signatures, json=wrong),
        client.post(signatures, json={**good, "profile": PASSPHRASE, "reason": [PASSPHRASE]}),
        client.post(signatures, json={**good, PASSPHRASE: NIK}),
        client.post(signatures, json={**good, "passphrase": {"is": PASSPHRASE}}),
        client.post(signatures, json=[PASSPHRASE, NIK]),
        client.post(signatures, content=f'{{"passphrase": "{PASSPHRASE}'.encode(), headers=_json),
        client.post(signatures, data={"signer": NIK, "passphrase": PASSPHRASE, "may_lower": PASSPHRASE}),
        client.post(signatures, content=json.dumps(good).encode(), headers=_form),
        client.post(signatures, content=PASSPHRASE.encode(), headers={"content-type": "text/plain"}),
        client.post(signatures, json=good),
        # one-time codes
        sign(client, pdf, order(signer=NIK, passphrase=None, code=CODE)),
        sign(client, pdf, order(signer=NIK, passphrase=PASSPHRASE, code=CODE), accept="application/json"),
        sign(client, pdf, order(signer=NIK, passphrase=None, code=CODE * 100)),
        client.post("/v1/letters/sign", data=order(passphrase=None), files={**file, "code": ("c", CODE)}),
        client.post(signatures, json={**good, "passphrase": None, "code": CODE}),
        client.post(signatures, json={"signer": NIK, "code": CODE}),
        client.post(signatures, json={"signer": NIK, "code": [CODE]}),
        client.post(signatures, data={"signer": signer_id, "code": CODE}),
        client.post(f"/v1/signers/{signer_id}/codes", json={"signatures": CODE}),
        client.post(f"/v1/signers/{signer_id}/codes", json={"code": CODE, NIK: PASSPHRASE}),
        client.post(f"/v1/signers/{signer_id}/codes", params={"code": CODE}, json={}),
        client.post(f"/v1/signers/{NIK}/codes", json={}),
        client.post(f"/v1/signers/{signer_id}/codes", json={"signatures": 2}),
        # by query
        sign_with_query(client, pdf, order(signer=NIK, passphrase=PASSPHRASE), query),
        client.post(signatures, params=query, json=good),
        client.get("/v1/letters", params=query),
        client.get("/v1/letters", params={"text": NIK, "since": PASSPHRASE}),
        client.get("/v1/letters", params={"cursor": f"{NIK}.{PASSPHRASE}"}),
        client.get("/nowhere", params=query),
        client.post("/v1/verify", params=query, files=file),
        # by path
        client.get(f"/v1/signers/{NIK}/credential"),
        client.get(f"/v1/letters/{NIK}"),
        client.get(f"/v1/letters/{httpx.URL('/' + PASSPHRASE).raw_path.decode()[1:]}"),
        client.get(f"/v1/verify/{NIK}"),
        client.get(f"/nowhere/{NIK}"),
        client.delete(f"/v1/letters/{NIK}"),
        client.get(f"/problems/{NIK}"),
        # by header
        client.get("/v1/letters", headers={"authorization": f"Bearer {NIK}", "x-request-id": NIK}),
        client.get("/v1/letters", headers={"accept": NIK, "accept-language": NIK, "user-agent": NIK}),
        # to everybody's endpoint
        client.post("/v1/verify", data={"code": NIK}, files=file),
        client.post("/v1/verify", content=f"%PDF {NIK} {PASSPHRASE}".encode(), headers=_pdf),
        client.post("/v1/verify", data={"password": PASSPHRASE}, files={"file": ("a.pdf", locked("AES-256"))}),
        client.post("/v1/verify", data={"password": PASSPHRASE, "report": "all"}, files={"file": ("a.pdf", pdf)}),
        client.post("/v1/verify", data={"password": PASSPHRASE * 100}, files={"file": ("a.pdf", pdf)}),
        client.post("/v1/verify", data={"password": PASSPHRASE}),
    ]


_json = {"content-type": "application/json"}
_form = {"content-type": "application/x-www-form-urlencoded"}
_pdf = {"content-type": "application/pdf"}
_numbers = itertools.count()


def sign_with_query(client: httpx.Client, pdf: bytes, fields: dict[str, str], query: dict[str, str]) -> httpx.Response:
    return client.post("/v1/letters/sign", params=query, data=fields, files={"file": ("a.pdf", pdf)})


def found_in(data: bytes) -> bool:
    return any(mark.encode() in data for mark in MARKS)


def everything_in(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in found)
    return found
