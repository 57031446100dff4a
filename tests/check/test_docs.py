"""The documents say what the program does: their generated parts, their links, and what must stand in no file."""

import re
import subprocess
from pathlib import Path

import pytest

from tools.make_docs import ROOT, documents

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize(("path", "text"), list(documents()), ids=lambda each: getattr(each, "name", ""))
def test_help_and_settings_are_quoted_as_they_are(path: Path, text: str) -> None:
    assert path.read_text("utf-8") == text, "if the change is wanted: python tools/make_docs.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_no_lock_file_names_an_index() -> None:
    for name in ("requirements.lock", "requirements-run.lock"):
        text = (ROOT / name).read_text("ascii")
        assert "://" not in text
        assert "--index" not in text
        assert "--hash=sha256:" in text


def test_what_runs_is_locked_as_what_is_tested() -> None:
    def pins(name: str) -> set[str]:
        lines = (ROOT / name).read_text("ascii").splitlines()
        return {line.split("==")[0] + "==" + line.split("==")[1].split()[0] for line in lines if "==" in line}

    assert pins("requirements-run.lock") <= pins("requirements.lock")


def test_no_private_key_is_committed() -> None:
    listed = subprocess.run(
        ["git", "grep", "-lE", "BEGIN ([A-Z]+ )?PRIVATE KEY|BEGIN ENCRYPTED PRIVATE KEY", "--", ":!tests", ":!esign"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert listed.stdout == ""
