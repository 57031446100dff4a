"""The commands of docs/api.md, run as they stand there."""

import os
import re
from pathlib import Path
from subprocess import run

from esign.registry.models import Scope, Signer
from tests.integration.conftest import PASSPHRASE, House
from tests.programs import require_program

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def test_the_commands_of_the_documentation_work_one_after_the_other(
    house: House, signer: Signer, pdf: bytes, tmp_path: Path
) -> None:
    require_program("curl")
    shell = require_program("bash")
    commands = re.findall(r"<!-- run -->\n```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(commands) == 5
    (tmp_path / "surat.pdf").write_bytes(pdf)
    environment = {
        "PATH": os.environ["PATH"],
        "ESIGN_URL": house.url,
        "ESIGN_API_KEY": house.key(Scope.LETTERS_SIGN, Scope.LETTERS_READ, Scope.SIGNERS_READ),
        "ESIGN_SIGNER": signer.id,
        "ESIGN_SECOND_SIGNER": house.signer(name="I Made Wirawan").id,
        "ESIGN_PASSPHRASE": PASSPHRASE,
    }
    for command in commands:
        strict = [str(shell), "-euo", "pipefail", "-c", command]
        done = run(strict, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "signed.pdf").read_bytes().startswith(pdf)
    assert (tmp_path / "both.pdf").read_bytes().startswith(pdf)
    assert '"colour":"green"' in (tmp_path / "answer.json").read_text()
