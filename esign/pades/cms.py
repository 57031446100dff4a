"""The CMS of a signature (RFC 5652), as PAdES wants it (ETSI EN 319 142-1, 6.3; EN 319 122-1).

Written as DER directly: there is little of it, all of it is known, and its size is known before anything is signed.
One SignerInfo, no encapsulated content, and as signed attributes content-type, message-digest, signing-certificate-v2
(RFC 5035) and the algorithm protection of RFC 6211. No signing-time: a PAdES signature says it in /M.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from asn1crypto import x509

from esign.x509.der import NULL, explicit, integer, octet_string, oid, sequence, set_of

_ID_DATA = oid("1.2.840.113549.1.7.1")
_ID_SIGNED_DATA = oid("1.2.840.113549.1.7.2")
_CONTENT_TYPE = oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = oid("1.2.840.113549.1.9.4")
_ALGORITHM_PROTECTION = oid("1.2.840.113549.1.9.52")
_SIGNING_CERTIFICATE_V2 = oid("1.2.840.113549.1.9.16.2.47")
_SIGNATURE_TIME_STAMP = oid("1.2.840.113549.1.9.16.2.14")

_DIGESTS = {
    "sha256": oid("2.16.840.1.101.3.4.2.1"),
    "sha384": oid("2.16.840.1.101.3.4.2.2"),
    "sha512": oid("2.16.840.1.101.3.4.2.3"),
}
_RSA = {
    "sha256": oid("1.2.840.113549.1.1.11"),
    "sha384": oid("1.2.840.113549.1.1.12"),
    "sha512": oid("1.2.840.113549.1.1.13"),
}
_ECDSA = {
    "sha256": oid("1.2.840.10045.4.3.2"),
    "sha384": oid("1.2.840.10045.4.3.3"),
    "sha512": oid("1.2.840.10045.4.3.4"),
}
_IMPLICIT_0, _IMPLICIT_1 = b"\xa0", b"\xa1"


@dataclass(frozen=True)
class SignerInfoPlan:
    """All of a CMS but the values that are only known once there is something to sign."""

    certificate: x509.Certificate
    digest_algorithm: str
    """asn1crypto name: sha256, sha384 or sha512."""
    certificates: tuple[x509.Certificate, ...] = ()
    """Further certificates to carry: the issuers of ``certificate``, without the root."""

    def signed_attributes(self, message_digest: bytes) -> bytes:
        """The attributes to be signed, as the DER SET OF whose digest the key signs (RFC 5652, 5.4)."""
        digest = _digest_algorithm(self.digest_algorithm)
        protection = sequence(digest, _IMPLICIT_1 + self._signature_algorithm()[1:])
        return set_of(
            _attribute(_CONTENT_TYPE, _ID_DATA),
            _attribute(_MESSAGE_DIGEST, octet_string(message_digest)),
            _attribute(_SIGNING_CERTIFICATE_V2, self._signing_certificate()),
            _attribute(_ALGORITHM_PROTECTION, protection),
        )

    def signed_data(self, signed_attributes: bytes, signature: bytes, timestamp: bytes | None = None) -> bytes:
        """The ContentInfo (DER). ``timestamp`` is a TimeStampToken over ``signature`` (RFC 3161, appendix A)."""
        digest = _digest_algorithm(self.digest_algorithm)
        unsigned = b"" if timestamp is None else explicit(1, _attribute(_SIGNATURE_TIME_STAMP, timestamp))
        signer = sequence(
            integer(1),
            self._issuer_and_serial(),
            digest,
            _IMPLICIT_0 + signed_attributes[1:],
            self._signature_algorithm(),
            octet_string(signature),
            unsigned,
        )
        certificates = {certificate.dump() for certificate in (self.certificate, *self.certificates)}
        data = sequence(
            integer(1),
            set_of(digest),
            sequence(_ID_DATA),
            explicit(0, *sorted(certificates)),
            set_of(signer),
        )
        return sequence(_ID_SIGNED_DATA, explicit(0, data))

    def size(self, timestamp: int = 0) -> int:
        """The most bytes that the ContentInfo will have, with ``timestamp`` bytes for the token."""
        attributes = self.signed_attributes(bytes(hashlib.new(self.digest_algorithm).digest_size))
        token = None if timestamp == 0 else bytes(timestamp)
        return len(self.signed_data(attributes, bytes(signature_size(self.certificate)), token))

    def _signature_algorithm(self) -> bytes:
        """RSA with PKCS #1 v1.5 (RFC 8017) or ECDSA (RFC 5754, 3)."""
        if self.certificate.public_key.algorithm == "ec":
            return sequence(_ECDSA[self.digest_algorithm])
        return sequence(_RSA[self.digest_algorithm], NULL)

    def _issuer_and_serial(self) -> bytes:
        return sequence(self.certificate.issuer.dump(), _serial(self.certificate))

    def _signing_certificate(self) -> bytes:
        """SigningCertificateV2 with one ESSCertIDv2; SHA-256 is the default, so it goes unsaid."""
        algorithm = self.digest_algorithm
        named = b"" if algorithm == "sha256" else _digest_algorithm(algorithm)
        value = hashlib.new(algorithm, self.certificate.dump()).digest()
        names = sequence(explicit(4, self.certificate.issuer.dump()))
        issuer_serial = sequence(names, _serial(self.certificate))
        return sequence(sequence(sequence(named, octet_string(value), issuer_serial)))


def digest_algorithm_for(certificate: x509.Certificate) -> str:
    """The digest that fits the key: as strong as it is, and not below SHA-256 (ETSI TS 119 312)."""
    key = certificate.public_key
    if key.algorithm == "ec":
        return "sha256" if key.bit_size <= 256 else "sha384" if key.bit_size <= 384 else "sha512"
    return "sha256"


def signature_size(certificate: x509.Certificate) -> int:
    """The most bytes that a signature value by this certificate's key can have."""
    key = certificate.public_key
    octets = (int(key.bit_size) + 7) // 8
    if key.algorithm != "ec":
        return octets
    number = bytes((0x7F,)) * (octets + 1)
    return len(sequence(octet_string(number), octet_string(number)))


def issuers_to_carry(chain: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """The chain without its root: whoever validates has that, or nothing helps him."""
    return tuple(each for each in chain if each.subject.dump() != each.issuer.dump())


def _digest_algorithm(name: str) -> bytes:
    """An AlgorithmIdentifier without parameters (RFC 5754, 2)."""
    return sequence(_DIGESTS[name])


def _attribute(kind: bytes, value: bytes) -> bytes:
    return sequence(kind, set_of(value))


def _serial(certificate: x509.Certificate) -> bytes:
    serial: bytes = certificate["tbs_certificate"]["serial_number"].dump()
    return serial
