"""``esign verify --report … --extract``: all reports and the originals, from the command line."""

import hashlib
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from asn1crypto import pem
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from esign.cli.main import app
from esign.pades.profile import Profile
from esign.pades.spec import NewField
from esign.verify.schema import schema_of
from tests.letter_files import read
from tests.officials import SECOND, official, request, roots, signed


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A letter of two signatures, the same changed, and the root."""
    folder = tmp_path_factory.mktemp("files")
    first = signed(read("typst-1.4"), request(Profile.B_LT)).pdf
    twice = signed(first, request(Profile.B_LT, field=NewField(rect=SECOND)), official("Siti Aminah")).pdf
    contents = {"twice": twice, "changed": twice + b"x", "root": pem.armor("CERTIFICATE", roots()[0].dump())}
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return {name: str(folder / name) for name in contents}


def run(files: dict[str, str], *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["verify", "--trust", files["root"], *arguments])
    return result.exit_code, result.stdout


@pytest.mark.parametrize(
    ("arguments", "name"),
    [([], "report"), (["--report", "detailed"], "detailed"), (["--report", "diagnostic", "--encoded"], "diagnostic")],
)
def test_json_of_each_report_keeps_to_its_published_schema(
    arguments: list[str], name: str, files: dict[str, str]
) -> None:
    status, out = run(files, "--json", *arguments, files["twice"], files["changed"])
    assert status == 1
    form = Draft202012Validator(schema_of(name))
    documents = [json.loads(line) for line in out.splitlines()]
    assert [document["file"] for document in documents] == [files["twice"], files["changed"]]
    for document in documents:
        assert [error.message for error in form.iter_errors(document)] == []


def test_the_detailed_report_asks_in_the_language_wanted(files: dict[str, str]) -> None:
    status, out = run(files, "--report", "detailed", "--lang", "en", files["twice"])
    assert status == 0
    assert "Cryptographic verification (EN 319 102-1, 5.2.7)" in out
    assert "Apakah" in run(files, "--report", "detailed", files["twice"])[1]


def test_the_diagnostic_data_are_json_to_read(files: dict[str, str]) -> None:
    status, out = run(files, "--report", "diagnostic", files["twice"])
    assert status == 0
    assert len(json.loads(out)["signatures"]) == 2


def test_the_etsi_report_is_one_xml_document(files: dict[str, str]) -> None:
    status, out = run(files, "--report", "etsi", files["twice"])
    assert status == 0
    root = ElementTree.fromstring(out)
    assert root.tag == "{http://uri.etsi.org/19102/v1.4.1#}ValidationReport"


@pytest.mark.parametrize("more", [["{twice}"], ["--json"], ["--integrity-only"]])
def test_etsi_is_for_one_file_with_its_certificates(more: list[str], files: dict[str, str]) -> None:
    assert run(files, "--report", "etsi", files["twice"], *(item.format(**files) for item in more))[0] == 2


def test_what_each_signature_signed_is_written_as_a_file_and_stays_genuine(
    files: dict[str, str], tmp_path: Path
) -> None:
    status, out = run(files, "--json", "--extract", str(tmp_path / "out"), files["twice"])
    assert status == 0
    made = sorted((tmp_path / "out").iterdir())
    assert [item.name for item in made] == ["twice-revision-1.pdf", "twice-revision-2.pdf"]
    told = [item["signed_sha256"] for item in json.loads(out)["signatures"]]
    assert [hashlib.sha256(item.read_bytes()).hexdigest() for item in made] == told
    status, out = run(files, "--integrity-only", "--json", *map(str, made))
    assert status == 0
    assert [len(json.loads(line)["signatures"]) for line in out.splitlines()] == [1, 2]


def test_nothing_is_overwritten(files: dict[str, str], tmp_path: Path) -> None:
    there = tmp_path / "twice-revision-2.pdf"
    there.write_bytes(b"mine")
    assert run(files, "--extract", str(tmp_path), files["twice"])[0] == 2
    assert there.read_bytes() == b"mine"


def test_what_was_signed_is_cut_from_the_header_on_where_offsets_count_from_there(
    files: dict[str, str], tmp_path: Path
) -> None:
    preceded = tmp_path / "surat.pdf"
    preceded.write_bytes(b"HTTP/1.1 200 OK\r\n\r\n" + Path(files["twice"]).read_bytes())
    assert run(files, "--extract", str(tmp_path), str(preceded))[0] == 1
    assert run(files, "--extract", str(tmp_path), files["twice"])[0] == 0
    for number in (1, 2):
        cut = (tmp_path / f"surat-revision-{number}.pdf").read_bytes()
        assert cut == (tmp_path / f"twice-revision-{number}.pdf").read_bytes()
