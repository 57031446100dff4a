"""Our reports of ETSI TS 119 102-2 validate against its schema, as EU DSS ships it, and refer to nothing else."""

import zipfile
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from lxml import etree

from esign.pades.profile import Profile
from esign.pades.spec import NewField
from esign.verify.etsi import etsi_report
from esign.verify.full import FullReport, validate_fully
from esign.verify.report import Verdict
from esign.x509.clock import SystemClock
from esign.x509.trust import TrustStore
from tests.attacks.later import incremental
from tests.attacks.spoilt import universal, wrapped
from tests.letter_files import read
from tests.officials import SECOND, official, request, roots, signed
from tests.programs import JAVA_PROJECT, missing, require_java_project

pytestmark = pytest.mark.interop

VR = {"vr": "http://uri.etsi.org/19102/v1.4.1#", "ds": "http://www.w3.org/2000/09/xmldsig#"}
LETTER = read("typst-1.4")
_JARS = ("specs-validation-report", "specs-xades", "specs-trusted-list", "specs-xmldsig")
_PLACES = {
    "xmldsig-core-schema.xsd": "xmldsig-core-schema.xsd",
    "XAdES.xsd": "XAdES01903v132-202407.xsd",
    "ts_119612v020201_201601xsd.xsd": "ts_119612v020101_xsd.xsd",
    "xml.xsd": "xml.xsd",
}
"""Where the schemas say that others stand, by the last part of the address: which file of DSS's jars that is."""


class FromJars(etree.Resolver):  # type: ignore[misc]
    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__()
        self.files = files

    def resolve(self, url: str, public_id: str | None, context: Any) -> Any:
        name = _PLACES.get(url.rsplit("/", 1)[-1])
        return None if name is None else self.resolve_string(self.files[name], context, base_url=name)


@cache
def schema() -> Any:
    require_java_project()
    files: dict[str, bytes] = {}
    for jar in (JAVA_PROJECT / "target" / "dependency").glob("specs-*.jar"):
        if jar.name.startswith(_JARS):
            with zipfile.ZipFile(jar) as archive:
                files |= {name.rsplit("/", 1)[-1]: archive.read(name) for name in archive.namelist() if ".xsd" in name}
    if "1910202xmlSchema.xsd" not in files:
        missing("the schema of TS 119 102-2 is not among EU DSS's jars")
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(FromJars(files))
    return etree.XMLSchema(etree.fromstring(files["1910202xmlSchema.xsd"], parser, base_url="1910202xmlSchema.xsd"))


def full(pdf: bytes, trust: TrustStore | None = None, *, encoded: bool = False) -> FullReport:
    store = TrustStore(anchors=tuple(roots())) if trust is None else trust
    return validate_fully(pdf, store, SystemClock().now(), encoded=encoded)


def validated(report: FullReport) -> Any:
    """The document, which is as the schema says, each of whose references leads to an object in it."""
    document = etree.fromstring(etsi_report(report))
    official_schema = schema()
    assert official_schema.validate(document), str(official_schema.error_log)
    identifiers = {item.get("id") for item in document.iter() if item.get("id") is not None}
    for item in document.iter():
        assert set((item.get("VOReference") or "").split()) <= identifiers
    return document


def texts(document: Any, path: str) -> list[str]:
    return [str(item.text) for item in document.findall(path, VR)]


def indications(document: Any) -> list[tuple[str, ...]]:
    """Main and sub-indication of each signature, without their prefixes."""
    found = document.findall("vr:SignatureValidationReport/vr:SignatureValidationStatus", VR)
    names = ("vr:MainIndication", "vr:SubIndication")
    return [tuple(text.rsplit(":", 1)[-1] for name in names for text in texts(item, name)) for item in found]


def letters() -> Iterator[tuple[str, bytes]]:
    for profile in Profile:
        yield profile, signed(LETTER, request(profile)).pdf
    first = signed(LETTER, request(Profile.B_LTA)).pdf
    yield "twice", signed(first, request(Profile.B_LTA, field=NewField(rect=SECOND)), official("Siti Aminah")).pdf
    yield "unsigned", LETTER
    yield "no letter", b"no letter"
    for name in ("signed-pades", "signed-pkcs7", "encrypted-user", "hybrid-hidden"):
        yield name, read(name)


@pytest.fixture(scope="module")
def lta() -> bytes:
    return signed(LETTER, request(Profile.B_LTA)).pdf


def test_the_report_on_every_kind_of_letter_is_as_the_schema_says() -> None:
    for name, pdf in letters():
        for trust in (None, TrustStore()):
            for encoded in (False, True):
                assert validated(full(pdf, trust, encoded=encoded)) is not None, name


def test_the_report_on_every_forgery_is_as_the_schema_says_and_passes_none(lta: bytes) -> None:
    for forgery in (*universal(lta), *wrapped(lta), *incremental(lta)):
        report = full(forgery.pdf)
        assert report.report.verdict is not Verdict.GENUINE
        assert {item[0] for item in indications(validated(report))} <= {"total-failed", "indeterminate"}


def test_a_genuine_letter_passed_in_the_process_that_settled_it(lta: bytes) -> None:
    document = validated(full(lta))
    assert indications(document) == [("total-passed",)]
    [process] = texts(document, ".//vr:SignatureValidationProcessID")
    assert process == "urn:etsi:019102:validationprocess:LTA"


def test_the_time_proven_names_the_time_stamp_that_proves_it(lta: bytes) -> None:
    report = full(lta)
    document = validated(report)
    proven = report.report.signatures[0].proven_time
    best = document.find(".//vr:BestSignatureTime", VR)
    assert proven is not None
    assert texts(best, "vr:POETime") == [proven.isoformat().replace("+00:00", "Z")]
    stamp = document.find(f".//*[@id='{best.find('vr:POEObject', VR).get('VOReference')}']", VR)
    assert texts(stamp, "vr:ObjectType") == ["urn:etsi:019102:validationObject:timestamp"]
    assert texts(stamp, "vr:ValidationReport/vr:SignatureValidationStatus/vr:MainIndication") == [
        "urn:etsi:019102:mainindication:passed"
    ]


def test_chain_and_revocation_data_are_among_the_validation_objects(lta: bytes) -> None:
    report = full(lta)
    document = validated(report)
    chain = document.find("vr:SignatureValidationReport//vr:CertificateChain", VR)
    told = [item.get("VOReference").removeprefix("C-") for item in chain]
    assert told == [item.sha256 for item in report.report.signatures[0].chain]
    kinds = {kind.rsplit(":", 1)[-1] for kind in texts(document, ".//vr:ValidationObject/vr:ObjectType")}
    assert kinds >= {"certificate", "OCSPResponse", "timestamp", "signedData"}


def test_no_file_without_a_signature_passes() -> None:
    assert indications(validated(full(LETTER))) == [("noSignatureFound",)]
    assert indications(validated(full(b"no letter"))) == [("indeterminate", "GENERIC")]


def test_what_stands_against_the_file_reaches_its_signatures(lta: bytes) -> None:
    report = full(lta)
    finding = {"code": "active.content", "severity": "fail", "message": "active content: JavaScript"}
    whole = report.report.model_dump() | {"findings": [finding], "verdict": "indeterminate", "missing": []}
    against = report.model_copy(update={"report": type(report.report).model_validate(whole)})
    document = validated(against)
    assert indications(document) == [("indeterminate", "SIG_CONSTRAINTS_FAILURE")]
    assert "urn:x-esign:check:file.active.content" in texts(document, ".//vr:ValidationConstraintIdentifier")


def test_a_report_that_leaves_out_trust_has_no_such_form(lta: bytes) -> None:
    report = validate_fully(lta, TrustStore(), SystemClock().now(), integrity_only=True)
    with pytest.raises(ValueError, match="leaves out trust"):
        etsi_report(report)


def test_what_xml_can_not_hold_does_not_break_the_document(lta: bytes) -> None:
    report = full(lta)
    odd = report.report.signatures[0].model_copy(update={"field": "<&\x00\x0b\ud800]]>", "reason": "\x1b[31m"})
    changed = report.report.model_copy(update={"signatures": (odd, *report.report.signatures[1:])})
    document = validated(report.model_copy(update={"report": changed}))
    assert texts(document, ".//vr:DAIdentifier") == ["<&???]]>"]
    assert texts(document, ".//vr:ReasonElement") == ["?[31m"]
