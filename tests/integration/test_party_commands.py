"""``esign agency``, ``esign client`` and ``esign signer``, as an operator uses them."""

import json
from pathlib import Path

import pytest

from esign.errors import SignerUnknown, Unauthenticated
from esign.registry.signers import NewSigner
from esign.service import clients, signers
from tests.integration.conftest import NIKS, OPERATOR
from tests.integration.installation import Installation

DOMAIN = "surat.example.go.id"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation.made(tmp_path_factory.mktemp("parties"))


def known(installed: Installation, key: str) -> bool:
    with installed.services() as services:
        try:
            clients.authenticate(services, key, "127.0.0.1", "request")
        except Unauthenticated:
            return False
        return True


def test_an_agency_is_entered_changed_and_listed(installed: Installation, tmp_path: Path) -> None:
    theme = tmp_path / "stamp.json"
    theme.write_text(json.dumps({"domain": DOMAIN}))
    entered = installed.esign(
        "agency", "add", "dpmptsp", "--name", "DPMPTSP", "--domain", DOMAIN, "--stamp", str(theme)
    )
    assert entered.exit_code == 0, entered.output
    assert "leads here" not in entered.output
    changed = installed.esign("agency", "change", "dpmptsp", "--name", "Dinas Penanaman Modal", "--footer")
    assert changed.exit_code == 0, changed.output
    assert f"dpmptsp  Dinas Penanaman Modal  {DOMAIN}  Asia/Jakarta" in installed.esign("agency", "list").output


def test_who_enters_a_domain_that_is_not_the_services_is_told_what_it_must_do(installed: Installation) -> None:
    entered = installed.esign("agency", "add", "bkd", "--name", "BKD", "--domain", "bkd.example.go.id")
    assert entered.exit_code == 0, entered.output
    assert "https://bkd.example.go.id/v/CODE" in entered.output


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("agency", "add", "dinkes", "--name", "Dua", "--domain", DOMAIN), "slug"),
        (("agency", "add", "tiga", "--name", "Tiga", "--domain", "a b"), "domain"),
        (("agency", "add", "tiga", "--name", "Tiga", "--domain", DOMAIN, "--timezone", "Mars/Olympus"), "timezone"),
        (("agency", "change", "nirgends", "--name", "X"), "agency"),
        (("agency", "change", "dinkes"), "nothing is to be changed"),
        (("client", "add", "dinkes", "--name", "X", "--network", "10.0.0.0/99"), "networks"),
        (("client", "off", "dinkes", "no-such-client"), "client"),
        (("signer", "list", "nirgends"), "agency"),
    ],
)
def test_what_can_not_be_done_is_said_in_a_line_and_not_as_a_traceback(
    installed: Installation, arguments: tuple[str, ...], word: str
) -> None:
    refused = installed.esign(*arguments)
    assert refused.exit_code not in (0, None)
    assert isinstance(refused.exception, SystemExit), repr(refused.exception)
    assert word in refused.output
    assert "Traceback" not in refused.output


def test_a_programs_key_is_shown_once_switched_off_and_renewed(installed: Installation) -> None:
    added = installed.esign("client", "add", "dinkes", "--name", "SRIKANDI", "--scope", "letters:read")
    shown, key = added.output.splitlines()[-2:]
    client = shown.split()[0]
    assert known(installed, key)
    listed = installed.esign("client", "list", "dinkes").output
    assert client in listed
    assert key not in listed
    assert installed.esign("client", "off", "dinkes", client).exit_code == 0
    assert not known(installed, key)
    assert installed.esign("client", "on", "dinkes", client).exit_code == 0
    assert known(installed, key)
    renewed = installed.esign("client", "renew-key", "dinkes", client).output.splitlines()[-1]
    assert (known(installed, key), known(installed, renewed)) == (False, True)


def test_an_official_is_entered_signs_and_is_switched_off(installed: Installation) -> None:
    nik, passphrase = next(NIKS), "frasa sandi panjang"
    asked = f"{nik}\n{passphrase}\n{passphrase}\n"
    added = installed.esign("signer", "add", "dinkes", "--name", "Made Wijaya", "--office", "Kadis", stdin=asked)
    assert added.exit_code == 0, added.output
    assert nik not in added.output
    assert passphrase not in added.output
    official = added.output.splitlines()[-1].split()[0]
    installed.is_green(installed.signing_as(official).sign("P/1/2026", passphrase=passphrase))
    assert installed.esign("signer", "change", "dinkes", official, "--office", "").exit_code == 0
    assert f"{official}  Made Wijaya  -" in installed.esign("signer", "list", "dinkes").output
    assert installed.esign("signer", "change", "dinkes", official, "--no-enabled").exit_code == 0
    with pytest.raises(SignerUnknown):
        installed.signing_as(official).sign("P/2/2026", passphrase=passphrase)


def test_a_seal_is_entered_signs_and_is_listed_apart_from_officials(installed: Installation) -> None:
    passphrase = "frasa sandi segel"
    arguments = ("seal", "add", "dinkes", "--subscriber", "7100", "--email", "pejabat@example.go.id")
    added = installed.esign(*arguments, stdin=f"{passphrase}\n{passphrase}\n")
    assert added.exit_code == 0, added.output
    assert passphrase not in added.output
    line = added.output.splitlines()[-1]
    assert line.endswith("7100  Dinas Kesehatan  pejabat@example.go.id")
    seal = line.split()[0]
    installed.is_green(installed.signing_as(seal).sign("P/7/2026", passphrase=passphrase))
    assert line in installed.esign("seal", "list", "dinkes").output
    assert seal not in installed.esign("signer", "list", "dinkes").output
    again = installed.esign(*arguments, stdin=f"{passphrase}\n{passphrase}\n")
    assert again.exit_code == 1
    assert "signer.exists" in again.output


def test_a_person_who_was_entered_by_a_program_is_certified_once(installed: Installation) -> None:
    nik, passphrase = next(NIKS), "frasa sandi panjang"
    with installed.services() as services:
        new = NewSigner.model_validate({"agency_id": installed.agency, "nik": nik, "name": "Komang Ayu"})
        waiting = signers.register(services, new, OPERATOR)[0].id
    certify = ("signer", "certify", "dinkes", waiting)
    done = installed.esign(*certify, stdin=f"{passphrase}\n{passphrase}\n")
    assert done.exit_code == 0, done.output
    assert "dev: ISSUE, Komang Ayu, until " in done.output
    installed.is_green(installed.signing_as(waiting).sign("P/8/2026", passphrase=passphrase))
    again = installed.esign(*certify, stdin=f"{passphrase}\n{passphrase}\n")
    assert again.exit_code == 1
    assert "credential.exists" in again.output
