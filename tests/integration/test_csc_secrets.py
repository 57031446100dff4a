"""Marked PINs, codes, activation data, tokens and keys go through the CSC face in every way, and are looked for."""

import base64
import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from esign.api import server
from esign.api.app import create_app
from esign.ca.authority import Consent, Secret
from esign.registry.signers import NewSigner
from esign.service import csc, signers
from tests.integration.conftest import OPERATOR, House
from tests.integration.csc import credentials_of
from tests.integration.test_api_secrets import everything_in, logged

__all__ = ["logged"]

PIN, WRONG, OTP, NIK = "Pin+Bertanda/5a7c", "Salah+Bertanda/1b9d", "Kode+Bertanda/77", "3201017766554433"
HASH = base64.b64encode(hashlib.sha256(b"Surat").digest()).decode()
SHA256, RSA = "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.11"


def crash(*args: object, **named: object) -> None:
    """Fails as carelessly as can be: with all that it was given in the message."""
    given = [
        each.passphrase.reveal() if isinstance(each, Consent) and each.passphrase else each
        for each in (*args, *named.values())
    ]
    raise RuntimeError(f"crashed with {[each.reveal() if isinstance(each, Secret) else each for each in given]} {PIN}")


def in_every_way(ask: Callable[..., httpx.Response], version: str, signer: str) -> list[httpx.Response]:
    """Requests that hold the marks, right and wrong."""
    name, oid = ("hash", "hashAlgo") if version == "v1" else ("hashes", "hashAlgorithmOID")
    of = {"credentialID": signer, name: [HASH], oid: SHA256}

    def consent(pin: object, **more: object) -> dict[str, object]:
        given = {"PIN": pin} if version == "v1" else {"authData": [{"id": "PIN", "value": pin}]}
        return {**of, "numSignatures": 1, **given, **more}

    authorized = ask("credentials/authorize", consent(PIN))
    sad = authorized.json().get("SAD", "SAD+Bertanda")
    return [
        authorized,
        ask("credentials/authorize", consent(WRONG)),
        ask("credentials/authorize", consent(PIN, credentialID=NIK, numSignatures=PIN)),
        ask("credentials/authorize", consent(PIN, hash=[PIN], hashes=[PIN])),
        ask("credentials/authorize", consent([PIN])),
        ask("credentials/authorize", consent({PIN: PIN})),
        ask("credentials/authorize", consent(PIN * 200)),
        ask("credentials/authorize", consent(None, OTP=OTP, authData=[{"id": "OTP", "value": OTP}])),
        ask("credentials/authorize", consent(None, authData=[{"id": PIN, "value": PIN}])),
        ask("credentials/authorize", {**consent(PIN), PIN: PIN, "clientData": PIN, "description": PIN}),
        ask("credentials/info", {"credentialID": NIK}),
        ask("credentials/info", {"credentialID": PIN, "certificates": PIN}),
        ask("credentials/list", {"userID": NIK, "pageToken": PIN}),
        ask("credentials/list", {"userID": PIN}),
        ask(f"credentials/{PIN}", {}),
        ask(f"credentials/info?PIN={PIN}&nik={NIK}", {"credentialID": signer}),
        ask("signatures/signHash", {**of, "SAD": "SAD+Bertanda", "signAlgo": RSA}),
        ask("signatures/signHash", {**of, "SAD": sad, "signAlgo": PIN}),
        ask("signatures/signHash", {**of, "SAD": sad, "signAlgo": RSA}),
        ask("signatures/signHash", {**of, "SAD": sad, "signAlgo": RSA}),
    ]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_no_secret_is_left_anywhere(
    house: House, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    nik = f"{NIK[:-1]}{version[-1]}"
    new = NewSigner.model_validate({"agency_id": house.agency.id, "nik": nik, "name": "Bapak Bertugas"})
    signer = signers.enrol(house.services, new, house.agency.name, Secret(PIN), OPERATOR)
    client_id, key = credentials_of(house)
    settings = house.services.settings.model_copy(update={"csc_server": True})
    app = create_app(replace(house.services, settings=settings))
    with (
        server.running(app, settings, port=0) as url,
        httpx.Client(base_url=f"{url}/csc/{version}/", timeout=60) as http,
    ):
        form = {"grant_type": "client_credentials", "client_id": client_id}
        answers = [
            granted := http.post("oauth2/token", data={**form, "client_secret": key}),
            http.post("oauth2/token", data={**form, "client_secret": PIN, "scope": PIN}),
            http.post("oauth2/token", data={**form, "client_secret": PIN}, auth=(PIN, PIN)),
            http.post("oauth2/token", content=f"{PIN}={PIN}&{PIN}={PIN}"),
        ]
        token = granted.json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"

        def ask(method: str, body: object) -> httpx.Response:
            return http.post(method, json=body)

        told = in_every_way(ask, version, signer.id)
        sad = told[0].json()["SAD"]
        monkeypatch.setattr(csc, "consent", crash)
        monkeypatch.setattr(csc, "fetch", crash)
        monkeypatch.setattr(csc, "credential", crash)
        crashed = in_every_way(ask, version, signer.id)
    assert {200, 400, 404} <= {answer.status_code for answer in told}
    assert {500, 400, 404} <= {answer.status_code for answer in crashed}

    marks = [mark.encode() for mark in (PIN, WRONG, OTP, nik, sad, token, key)]
    for answer in [*answers[1:], *told[1:], *crashed]:
        assert not [mark for mark in marks if mark in answer.content], (answer.request.url, answer.text[:300])
    written = logged.getvalue().encode()
    assert written.count(b"request_failed") >= 5
    assert not [mark for mark in marks if mark in written]
    assert {json.loads(line)["route"] for line in written.splitlines() if b'"route"' in line} >= {
        f"/csc/{version}/oauth2/token",
        f"/csc/{version}/signatures/signHash",
        f"/csc/{version}/{{method:path}}",
    }
    for path in everything_in(house.folder):
        assert not [mark for mark in marks if mark in path.read_bytes()], path
