"""``esign verify`` on files, in real sandbox workers."""

import json
from pathlib import Path

import pytest
from asn1crypto import pem
from typer.testing import CliRunner

from esign.cli.main import app
from esign.pades.profile import Profile
from tests.letter_files import read
from tests.officials import request, roots, signed
from tests.unit.test_verify_password import PASSWORD, locked


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """A genuine letter, a changed one, an unsigned one, and the root."""
    genuine = signed(read("typst-1.4"), request(Profile.B_LT)).pdf
    contents = {
        "genuine": genuine,
        "changed": genuine + b"x",
        "unsigned": read("typst-1.4"),
        "root": pem.armor("CERTIFICATE", roots()[0].dump()),
    }
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    return {name: str(tmp_path / name) for name in contents}


def test_all_genuine_ends_with_status_0_and_is_said_in_plain_words(files: dict[str, str]) -> None:
    result = CliRunner().invoke(app, ["verify", "--trust", files["root"], "--lang", "en", files["genuine"]])
    assert result.exit_code == 0, result.output
    assert "GENUINE" in result.output
    assert "Signed by Budi Santoso" in result.output


def test_json_is_one_object_a_line_and_file_in_their_order(files: dict[str, str]) -> None:
    names = ["genuine", "changed", "unsigned"]
    arguments = ["verify", "--json", "--trust", files["root"], *(files[name] for name in names)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["verdict"] for line in lines] == ["genuine", "altered", "unsigned"]
    assert [line["file"] for line in lines] == [files[name] for name in names]


def test_integrity_only_needs_no_root(files: dict[str, str]) -> None:
    result = CliRunner().invoke(app, ["verify", "--integrity-only", "--lang", "id", files["genuine"]])
    assert result.exit_code == 0, result.output
    assert "UTUH" in result.output


@pytest.mark.parametrize(
    "arguments",
    [[], ["nothing-there.pdf"], ["--at", "yesterday", "{genuine}"], ["--trust", "{genuine}", "{genuine}"], ["--what"]],
)
def test_wrong_usage_ends_with_status_2(arguments: list[str], files: dict[str, str]) -> None:
    result = CliRunner().invoke(app, ["verify", *(item.format(**files) for item in arguments)])
    assert result.exit_code == 2


def test_the_password_is_read_from_standard_input_and_said_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "locked.pdf"
    path.write_bytes(locked("AES-256"))
    arguments = ["verify", "--json", "--integrity-only", str(path)]
    without = CliRunner().invoke(app, arguments)
    assert json.loads(without.stdout)["verdict"] == "not_examined"
    asked = CliRunner().invoke(app, [*arguments, "--password"], input=f"{PASSWORD}\n")
    assert json.loads(asked.stdout)["verdict"] == "intact"
    assert PASSWORD not in asked.output
    wrong = CliRunner().invoke(app, [*arguments, "--password"], input="salah\n")
    assert json.loads(wrong.stdout)["verdict"] == "not_examined"
    assert CliRunner().invoke(app, [*arguments, "--password"], input="").exit_code == 1
