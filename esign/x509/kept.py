"""What was fetched, kept for a while and checked again whenever it is used; also that something could not be had."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

from asn1crypto import x509

from esign.errors import RevocationUnavailable
from esign.x509 import chains, crl, ocsp
from esign.x509.cache import is_cacheable
from esign.x509.clock import Clock
from esign.x509.encoding import read_certificate
from esign.x509.rejection import UNREADABLE, Rejected
from esign.x509.revocation import RevocationAnswer
from esign.x509.sources import IssuerSource, RevocationSource

OF_SIGNERS = timedelta(minutes=5)
"""How long an answer about a signer serves: it may be revoked at any moment."""
OF_OTHERS = timedelta(days=1)
"""How long one about an authority serves, at most; else for half the time that it is good for."""
OF_ISSUERS = timedelta(days=30)
"""How long the certificate of an issuer is kept."""
OF_FAILURES = timedelta(seconds=60)
"""How long nobody is asked again who could not answer."""


@dataclass(frozen=True)
class Kept:
    """Something that was fetched, or that could not be."""

    answer: bytes | None
    """None: it could not be had."""
    reason: str
    """Why not, in plain English."""
    until: datetime
    """Until when it serves."""


class Shelf(Protocol):
    """Where it is kept. Others may write to it: whoever takes something checks it."""

    def get(self, key: str) -> Kept | None:
        """What is kept under that key, perhaps too old. Never raises: a shelf that fails is empty."""
        ...

    def put(self, key: str, kept: Kept) -> None:
        """Keeps it, in the place of what was there. Never raises."""
        ...


class MemoryShelf:
    """A shelf of one process."""

    def __init__(self, most: int = 256) -> None:
        self._kept: dict[str, Kept] = {}
        self._most = most
        self._lock = Lock()

    def get(self, key: str) -> Kept | None:
        """See `Shelf.get`."""
        return self._kept.get(key)

    def put(self, key: str, kept: Kept) -> None:
        """See `Shelf.put`."""
        with self._lock:
            self._kept.pop(key, None)
            while len(self._kept) >= self._most:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = kept


class KeptEvidence:
    """A `RevocationSource` and `IssuerSource` before another one: each thing is asked for once in a while."""

    def __init__(
        self,
        source: RevocationSource,
        shelf: Shelf,
        clock: Clock,
        *,
        longest: timedelta | None = None,
        signers: bool = True,
    ) -> None:
        """``longest``: F where a policy sets it; an answer is not kept beyond half of it.

        ``signers`` False asks about signers each time.
        """
        self._source = source
        self._shelf = shelf
        self._clock = clock
        self._longest = longest
        self._signers = signers

    def for_signing(self) -> "KeptEvidence":
        """The same for those who sign: what is said of a signer must be newer than the time-stamp (design.md, 5.5)."""
        return KeptEvidence(self._source, self._shelf, self._clock, longest=self._longest, signers=False)

    def ocsp(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """See `RevocationSource.ocsp`."""
        if not self._signers and not is_cacheable(certificate):
            return self._source.ocsp(certificate, issuer)
        return self._kept(
            _key("ocsp", certificate.sha256, issuer.sha256),
            lambda: self._source.ocsp(certificate, issuer),
            lambda der: self._until(ocsp.check(der, certificate, issuer), certificate),
        )

    def crl(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """See `RevocationSource.crl`. A list is kept once for all that name it."""
        if not self._signers and not is_cacheable(certificate):
            return self._source.crl(certificate, issuer)
        points = "\n".join(crl.distribution_points(certificate)).encode()
        return self._kept(
            _key("crl", issuer.sha256, points),
            lambda: self._source.crl(certificate, issuer),
            lambda der: self._until(crl.check(der, certificate, issuer), certificate),
        )

    def issuer(self, certificate: x509.Certificate) -> bytes | None:
        """See `IssuerSource.issuer`."""
        source: object = self._source
        if not isinstance(source, IssuerSource):
            return None
        asking = source

        def until(der: bytes) -> datetime:
            try:
                chains.check_issued(certificate, read_certificate(der, strict=True))
            except UNREADABLE as error:
                raise Rejected("it is no certificate") from error
            return self._clock.now() + OF_ISSUERS

        points = "\n".join(chains.issuer_addresses(certificate)).encode()
        key = _key("issuer", certificate.issuer.dump(), certificate.authority_key_identifier or b"", points)
        return self._kept(key, lambda: asking.issuer(certificate), until)

    def _kept(
        self, key: str, ask: Callable[[], bytes | None], until: Callable[[bytes], datetime | None]
    ) -> bytes | None:
        now = self._clock.now()
        kept = self._shelf.get(key)
        # What was kept by a clock ahead of this one is not believed for longer than it would be kept now.
        if kept is not None and now < kept.until <= now + OF_ISSUERS:
            if kept.answer is None:
                raise RevocationUnavailable from Rejected(f"{kept.reason}, a moment ago")
            if _holds(kept.answer, until, now):
                return kept.answer
        try:
            answer = ask()
        except RevocationUnavailable as error:
            cause = error.__cause__
            reason = cause.reason if isinstance(cause, Rejected) else "it could not be had"
            self._shelf.put(key, Kept(None, reason.removesuffix(", a moment ago"), now + OF_FAILURES))
            raise
        if answer is not None:
            try:
                end = until(answer)
            except Rejected:
                end = None
            if end is not None and now < end:
                self._shelf.put(key, Kept(answer, "", end))
        return answer

    def _until(self, answer: RevocationAnswer, certificate: x509.Certificate) -> datetime | None:
        """Until when an answer may serve again; None: not at all."""
        life = self._longest if self._longest is not None else answer.freshness
        if life is None:
            return None
        now = self._clock.now()
        if is_cacheable(certificate):
            return min(answer.this_update + life / 2, now + OF_OTHERS)
        ends = [now + OF_SIGNERS, answer.this_update + life / 2]
        return min(*ends) if answer.next_update is None else min(*ends, answer.next_update)


def _holds(answer: bytes, until: Callable[[bytes], datetime | None], now: datetime) -> bool:
    """Whether what was kept is still what it must be."""
    try:
        end = until(answer)
    except Rejected:
        return False
    return end is not None and now < end


def _key(kind: str, *parts: bytes) -> str:
    state = hashlib.sha256()
    for part in parts:
        state.update(len(part).to_bytes(8))
        state.update(part)
    return f"{kind}:{state.hexdigest()}"
