"""What a trusted certificate may vouch for, and from when to when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from asn1crypto import core, x509


class Use(StrEnum):
    """What one may be trusted for."""

    SIGNATURES = "signatures"
    """Signatures of persons."""
    SEALS = "seals"
    """Seals of agencies."""
    TIMESTAMPS = "time-stamps"
    """Time-stamps (RFC 3161)."""
    OCSP = "ocsp"
    """OCSP answers about what it issued."""
    CRL = "crl"
    """Revocation lists of what it issued."""


@dataclass(frozen=True)
class Refusal:
    """Why a certificate may not vouch for something."""

    reason: str
    """In plain English."""
    out_of_time: bool = False
    """It may at other times."""


@dataclass(frozen=True)
class Scope:
    """The bounds of one certificate, as a trust list has them."""

    certificate: str
    """SHA-256, in hexadecimal."""
    uses: frozenset[Use]
    since: datetime | None = None
    until: datetime | None = None
    """From its first moment on it vouches for nothing new."""
    path_length: int | None = None
    """The most CA certificates below it."""
    organisations: frozenset[str] = frozenset()
    """Organisations one of which a signer's certificate must name; empty: any."""
    provider: str = ""
    """Who runs it."""
    source: str = ""
    """Name and version of the trust list."""

    def refusal(self, uses: Iterable[Use], moment: datetime) -> Refusal | None:
        """Why it may not vouch for any of ``uses`` at that moment; None where it may."""
        wanted = tuple(uses)
        if not self.uses.intersection(wanted):
            return self._refusal(f"it is not trusted for {' or '.join(wanted)}")
        if self.since is not None and moment < self.since:
            return self._refusal(f"it is trusted only since {self.since:%Y-%m-%d}", out_of_time=True)
        if self.until is not None and moment >= self.until:
            return self._refusal(f"it was trusted only until {self.until:%Y-%m-%d}", out_of_time=True)
        return None

    def refusal_of_chain(self, chain: tuple[x509.Certificate, ...], place: int) -> Refusal | None:
        """Why the certificates below it in a chain are not of the kind that it may issue; None where they are."""
        below = sum(1 for item in chain[1:place] if item.subject != item.issuer)
        if self.path_length is not None and below > self.path_length:
            return self._refusal(f"more than {self.path_length} authorities stand below it")
        if self.organisations and place > 0 and not self.organisations.intersection(_organisations(chain[0])):
            return self._refusal("it is not trusted for certificates of that organisation")
        return None

    def _refusal(self, reason: str, *, out_of_time: bool = False) -> Refusal:
        return Refusal(f"{self.provider or 'a certificate of the chain'} ({self.source}): {reason}", out_of_time)


def uses_of_signer(certificate: x509.Certificate) -> tuple[Use, ...]:
    """What a document signature by that certificate may be: what its QcType says (EN 319 412-5), else either."""
    kinds = _types(certificate)
    if _ESEAL in kinds and _ESIGN not in kinds:
        return (Use.SEALS,)
    if _ESIGN in kinds and _ESEAL not in kinds:
        return (Use.SIGNATURES,)
    return (Use.SIGNATURES, Use.SEALS)


_ESIGN, _ESEAL = "0.4.0.1862.1.6.1", "0.4.0.1862.1.6.2"


class _Types(core.SequenceOf):  # type: ignore[misc]
    _child_spec = core.ObjectIdentifier


def _types(certificate: x509.Certificate) -> set[str]:
    statements = certificate.qualified_statements_value
    found: set[str] = set()
    for statement in statements or ():
        if statement["statement_id"].dotted == "0.4.0.1862.1.6":
            found.update(item.dotted for item in _Types.load(statement["statement_info"].dump()))
    return found


def _organisations(certificate: x509.Certificate) -> set[str]:
    return {
        str(pair["value"].native)
        for name in certificate.subject.chosen
        for pair in name
        if pair["type"].native == "organization_name"
    }
