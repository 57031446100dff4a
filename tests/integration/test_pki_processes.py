"""Several processes have one dev CA open."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from esign.ca.authority import CredentialStatus, Secret
from esign.ca.dev import DevCa, Subject
from esign.ca.dev.hierarchy import Issuer
from esign.x509 import crl, ocsp, tsp
from esign.x509.addresses import AddressPolicy
from esign.x509.clock import SystemClock
from esign.x509.http import HttpRevocation, HttpTimestamps
from esign.x509.keys import KeyAlgorithm
from esign.x509.revocation import RevocationState
from tests.live_pki import serving

URL = "http://ca.test/pki"

_ISSUES = """
import sys
from pathlib import Path
from esign.ca.authority import Secret
from esign.ca.dev import DevCa, Subject
from esign.errors import EsignError
from esign.x509.clock import SystemClock
from esign.x509.keys import KeyAlgorithm

with DevCa.open_or_create(Path(sys.argv[1]), sys.argv[2], SystemClock(), hierarchy=KeyAlgorithm.P256) as ca:
    for number in range(8):
        try:
            ca.issue(sys.argv[3].format(number), Subject("Budi", "Pemkab"), Secret("rahasia123"), key=KeyAlgorithm.P256)
            print("issued", ca.revocation_lists.current("persons").number)
        except EsignError as error:
            print(error.code)
        if number % 2:
            ca.revoke(sys.argv[3].format(number))
    print(ca.roots()[0].sha256.hex())
"""


def at_once(folder: Path, *holders: str) -> list[list[str]]:
    """What a process for each of the holders said, all started together."""
    running = [
        subprocess.Popen([sys.executable, "-c", _ISSUES, folder, URL, holder], stdout=subprocess.PIPE, text=True)
        for holder in holders
    ]
    said = [process.communicate(timeout=60)[0].split("\n")[:-1] for process in running]
    assert [process.returncode for process in running] == [0] * len(running)
    return said


def test_two_processes_make_one_ca_and_issue_at_once(tmp_path: Path) -> None:
    first, second = at_once(tmp_path / "dev", "ani-{}", "budi-{}")
    assert first[-1] == second[-1]
    assert sum(line.startswith("issued") for line in first + second) == 16
    with DevCa.open(tmp_path / "dev", URL, SystemClock()) as ca:
        found = ca.certificates()
        assert len({issued.certificate.serial_number for issued in found}) == 16
        assert sum(issued.status is CredentialStatus.REVOKE for issued in found) == 8
        for issued in found:
            issuer = ca.own_certificate(Issuer.PERSONS)
            answer = crl.check(ca.revocation_lists.current(Issuer.PERSONS).der or b"", issued.certificate, issuer)
            assert (answer.state is RevocationState.REVOKED) == (issued.status is CredentialStatus.REVOKE)


def test_two_processes_that_want_the_same_holder_issue_once(tmp_path: Path) -> None:
    first, second = at_once(tmp_path / "dev", "budi-{}", "budi-{}")
    with DevCa.open(tmp_path / "dev", URL, SystemClock()) as ca:
        for number in (0, 2, 4, 6):
            (issued,) = ca.certificates(f"budi-{number}")
            assert issued.current
    assert {line.split()[0] for line in first[:-1] + second[:-1]} <= {"issued", "credential.exists"}


@pytest.mark.parametrize("hierarchy", [KeyAlgorithm.RSA_3072, KeyAlgorithm.P256])
def test_over_http_a_revocation_elsewhere_is_told_at_once(tmp_path: Path, hierarchy: KeyAlgorithm) -> None:
    with serving(tmp_path / "dev", hierarchy=hierarchy) as (ca, url), httpx.Client() as client:
        issued = ca.issue("budi", Subject("Budi", "Pemkab"), Secret("rahasia123"), key=KeyAlgorithm.P256)
        origin = url.removesuffix("/pki")
        source = HttpRevocation(client, AddressPolicy(own_origins=frozenset({origin})), SystemClock())
        certificate, issuer = issued.certificate, ca.own_certificate(Issuer.PERSONS)

        def states() -> set[RevocationState]:
            response, revoked = source.ocsp(certificate, issuer), source.crl(certificate, issuer)
            assert response is not None
            assert revoked is not None
            return {
                ocsp.check(response, certificate, issuer).state,
                crl.check(revoked, certificate, issuer).state,
            }

        assert states() == {RevocationState.GOOD}
        with DevCa.open(tmp_path / "dev", url, SystemClock()) as elsewhere:
            elsewhere.suspend("budi")
            assert states() == {RevocationState.REVOKED}
            elsewhere.resume("budi")
            assert states() == {RevocationState.GOOD}
            elsewhere.revoke("budi")
            assert states() == {RevocationState.REVOKED}


def test_time_stamps_over_http_are_as_good_as_those_in_process(tmp_path: Path) -> None:
    with serving(tmp_path / "dev") as (ca, url), httpx.Client() as client:
        source = HttpTimestamps(client, f"{url}/tsa", ca.trust(), SystemClock())
        timestamp = tsp.check(source.token(bytes(32), "sha256"), bytes(32))
        assert timestamp.signer.sha256 == ca.timestamps().certificates()[0].sha256
        assert len(source.certificates()) == 3
