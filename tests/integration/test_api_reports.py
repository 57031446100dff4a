"""The reports and the originals over HTTP."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from xml.etree import ElementTree

import httpx
import pypdfium2
import pytest
from jsonschema import Draft202012Validator

from esign.pades.document import document
from esign.registry.secrets import Keys
from esign.service.sealing import ReportSeal
from esign.service.sheets import Sheets
from esign.verify.schema import schema_of
from tests import letter_files
from tests.integration.conftest import House
from tests.integration.test_api_signing import problem, sign

Order = Callable[..., dict[str, str]]
XML = {"accept": "application/xml"}


@pytest.fixture(scope="module")
def _once() -> dict[str, bytes]:
    return {}


@pytest.fixture
def signed(_once: dict[str, bytes], client: httpx.Client, order: Order, pdf: bytes) -> bytes:
    if "signed" not in _once:
        answer = sign(client, pdf, order())
        assert answer.status_code == 201, answer.text
        _once["signed"] = answer.content
    return _once["signed"]


def ask(public: httpx.Client, pdf: bytes, **fields: str) -> httpx.Response:
    return public.post("/v1/verify", data=fields, files={"file": ("a.pdf", pdf)})


@pytest.mark.parametrize(
    ("report", "parts"),
    [
        ("simple", set()),
        ("detailed", {"detailed"}),
        ("diagnostic", {"diagnostic"}),
        ("all", {"detailed", "diagnostic"}),
    ],
)
def test_each_report_comes_where_it_is_asked_for_and_keeps_to_its_schema(
    public: httpx.Client, signed: bytes, report: str, parts: set[str]
) -> None:
    answer = ask(public, signed, report=report)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["told"]["colour"] == "green"
    assert found.keys() & {"detailed", "diagnostic"} == parts
    for name in {"report"} | parts:
        form = Draft202012Validator(schema_of(name))
        assert [error.message for error in form.iter_errors(found[name])] == []
        assert found[name]["sha256"] == hashlib.sha256(signed).hexdigest()


def test_the_answers_to_the_public_hold_no_octets_of_certificates(public: httpx.Client, signed: bytes) -> None:
    found = ask(public, signed, report="all").json()["diagnostic"]
    assert found["certificates"]
    assert all(item["encoded"] is None for item in found["certificates"])


def test_xml_is_the_etsi_report_sent_as_a_form_or_as_it_is(public: httpx.Client, signed: bytes) -> None:
    by_form = public.post("/v1/verify", files={"file": signed}, headers=XML)
    as_it_is = public.post("/v1/verify", content=signed, headers=XML | {"content-type": "application/pdf"})
    for answer in (by_form, as_it_is):
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("application/xml")
        root = ElementTree.fromstring(answer.content)
        status = root.find(".//{*}SignatureValidationReport/{*}SignatureValidationStatus/{*}MainIndication")
        assert status is not None
        assert status.text == "urn:etsi:019102:mainindication:total-passed"


@pytest.mark.parametrize("report", ["everything", "DETAILED", "../detailed"])
def test_a_report_that_is_not_there_is_refused_by_name(public: httpx.Client, report: str) -> None:
    answer = ask(public, b"%PDF", report=report)
    problem(answer, "request.invalid")
    assert "simple, detailed, diagnostic, all, etsi, pdf" in answer.text


def test_other_forms_are_not_acceptable(public: httpx.Client) -> None:
    refused = public.post("/v1/verify", files={"file": b"%PDF"}, headers={"accept": "text/csv"})
    problem(refused, "request.not_acceptable")


def test_what_was_signed_is_given_back_byte_for_byte(public: httpx.Client, signed: bytes) -> None:
    answer = public.post("/v1/verify/revisions", data={"revision": "1"}, files={"file": signed})
    assert answer.status_code == 200, answer.text
    told = ask(public, signed).json()["report"]["signatures"][0]
    assert answer.content == signed[: told["signed_end"]]
    assert answer.headers["etag"] == f'"{told["signed_sha256"]}"'
    assert answer.headers["content-type"] == "application/pdf"


def test_all_that_was_signed_comes_as_an_archive(public: httpx.Client, signed: bytes) -> None:
    answer = public.post("/v1/verify/revisions", files={"file": signed})
    assert answer.status_code == 200, answer.text
    told = ask(public, signed).json()["report"]["signatures"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        listed = json.loads(archive.read("revisions.json"))
        assert [item["sha256"] for item in listed] == [item["signed_sha256"] for item in told]
        for item in listed:
            content = archive.read(item["name"])
            assert len(content) == item["size"]
            assert hashlib.sha256(content).hexdigest() == item["sha256"]


@pytest.mark.parametrize("number", ["0", "3", "99999999"])
def test_a_revision_that_is_not_there_is_refused(public: httpx.Client, signed: bytes, number: str) -> None:
    count = len(ask(public, signed).json()["report"]["signatures"])
    number = number if number != "3" else str(count + 1)
    refused = public.post("/v1/verify/revisions", data={"revision": number}, files={"file": signed})
    assert problem(refused, "revision.unknown")["status"] == 422


@pytest.mark.parametrize("number", ["-1", "one", "1.0"])
def test_what_is_no_number_is_refused(public: httpx.Client, number: str) -> None:
    refused = public.post("/v1/verify/revisions", data={"revision": number}, files={"file": b"%PDF"})
    problem(refused, "request.invalid")


def test_a_file_that_nobody_signed_has_no_revisions(public: httpx.Client) -> None:
    letter = letter_files.read("typst-1.4")
    problem(public.post("/v1/verify/revisions", data={"revision": "1"}, files={"file": letter}), "revision.unknown")
    with zipfile.ZipFile(io.BytesIO(public.post("/v1/verify/revisions", files={"file": letter}).content)) as archive:
        assert archive.namelist() == ["revisions.json"]


def test_more_than_is_sent_at_once_is_refused(
    house: House, public: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("esign.service.checking._MOST_ARCHIVED", 0)
    refused = public.post("/v1/verify/revisions", files={"file": letter_files.read("signed-pades")})
    problem(refused, "revision.too_large")


def paper(public: httpx.Client, pdf: bytes) -> bytes:
    answer = public.post("/v1/verify", files={"file": pdf}, headers={"accept": "application/pdf"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    return answer.content


def words(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document).replace("\r", "")


def test_the_printed_report_says_both_proofs_and_what_was_not_checked(
    public: httpx.Client, house: House, signed: bytes
) -> None:
    text = words(paper(public, signed))
    level = ask(public, signed).json()["report"]["signatures"][0]["level"]
    for expected in (
        hashlib.sha256(signed).hexdigest(),
        "terdaftar dan berlaku / registered and in force",
        "genuine",
        "TOTAL_PASSED",
        level,
        "Yang tidak diperiksa",
        house.services.policy.sha256,
        "disegel",
    ):
        assert expected in text


def test_the_printed_report_is_sealed_by_the_service_and_genuine(public: httpx.Client, signed: bytes) -> None:
    found = ask(public, paper(public, signed)).json()
    assert found["report"]["verdict"] == "genuine"
    [seal] = found["report"]["signatures"]
    assert seal["signer"]["common_name"] == "Segel laporan pemeriksaan"
    assert seal["certification"] == 2
    assert seal["level"] == "PAdES B-LT"
    assert found["told"]["colour"] != "green"


def test_a_report_on_a_changed_letter_says_so(public: httpx.Client, signed: bytes) -> None:
    text = words(paper(public, signed + b"x"))
    assert "altered" in text
    assert "HASH_FAILURE" in text


def test_forms_can_ask_without_an_accept_header(public: httpx.Client, signed: bytes) -> None:
    assert ask(public, signed, report="pdf").content.startswith(b"%PDF-1.7")
    assert ask(public, signed, report="etsi").headers["content-type"].startswith("application/xml")


def test_without_a_seal_the_report_says_that_it_has_none(
    public: httpx.Client, house: House, signed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ReportSeal, "sealed", lambda *arguments: None)
    content = paper(public, signed)
    assert "tidak disegel" in words(content)
    assert ask(public, content).json()["report"]["verdict"] == "unsigned"


def test_names_in_any_script_do_not_break_the_printed_report() -> None:
    sheets = Sheets()
    sheets.row("名前", "Ṭāhā 漢字 " * 40)
    sheets.text("x" * 5000)
    pages = sheets.pages("foot")
    assert len(pages) > 0
    assert "?" in words(document(pages, title="<&>", created=datetime.now(UTC)))


def test_a_seal_under_another_server_key_is_made_anew(house: House) -> None:
    ca, clock = house.services.dev_ca, house.services.clock
    assert ca is not None
    blank = document(Sheets().pages("foot"), title="blank", created=clock.now())
    made = []
    for key in (b"1" * 32, b"1" * 32, b"2" * 32):
        with ReportSeal(ca, Keys(key), "another-seal") as seal:
            sealed = seal.sealed(blank, clock.now(), house.services.parse, clock, house.services.evidence)
            assert sealed is not None
            own = ca.credential("another-seal").certificate
            assert own is not None
            made.append(own.sha256)
    assert made[0] == made[1] != made[2]


def test_a_suspended_seal_seals_no_more(house: House) -> None:
    ca, clock = house.services.dev_ca, house.services.clock
    assert ca is not None
    blank = document(Sheets().pages("foot"), title="blank", created=clock.now())
    with ReportSeal(ca, house.services.keys, "seal-to-suspend") as seal:
        parts = (house.services.parse, clock, house.services.evidence)
        assert seal.sealed(blank, clock.now(), *parts) is not None
        ca.suspend("seal-to-suspend")
        assert seal.sealed(blank, clock.now(), *parts) is None
        ca.resume("seal-to-suspend")
        assert seal.sealed(blank, clock.now(), *parts) is not None
