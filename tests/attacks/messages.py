"""CMS messages built piece by piece, so that any piece can be wrong, and put into letters; time-stamp tokens too."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from asn1crypto import cms
from cryptography.hazmat.primitives import hashes

from esign.pades.longterm import embed
from esign.pades.spec import NewField, SignatureSpec
from esign.pades.tasks import run_prepare, run_prepare_document_timestamp
from esign.pdf.sandbox import InProcess
from esign.x509 import der
from tests.attacks.authority import NOW, Holder

_DATA = "1.2.840.113549.1.7.1"
_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),
    "sha1": hashes.SHA1(),
    "sha256": hashes.SHA256(),
    "sha512": hashes.SHA512(),
}
_OIDS = {
    "md5": "1.2.840.113549.2.5",
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
_ECDSA = {"sha1": "1.2.840.10045.4.1", "sha256": "1.2.840.10045.4.3.2", "sha512": "1.2.840.10045.4.3.4"}


def attribute(oid: str, *values: bytes) -> bytes:
    """An Attribute."""
    return der.sequence(der.oid(oid), der.set_of(*values))


@dataclass(frozen=True)
class Message:
    """What a SignedData is made of."""

    holder: Holder
    digest: bytes
    """What the message-digest attribute says."""
    algorithm: str = "sha256"
    content_type: str = _DATA
    content: bytes | None = None
    certificates: tuple[bytes, ...] | None = None
    """None: the holder's own."""
    signing_certificate: bytes | None = b""
    """The certificate of the signing-certificate attribute; empty: the holder's own, None: no attribute."""
    extra_attributes: tuple[bytes, ...] = ()
    order: Callable[[list[bytes]], list[bytes]] = sorted
    """The order of the signed attributes."""
    tokens: tuple[bytes, ...] = ()
    signers: int = 1
    spoil: Callable[[bytes], bytes] = bytes
    """What is done to the signature value."""
    signature_digest: str | None = None
    """Another digest algorithm under the signature than the one declared."""
    signed_attributes: bool = True
    parameters: bool = True
    """Digest algorithms are written with NULL."""

    def build(self) -> bytes:
        """The ContentInfo."""
        info = self._signer_info()
        content = der.sequence(der.oid(self.content_type), *self._content())
        certificates = self.certificates if self.certificates is not None else (self.holder.der,)
        signed = der.sequence(
            der.integer(1 if self.content_type == _DATA else 3),
            der.set_of(_digest_algorithm(self.algorithm, parameters=self.parameters)),
            content,
            der.explicit(0, *certificates),
            der.tlv(0x31, *[info] * self.signers),
        )
        return der.sequence(der.oid("1.2.840.113549.1.7.2"), der.explicit(0, signed))

    def _content(self) -> list[bytes]:
        return [] if self.content is None else [der.explicit(0, der.octet_string(self.content))]

    def attributes(self) -> list[bytes]:
        """The signed attributes, unordered."""
        items = [
            attribute("1.2.840.113549.1.9.3", der.oid(self.content_type)),
            attribute("1.2.840.113549.1.9.4", der.octet_string(self.digest)),
            *self.extra_attributes,
        ]
        if self.signing_certificate is not None:
            certificate = self.signing_certificate or self.holder.der
            named = der.sequence(der.sequence(der.sequence(der.octet_string(hashlib.sha256(certificate).digest()))))
            items.append(attribute("1.2.840.113549.1.9.16.2.47", named))
        return items

    def _signer_info(self) -> bytes:
        attributes = b"".join(self.order(self.attributes()))
        signed = der.tlv(0x31, attributes) if self.signed_attributes else self.digest
        value = self.spoil(self.holder.sign(signed, _HASHES[self.signature_digest or self.algorithm]))
        certificate = self.holder.asn1
        unsigned = [attribute("1.2.840.113549.1.9.16.2.14", *self.tokens)] if self.tokens else []
        return der.sequence(
            der.integer(1),
            der.sequence(certificate.issuer.dump(), der.integer(certificate.serial_number)),
            _digest_algorithm(self.algorithm, parameters=self.parameters),
            *([der.tlv(0xA0, attributes)] if self.signed_attributes else []),
            self._signature_algorithm(),
            der.octet_string(value),
            *([der.explicit(1, *unsigned)] if unsigned else []),
        )

    def _signature_algorithm(self) -> bytes:
        if self.holder.asn1.public_key.algorithm == "rsa":
            return der.sequence(der.oid("1.2.840.113549.1.1.1"), der.NULL)
        return der.sequence(der.oid(_ECDSA[self.algorithm]))


def _digest_algorithm(name: str, *, parameters: bool = True) -> bytes:
    return der.sequence(der.oid(_OIDS[name]), *([der.NULL] if parameters else []))


def token(
    stamper: Holder, imprint: bytes, moment: datetime = NOW, algorithm: str = "sha256", **changes: object
) -> bytes:
    """A time-stamp token over an imprint."""
    stated = der.sequence(
        der.integer(1),
        der.oid("1.2.3.4.5"),
        der.sequence(_digest_algorithm(algorithm), der.octet_string(imprint)),
        der.integer(4711),
        der.generalized_time(moment),
    )
    message = Message(stamper, hashlib.sha256(stated).digest(), content_type=_TST_INFO, content=stated)
    return replace(message, **changes).build()  # type: ignore[arg-type]


def signed_letter(
    pdf: bytes,
    build: Callable[[bytes], bytes],
    *,
    algorithm: str = "sha256",
    sub_filter: bytes | None = None,
    size: int = 12_000,
) -> bytes:
    """The letter with the CMS that ``build`` makes of the digest; ``sub_filter`` has as many characters as ours."""
    spec = SignatureSpec(field=NewField(), signed_at=datetime.now(UTC).replace(microsecond=0), contents_size=size)
    prepared = run_prepare(InProcess(), pdf, spec)
    if sub_filter is not None:
        assert len(sub_filter) == len(b"ETSI.CAdES.detached")
        assert b"ETSI.CAdES.detached" in prepared.appended
        prepared = replace(prepared, appended=prepared.appended.replace(b"ETSI.CAdES.detached", sub_filter))
    whole = embed(pdf, prepared, b"")
    _, gap, after, _ = prepared.byte_range
    digest = hashlib.new(algorithm, whole[:gap] + whole[after:]).digest()
    return embed(pdf, prepared, build(digest))


def stamped_letter(pdf: bytes, build: Callable[[bytes], bytes], size: int = 8_000) -> bytes:
    """The letter with a document time-stamp that ``build`` makes of the digest."""
    prepared = run_prepare_document_timestamp(InProcess(), pdf, size)
    whole = embed(pdf, prepared, b"")
    _, gap, after, _ = prepared.byte_range
    return embed(pdf, prepared, build(hashlib.sha256(whole[:gap] + whole[after:]).digest()))


def signature_value(message: bytes) -> bytes:
    """The signature value of a ContentInfo, over which a signature time-stamp is made."""
    value: bytes = cms.ContentInfo.load(message)["content"]["signer_infos"][0]["signature"].native
    return value
