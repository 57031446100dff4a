"""Which certificate a holder has now, and whether it may be used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from asn1crypto import x509

from esign.ca.authority import CredentialStatus
from esign.errors import AuthorityUnavailable, RevocationUnavailable
from esign.x509 import chains, crl, ocsp
from esign.x509.clock import Clock
from esign.x509.encoding import read_certificate
from esign.x509.rejection import UNREADABLE, Rejected
from esign.x509.revocation import RevocationAnswer, RevocationState
from esign.x509.sources import RevocationSource
from esign.x509.trust import TrustStore, read_certificates

if TYPE_CHECKING:  # what needs the binding
    from esign.ca.pkcs11.session import Session

STATUS_SECONDS = 60
"""How long an answer about revocation serves: signing asks several times in a row."""
_MOST_KEPT = 4096
_SUFFIXES = (".pem", ".crt", ".cer", ".der")


@dataclass(frozen=True)
class Held:
    """A holder's certificate."""

    certificate: x509.Certificate
    id: bytes | None
    """The CKA_ID that it shares with its key; None for one out of a folder."""
    chain: tuple[x509.Certificate, ...]
    """Its issuers to a trusted root, nearest first; empty where it leads to none."""


class Certificates:
    """Reads the certificates of holders, and finds the way from each to a trusted root once."""

    def __init__(self, trust: TrustStore) -> None:
        self._trust = trust
        self._chains: dict[bytes, tuple[x509.Certificate, ...]] = {}

    def on_token(self, session: "Session", label: str | None, id: bytes | None, now: datetime) -> Held | None:  # noqa: A002
        """The holder's certificate on a token: with the label and id of his key. Raises `TokenTrouble`."""
        stored = session.certificates(label, id)
        found = [(each.id, read) for each in stored if (read := _read(each.der)) is not None and not read.ca]
        if not found:
            return None
        owner, certificate = max(found, key=lambda each: _worth(each[1], now))
        chain = self._chain(certificate, ())
        if not chain:
            others = [read for each in session.certificates() if (read := _read(each.der)) is not None and read.ca]
            chain = self._chain(certificate, others)
        return Held(certificate, owner or None, chain)

    def in_folder(self, folder: Path, holder: str, now: datetime) -> Held | None:
        """The holder's certificate in a folder. Raises OSError and ValueError for a file that can't be read."""
        read: list[x509.Certificate] = []
        for suffix in _SUFFIXES:
            path = folder / f"{holder}{suffix}"
            if path.exists():
                read.extend(read_certificates(path.read_bytes()))
        own = [each for each in read if not each.ca]
        if not own:
            return None
        certificate = max(own, key=lambda each: _worth(each, now))
        return Held(certificate, None, self._chain(certificate, [each for each in read if each.ca]))

    def _chain(self, certificate: x509.Certificate, others: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
        """Its issuers to a trusted root; nothing where there is no way."""
        known = self._chains.get(certificate.dump())
        if known is not None:
            return known
        chain = chains.build(certificate, self._trust, others)
        if chain is None:
            return ()
        if len(self._chains) >= _MOST_KEPT:
            self._chains.clear()
        self._chains[certificate.dump()] = chain[1:]
        return chain[1:]


def unfit(certificate: x509.Certificate) -> str | None:
    """Why a certificate is not for signing documents, in plain English; None where it is."""
    if certificate.ca:
        return "it is a CA's"
    if certificate.public_key.algorithm not in {"rsa", "ec"}:
        return "its key is neither RSA nor EC"
    usage = certificate.key_usage_value
    if usage is not None and not usage.native & {"digital_signature", "non_repudiation"}:
        return "its key usage is not for signatures"
    return None


class Statuses:
    """The states of certificates, from their dates and from revocation data that is at most a minute old."""

    def __init__(self, authority: str, revocation: RevocationSource | None, clock: Clock) -> None:
        """``revocation`` None: nobody is asked."""
        self._authority = authority
        self._revocation = revocation
        self._clock = clock
        self._kept: dict[bytes, tuple[datetime, RevocationAnswer | None]] = {}
        self._lock = Lock()

    def of(self, held: Held) -> tuple[CredentialStatus, datetime | None]:
        """The state now, and since when it is revoked. Raises `AuthorityUnavailable` where nobody can say."""
        answer = self._answer(held)
        if answer is not None and answer.state is RevocationState.REVOKED:
            return (CredentialStatus.SUSPEND if answer.on_hold else CredentialStatus.REVOKE), answer.revoked_at
        now = self._clock.now()
        if now > held.certificate.not_valid_after:
            return CredentialStatus.EXPIRED, None
        return (CredentialStatus.ISSUE if now >= held.certificate.not_valid_before else CredentialStatus.NEW), None

    def _answer(self, held: Held) -> RevocationAnswer | None:
        """What its issuer says; None where it says nothing to anybody, or where the certificate has ended anyway."""
        now = self._clock.now()
        if self._revocation is None or now > held.certificate.not_valid_after:
            return None
        key: bytes = held.certificate.sha256
        with self._lock:
            told, answer = self._kept.get(key, (None, None))
        if told is not None and 0 <= (now - told).total_seconds() < STATUS_SECONDS:
            return answer
        answer = self._asked(self._revocation, held.certificate, held.chain[0], now)
        with self._lock:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = now, answer
        return answer

    def _asked(
        self, source: RevocationSource, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
    ) -> RevocationAnswer | None:
        failed: Exception | None = None
        for ask, check in ((source.ocsp, ocsp.check), (source.crl, crl.check)):
            try:
                der = ask(certificate, issuer)
                if der is None:
                    continue
                answer = check(der, certificate, issuer)
            except (RevocationUnavailable, Rejected) as error:
                failed = error
                continue
            if answer.state is not RevocationState.UNKNOWN and (answer.next_update is None or now < answer.next_update):
                return answer
            failed = Rejected("the answer is stale, or of another certificate")
        if failed is not None:
            raise AuthorityUnavailable(authority=self._authority) from failed
        return None


def _worth(certificate: x509.Certificate, now: datetime) -> tuple[int, datetime]:
    """The one that is in force before one that will be, that before one that was; the newest of equals."""
    begun, over = certificate.not_valid_before <= now, certificate.not_valid_after < now
    return (0 if over else 2 if begun else 1), certificate.not_valid_before


def _read(der: bytes) -> x509.Certificate | None:
    """Tokens hold what others put there: what is no certificate is passed over."""
    try:
        certificate = read_certificate(der, strict=True)
        # asn1crypto reads lazily: what is broken must be broken here.
        _ = certificate.ca, certificate.not_valid_before, certificate.not_valid_after, certificate.key_usage_value
        _ = certificate.public_key.algorithm
    except UNREADABLE:
        return None
    return certificate


def distinct(certificates: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Each once."""
    return tuple({each.dump(): each for each in certificates}.values())
