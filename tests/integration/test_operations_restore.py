"""A backup is taken while the service runs, restored elsewhere, and found whole."""

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from esign.service import clients
from tests.integration.installation import Installation

NOTE = re.compile(r"\d+:[0-9a-f]{64}")


def back_up(here: Installation, to: Path) -> None:
    """As docs/operate.md says: the database first, then the files; the server key apart from both."""
    (to / "var").mkdir(parents=True)
    with (
        closing(sqlite3.connect(here.folder / "var" / "esign.db")) as running,
        closing(sqlite3.connect(to / "var" / "esign.db")) as copy,
    ):
        running.backup(copy)
    here.sign("3/2026")  # between the two
    shutil.copytree(here.folder / "var" / "blobs", to / "var" / "blobs")
    shutil.copy(here.folder / "var" / "secret.key", to / "var" / "secret.key")
    shutil.copytree(here.folder / "ca", to / "ca")


def test_what_was_backed_up_is_restored_elsewhere_whole(tmp_path: Path) -> None:
    here = Installation.made(tmp_path / "here")
    with here.services() as services:
        made = [here.sign(f"{number}/2026", services) for number in (1, 2)]
        (noted,) = NOTE.findall(here.esign("check", "--deep").output)
        back_up(here, tmp_path / "there")
    (later,) = NOTE.findall(here.esign("check", "--deep").output)

    there = here.elsewhere(tmp_path / "there")
    shutil.move(here.folder, tmp_path / "lost")
    checked = there.esign("check", "--deep", "--noted", noted)
    assert checked.exit_code == 0, checked.output
    assert "files: 2 read, 0 missing, 0 damaged" in checked.output
    assert "and is as it was noted" in checked.output
    assert "a restore from an older backup" in there.esign("check", "--noted", later).output
    with there.services() as services:
        for letter in made:
            there.is_green(letter, services)
        assert clients.authenticate(services, there.api_key, None, "request").client_id == there.client
        there.is_green(there.sign("3/2026", services), services)
