"""The commands of docs/bsre-verify-users-seals.md, run as they stand there."""

import json
import os
import re
from base64 import b64decode
from email import message_from_bytes, policy
from pathlib import Path
from subprocess import run

from esign.ca.authority import Secret
from esign.registry.models import SignerKind
from esign.registry.signers import NewSigner
from esign.service import signers
from tests.bsre import SECRET, Application
from tests.integration.conftest import NIKS, OPERATOR, PASSPHRASE, House
from tests.issued import Issuer
from tests.programs import require_program

PAGE = Path(__file__).parents[2] / "docs" / "bsre-verify-users-seals.md"


def test_the_commands_of_the_documentation_work_one_after_the_other(house: House, pdf: bytes, tmp_path: Path) -> None:
    require_program("curl")
    shell = require_program("bash")
    commands = re.findall(r"<!-- run -->\n```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(commands) == 5
    nik, application = next(NIKS), Application(house)
    house.signer(nik=nik)
    seal = NewSigner(
        agency_id=house.agency.id, kind=SignerKind.SEAL, name="Dinkes", subscriber="7000", email="p@example.go.id"
    )
    signers.enrol(house.services, seal, house.agency.name, Secret(PASSPHRASE), OPERATOR)
    (tmp_path / "signed.pdf").write_bytes(Issuer(house, "bsre-dokumen").issue().pdf)
    (tmp_path / "surat.pdf").write_bytes(pdf)
    environment = {
        "PATH": os.environ["PATH"],
        "ESIGN_URL": house.url,
        "ESIGN_USER": application.username,
        "ESIGN_PASSWORD": SECRET,
        "ESIGN_NIK": nik,
        "ESIGN_SUBSCRIBER": "7000",
    }
    for command in commands:
        strict = [str(shell), "-euo", "pipefail", "-c", command]
        done = run(strict, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        if "seal/get/activation" in command:
            environment["ESIGN_ACTIVATION"] = mailed(house)
    assert json.loads((tmp_path / "v1.json").read_text())["summary"] == "VALID"
    assert json.loads((tmp_path / "v2.json").read_text())["conclusion"] == "VALID"
    assert len(json.loads((tmp_path / "chain.json").read_text())["data"]) == 3
    (sealed,) = json.loads((tmp_path / "sealed.json").read_text())["file"]
    assert b64decode(sealed).startswith(pdf)


def mailed(house: House) -> str:
    """The code of the newest mail in the outbox."""
    newest = max((house.folder / "outbox").glob("*.eml"))
    text = message_from_bytes(newest.read_bytes(), policy=policy.default).get_content()
    (code,) = set(re.findall(r"\b\d{6}\b", text))
    return str(code)
