"""The certificates and revocation data that let a signature be validated offline (ETSI EN 319 142-1, 6.3, level B-LT).

The signer's own status must have been stated after the time-stamp: only then does it say that the certificate was good
when the signature existed (design.md, 5.5). What is said of the other certificates may come from a cache.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from threading import Lock

from asn1crypto import x509

from esign.errors import CredentialRevoked, CredentialSuspended, RevocationUnavailable
from esign.pades.token import TimestampToken
from esign.x509 import crl, ocsp
from esign.x509.rejection import Rejected
from esign.x509.revocation import RevocationAnswer, RevocationState
from esign.x509.sources import RevocationSource

LONGEST_CHAIN = 8
"""Certificates from a signer to a root."""


@dataclass(frozen=True)
class Evidence:
    """What goes into the document security store, each as DER, each once."""

    certificates: tuple[bytes, ...]
    ocsps: tuple[bytes, ...]
    crls: tuple[bytes, ...]


@dataclass(frozen=True)
class Statement:
    """An OCSP response or a CRL, and what it says of one certificate."""

    der: bytes
    is_crl: bool
    answer: RevocationAnswer


class EvidenceCache:
    """Keeps what was said of CA, responder and time-stamp certificates for half the time that it is good for.

    Never what was said of a signer. Safe in threads.
    """

    def __init__(self) -> None:
        self._statements: dict[bytes, tuple[datetime, Statement]] = {}
        self._lock = Lock()

    def get(self, certificate: x509.Certificate, now: datetime) -> Statement | None:
        """What is kept of the certificate and still serves."""
        with self._lock:
            until, statement = self._statements.get(certificate.dump(), (now, None))
        return statement if now < until else None

    def put(self, certificate: x509.Certificate, statement: Statement) -> None:
        """Keeps a statement, unless it doesn't say how long it is good for."""
        freshness = statement.answer.freshness
        if freshness is not None:
            with self._lock:
                self._statements[certificate.dump()] = (statement.answer.this_update + freshness / 2, statement)


def collect(
    chain: Sequence[x509.Certificate],
    token: TimestampToken,
    known: Sequence[x509.Certificate],
    *,
    source: RevocationSource,
    not_before: datetime,
    now: datetime,
    profile: str,
    cache: EvidenceCache | None = None,
) -> Evidence:
    """All that B-LT needs.

    ``chain`` is the signer's, root included; ``token`` the signature time-stamp, ``known`` the certificates that its
    authority is known by. ``not_before`` is the least thisUpdate of the signer's status; ``profile`` the level wanted.
    Raises `CredentialRevoked` or `CredentialSuspended` where the signer's or an issuer's certificate is so, and
    `RevocationUnavailable` where something is missing.
    """
    stamps = _chain_of(token, (*token.certificates, *known, *chain), profile)
    gathering = _Gathering(source, now, profile, cache)
    gathering.signer(chain, not_before.replace(microsecond=0))
    gathering.others(chain[1:])
    gathering.others(stamps)
    for certificate in (*chain, *stamps):
        gathering.certificates.setdefault(certificate.dump())
    return Evidence(tuple(gathering.certificates), tuple(gathering.ocsps), tuple(gathering.crls))


def refuse_unproven(
    chain: Sequence[x509.Certificate],
    *,
    source: RevocationSource,
    now: datetime,
    profile: str,
    cache: EvidenceCache | None = None,
) -> None:
    """Raises where B-LT is out of reach for the signer's chain, root included, as far as that is known by now.

    Raises `RevocationUnavailable`, `CredentialRevoked`, `CredentialSuspended`.
    """
    gathering = _Gathering(source, now, profile, cache)
    gathering.signer(chain, datetime.min.replace(tzinfo=UTC))
    gathering.others(chain[1:])


@dataclass
class _Gathering:
    source: RevocationSource
    now: datetime
    profile: str
    cache: EvidenceCache | None
    certificates: dict[bytes, None] = field(default_factory=dict)
    ocsps: dict[bytes, None] = field(default_factory=dict)
    crls: dict[bytes, None] = field(default_factory=dict)
    _told: set[bytes] = field(default_factory=set)

    def signer(self, chain: Sequence[x509.Certificate], not_before: datetime) -> None:
        """The status of the signer's certificate, stated at or after that time."""
        if len(chain) < 2:
            raise RevocationUnavailable(profile=self.profile)
        certificate, issuer = chain[0], chain[1]
        # A responder whose answer is from before the time-stamp by a moment has a newer one when it is asked again.
        for ask in (self._ocsp, self._ocsp, self._crl):
            statement = self._asked(ask, certificate, issuer)
            if statement is not None and statement.answer.this_update >= not_before:
                self._keep(statement, issuer)
                return
        raise RevocationUnavailable(profile=self.profile)

    def others(self, chain: Sequence[x509.Certificate]) -> None:
        """The status of each certificate of a chain but its last, the root."""
        for certificate, issuer in pairwise(chain):
            self._other(certificate, issuer)

    def _other(self, certificate: x509.Certificate, issuer: x509.Certificate) -> None:
        if certificate.dump() in self._told:
            return
        self._told.add(certificate.dump())
        statement = self.cache.get(certificate, self.now) if self.cache is not None else None
        if statement is None:
            statement = self._asked(self._ocsp, certificate, issuer) or self._asked(self._crl, certificate, issuer)
            if statement is None:
                raise RevocationUnavailable(profile=self.profile)
            if self.cache is not None:
                self.cache.put(certificate, statement)
        self._keep(statement, issuer)

    def _keep(self, statement: Statement, issuer: x509.Certificate) -> None:
        """Takes the statement in, and what is needed to believe it: the responder's certificate and its status."""
        (self.crls if statement.is_crl else self.ocsps).setdefault(statement.der)
        responder = statement.answer.signer
        if responder.dump() == issuer.dump():
            return
        self.certificates.setdefault(responder.dump())
        if responder.ocsp_no_check_value is None:
            self._other(responder, issuer)

    def _asked(
        self,
        ask: Callable[[x509.Certificate, x509.Certificate], Statement | None],
        certificate: x509.Certificate,
        issuer: x509.Certificate,
    ) -> Statement | None:
        """What one kind of source says: good and still current, or None. Raises for what is revoked."""
        try:
            statement = ask(certificate, issuer)
        except (RevocationUnavailable, Rejected):
            return None
        if statement is None:
            return None
        answer = statement.answer
        if answer.state is RevocationState.REVOKED:
            if answer.on_hold:
                raise CredentialSuspended
            raise CredentialRevoked(revoked_at=None if answer.revoked_at is None else answer.revoked_at.isoformat())
        expired = answer.next_update is not None and answer.next_update < self.now
        return None if expired or answer.state is RevocationState.UNKNOWN else statement

    def _ocsp(self, certificate: x509.Certificate, issuer: x509.Certificate) -> Statement | None:
        der = self.source.ocsp(certificate, issuer)
        return None if der is None else Statement(der, is_crl=False, answer=ocsp.check(der, certificate, issuer))

    def _crl(self, certificate: x509.Certificate, issuer: x509.Certificate) -> Statement | None:
        der = self.source.crl(certificate, issuer)
        return None if der is None else Statement(der, is_crl=True, answer=crl.check(der, certificate, issuer))


def _chain_of(token: TimestampToken, pool: Sequence[x509.Certificate], profile: str) -> tuple[x509.Certificate, ...]:
    """From the certificate that signed the token to a root, out of the pool."""
    chain = [each for each in pool if token.is_signed_by(each)][:1]
    while chain and len(chain) <= LONGEST_CHAIN:
        last = chain[-1]
        if last.subject.dump() == last.issuer.dump():
            return tuple(chain)
        issuer = next((each for each in pool if _issued(each, last)), None)
        if issuer is None:
            break
        chain.append(issuer)
    raise RevocationUnavailable(profile=profile)


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether the one names the other as its issuer, by name and, where both have them, by key identifier."""
    named, own = certificate.authority_key_identifier, issuer.key_identifier
    same_key = named is None or own is None or named == own
    return bool(issuer.subject.dump() == certificate.issuer.dump() and same_key)
