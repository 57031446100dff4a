"""``esign csc login``: an operator lets the service in through his browser, once."""

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

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


@dataclass(frozen=True)
class Done:
    """How the command ended."""

    status: int
    output: str


def login(variables: dict[str, str], browser: Callable[[str], str], name: str = "penyedia") -> Done:
    """The command, as a process; ``browser`` is shown the address, and gives what is pasted."""
    process = subprocess.Popen(
        [*COMMAND, "csc", "login", name],
        env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    first = process.stdout.readline()
    rest, _ = process.communicate(browser(first.strip()) + "\n" if first.startswith("http") else "")
    return Done(process.returncode, first + rest)


def test_what_the_browser_brings_back_is_kept_as_a_refresh_token(tmp_path: Path, provider: Provider) -> None:
    def browser(address: str) -> str:
        state, code = provider.agree(address)
        return f"https://surat.example.go.id/kembali?code={code}&state={state}"

    done = login(configured(tmp_path, provider), browser)
    assert done.status == 0, done.output
    assert (tmp_path / "token").read_text() == "R-0\n"
    assert "R-0" not in done.output
    assert login(configured(tmp_path, provider), lambda address: provider.agree(address)[1]).status == 0


@pytest.mark.parametrize(
    ("pasted", "told"),
    [
        ("https://surat.example.go.id/kembali?code=C&state=lain", "another log-in"),
        ("C-0", "does not admit"),
    ],
)
def test_what_answers_something_else_is_refused(tmp_path: Path, provider: Provider, pasted: str, told: str) -> None:
    done = login(configured(tmp_path, provider), lambda _: pasted)
    assert done.status == 1
    assert told in done.output
    assert not (tmp_path / "token").exists()


def test_only_providers_that_need_it_are_logged_in_to(tmp_path: Path, provider: Provider) -> None:
    programs = configured(tmp_path, provider, "client_credentials")
    assert "nobody has to log in" in login(programs, str).output
    assert "no CSC provider" in login(programs, str, "lain").output
