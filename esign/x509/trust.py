"""Whom we trust: roots, and the issuing CAs known below them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import pem, x509

from esign.x509.encoding import read_certificate
from esign.x509.scope import Refusal, Scope, Use


@dataclass(frozen=True)
class TrustStore:
    """Trust anchors, and intermediates that help to build a chain but are not trusted by themselves."""

    anchors: tuple[x509.Certificate, ...] = ()
    intermediates: tuple[x509.Certificate, ...] = ()
    scopes: tuple[Scope, ...] = ()
    """What some of them may vouch for; a certificate without one may for anything, one with two for what both let."""

    @classmethod
    def from_pem(cls, *texts: bytes) -> "TrustStore":
        """The certificates of PEM texts (or single DER certificates): self-issued ones are anchors.

        Other blocks, such as keys, are passed over. Raises ValueError for what can't be read, and for a
        text without a certificate.
        """
        return cls().adding(*texts)

    def adding(self, *texts: bytes) -> "TrustStore":
        """The same store with the certificates of PEM texts added, as `from_pem` has it."""
        found = [certificate for text in texts for certificate in read_certificates(text)]
        return self.merged(
            TrustStore(
                anchors=tuple(certificate for certificate in found if is_self_issued(certificate)),
                intermediates=tuple(certificate for certificate in found if not is_self_issued(certificate)),
            )
        )

    def merged(self, other: "TrustStore") -> "TrustStore":
        """Both together, each certificate once."""
        return TrustStore(
            anchors=_distinct(*self.anchors, *other.anchors),
            intermediates=_distinct(*self.intermediates, *other.intermediates),
            scopes=tuple(dict.fromkeys((*self.scopes, *other.scopes))),
        )

    def scopes_of(self, certificate: x509.Certificate) -> tuple[Scope, ...]:
        """What bounds a certificate."""
        return tuple(scope for scope in self.scopes if scope.certificate == certificate.sha256.hex())

    def refusal(self, chain: tuple[x509.Certificate, ...], uses: Iterable[Use], moment: datetime) -> Refusal | None:
        """Why a chain (leaf first) may not be relied on for any of ``uses`` at that moment; None where it may."""
        if not self.scopes:
            return None
        wanted = tuple(uses)
        for place, certificate in enumerate(chain):
            for scope in self.scopes_of(certificate):
                refusal = scope.refusal(wanted, moment) or scope.refusal_of_chain(chain, place)
                if refusal is not None:
                    return refusal
        return None

    def __iter__(self) -> Iterator[x509.Certificate]:
        """Anchors first."""
        yield from self.anchors
        yield from self.intermediates


def read_certificates(text: bytes) -> list[x509.Certificate]:
    """The certificates in a PEM text, or the one in DER. Raises ValueError for what is none."""
    try:
        if not pem.detect(text):
            blocks = [text]
        else:
            blocks = [der for kind, _, der in pem.unarmor(text, multiple=True) if kind == "CERTIFICATE"]
        certificates = [read_certificate(der, strict=True) for der in blocks]
        for certificate in certificates:
            # asn1crypto reads lazily: what is broken must be broken here.
            _ = certificate.subject.native, certificate.issuer.native, certificate.public_key.native
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError("not a certificate") from error
    if not certificates:
        raise ValueError("there is no certificate in it")
    return certificates


def is_self_issued(certificate: x509.Certificate) -> bool:
    """Whether subject and issuer are the same, and nothing says that the keys differ: the mark of a root."""
    if certificate.subject != certificate.issuer:
        return False
    own, authority = certificate.key_identifier, certificate.authority_key_identifier
    return own is None or authority is None or authority == own


def _distinct(*certificates: x509.Certificate) -> tuple[x509.Certificate, ...]:
    return tuple({certificate.dump(): certificate for certificate in certificates}.values())
