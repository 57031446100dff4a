"""The CMS of a signature or a time-stamp (RFC 5652), read and checked by our own code (verification.md, rule 7)."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from asn1crypto import algos, cms, core, parser, x509
from asn1crypto import pdf as asn1_pdf

from esign.verify.crypto import UnknownAlgorithmError, check_signature, digest
from esign.verify.der import in_order, is_der
from esign.verify.report import SubIndication
from esign.x509.encoding import as_found, read_certificate

ODD_INPUT = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    AssertionError,
    RecursionError,
    OverflowError,
    IndexError,
    NotImplementedError,
    OSError,
    struct.error,
    zlib.error,
)
"""What libraries let out on odd input."""

UNSORTED = "cms.unsorted"
"""The code of a fault that spoils nothing: the order of the signed attributes."""
_ATTRIBUTES_ONCE = ("content_type", "message_digest", "signing_certificate", "signing_certificate_v2", "signing_time")


class CmsError(Exception):
    """What is wrong with a CMS."""

    def __init__(self, code: str, message: str, sub_indication: SubIndication) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.sub_indication = sub_indication


class NotUnderstoodError(CmsError):
    """It can't be decoded as SignedData at all."""

    def __init__(self, message: str) -> None:
        super().__init__("cms.not_understood", message, SubIndication.GENERIC)


@contextmanager
def _decoding(what: str) -> Iterator[None]:
    try:
        yield
    except CmsError:
        raise
    except ODD_INPUT as error:
        raise NotUnderstoodError(f"{what} can't be decoded: {type(error).__name__}") from error


@dataclass(frozen=True)
class SignedMessage:
    """A SignedData with exactly one SignerInfo, decoded."""

    signer: cms.SignerInfo
    certificates: tuple[x509.Certificate, ...]
    content_type: str
    content: bytes | None
    """The encapsulated content."""
    digest_algorithm: str
    signature_algorithm: algos.SignedDigestAlgorithm
    signature: bytes
    signed_attributes: bytes
    """As SET OF, in the octets that were signed; empty where there are none, and the content itself was signed."""
    attributes: dict[str, tuple[core.Asn1Value, ...]]
    """Signed attributes by name, the values of all of that name."""
    tokens: tuple[bytes, ...]
    """Signature time-stamp tokens (unsigned attribute), DER as found."""
    ocsps: tuple[bytes, ...]
    crls: tuple[bytes, ...]


def read_message(contents: bytes) -> SignedMessage:
    """The message in a /Contents string, zero padding cut off. Raises `CmsError`."""
    with _decoding("the signature"):
        _, _, _, header, body, trailer = parser.parse(contents, strict=False)
        length = len(header) + len(body) + len(trailer)
        info = cms.ContentInfo.load(contents[:length])
        if info["content_type"].native != "signed_data":
            raise NotUnderstoodError(f"the CMS is {info['content_type'].native}, not signed data")
        message = _signed_data(cast("cms.SignedData", info["content"]))
    if contents[length:].strip(b"\0"):
        raise CmsError("cms.padding", "something else than zeros follows the CMS", SubIndication.FORMAT_FAILURE)
    return message


def _signed_data(data: cms.SignedData) -> SignedMessage:
    signers = data["signer_infos"]
    if len(signers) != 1:
        raise CmsError("cms.signers", f"{len(signers)} SignerInfos instead of one", SubIndication.FORMAT_FAILURE)
    signer = signers[0]
    attributes = signer["signed_attrs"]
    signed_attributes, named = b"", {}
    if attributes and isinstance(attributes, cms.CMSAttributes):
        encoded = attributes.contents
        signed_attributes = _as_set(encoded if encoded is not None else b"")
        named = _named(attributes)
    encapsulated = data["encap_content_info"]
    content = encapsulated["content"]
    ocsps, crls = _revocation_data(data, named)
    return SignedMessage(
        signer=signer,
        certificates=tuple(_certificates(data)),
        content_type=str(encapsulated["content_type"].native),
        content=None if isinstance(content, core.Void) or content.native is None else _octets(content),
        digest_algorithm=str(signer["digest_algorithm"]["algorithm"].native),
        signature_algorithm=signer["signature_algorithm"],
        signature=cast("bytes", signer["signature"].native),
        signed_attributes=signed_attributes,
        attributes=named,
        tokens=tuple(_tokens(signer)),
        ocsps=ocsps,
        crls=crls,
    )


def _octets(content: core.Asn1Value) -> bytes:
    return bytes(content) if isinstance(content, core.OctetString | core.ParsableOctetString) else content.dump()


def _as_set(contents: bytes) -> bytes:
    length = len(contents)
    if length < 0x80:
        return b"\x31" + bytes([length]) + contents
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return b"\x31" + bytes([0x80 | len(octets)]) + octets + contents


def _named(attributes: cms.CMSAttributes) -> dict[str, tuple[core.Asn1Value, ...]]:
    result: dict[str, tuple[core.Asn1Value, ...]] = {}
    for attribute in attributes:
        name = str(attribute["type"].native)
        result[name] = (*result.get(name, ()), *attribute["values"])
    return result


def _certificates(data: cms.SignedData) -> Iterator[x509.Certificate]:
    found = data["certificates"]
    if isinstance(found, core.Void) or found is None:
        return
    for choice in found:
        if choice.name == "certificate":
            yield read_certificate(as_found(choice))


def _tokens(signer: cms.SignerInfo) -> Iterator[bytes]:
    unsigned = signer["unsigned_attrs"]
    if isinstance(unsigned, core.Void) or unsigned is None:
        return
    for attribute in unsigned:
        if attribute["type"].native == "signature_time_stamp_token":
            for value in attribute["values"]:
                yield as_found(value)


def _revocation_data(
    data: cms.SignedData, attributes: dict[str, tuple[core.Asn1Value, ...]]
) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """OCSP answers and CRLs: of SignedData.crls, and of Adobe's revocationInfoArchival (ISO 32000-2, 12.8.3.3.2)."""
    ocsps: list[bytes] = []
    crls: list[bytes] = []
    found = data["crls"]
    if not isinstance(found, core.Void) and found is not None:
        for choice in found:
            if choice.name == "crl":
                crls.append(as_found(choice.chosen))
            elif choice.name == "other" and choice.chosen["other_rev_info_format"].native == "ocsp_response":
                ocsps.append(as_found(choice.chosen["other_rev_info"]))
    for archival in attributes.get("adobe_revocation_info_archival", ()):
        if isinstance(archival, asn1_pdf.RevocationInfoArchival):
            ocsps.extend(as_found(item) for item in archival["ocsp"] or ())
            crls.extend(as_found(item) for item in archival["crl"] or ())
    return tuple(ocsps), tuple(crls)


def check_form(message: SignedMessage, expected_type: str) -> None:
    """The signed attributes: DER, each at most once, the content type the expected one. Raises `CmsError`.

    Their order is asked for by `check_order`, once the signature value holds.
    """
    failure = SubIndication.FORMAT_FAILURE
    with _decoding("the signed attributes"):
        if not message.signed_attributes:
            raise CmsError("cms.no_signed_attributes", "there are no signed attributes", failure)
        if not is_der(in_order(message.signed_attributes)):
            raise CmsError("cms.not_der", "the signed attributes are not DER", failure)
        for name in _ATTRIBUTES_ONCE:
            if len(message.attributes.get(name, ())) > 1:
                raise CmsError("cms.attribute_twice", f"the signed attribute {name} stands twice", failure)
        types = message.attributes.get("content_type", ())
        if not types or types[0].native != message.content_type:
            raise CmsError("cms.content_type", "the content-type attribute is not that of the content", failure)
        if message.content_type != expected_type:
            raise CmsError("cms.content_type", f"the content is {message.content_type}, not {expected_type}", failure)
        if "message_digest" not in message.attributes:
            raise CmsError("cms.no_message_digest", "there is no message-digest attribute", failure)


def digest_matches(message: SignedMessage, computed: bytes) -> bool:
    """Whether the message-digest attribute is that digest."""
    try:
        return cast("bytes", message.attributes["message_digest"][0].native) == computed
    except ODD_INPUT:
        return False


def find_signer(message: SignedMessage, others: tuple[x509.Certificate, ...], *, required: bool) -> x509.Certificate:
    """The certificate that signed: named by the SignerInfo, and by the signing-certificate attribute.

    ``others`` are searched after those of the message. ``required``: the attribute must be there. Raises `CmsError`.
    """
    with _decoding("the signer's identification"):
        candidates = [item for item in (*message.certificates, *others) if _is_named(item, message.signer["sid"])]
        if not candidates:
            raise CmsError(
                "cms.no_certificate",
                "the signer's certificate is not in the file",
                SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
            )
        attribute = _signing_certificate(message)
        if attribute is None:
            if required:
                raise CmsError(
                    "cms.no_signing_certificate_attribute",
                    "there is no signing-certificate attribute",
                    SubIndication.SIG_CONSTRAINTS_FAILURE,
                )
            if len({item.sha256 for item in candidates}) > 1:
                raise CmsError(
                    "cms.several_certificates",
                    "several certificates have the signer's name and number",
                    SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
                )
            return candidates[0]
        name, expected = attribute
        for candidate in candidates:
            if digest(name, as_found(candidate)) == expected:
                return candidate
    raise CmsError(
        "cms.other_certificate",
        "the certificate is not the one of the signing-certificate attribute",
        SubIndication.SIG_CONSTRAINTS_FAILURE,
    )


def _is_named(certificate: x509.Certificate, identifier: cms.SignerIdentifier) -> bool:
    if identifier.name == "subject_key_identifier":
        return bool(certificate.key_identifier == identifier.chosen.native)
    chosen = identifier.chosen
    return bool(certificate.serial_number == chosen["serial_number"].native and certificate.issuer == chosen["issuer"])


def _signing_certificate(message: SignedMessage) -> tuple[str, bytes] | None:
    """Digest algorithm and digest of the first certificate that the attribute names (RFC 5035)."""
    second = message.attributes.get("signing_certificate_v2")
    if second:
        first = second[0]["certs"][0]
        return str(first["hash_algorithm"]["algorithm"].native), cast("bytes", first["cert_hash"].native)
    old = message.attributes.get("signing_certificate")
    if old:
        return "sha1", cast("bytes", old[0]["certs"][0]["cert_hash"].native)
    return None


def has_signing_certificate(message: SignedMessage) -> bool:
    """Whether either signing-certificate attribute is there."""
    return "signing_certificate_v2" in message.attributes or "signing_certificate" in message.attributes


def check_value(message: SignedMessage, signer: x509.Certificate, content: bytes | None = None) -> None:
    """Whether the signature value is the signer's over the signed attributes. Raises `CmsError`.

    Over those as they stand, as openssl takes them, or in the order of DER, as RFC 5652, 5.4, and Java's readers do.
    ``content``: over this instead, for a message without signed attributes (RFC 5652, 5.4).
    """
    attributes = message.signed_attributes
    signed = dict.fromkeys((attributes, in_order(attributes)) if content is None else (content,))
    try:
        outcomes = [
            check_signature(
                signer.public_key, message.signature_algorithm, data, message.signature, message.digest_algorithm
            )
            for data in signed
        ]
        outcome = "good" if "good" in outcomes else outcomes[0]
    except UnknownAlgorithmError:
        outcome = "unsupported"
    except ODD_INPUT as error:
        raise CmsError(
            "cms.value",
            f"the signature value can't be checked: {type(error).__name__}",
            SubIndication.SIG_CRYPTO_FAILURE,
        ) from error
    if outcome == "unsupported":
        raise CmsError("cms.algorithm", "the signature algorithm is not known", SubIndication.GENERIC)
    if outcome == "bad":
        raise CmsError("cms.value", "the signature value is not the signer's", SubIndication.SIG_CRYPTO_FAILURE)


def check_order(message: SignedMessage) -> None:
    """Whether the signed attributes stand in the order of DER (RFC 5652, 5.3). Raises `CmsError`.

    Readers differ in which order they take the signature value to be over, so it is not the same to all of them.
    """
    if in_order(message.signed_attributes) != message.signed_attributes:
        what = "the signed attributes are not in the order of DER, and some readers refuse that"
        raise CmsError(UNSORTED, what, SubIndication.SIG_CONSTRAINTS_FAILURE)
