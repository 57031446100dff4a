"""The commands of docs/bsre.md, run as they stand there."""

import json
import os
import re
from base64 import b64decode
from pathlib import Path
from subprocess import run

from tests import letter_files
from tests.bsre import SECRET, Application, picture_png, widget
from tests.integration.conftest import NIKS, PASSPHRASE, House
from tests.programs import require_program

PAGE = Path(__file__).parents[2] / "docs" / "bsre.md"


def test_the_commands_of_the_documentation_work_one_after_the_other(house: House, tmp_path: Path) -> None:
    require_program("curl")
    shell = require_program("bash")
    commands = re.findall(r"<!-- run -->\n```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(commands) == 4
    nik, application, pdf = next(NIKS), Application(house), letter_files.read("chromium-all-tags")
    house.signer(nik=nik)
    (tmp_path / "surat.pdf").write_bytes(pdf)
    (tmp_path / "ttd.png").write_bytes(picture_png())
    environment = {
        "PATH": os.environ["PATH"],
        "ESIGN_URL": house.url,
        "ESIGN_USER": application.username,
        "ESIGN_PASSWORD": SECRET,
        "ESIGN_NIK": nik,
        "ESIGN_PASSPHRASE": PASSPHRASE,
    }
    for command in commands:
        strict = [str(shell), "-euo", "pipefail", "-c", command]
        done = run(strict, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    signed = (tmp_path / "signed.pdf").read_bytes()
    assert widget(signed).rect == [50, 50, 130, 130]
    assert (tmp_path / "again.pdf").read_bytes() == signed
    tagged = b64decode(json.loads((tmp_path / "tagged.json").read_text())["base64_signed_file"])
    assert widget(tagged).image != (0, 0, 0, 0)
    for name in ("signed", "stamped"):
        (file,) = json.loads((tmp_path / f"{name}.json").read_text())["file"]
        assert b64decode(file).startswith(pdf)


def test_what_the_page_says_of_settings_and_switches_is_there() -> None:
    page, operating = PAGE.read_text("utf-8"), (PAGE.parent / "operate.md").read_text("utf-8")
    commands = (PAGE.parent / "cli.md").read_text("utf-8")
    for setting in set(re.findall(r"ESIGN_[A-Z_]+", page)) - {"ESIGN_URL", "ESIGN_USER", "ESIGN_PASSWORD", "ESIGN_NIK"}:
        assert setting == "ESIGN_PASSPHRASE" or f"`{setting}`" in operating, setting
    for switch in set(re.findall(r"(--(?:v[12]|our|shut|gen|class|user)[a-z0-9-]*)", page)):
        assert switch in commands, switch
