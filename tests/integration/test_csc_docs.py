"""The commands of docs/authorities/csc.md, run as they stand there, and its table of settings."""

import os
import re
from pathlib import Path
from subprocess import run

from esign.ca.csc import CscConfig
from esign.registry.models import Signer
from tests.integration.conftest import PASSPHRASE, House
from tests.integration.csc import credentials_of
from tests.programs import require_program

PAGE = (Path(__file__).parents[2] / "docs" / "authorities" / "csc.md").read_text("utf-8")


def test_the_commands_sign_a_hash_that_openssl_verifies(house: House, signer: Signer, tmp_path: Path) -> None:
    for program in ("curl", "jq", "openssl"):
        require_program(program)
    (command,) = re.findall(r"<!-- run -->\n```sh\n(.*?)```", PAGE, re.DOTALL)
    client_id, key = credentials_of(house)
    with house.with_settings(csc_server=True) as url:
        environment = {
            "PATH": os.environ["PATH"],
            "ESIGN_URL": url,
            "ESIGN_API_KEY": key,
            "CSC_CLIENT": client_id,
            "ESIGN_SIGNER": signer.id,
            "ESIGN_PASSPHRASE": PASSPHRASE,
        }
        strict = [str(require_program("bash")), "-euo", "pipefail", "-c", command]
        done = run(strict, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Verified OK" in done.stdout


def test_every_setting_is_explained() -> None:
    table = PAGE.partition("| setting | default | means |\n|---|---|---|\n")[2].partition("\n\n")[0]
    explained = {name for row in table.splitlines() for name in re.findall(r"`([a-z_0-9]+)`", row.split("|")[1])}
    assert explained == set(CscConfig.model_fields) - {"kind"}
