"""Checking files at BSrE's API, v1 and v2: their shapes and words, our verdicts."""

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from cryptography import x509

from tests import letter_files
from tests.attacks.authority import Authority
from tests.attacks.messages import Message, signed_letter
from tests.bsre import Application, refused
from tests.integration.conftest import House
from tests.issued import Issued, Issuer, altered
from tests.unit.test_verify_password import PASSWORD, locked

VALID = "Dokumen valid, Sertifikat yang digunakan terpercaya"
NIK = "3201019988776611"


@pytest.fixture(scope="module")
def application(house: House) -> Application:
    return Application(house)


@pytest.fixture
def app(application: Application) -> Iterator[httpx.Client]:
    with application.client() as client:
        yield client


@pytest.fixture(scope="module")
def issuer(house: House) -> Issuer:
    return Issuer(house, "bsre-periksa")


@pytest.fixture(scope="module")
def letter(issuer: Issuer) -> Issued:
    return issuer.issue(profile="B-LT", reason="Persetujuan", location="Bangli")


def v1(client: httpx.Client, pdf: bytes, part: str = "signed_file", name: str = "surat.pdf") -> dict[str, Any]:
    answer = client.post("/api/sign/verify", files={part: (name, pdf, "application/pdf")})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    assert "error" not in told
    return told


def v2(client: httpx.Client, pdf: bytes, **more: object) -> dict[str, Any]:
    answer = client.post("/api/v2/verify/pdf", json={"file": b64encode(pdf).decode(), **more})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    told: dict[str, Any] = answer.json()
    assert "error" not in told
    return told


def test_a_letter_of_ours_has_the_shape_of_v2(app: httpx.Client, letter: Issued) -> None:
    told = v2(app, letter.pdf)
    assert {name: value for name, value in told.items() if name != "signatureInformations"} == {
        "conclusion": "VALID",
        "description": VALID,
        "documentName": "document.pdf",
        "signatureCount": 1,
    }
    (signature,) = told["signatureInformations"]
    assert list(signature) == [
        "id", "signatureFormat", "signerName", "signatureDate", "fieldName", "reason", "location", "certLevelCode",
        "signatureAlgorithm", "digestAlgorithm", "timestampInfomation", "certificateDetails", "integrityValid",
        "certificateTrusted", "lastSignature", "ltv", "modified",
    ]  # fmt: skip
    assert re.fullmatch("S-[0-9A-F]{64}", signature["id"])
    assert (signature["signatureFormat"], signature["ltv"]) == ("PAdES-BASELINE-LT", True)
    assert signature["signerName"] == "Sri Wahyuningsih, S.Sos., M.Si."
    assert (signature["reason"], signature["location"]) == ("Persetujuan", "Bangli")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", signature["signatureDate"])
    assert (signature["integrityValid"], signature["certificateTrusted"], signature["modified"]) == (True, True, False)
    assert (signature["certLevelCode"], signature["signatureAlgorithm"], signature["lastSignature"]) == (0, None, True)
    stamp = signature["timestampInfomation"]
    assert list(stamp) == ["id", "signerName", "timestampDate"]
    assert re.fullmatch("T-[0-9A-F]{64}", stamp["id"])
    assert stamp["timestampDate"].endswith("+00:00")
    leaf, issuing, root = signature["certificateDetails"]
    assert list(leaf) == [
        "id", "commonName", "issuerName", "serialNumber", "notAfterDate", "notBeforeDate", "signatureAlgoritm",
        "keyUsages",
    ]  # fmt: skip
    assert re.fullmatch("C-[0-9A-F]{64}", leaf["id"])
    assert (leaf["commonName"], leaf["keyUsages"]) == (signature["signerName"], ["digitalSignature", "nonRepudiation"])
    assert leaf["issuerName"].startswith("C=ID,O=")
    assert (leaf["serialNumber"].isdigit(), leaf["signatureAlgoritm"]) == (True, "RSA with SHA256")
    assert (issuing["keyUsages"], root["issuerName"]) == (["keyCertSign", "crlSign"], issuing["issuerName"])


def test_a_letter_of_ours_has_the_shape_of_v1(app: httpx.Client, letter: Issued) -> None:
    told = v1(app, letter.pdf)
    assert {name: value for name, value in told.items() if name != "details"} == {
        "nama_dokumen": "surat.pdf",
        "jumlah_signature": 1,
        "notes": VALID,
        "summary": "VALID",
    }
    (detail,) = told["details"]
    assert list(detail) == ["info_tsa", "signature_field", "info_signer", "signature_document"]
    assert (list(detail["info_tsa"]), detail["info_tsa"]["tsa_cert_validity"]) == (["name", "tsa_cert_validity"], None)
    signer = detail["info_signer"]
    assert signer["signer_name"] == "Sri Wahyuningsih, S.Sos., M.Si."
    assert signer["cert_user_certified"] is True
    assert (signer["signer_dn"][-5:], signer["issuer_dn"][:3]) == (",C=ID", "CN=")
    moment = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}"
    assert re.fullmatch(f"{moment} to {moment}", signer["signer_cert_validity"])
    document = detail["signature_document"]
    assert (document["signed_using_tsa"], document["document_integrity"]) == (True, True)
    assert (document["reason"], document["location"]) == ("Persetujuan", "Bangli")
    assert (document["signature_value"], document["hash_value"]) == (None, None)
    signed = datetime.strptime(document["signed_in"], "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=ZoneInfo("Asia/Jakarta"))
    assert abs((signed - datetime.now(UTC)).total_seconds()) < 600


def test_ids_are_the_same_each_time_and_in_every_later_file(app: httpx.Client, issuer: Issuer) -> None:
    second = issuer.signer("I Nyoman Contoh", "Sekretaris")
    both = issuer.issue(None, second)
    told = v2(app, both.pdf)
    first, last = told["signatureInformations"]
    assert (first["lastSignature"], last["lastSignature"], told["conclusion"]) == (False, True, "VALID")
    assert first["id"] != last["id"]
    assert first["certificateDetails"][1]["id"] == last["certificateDetails"][1]["id"]
    again = v2(app, both.pdf)
    assert again == told
    assert v1(app, both.pdf)["jumlah_signature"] == 2


def test_the_file_comes_in_several_forms(app: httpx.Client, letter: Issued) -> None:
    text = b64encode(letter.pdf).decode()
    for file in (text, [text], f"data:application/pdf;base64,{text}", text.replace("+", "-").replace("/", "_")):
        assert app.post("/api/v2/verify/pdf", json={"file": file}).json()["conclusion"] == "VALID"
    escaped = f'{{"file": "{text}"}}'.replace("/", "\\/").encode()
    assert app.post("/api/v2/verify/pdf/", content=escaped).json()["conclusion"] == "VALID"
    assert v1(app, letter.pdf, "file", "a b.pdf")["nama_dokumen"] == "a b.pdf"
    bare = app.post("/api/sign/verify", files={"signed_file": ("", letter.pdf)})
    assert (bare.status_code, bare.json()["summary"]) == (200, "VALID")


def test_an_unsigned_file_has_no_signature(app: httpx.Client, pdf: bytes) -> None:
    assert v2(app, pdf) == {
        "conclusion": "NO_SIGNATURE",
        "description": "Dokumen tidak memiliki tandatangan elektronik",
        "documentName": "document.pdf",
        "signatureInformations": [],
        "signatureCount": 0,
    }
    assert v1(app, pdf) == {
        "nama_dokumen": "surat.pdf",
        "jumlah_signature": 0,
        "notes": None,
        "details": [],
        "summary": None,
    }


def test_a_changed_file_is_invalid_and_says_so(app: httpx.Client, letter: Issued) -> None:
    told = v2(app, altered(letter))
    assert told["conclusion"] == "INVALID"
    assert str(told["description"]).startswith("Konten Dokumen mengalami perubahan oleh pihak yang tidak berhak")
    (signature,) = told["signatureInformations"]
    assert (signature["integrityValid"], signature["certificateTrusted"], signature["modified"]) == (False, False, True)
    older = v1(app, altered(letter))
    assert older["summary"] == "INVALID"
    assert older["details"][0]["signature_document"]["document_integrity"] is False


@pytest.mark.parametrize(
    ("name", "form"),
    [("signed-pades", "PAdES-BASELINE-B"), ("signed-pkcs7", "PKCS7-T"), ("signed-pdfa-2b", "PAdES-BASELINE-B")],
)
def test_a_signer_whom_nobody_vouches_for_is_invalid_though_nothing_changed(
    app: httpx.Client, name: str, form: str
) -> None:
    told = v2(app, letter_files.read(name))
    assert told["conclusion"] == "INVALID"
    assert "sertifikat yang digunakan tidak terpercaya" in str(told["description"])
    signature = told["signatureInformations"][0]
    assert (signature["signatureFormat"], signature["integrityValid"]) == (form, True)
    assert signature["certificateTrusted"] is False
    stamped = form.endswith("-T")
    assert (signature["timestampInfomation"] is not None) == stamped
    detail = v1(app, letter_files.read(name))["details"][0]
    assert (detail["info_tsa"]["name"] is not None) == detail["signature_document"]["signed_using_tsa"] == stamped
    assert detail["info_signer"]["cert_user_certified"] is False


def test_a_withdrawn_letter_is_not_called_valid(app: httpx.Client, issuer: Issuer) -> None:
    letter = issuer.issue()
    assert v2(app, letter.pdf)["conclusion"] == "VALID"
    issuer.withdraw(letter)
    told = v2(app, letter.pdf)
    assert told["conclusion"] == "INVALID"
    assert "telah mencabutnya" in str(told["description"])
    assert told["signatureInformations"][0]["integrityValid"] is True
    assert v1(app, letter.pdf)["notes"] == told["description"]


def test_a_sound_file_that_the_register_does_not_know_is_valid_with_a_warning(
    house: House, app: httpx.Client, letter: Issued
) -> None:
    with house.client() as public:  # the report to print is sealed by the service, and is no letter
        paper = public.post("/v1/verify", data={"report": "pdf"}, files={"file": letter.pdf}).content
    told = v2(app, paper)
    assert (told["conclusion"], told["description"]) == ("VALID", VALID)
    assert "tidak dapat memastikan" in told["warning"][0]
    assert told["signatureInformations"][0]["certLevelCode"] > 0
    older = v1(app, paper)
    assert (older["summary"], older["notes"], older["warning"]) == ("VALID", VALID, told["warning"])


def test_a_locked_file_is_opened_with_its_password_by_either_spelling(app: httpx.Client) -> None:
    pdf = locked("AES-256")
    for wrong in ({}, {"password": "salah"}, {"password": None}):
        told = v2(app, pdf, **wrong)
        assert told["conclusion"] == "INVALID"
        assert "kata sandi" in str(told["description"])
    for name in ("password", "passsword"):
        told = v2(app, pdf, **{name: PASSWORD})
        assert "tidak terpercaya" in str(told["description"])
    opened = app.post("/api/sign/verify", data={"password": PASSWORD}, files={"signed_file": ("a.pdf", pdf)})
    assert "tidak terpercaya" in opened.json()["notes"]


def test_a_nik_in_a_certificate_is_masked(app: httpx.Client) -> None:
    holder = Authority("CA Lama").issue(f"{NIK} Budi")
    pdf = signed_letter(letter_files.read("typst"), lambda digest: Message(holder, digest).build())
    newer = app.post("/api/v2/verify/pdf", json={"file": b64encode(pdf).decode()})
    older = app.post("/api/sign/verify", files={"signed_file": (f"{NIK}.pdf", pdf)})
    for answer in (newer, older):
        assert answer.status_code == 200
        assert NIK not in answer.text
        assert "3201************ Budi" in answer.text
    assert older.json()["nama_dokumen"] == "3201************.pdf"
    serial = int(newer.json()["signatureInformations"][0]["certificateDetails"][0]["serialNumber"])
    assert isinstance(holder.certificate, x509.Certificate)
    assert serial == holder.certificate.serial_number


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04" + bytes(3000), b" " * 2000 + b"%PDF-1.7"])
def test_what_is_no_pdf_is_refused_and_breaks_nothing(app: httpx.Client, content: bytes) -> None:
    newer = refused(app.post("/api/v2/verify/pdf", json={"file": b64encode(content).decode()}))
    assert newer["status_code"] in (2041, 400)
    older = refused(app.post("/api/sign/verify", files={"signed_file": ("a.pdf", content)}))
    assert older["status_code"] in (2041, 400)


def test_what_only_begins_as_a_pdf_is_answered(app: httpx.Client) -> None:
    assert v2(app, b"%PDF-1.7\n" + b"x" * 5000)["conclusion"] in ("INVALID", "NO_SIGNATURE")


@pytest.mark.parametrize(
    "body", [{}, {"file": None}, {"file": ""}, {"file": []}, {"file": ["a", "b"]}, {"file": {"a": 1}}, {"file": "%%"},
             {"file": 7}, {"file": [["QQ=="]]}],
)  # fmt: skip
def test_a_body_without_one_file_is_refused(app: httpx.Client, body: dict[str, Any]) -> None:
    assert "file" in str(refused(app.post("/api/v2/verify/pdf", json=body))["error"])


def test_a_form_without_a_file_is_refused(app: httpx.Client) -> None:
    torn = {"content-type": "multipart/form-data; boundary=x"}
    for answer in (
        app.post("/api/sign/verify"),
        app.post("/api/sign/verify", data={"signed_file": ""}),
        app.post("/api/sign/verify", files={"other": b"%PDF-"}),
        app.post("/api/sign/verify", content=b"--x", headers=torn),
        app.post("/api/sign/verify", content=b"{}", headers={"content-type": "application/json"}),
    ):
        refused(answer)


def test_a_file_beyond_the_limit_is_refused_as_that(app: httpx.Client) -> None:
    large = b"%PDF-1.7\n" + bytes(2 * 1024 * 1024 + 1)
    refused(app.post("/api/v2/verify/pdf", json={"file": b64encode(large).decode()}), 413)
    refused(app.post("/api/sign/verify", files={"signed_file": ("a.pdf", large)}), 413)


def test_who_is_not_let_in_checks_nothing(house: House, letter: Issued) -> None:
    with httpx.Client(base_url=house.url, timeout=60) as stranger:
        refused(stranger.post("/api/v2/verify/pdf", json={"file": b64encode(letter.pdf).decode()}), 401)
        refused(stranger.post("/api/sign/verify", files={"signed_file": ("a.pdf", letter.pdf)}), 401)
