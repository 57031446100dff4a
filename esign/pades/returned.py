"""What a file holds that came back from an authority that signs whole documents: read, and not believed.

`read` parses a hostile file: run it through ``read_in`` and a sandbox. It only finds the new signature and what it is
made of; whether it is good is for a validation to say.
"""

from dataclasses import dataclass
from typing import cast

from asn1crypto import cms, x509
from pydantic import TypeAdapter, ValidationError

from esign.errors import LetterNotExamined
from esign.pades.letter_form import SignaturePlace, read_form
from esign.pdf.encryption import decryption
from esign.pdf.geometry import Box
from esign.pdf.pages import PageTree
from esign.pdf.revisions import PdfFile, View
from esign.pdf.sandbox import Header, Runner
from esign.pdf.signatures import FoundSignature, SignatureField, find_signatures, signature_fields, value_of_field
from esign.pdf.syntax import PdfDict, PdfSyntaxError
from esign.x509.encoding import as_found

TIMEOUT = 20.0
"""Seconds for reading one file."""
_ODD = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, OverflowError)
"""What asn1crypto lets out on odd input."""


@dataclass(frozen=True)
class Fault:
    """Why a file is not the letter with one signature more."""

    reason: str
    """In plain English."""


@dataclass(frozen=True)
class Returned:
    """The one signature that a file has more than the letter that was handed over."""

    field: str
    page: int | None
    """From 1; None where its field has no widget on a page."""
    box: Box | None
    """Where it is shown, in displayed space; None where nothing is."""
    byte_range: tuple[int, int, int, int]
    sub_filter: str
    certificate: bytes
    """DER, of the signer."""
    certificates: tuple[bytes, ...]
    """DER, all that came along."""
    digest_algorithm: str
    pades: bool
    """It is bound to its certificate by a signed attribute, as PAdES wants it (EN 319 142-1, 6.3)."""
    certifies: bool
    token: bytes | None
    """DER, the time-stamp inside it."""
    raised: bool
    """The file has a security store, or a document time-stamp that came along."""


_RETURNED: TypeAdapter[Returned] = TypeAdapter(Returned)


def read_in(runner: Runner, pdf: bytes, length: int, *, timeout: float = TIMEOUT) -> Returned | Fault:
    """`read` in the runner. Raises `Busy` and `LetterNotExamined`."""
    answer, blobs = runner.run("esign.pades.returned:read_task", {"length": length}, pdf, timeout=timeout)
    if isinstance(fault := answer.get("fault"), str):
        return Fault(fault)
    try:
        told = cast("dict[str, object]", answer["returned"])
        token = blobs.pop() if told.pop("token") else None
        given = {"token": token, "certificate": blobs[0], "certificates": tuple(blobs[1:])}
        return _RETURNED.validate_python({**told, **given})
    except (ValidationError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise LetterNotExamined(reason="answer") from error


def read_task(header: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """`read` as a sandbox task."""
    found = read(blobs[0], int(str(header["length"])))
    if isinstance(found, Fault):
        return {"fault": found.reason}, []
    told: Header = {
        "field": found.field,
        "page": found.page,
        "box": None if found.box is None else [*found.box],
        "byte_range": [*found.byte_range],
        "sub_filter": found.sub_filter,
        "digest_algorithm": found.digest_algorithm,
        "pades": found.pades,
        "certifies": found.certifies,
        "raised": found.raised,
        "token": found.token is not None,
    }
    tokens = [] if found.token is None else [found.token]
    return {"returned": told}, [found.certificate, *found.certificates, *tokens]


def read(pdf: bytes, length: int) -> Returned | Fault:
    """The signature that the file has and its first ``length`` bytes, the letter that was handed over, have not."""
    try:
        return _read(PdfFile(pdf), length)
    except PdfSyntaxError as error:
        return Fault(f"the file can't be read: {error}")
    except _ODD as error:
        return Fault(f"its signature can't be read: {type(error).__name__}")


def _read(file: PdfFile, length: int) -> Returned | Fault:
    view = file.view()
    if any("Encrypt" in section.trailer for section in view.sections):
        opened = decryption(file.data)
        if opened is None:
            return Fault("the file asks for a password")
        file.unlock(*opened)
    found = [each for each in find_signatures(file, [view]) if each.place[0] >= length]
    new = [each for each in found if each.sub_filter != "ETSI.RFC3161"]
    if len(new) != 1:
        return Fault(f"it has {len(new)} signatures more instead of one")
    names = [field.name for field in signature_fields(view) if _holds(view, field, new[0])]
    if len(names) != 1:
        return Fault(f"{len(names)} fields hold the new signature instead of one")
    form = read_form(view, PageTree(view), encrypted=False)
    place = next(each for each in form.fields if each.name == names[0])
    return _told(view, place, new[0], raised=len(found) > len(new) or "DSS" in view.catalogue)


def _holds(view: View, field: SignatureField, found: FoundSignature) -> bool:
    value = value_of_field(view, field)
    return value is not None and value.identity == found.identity


def _told(view: View, place: SignaturePlace, found: FoundSignature, *, raised: bool) -> Returned | Fault:
    contents, numbers = found.contents, view.resolve(found.dictionary.get("ByteRange"))
    byte_range = tuple(each for each in numbers if isinstance(each, int)) if isinstance(numbers, list) else ()
    if contents is None or found.sub_filter is None or len(byte_range) != 4:
        return Fault("its signature is not complete")
    message = cms.ContentInfo.load(contents.value)["content"]
    if not isinstance(message, cms.SignedData) or len(message["signer_infos"]) != 1:
        return Fault("its signature is not one signer's")
    signer = message["signer_infos"][0]
    carried = [each.chosen for each in message["certificates"] if isinstance(each.chosen, x509.Certificate)]
    own = next((each for each in carried if _is_of(each, signer["sid"])), None)
    if own is None:
        return Fault("its signature comes without its signer's certificate")
    names = {each["type"].native for each in signer["signed_attrs"]}
    bound = bool(names & {"signing_certificate", "signing_certificate_v2"})
    return Returned(
        field=place.name,
        page=place.page,
        box=place.box,
        byte_range=byte_range,
        sub_filter=found.sub_filter,
        certificate=as_found(own),
        certificates=tuple(as_found(each) for each in carried if each is not own),
        digest_algorithm=str(signer["digest_algorithm"]["algorithm"].native),
        pades=bound and found.sub_filter == "ETSI.CAdES.detached",
        certifies=_certifies(view, found.dictionary),
        token=_token(signer),
        raised=raised,
    )


def _is_of(certificate: x509.Certificate, identifier: cms.SignerIdentifier) -> bool:
    """Whether a SignerInfo names the certificate as its signer's (RFC 5652, 5.3)."""
    if identifier.name == "subject_key_identifier":
        return bool(certificate.key_identifier == identifier.native)
    named = identifier.chosen
    return bool(certificate.serial_number == named["serial_number"].native and certificate.issuer == named["issuer"])


def _certifies(view: View, dictionary: PdfDict) -> bool:
    return any(
        view.name(view.dictionary(each).get("TransformMethod")) == "DocMDP"
        for each in view.array(dictionary.get("Reference"))[:64]
    )


def _token(signer: cms.SignerInfo) -> bytes | None:
    """The time-stamp over the signature value, an unsigned attribute (RFC 3161, appendix A)."""
    for attribute in signer["unsigned_attrs"] or ():
        if attribute["type"].native == "signature_time_stamp_token" and len(attribute["values"]):
            return as_found(attribute["values"][0])
    return None
