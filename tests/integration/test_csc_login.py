"""``esign csc login``: an operator lets the service in through his browser, once."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from typer.testing import CliRunner, Result

from esign import settings
from esign.cli.main import app
from tests.integration.csc_provider import SECRET, Provider, providing
from tests.integration.installation import COMMAND


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providing(Provider()) as made:
        yield made


def configured(folder: Path, provider: Provider, grant: str = "refresh_token") -> dict[str, str]:
    file = folder / "authorities.toml"
    file.write_text(
        f'[authorities.penyedia]\nkind = "csc"\nurl = "{provider.url}/csc/v1"\ninsecure = true\n'
        f'client_id = "esign"\nclient_secret = "{SECRET}"\ngrant = "{grant}"\n'
        f'refresh_token_file = "{folder / "token"}"\nredirect_uri = "https://surat.example.go.id/kembali"\n'
    )
    return {"ESIGN_AUTHORITIES": str(file), "ESIGN_DATA_DIR": str(folder / "var"), "PATH": os.environ["PATH"]}


def login(variables: dict[str, str], pasted: str, name: str = "penyedia") -> Result:
    """The command, in this process, where what is pasted does not depend on the address."""
    with patch.dict(os.environ, variables, clear=True):
        settings.load.cache_clear()
        try:
            return CliRunner().invoke(app, ["csc", "login", name], input=f"{pasted}\n")
        finally:
            settings.load.cache_clear()


def test_what_the_browser_brings_back_is_kept_as_a_refresh_token(tmp_path: Path, provider: Provider) -> None:
    process = subprocess.Popen(
        [*COMMAND, "csc", "login", "penyedia"],
        env=configured(tmp_path, provider),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    state, code = provider.agree(address)
    told, _ = process.communicate(f"https://surat.example.go.id/kembali?code={code}&state={state}\n")
    assert process.returncode == 0, told
    assert (tmp_path / "token").read_text() == "R-0\n"
    assert "R-0" not in told


@pytest.mark.parametrize(
    ("pasted", "told"),
    [
        ("https://surat.example.go.id/kembali?code=C&state=lain", "another log-in"),
        ("C-0", "does not admit"),
    ],
)
def test_what_answers_something_else_is_refused(tmp_path: Path, provider: Provider, pasted: str, told: str) -> None:
    done = login(configured(tmp_path, provider), pasted)
    assert done.exit_code == 1
    assert told in done.output
    assert not (tmp_path / "token").exists()


def test_only_providers_that_need_it_are_logged_in_to(tmp_path: Path, provider: Provider) -> None:
    programs = configured(tmp_path, provider, "client_credentials")
    assert "nobody has to log in" in login(programs, "").output
    assert "no CSC provider" in login(programs, "", "lain").output
