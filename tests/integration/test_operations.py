"""What an operator at night sees: ``esign check`` on an installation in which something is wrong, or nothing."""

import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue

import pytest

from esign.api.app import create_app
from esign.errors import WrongPassphrase
from esign.registry import audit, credentials, states
from esign.registry.models import Event
from esign.service import readiness, settling
from esign.service.services import Services
from esign.service.views import LetterView
from esign.x509.clock import FixedClock
from tests.integration.conftest import OPERATOR
from tests.integration.installation import Installation
from tests.registers import race

NOTE = re.compile(r"keep elsewhere, for --noted another day: (\d+:[0-9a-f]{64})")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Installation, LetterView]:
    """An installation with a letter, to be copied."""
    new = Installation.made(tmp_path_factory.mktemp("made"))
    return new, new.sign("1/2026")


@pytest.fixture
def here(made: tuple[Installation, LetterView], tmp_path: Path) -> Installation:
    shutil.copytree(made[0].folder, tmp_path, dirs_exist_ok=True)
    return made[0].elsewhere(tmp_path)


@pytest.fixture
def letter(made: tuple[Installation, LetterView]) -> LetterView:
    return made[1]


@pytest.fixture
def services(here: Installation) -> Iterator[Services]:
    with here.services() as opened:
        yield opened


def blob_path(here: Installation, sha256: str) -> Path:
    return here.folder / "var" / "blobs" / "sha256" / sha256[:2] / sha256[2:4] / sha256


def events(services: Services, kind: Event) -> list[dict[str, object]]:
    with services.database.read() as session:
        return [dict(event.data) for event in audit.of_kind(session, kind)]


# --- reading everything ------------------------------------------------------------------------


def test_where_all_is_well_the_head_of_the_trail_is_told_and_compares_later(here: Installation) -> None:
    first = here.esign("check", "--deep")
    assert first.exit_code == 0, first.output
    assert "files: 1 read, 0 missing, 0 damaged" in first.output
    assert "ok       server key: belongs to this database" in first.output
    note = NOTE.search(first.output)
    assert note is not None
    here.sign("2/2026")
    again = here.esign("check", "--noted", note[1])
    assert again.exit_code == 0, again.output
    assert "and is as it was noted" in again.output
    seq, noted = note[1].split(":")
    for other in (f"{seq}:{noted[::-1]}", f"{int(seq) + 500}:{noted}"):
        refused = here.esign("check", "--noted", other)
        assert refused.exit_code == 1
        assert f"event {other.split(':')[0]} is not as it was noted" in refused.output
    assert here.esign("check", "--noted", "what").exit_code == 2


def test_damaged_and_missing_files_are_named(here: Installation, letter: LetterView) -> None:
    path = blob_path(here, letter.file.sha256)
    path.write_bytes(path.read_bytes()[:-1])
    found = here.esign("check", "--deep")
    assert found.exit_code == 1
    assert f"{letter.file.sha256} of letter {letter.id} (released) is damaged" in found.output
    path.unlink()
    found = here.esign("check", "--deep")
    assert found.exit_code == 1
    assert "1 read, 1 missing, 0 damaged: put them back from the backup" in found.output


def test_a_changed_audit_trail_is_told(here: Installation) -> None:
    with sqlite3.connect(here.folder / "var" / "esign.db") as connection:
        for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute("UPDATE audit_event SET actor = 'nobody' WHERE seq = 3")
    connection.close()
    found = here.esign("check", "--deep")
    assert found.exit_code == 1
    assert "event 3 was changed, removed or put in" in found.output


def test_only_old_files_that_nothing_names_are_removed_and_the_trail_names_them(
    here: Installation, letter: LetterView
) -> None:
    with here.services() as services:
        old, young = services.blobs.put(b"left behind"), services.blobs.put(b"of a request that runs")
    two_days_ago = time.time() - timedelta(days=2).total_seconds()
    for sha256 in (old, letter.file.sha256):
        os.utime(blob_path(here, sha256), (two_days_ago, two_days_ago))
    listed = here.esign("check", "--deep")
    assert listed.exit_code == 0, listed.output
    assert old in listed.output
    assert blob_path(here, old).exists()
    tidied = here.esign("check", "--tidy")
    assert tidied.exit_code == 0, tidied.output
    assert "unnamed files: 1 removed, 11 bytes" in tidied.output
    assert not blob_path(here, old).exists()
    assert blob_path(here, young).exists()
    assert blob_path(here, letter.file.sha256).exists()
    with here.services() as services:
        assert events(services, Event.BLOB_REMOVED) == [{"sha256": [old]}]


# --- what waits, is locked, or ends ------------------------------------------------------------


def test_locked_officials_are_named_with_the_command_that_unlocks_them(here: Installation) -> None:
    with here.services() as services:
        for _ in range(services.settings.attempts_per_client):
            with pytest.raises(WrongPassphrase):
                here.sign("3/2026", services, passphrase="salah")
    checked = here.esign("check")
    assert checked.exit_code == 0, checked.output
    unlock = f"esign signer unlock dinkes {here.signer}"
    assert (
        f"LOCKED   dinkes {here.signer} (Ni Luh Sari) through e-office, for 15 more minutes: {unlock}" in checked.output
    )
    assert here.esign(*unlock.split()[1:]).exit_code == 0
    assert "LOCKED" not in here.esign("check").output


def test_certificates_that_end_soon_are_listed_and_counted(here: Installation, services: Services) -> None:
    with services.database.write() as session:
        (known,) = credentials.all_of_signer(session, here.signer)
        now = services.clock.now()
        soon = now + timedelta(days=6)
        seen = credentials.Seen(known.authority, known.holder, known.status, known.certificate, now, soon)
        credentials.note(session, here.signer, seen, now)
    checked = here.esign("check")
    assert checked.exit_code == 0, checked.output
    assert f"SOON     the certificate of dinkes {here.signer} (Ni Luh Sari) ends on {soon:%Y-%m-%d}" in checked.output
    text = create_app(services).state.esign.metrics.text().decode()
    counted = dict(re.findall(r'esign_credentials_ending{days="(\d+)"} ([\d.]+)', text))
    assert counted == {"0": "0.0", "7": "1.0", "30": "1.0"}
    named = sorted(re.findall(r'esign_certificate_seconds{certificate="dev: esign Development ([A-Z]\w+ \w+)', text))
    assert named == ["CA DS", "CA Seal", "OCSP DS", "OCSP Root", "OCSP Seal", "Root CA", "Timestamp Authority"]


def test_a_letter_of_unknown_outcome_waits_with_the_command_that_settles_it(here: Installation) -> None:
    with here.services() as services:
        under_way = here.being_signed(services, "4/2026")
        with services.database.write() as session:
            states.doubt(session, under_way, services.clock.now())
    checked = here.esign("check")
    assert checked.exit_code == 1
    settle = f"esign check --settle {under_way.id}"
    assert settle in checked.output
    done = here.esign(*settle.split()[1:])
    assert done.exit_code == 0, done.output
    assert here.sign("4/2026").status == "signed"


# --- settling ----------------------------------------------------------------------------------


def test_hundreds_of_broken_off_letters_are_settled_at_once(here: Installation, services: Services) -> None:
    ids = {here.being_signed(services, f"banyak/{number}").id for number in range(130)}
    assert settling.settle(services, OPERATOR) == settling.Settled()
    assert set(settling.settle_after_restart(services, OPERATOR).undone) == ids


def test_a_letter_that_another_process_ends_meanwhile_is_left_to_it(here: Installation, services: Services) -> None:
    """Of several that settle at once each letter is ended by one, and nobody fails."""
    ids = [here.being_signed(services, f"sama/{number}").id for number in range(10)]
    done, refused = race(3, lambda _: settling.settle(services, OPERATOR, stalled_after=timedelta(0)).undone)
    assert refused == []
    assert sorted(each for undone in done for each in undone) == sorted(ids)
    assert len(events(services, Event.LETTER_SETTLED)) == len(ids)


def test_a_running_server_settles_what_another_left_behind(here: Installation, services: Services) -> None:
    under_way = here.being_signed(services, "mati/1")
    later = replace(services, clock=FixedClock(services.clock.now() + timedelta(minutes=30)))
    heard: SimpleQueue[settling.Settled] = SimpleQueue()
    with settling.kept_settled(later, OPERATOR, timedelta(milliseconds=10), heard.put):
        assert heard.get(timeout=20).undone == (under_way.id,)
        assert heard.get(timeout=20) == settling.Settled()


# --- readiness ---------------------------------------------------------------------------------


def test_a_key_that_did_not_seal_this_database_is_told(here: Installation) -> None:
    (here.folder / "var" / "secret.key").unlink()  # another one is made in its place
    found = here.esign("check")
    assert found.exit_code == 1
    assert "WRONG    server key: it is not the key that sealed this database" in found.output
    assert "NIKs or passwords open under none of these keys" in here.esign("keys", "status").output


def test_a_store_that_can_not_be_written_is_told_with_its_cause_to_the_operator_alone(
    here: Installation, services: Services
) -> None:
    shutil.rmtree(here.folder / "var" / "blobs")
    (here.folder / "var" / "blobs").touch()
    part = next(each for each in readiness.check(services).checks if each.name == "blobs")
    assert (part.ok, part.detail) == (False, "storage.unavailable")
    assert "NotADirectoryError" in (part.cause or "")
    refused = here.esign("check")
    assert refused.exit_code == 1
    assert "storage.unavailable" in refused.output
    assert str(here.folder) in refused.output
