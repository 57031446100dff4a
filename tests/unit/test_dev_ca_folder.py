import json
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from esign.ca.authority import Consent, Secret
from esign.ca.dev import DevCa, Subject, creation, folder
from esign.ca.dev.hierarchy import ROLES, Issuer, Service
from esign.errors import AuthorityUnavailable, ConfigurationError, CredentialUnusable
from esign.x509 import chains, keys, ocsp, tsp
from esign.x509.clock import FixedClock
from esign.x509.keys import KeyAlgorithm
from esign.x509.revocation import RevocationState
from tests.pki import NOW

URL = "http://ca.test/pki"
BUDI = Subject(name="Budi Santoso", organisation="Dinas Kominfo")
PASSPHRASE = Secret("rahasia123")


def create(path: Path, url: str = URL) -> DevCa:
    return DevCa.create(path, url, FixedClock(NOW), hierarchy=KeyAlgorithm.P256)


@pytest.fixture(autouse=True)
def cheap_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "SCRYPT_COST", 2)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o777])
def test_nobody_else_can_read_the_ca_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    made = tmp_path / "dev"
    made.mkdir()
    with umask(mask), create(made) as ca:
        ca.issue("budi", BUDI, PASSPHRASE, key=KeyAlgorithm.P256)
        found = sorted(made.rglob("*"))
        assert {path.name for path in found} >= {"ca.json", "root.pem", "ca.sqlite", "ca.sqlite-wal", "seals-ocsp.pem"}
        for path in (made, *found):
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_files_that_were_opened_to_others_are_closed_again(tmp_path: Path) -> None:
    create(tmp_path / "dev").close()
    key = tmp_path / "dev/private/keys/root.pem"
    key.chmod(0o644)
    (tmp_path / "dev/private").chmod(0o755)
    DevCa.open(tmp_path / "dev", URL, FixedClock(NOW)).close()
    assert key.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "dev/private").stat().st_mode & 0o777 == 0o700


def test_no_key_rests_in_the_open_in_the_database(tmp_path: Path) -> None:
    with create(tmp_path / "dev") as ca:
        ca.issue("budi", BUDI, PASSPHRASE, key=KeyAlgorithm.P256)
        with ca.activate("budi", Consent(PASSPHRASE)) as activation:
            secret = activation._key.private_numbers().private_value.to_bytes(32, "big")  # type: ignore[union-attr]
    for path in (tmp_path / "dev").rglob("*"):
        if path.is_file():
            assert secret not in path.read_bytes()
            assert b"rahasia123" not in path.read_bytes()


def test_what_is_made_is_found_again(tmp_path: Path) -> None:
    with create(tmp_path / "dev") as made:
        made.issue("budi", BUDI, PASSPHRASE, key=KeyAlgorithm.P256)
        certificate = made.credential("budi").certificate
    with DevCa.open(tmp_path / "dev", URL + "/", FixedClock(NOW)) as opened:
        found = opened.credential("budi").certificate
        assert found is not None
        assert certificate is not None
        assert found.sha256 == certificate.sha256
        with opened.activate("budi", Consent(PASSPHRASE)) as activation:
            activation.sign_digests([bytes(32)], "sha256")
        assert opened.folder.root_file.read_bytes().startswith(b"-----BEGIN CERTIFICATE-----")
    assert json.loads((tmp_path / "dev/ca.json").read_text())["pki_url"] == URL


def test_a_ca_is_not_made_twice(tmp_path: Path) -> None:
    create(tmp_path / "dev").close()
    with pytest.raises(ConfigurationError, match="already"):
        create(tmp_path / "dev")
    with DevCa.open_or_create(tmp_path / "dev", URL, FixedClock(NOW)) as ca:
        assert ca.problems() == []


def test_without_a_ca_the_command_that_makes_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="esign ca init"):
        DevCa.open(tmp_path / "dev", URL, FixedClock(NOW))


def test_another_address_is_refused_with_the_command_that_re_issues(tmp_path: Path) -> None:
    create(tmp_path / "dev").close()
    with pytest.raises(ConfigurationError) as refused:
        DevCa.open(tmp_path / "dev", "https://esign.test/pki", FixedClock(NOW))
    assert refused.value.details["variable"] == "ESIGN_PKI_URL"
    assert "esign ca reissue --pki-url https://esign.test/pki" in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["", "ca.test/pki", "ftp://ca.test", "http://", "http://a:b@ca.test/pki", "http://ca.test/pki?x=1", "http://é/"],
)
def test_an_address_that_can_not_stand_in_certificates_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigurationError, match="ESIGN_PKI_URL"):
        create(tmp_path / "dev", url)
    assert not (tmp_path / "dev").exists()


@pytest.mark.parametrize("environment", ["production", "Production"])
def test_in_production_nothing_is_made_opened_or_re_issued(tmp_path: Path, environment: str) -> None:
    clock = FixedClock(NOW)
    for attempt in (DevCa.create, DevCa.open, DevCa.open_or_create, DevCa.reissue):
        with pytest.raises(ConfigurationError, match="never runs in production"):
            attempt(tmp_path / "dev", URL, clock, environment=environment)
    assert not (tmp_path / "dev").exists()


def test_it_warns_when_it_is_opened(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), create(tmp_path / "dev"):
        assert DevCa.warning in caplog.messages


class KilledError(BaseException):
    """Stands for the end of the process."""


class Fate:
    """Ends the process at the nth step on the file system."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fatal: int) -> None:
        self.left = fatal
        for owner, name in (
            (folder, "new_file"),
            (folder, "make_folder"),
            (folder, "_sync_folder"),
            (creation, "new_file"),
            (creation, "replace_file"),
            (creation, "issue_roles"),
            (Path, "rename"),
            (Path, "replace"),
        ):
            monkeypatch.setattr(owner, name, self._before(getattr(owner, name)))

    def _before(self, step: Any) -> Any:
        def counted(*arguments: Any, **options: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                raise KilledError
            return step(*arguments, **options)

        return counted


def test_killed_at_any_step_creation_leaves_none_or_a_whole_ca(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0
    while True:
        steps += 1
        path = tmp_path / str(steps)
        with monkeypatch.context() as patched:
            fate = Fate(patched, steps)
            with suppress(KilledError):
                create(path).close()
            if fate.left > 0:
                break
        with DevCa.open_or_create(path, URL, FixedClock(NOW), hierarchy=KeyAlgorithm.P256) as ca:
            assert ca.problems() == []
            assert ca.own_certificate(Issuer.PERSONS).issuer == ca.roots()[0].subject
        assert not list(path.glob(".making-*"))
    assert steps > 15


def test_a_half_made_folder_never_opens(tmp_path: Path) -> None:
    create(tmp_path / "dev").close()
    (tmp_path / "dev/ca.json").unlink()
    with pytest.raises(ConfigurationError, match="esign ca init"):
        DevCa.open(tmp_path / "dev", URL, FixedClock(NOW))
    root = (tmp_path / "dev/root.pem").read_bytes()
    # The keys are still there, so making it again gives the same CA.
    DevCa.open_or_create(tmp_path / "dev", URL, FixedClock(NOW)).close()
    assert (tmp_path / "dev/root.pem").read_bytes() == root


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2, "pki_url": "x", "tag": "y"}', "\x00"])
def test_a_spoilt_record_is_told(tmp_path: Path, text: str) -> None:
    create(tmp_path / "dev").close()
    (tmp_path / "dev/ca.json").write_text(text)
    with pytest.raises(ConfigurationError, match="not the record of a dev CA"):
        DevCa.open(tmp_path / "dev", URL, FixedClock(NOW))


def test_missing_keys_and_a_spoilt_register_are_problems_and_not_crashes(tmp_path: Path) -> None:
    with create(tmp_path / "dev") as ca:
        (tmp_path / "dev/private/keys/timestamps.pem").unlink()
        assert ca.problems() == ["the private key of timestamps can't be read"]
        ca.close()
        for path in (tmp_path / "dev/private").glob("ca.sqlite*"):
            path.unlink()
        with pytest.raises(AuthorityUnavailable):
            ca.credential("budi")
        assert not (tmp_path / "dev/private/ca.sqlite").exists()


def test_the_register_keeps_its_own_rules(tmp_path: Path) -> None:
    with create(tmp_path / "dev") as ca:
        ca.issue("budi", BUDI, PASSPHRASE, key=KeyAlgorithm.P256)
    connection = sqlite3.connect(tmp_path / "dev/private/ca.sqlite")
    for statement in (
        "UPDATE certificate SET revoked_at = 1 WHERE holder = 'budi'",
        "UPDATE certificate SET holder = NULL WHERE holder = 'budi'",
        """
        INSERT INTO certificate
        SELECT 'ff', issuer, role, holder, kind, der, private_key, not_before, not_after, current, revoked_at, reason
        FROM certificate WHERE holder = 'budi'
        """,
    ):
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement)
    connection.close()


def test_an_issuing_certificate_that_ended_is_a_problem_until_it_is_issued_anew(tmp_path: Path) -> None:
    create(tmp_path / "dev").close()
    late = FixedClock(NOW + timedelta(days=10 * 365 + 1))
    with DevCa.open(tmp_path / "dev", URL, late) as ca:
        assert any(problem.startswith("the certificate of persons expired on") for problem in ca.problems())
        with pytest.raises(AuthorityUnavailable):
            ca.issue("budi", BUDI, PASSPHRASE, key=KeyAlgorithm.P256)
    DevCa.reissue(tmp_path / "dev", URL, late)
    with DevCa.open(tmp_path / "dev", URL, late) as ca:
        assert ca.problems() == []
    with DevCa.open(tmp_path / "dev", URL, FixedClock(NOW - timedelta(days=1))) as ca:
        assert any("the clock is wrong" in problem for problem in ca.problems())


@pytest.mark.parametrize("role", list(Service))
def test_a_service_gets_a_new_certificate_over_its_key_before_the_old_one_ends(tmp_path: Path, role: Service) -> None:
    with create(tmp_path / "dev") as ca:
        before = ca.own_certificate(role)
    later = FixedClock(before.not_valid_after - timedelta(days=1))
    with DevCa.open(tmp_path / "dev", URL, later) as ca, DevCa.open(tmp_path / "dev", URL, later) as other:
        after = ca.own_certificate(role)
        assert after.not_valid_after > before.not_valid_after
        assert after.public_key.dump() == before.public_key.dump()
        assert other.own_certificate(role).sha256 == after.sha256
        assert ca.own_certificate(role).sha256 == after.sha256


def test_moving_to_another_address_keeps_root_keys_and_passphrases(tmp_path: Path) -> None:
    url, clock = "https://esign.test/pki", FixedClock(NOW + timedelta(days=1))
    with create(tmp_path / "dev") as ca:
        for holder in ("ani", "budi", "citra"):
            ca.issue(holder, BUDI, PASSPHRASE, key=KeyAlgorithm.P256)
        ca.revoke("budi")
        ca.suspend("citra")
        before = {role: ca.own_certificate(role) for role in ROLES}
        old = ca.credential("ani").certificate
        assert old is not None
    assert DevCa.reissue(tmp_path / "dev", url, clock) == 1
    with DevCa.open(tmp_path / "dev", url, clock) as ca:
        for role, certificate in before.items():
            after = ca.own_certificate(role)
            assert after.public_key.dump() == certificate.public_key.dump()
            assert (after.sha256 == certificate.sha256) is (role is Issuer.ROOT)
            assert URL.encode() not in after.dump()
        with ca.activate("ani", Consent(PASSPHRASE)) as activation:
            assert url.encode() in activation.certificate.dump()
            assert activation.certificate.not_valid_after == old.not_valid_after
        for holder in ("budi", "citra"):
            with pytest.raises(CredentialUnusable), ca.activate(holder, Consent(PASSPHRASE)):
                pass
        # What was signed before is still vouched for: chain, OCSP and time-stamps.
        assert chains.build(old, ca.trust(), at=clock.now()) is not None
        response = ca.revocation().ocsp(old, before[Issuer.PERSONS])
        assert ocsp.check(response or b"", old, before[Issuer.PERSONS]).state is RevocationState.GOOD
        assert tsp.check(ca.timestamps().token(bytes(32), "sha256"), bytes(32)).time == clock.now()


def test_a_move_that_was_interrupted_is_done_by_moving_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url, clock = "https://esign.test/pki", FixedClock(NOW)
    with create(tmp_path / "dev") as ca:
        ca.issue("budi", BUDI, PASSPHRASE, key=KeyAlgorithm.P256)
    with monkeypatch.context() as patched:
        patched.setattr(folder, "replace_file", lambda *_: (_ for _ in ()).throw(KilledError))
        with pytest.raises(KilledError):
            DevCa.reissue(tmp_path / "dev", url, clock)
    for address in (URL, url):
        with pytest.raises(ConfigurationError, match="esign ca reissue"):
            DevCa.open(tmp_path / "dev", address, clock)
    assert DevCa.reissue(tmp_path / "dev", url, clock) == 1
    DevCa.open(tmp_path / "dev", url, clock).close()
