"""What a trusted certificate may vouch for, and from when to when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from asn1crypto import core, x509

from esign.x509.rejection import UNREADABLE

JsonScalar = str | int | None


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

    def to_json(self) -> dict[str, JsonScalar | list[str]]:
        """Itself for a pipe; see `from_json`."""
        return {
            "certificate": self.certificate,
            "uses": sorted(self.uses),
            "since": None if self.since is None else self.since.isoformat(),
            "until": None if self.until is None else self.until.isoformat(),
            "path_length": self.path_length,
            "organisations": sorted(self.organisations),
            "provider": self.provider,
            "source": self.source,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Scope":
        """What `to_json` wrote. Raises KeyError, TypeError or ValueError for what it didn't."""
        since, until = told["since"], told["until"]
        return cls(
            certificate=told["certificate"],
            uses=frozenset(Use(use) for use in told["uses"]),
            since=None if since is None else datetime.fromisoformat(since),
            until=None if until is None else datetime.fromisoformat(until),
            path_length=told["path_length"],
            organisations=frozenset(told["organisations"]),
            provider=told["provider"],
            source=told["source"],
        )

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


_QC_STATEMENTS, _QC_TYPE = "1.3.6.1.5.5.7.1.3", "0.4.0.1862.1.6"
_ESIGN, _ESEAL = "0.4.0.1862.1.6.1", "0.4.0.1862.1.6.2"


class _Statement(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [("id", core.ObjectIdentifier), ("info", core.Any, {"optional": True})]


class _Statements(core.SequenceOf):  # type: ignore[misc]
    _child_spec = _Statement


class _Types(core.SequenceOf):  # type: ignore[misc]
    _child_spec = core.ObjectIdentifier


def _types(certificate: x509.Certificate) -> set[str]:
    """The types in QcType; none where the extension can't be read."""
    try:
        return {
            each.dotted
            for extension in certificate["tbs_certificate"]["extensions"] or ()
            if extension["extn_id"].dotted == _QC_STATEMENTS
            for statement in _Statements.load(extension["extn_value"].contents)
            if statement["id"].dotted == _QC_TYPE
            for each in _Types.load(statement["info"].dump())
        }
    except UNREADABLE:
        return set()


def _organisations(certificate: x509.Certificate) -> set[str]:
    return {
        str(pair["value"].native)
        for name in certificate.subject.chosen
        for pair in name
        if pair["type"].native == "organization_name"
    }
