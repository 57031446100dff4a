"""What validators of others say of a signed letter: pyHanko, openssl, poppler, qpdf."""

import asyncio
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from asn1crypto import cms, crl, ocsp, pem, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import (
    EmbeddedPdfSignature,
    PdfSignatureStatus,
    SignatureCoverageLevel,
    validate_pdf_signature,
    validate_pdf_timestamp,
)
from pyhanko.sign.validation.ades import ades_lta_validation, ades_with_time_validation
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from tests.programs import call, require_program

WHOLE = SignatureCoverageLevel.ENTIRE_FILE


@dataclass(frozen=True)
class Verdict:
    """What pyHanko says of one signature."""

    field: str
    sound: bool
    """Intact, valid, trusted, and changed only as permitted."""
    timestamped: bool
    document_timestamp: bool
    changed: ModificationLevel | None
    covers_file: bool
    certifies: bool


def reader(pdf: bytes) -> PdfFileReader:
    """The reader of pyHanko, opened where the letter is encrypted under an owner password."""
    opened = PdfFileReader(BytesIO(pdf), strict=False)
    if opened.encrypted:
        opened.decrypt(b"")
    return opened


def verdicts(pdf: bytes, roots: list[x509.Certificate]) -> list[Verdict]:
    """Of each signature and document time-stamp, in their order."""
    return [_verdict(signature, roots) for signature in reader(pdf).embedded_signatures]


def _verdict(signature: EmbeddedPdfSignature, roots: list[x509.Certificate]) -> Verdict:
    context = ValidationContext(trust_roots=roots, allow_fetching=False)
    if signature.sig_object["/Type"] == "/DocTimeStamp":
        stamp = validate_pdf_timestamp(signature, context)
        sound = bool(stamp.valid and stamp.intact and stamp.trusted)
        changed = stamp.modification_level
        return Verdict(signature.field_name, sound, True, True, changed, stamp.coverage is WHOLE, False)
    status: PdfSignatureStatus = validate_pdf_signature(signature, context, context)
    return Verdict(
        signature.field_name,
        status.bottom_line,
        status.timestamp_validity is not None,
        False,
        status.modification_level,
        status.coverage is WHOLE,
        signature.docmdp_level is not None,
    )


def openssl_verifies(
    pdf: bytes, byte_range: tuple[int, int, int, int], roots: list[x509.Certificate], tmp: Path
) -> bool:
    """Whether ``openssl cms -verify`` accepts the CMS over the bytes that the ByteRange names."""
    openssl = require_program("openssl")
    _, a, c, d = byte_range
    contents = cms.ContentInfo.load(bytes.fromhex(pdf[a + 1 : c - 1].decode())).dump()
    (tmp / "cms.der").write_bytes(contents)
    (tmp / "content").write_bytes(pdf[:a] + pdf[c : c + d])
    (tmp / "roots.pem").write_bytes(b"".join(pem.armor("CERTIFICATE", root.dump()) for root in roots))
    done = call(
        [openssl, "cms", "-verify", "-binary", "-inform", "DER", "-in", tmp / "cms.der", "-content", tmp / "content",
         "-CAfile", tmp / "roots.pem", "-purpose", "any", "-out", tmp / "out"]
    )  # fmt: skip
    return done.returncode == 0


def poppler_lines(pdf: bytes, tmp: Path) -> list[str]:
    """What ``pdfsig`` says of each signature's value."""
    (tmp / "letter.pdf").write_bytes(pdf)
    done = call([require_program("pdfsig"), "-nocert", tmp / "letter.pdf"])
    return [line.strip() for line in done.stdout.decode().splitlines() if "Signature Validation" in line]


def qpdf_complaints(pdf: bytes, tmp: Path) -> str:
    """What ``qpdf --check`` complains about; empty where it doesn't."""
    (tmp / "letter.pdf").write_bytes(pdf)
    done = call([require_program("qpdf"), "--check", tmp / "letter.pdf"])
    return "" if done.returncode == 0 else (done.stdout + done.stderr).decode()


def ades_indication(pdf: bytes, roots: list[x509.Certificate]) -> str:
    """What pyHanko's procedures of EN 319 102-1 say of the first signature, with nothing but the file and the roots.

    Validation with time (5.5) of a letter without a document time-stamp, with long-term data (5.6) of one with.
    """
    rule = RevocationCheckingRule.CRL_OR_OCSP_REQUIRED
    specification = SignatureValidationSpec(
        cert_validation_policy=CertValidationPolicySpec(
            trust_manager=SimpleTrustManager.build(trust_roots=roots),
            revinfo_policy=CertRevTrustPolicy(RevocationCheckingPolicy(rule, rule)),
        ),
        revinfo_gathering_policy=RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY),
    )
    signatures = reader(pdf).embedded_signatures
    signature = signatures[0]
    if signatures[-1].sig_object["/Type"] == "/DocTimeStamp":
        long_term = ades_lta_validation(signature, PdfSignatureValidationSpec(specification))
        return str(asyncio.run(long_term).ades_subindic)
    store = DocumentSecurityStore.read_dss(signature.reader)
    known = LocalKnowledge(
        known_ocsps=[
            each
            for stream in store.ocsps
            for each in OCSPContainer.load_multi(ocsp.OCSPResponse.load(stream.get_object().data))
        ],
        known_crls=[CRLContainer(crl.CertificateList.load(stream.get_object().data)) for stream in store.crls],
        known_certs=list(store.load_certs()),
    )
    signature.compute_integrity_info()
    with_time = ades_with_time_validation(
        signature.signed_data,
        replace(specification, local_knowledge=known),
        raw_digest=signature.compute_digest(),
        status_cls=PdfSignatureStatus,
        extra_status_kwargs=signature.summarise_integrity_info(),
    )
    return str(asyncio.run(with_time).ades_subindic)
