"""What signing asks of the world outside: time-stamps and revocation data, as bytes.

These are ports. The dev CA implements them in its own process, HTTP clients implement them for real
authorities, and tests drive both. Certificates are asn1crypto objects, messages are DER.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from asn1crypto import x509


class TimestampSource(Protocol):
    """A time-stamp authority (RFC 3161)."""

    def token(self, digest: bytes, digest_algorithm: str) -> bytes:
        """A TimeStampToken (DER ContentInfo) over ``digest``.

        ``digest_algorithm`` is an asn1crypto name such as ``sha256``. The answer is checked before it
        is returned: status granted, same imprint, same nonce. Raises `TimestampUnavailable`.
        """
        ...

    def certificates(self) -> Sequence[x509.Certificate]:
        """The chain of the certificate that signs tokens, leaf first, as far as it is known."""
        ...


class RevocationSource(Protocol):
    """Where revocation data comes from."""

    def ocsp(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """A fresh OCSPResponse (DER, RFC 6960) for ``certificate``; None where its issuer runs no responder.

        Raises `RevocationUnavailable` when a responder is named but doesn't answer.
        """
        ...

    def crl(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """The CertificateList (DER, RFC 5280) that covers ``certificate``; None where none is named.

        Raises `RevocationUnavailable` when one is named but can't be had.
        """
        ...


@runtime_checkable
class IssuerSource(Protocol):
    """Where the certificates of issuers come from that a file leaves out (RFC 5280, 4.2.2.1: caIssuers)."""

    def issuer(self, certificate: x509.Certificate) -> bytes | None:
        """The certificate (DER) that issued this one, its signature checked; None where none is named.

        Raises `RevocationUnavailable` when one is named but can't be had.
        """
        ...
