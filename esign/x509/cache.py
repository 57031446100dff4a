"""Revocation data kept while it is fresh, for those whose state changes once in years."""

from collections.abc import Callable
from datetime import datetime

from asn1crypto import x509

from esign.x509 import crl, ocsp
from esign.x509.clock import Clock
from esign.x509.rejection import Rejected
from esign.x509.revocation import RevocationAnswer
from esign.x509.sources import RevocationSource

MOST_KEPT = 256
"""Answers."""


class CachedRevocation:
    """A `RevocationSource` before another: answers for CA and time-stamp certificates serve for half their life.

    Those for signers are asked for each time: their OCSP answer must be newer than the time-stamp (design, section 5).
    """

    def __init__(self, source: RevocationSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._kept: dict[tuple[str, bytes], tuple[datetime, datetime, bytes | None]] = {}

    def ocsp(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """See `RevocationSource.ocsp`."""
        return self._answer("ocsp", certificate, issuer, self._source.ocsp, ocsp.check)

    def crl(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """See `RevocationSource.crl`."""
        return self._answer("crl", certificate, issuer, self._source.crl, crl.check)

    def _answer(
        self,
        kind: str,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        ask: Callable[[x509.Certificate, x509.Certificate], bytes | None],
        check: Callable[[bytes, x509.Certificate, x509.Certificate], RevocationAnswer],
    ) -> bytes | None:
        if not is_cacheable(certificate):
            return ask(certificate, issuer)
        key, now = (kind, certificate.sha256 + issuer.sha256), self._clock.now()
        kept = self._kept.get(key)
        if kept is not None and kept[0] <= now < kept[1]:
            return kept[2]
        answer = ask(certificate, issuer)
        until = self._until(answer, certificate, issuer, check)
        if until is not None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.pop(next(iter(self._kept)), None)
            self._kept[key] = now, until, answer
        return answer

    @staticmethod
    def _until(
        answer: bytes | None,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        check: Callable[[bytes, x509.Certificate, x509.Certificate], RevocationAnswer],
    ) -> datetime | None:
        if answer is None:
            return None
        try:
            checked = check(answer, certificate, issuer)
        except Rejected:
            return None
        return None if checked.freshness is None else checked.this_update + checked.freshness / 2


def is_cacheable(certificate: x509.Certificate) -> bool:
    """Whether a certificate is a CA's or a time-stamp authority's."""
    purposes = certificate.extended_key_usage_value
    return bool(certificate.ca) or (purposes is not None and purposes.native == ["time_stamping"])
