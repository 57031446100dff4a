"""An official whose key lies in an HSM signs through the API of a whole service; the CA answers over HTTP."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from esign import settings as settings_file
from esign.api import server
from esign.api.app import create_app
from esign.ca.authority import Secret
from esign.ca.dev import DevCa, Subject
from esign.ca.dev.subject import HolderKind, distinguished_name
from esign.ca.pkcs11 import enrolment
from esign.cli.authority import app as authority_command
from esign.registry.agencies import NewAgency
from esign.registry.audit import Actor
from esign.registry.clients import NewClient
from esign.registry.models import Scope, Signer
from esign.registry.signers import NewSigner
from esign.service import parties, signers
from esign.service.services import Services
from esign.settings import Settings
from esign.x509.clock import SystemClock
from esign.x509.keys import KeyAlgorithm
from esign.x509.trust import TrustStore
from tests import letter_files
from tests.hsm_officials import HsmHouse, hsm_house
from tests.live_pki import listening

OPERATOR = Actor(name="tests", request_id="tests-setup")
HOLDER = "kepala-dinas"
AGENCY = "Dinas Kesehatan"


@dataclass
class Office:
    """A service with an HSM and one official."""

    hsm: HsmHouse
    services: Services
    signer: Signer
    client: httpx.Client

    def sign(self, number: int, **given: str) -> httpx.Response:
        fields = {
            "signer": self.signer.id,
            "number": f"400.7/{number}/DINKES/2026",
            "date": "2026-11-07",
            "subject": "Undangan rapat koordinasi",
            "profile": "B-LT",
            **given,
        }
        files = {"file": ("surat.pdf", letter_files.read("typst"), "application/pdf")}
        headers = {"Accept": "application/pdf", "Accept-Language": "en"}
        return self.client.post("/v1/letters/sign", data=fields, files=files, headers=headers)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    with hsm_house(folder / "hsm", tmp_path_factory.getbasetemp()) as hsm:
        with listening() as (port, _):
            pass  # free again, for the server
        pki_url = f"http://127.0.0.1:{port}/pki"
        _enrol(hsm, folder, pki_url)
        settings = _settings(hsm, folder, pki_url)
        with Services.open(settings) as services:
            new = NewAgency(slug="dinkes", name=AGENCY, domain="surat.example.go.id")
            agency = parties.add_agency(services, new, OPERATOR)
            person = NewSigner.model_validate(
                {"agency_id": agency.id, "nik": "3201014000000001", "name": "Ni Luh Sari", "authority": "hsm"}
            )
            application = NewClient(
                agency_id=agency.id, name="Aplikasi", scopes=frozenset({Scope.LETTERS_SIGN, Scope.SIGNERS_READ})
            )
            key = parties.add_client(services, application, OPERATOR)[1]
            with server.running(create_app(services), settings, port=port) as url:
                signer, seen = signers.register(services, person, OPERATOR, holder=HOLDER)
                assert seen is not None
                assert seen.may_sign
                bearer = {"Authorization": f"Bearer {key}"}
                with httpx.Client(base_url=url, headers=bearer, timeout=60) as client:
                    yield Office(hsm, services, signer, client)


def _enrol(hsm: HsmHouse, folder: Path, pki_url: str) -> None:
    """A key in the HSM, with a certificate of a CA that will answer at that address."""
    pin = Secret(hsm.hsm.token(HOLDER))
    subject = Subject("Ni Luh Sari", AGENCY)
    with (
        DevCa.create(folder / "ca", pki_url, SystemClock(), hierarchy=KeyAlgorithm.P256) as ca,
        hsm.token(HOLDER) as token,
        token.alone(pin, writing=True) as session,
    ):
        enrolment.generate(session, HOLDER, KeyAlgorithm.RSA_2048)
        name = distinguished_name(HOLDER, HolderKind.PERSON, subject).public_bytes()
        issued = ca.certify(HOLDER, enrolment.request(session, HOLDER, name, pin), subject)
        chain = (issued.certificate, *ca.credential(HOLDER).chain)
        enrolment.keep(session, HOLDER, chain, TrustStore(anchors=tuple(ca.roots())), SystemClock().now())


def _settings(hsm: HsmHouse, folder: Path, pki_url: str) -> Settings:
    file = folder / "authorities.toml"
    tsa = f"{pki_url}/tsa"
    file.write_text(
        f"[authorities.hsm]\nkind = 'pkcs11'\nmodule = '{hsm.module}'\ntimestamps_url = '{tsa}'\n"
        f"tokens = {{ {HOLDER} = '{HOLDER}' }}\n"
    )
    return Settings(
        data_dir=folder / "data",
        ca_dir=folder / "ca",
        public_url="https://surat.example.go.id",
        pki_url=pki_url,
        trust_files=(folder / "ca" / "root.pem",),
        authorities=file,
        sandbox_workers=1,
    )


def test_a_letter_is_signed_at_b_lt_and_found_genuine(office: Office) -> None:
    answer = office.sign(1, passphrase=office.hsm.hsm.pins[HOLDER])
    assert answer.status_code == 201, answer.text
    assert answer.headers["Letter-Level"] == "B-LT"
    files = {"file": ("surat.pdf", answer.content, "application/pdf")}
    report = office.client.post("/v1/verify", files=files, headers={"Accept": "application/json"})
    assert '"genuine"' in json.dumps(report.json()), report.text


def test_a_wrong_pin_is_counted_and_told_with_the_tries_left(office: Office) -> None:
    refused = office.sign(2, passphrase="salah sekali")
    assert (refused.status_code, refused.json()["code"]) == (403, "signer.wrong_passphrase")
    assert refused.json()["detail"] == "The passphrase is wrong. Tries left: 4."
    office.hsm.faulty.lock_after(2)
    assert office.sign(2, passphrase="salah lagi").status_code == 403
    locked = office.sign(2, passphrase=office.hsm.hsm.pins[HOLDER])
    office.hsm.faulty.behave()
    assert (locked.status_code, locked.json()["code"]) == (423, "signer.pin_locked")
    assert office.sign(2, passphrase=office.hsm.hsm.pins[HOLDER]).status_code == 201


def test_a_token_that_fails_while_it_signs_leaves_the_number_free(office: Office) -> None:
    office.hsm.faulty.fail("C_Sign", 0x030)
    refused = office.sign(3, passphrase=office.hsm.hsm.pins[HOLDER])
    assert (refused.status_code, refused.json()["code"]) == (503, "authority.unavailable")
    office.hsm.faulty.behave()
    assert office.sign(3, passphrase=office.hsm.hsm.pins[HOLDER]).status_code == 201


def test_the_command_says_what_works(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_file, "load", lambda: office.services.settings)
    done = CliRunner().invoke(authority_command, ["test", "hsm"])
    assert done.exit_code == 0, done.output
    assert "it answers" in done.output
    assert "may sign as Ni Luh Sari" in done.output
    assert "its time-stamp authority gives time-stamps" in done.output
