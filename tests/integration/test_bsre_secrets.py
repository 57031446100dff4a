"""NIKs stand in addresses of BSrE's API, codes and passphrases in its bodies: none of them is left anywhere."""

import io
import json
from base64 import b64encode

import httpx
import pytest

from esign.api import server
from esign.api.app import create_app
from esign.ca.authority import Secret
from esign.registry.models import SignerKind
from esign.registry.signers import NewSigner
from esign.service import checking, codes, registering, seals, signers
from tests.bsre import Application
from tests.integration.conftest import OPERATOR, House
from tests.integration.test_api_secrets import crash, everything_in, logged

__all__ = ["logged"]

PASSPHRASE = "Sandi+Bertanda/3a1f é"
CODE = "Totp+Bertanda/7c2d"
NIK = "3201019911223344"
STRANGER = "3201019911225566"
ENTERED = "3201019911227788"
MARKS = ("Bertanda", NIK, STRANGER, ENTERED)


@pytest.fixture
def application(house: House) -> Application:
    new = NewSigner.model_validate(
        {"agency_id": house.agency.id, "nik": NIK, "name": "Ibu Penguji", "email": "penguji@example.go.id"}
    )
    signers.enrol(house.services, new, house.agency.name, Secret(PASSPHRASE), OPERATOR)
    seal = NewSigner(
        agency_id=house.agency.id, kind=SignerKind.SEAL, name="Segel", subscriber="900", email="s@example.go.id"
    )
    signers.enrol(house.services, seal, house.agency.name, Secret(PASSPHRASE), OPERATOR)
    return Application(house)


def test_no_nik_no_code_and_no_passphrase_is_left_anywhere(
    house: House, application: Application, pdf: bytes, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[httpx.Response] = []
    services = house.services
    with (
        server.running(create_app(services), services.settings, port=0) as url,
        application.client(url) as client,
        httpx.Client(base_url=url) as nobody,
    ):
        answers += said(client, pdf)
        answers += said(nobody, pdf)
        for module, name in (
            (registering, "of_signer"),
            (registering, "register"),
            (checking, "upload"),
            (codes, "send_to"),
            (seals, "find"),
        ):
            monkeypatch.setattr(module, name, crash)
        answers += said(client, pdf)
        measured = client.get("/metrics").content
    assert {200, 400, 401, 404, 500} <= {answer.status_code for answer in answers}

    for answer in answers:
        told = answer.content + str(answer.headers).encode()
        assert not found_in(told), (answer.request.url.path, answer.status_code, answer.text[:500])
        assert isinstance(answer.json(), dict)
    assert not found_in(measured)
    assert b'route="/api/user/status/{reference:path}"' in measured
    written = logged.getvalue()
    assert not found_in(written.encode()), next(line for line in written.splitlines() if found_in(line.encode()))
    lines = [json.loads(line) for line in written.splitlines()]
    routes = {line["route"] for line in lines if line["event"] == "request"}
    assert {
        "/api/user/status/{reference:path}",
        "/api/v2/user/certificate/chain/{reference:path}",
        "unmatched",
    } <= routes
    assert any(line["event"] == "request_failed" for line in lines)
    for path in everything_in(house.folder):
        assert not found_in(path.read_bytes()), path


def said(client: httpx.Client, pdf: bytes) -> list[httpx.Response]:
    """Requests that hold the marks, valid and not."""
    text = b64encode(pdf).decode()
    person = {"nik": NIK, "passphrase": PASSPHRASE}
    form = {"nik": ENTERED, "nama": "Made Baru", "passphrase": PASSPHRASE}
    return [
        # in the address
        *(client.get(f"/api/user/status/{nik}") for nik in (NIK, STRANGER, f"{NIK}/x", f" {NIK}")),
        client.get(f"//api/user/status/{NIK}/"),
        client.get(f"/api/user/status/{NIK}", params={"passphrase": PASSPHRASE}),
        *(client.get(f"/api/v2/user/certificate/chain/{nik}") for nik in (NIK, STRANGER)),
        *(client.get(f"/api/user/certificate/chain/{nik}") for nik in (NIK, STRANGER)),
        *(client.get(f"/api/user/profile/{nik}") for nik in (NIK, STRANGER)),
        client.get(f"/api/nowhere/{NIK}", params={"passphrase": PASSPHRASE}),
        client.post(f"/api/user/status/{NIK}"),
        client.get(f"/api/sign/download/{NIK}"),
        client.get("/api/entity/cert/expired", params={"nik": NIK}),
        # in a body
        *(client.post("/api/v2/user/check/status", json={"nik": nik}) for nik in (NIK, STRANGER, [NIK], {NIK: NIK})),
        client.post("/api/v2/user/check/status", content=f'{{"nik": "{NIK}'.encode()),
        client.post("/api/v2/user/registration", json={**person, "nama": "Ibu Penguji", "email": "p@example.go.id"}),
        client.post("/api/v2/user/registration", json={"nik": NIK + "1", "nama": "X", "email": "p@example.go.id"}),
        client.post("/api/user/registrasi", data=form, files={"ktp": (f"{NIK}.png", f"%PDF- {NIK}".encode())}),
        client.post("/api/user/registrasi", data=form, files={"ktp": ("a.png", NIK.encode())}),
        client.post("/api/user/registrasi", params=form),
        client.post("/api/v2/sign/get/totp", json={"nik": NIK, "data": CODE}),
        client.post("/api/v2/sign/get/totp", json={"nik": NIK, "passphrase": PASSPHRASE}),
        client.post("/api/v2/sign/get/totp", json={"nik": STRANGER}),
        client.post("/api/v2/seal/get/activation", json={"idSubscriber": "900", "totp": CODE}),
        client.post("/api/v2/seal/get/activation", json={"idSubscriber": NIK, "totp": [CODE]}),
        client.post("/api/v2/seal/revoke/activation", json={"idSubscriber": "900", "otp": CODE}),
        client.post("/api/v2/seal/get/totp", json={"idSubscriber": "900", "totp": CODE, "data": NIK}),
        client.post("/api/v2/seal/get/totp", json={"idSubscriber": "900", "totp": CODE, "data": 1}),
        client.post("/api/v2/seal/pdf", json={
            "idSubscriber": "900", "totp": CODE, "signatureProperties": [{"tampilan": "INVISIBLE"}], "file": [text]
        }),
        client.post("/api/v2/verify/pdf", json={"file": text, "password": PASSPHRASE}),
        client.post("/api/v2/verify/pdf", json={"file": PASSPHRASE, "passsword": [PASSPHRASE]}),
        client.post("/api/sign/verify", data={"password": PASSPHRASE}, files={"signed_file": (f"{NIK}.pdf", pdf)}),
        client.post("/api/sign/verify", data={"password": PASSPHRASE * 9000}, files={"file": ("a.pdf", pdf)}),
    ]  # fmt: skip


def found_in(data: bytes) -> bool:
    return any(mark.encode() in data for mark in MARKS)
