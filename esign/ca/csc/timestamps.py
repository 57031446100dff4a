"""The provider's own time-stamps (``signatures/timestamp``), checked as any others."""

from collections.abc import Sequence
from datetime import timedelta

from asn1crypto import x509

from esign.ca.csc.client import CscClient
from esign.errors import ClockWrong, EsignError, TimestampUnavailable
from esign.x509 import chains, tsp
from esign.x509.clock import Clock
from esign.x509.der import DIGEST_OIDS
from esign.x509.http import CLOCK_TOLERANCE
from esign.x509.rejection import Rejected
from esign.x509.trust import TrustStore


class CscTimestamps:
    """Implements `esign.x509.sources.TimestampSource`."""

    def __init__(self, client: CscClient, trust: TrustStore, clock: Clock) -> None:
        self._client = client
        self._trust = trust
        self._clock = clock
        self._chain: tuple[x509.Certificate, ...] = ()

    def token(self, digest: bytes, digest_algorithm: str) -> bytes:
        """A TimeStampToken (DER) over ``digest``; see `esign.x509.http.HttpTimestamps.token`."""
        nonce = tsp.new_nonce()
        try:
            token = self._client.timestamp(digest, DIGEST_OIDS[digest_algorithm], nonce)
            timestamp, chain = self._checked(token, digest, digest_algorithm, nonce)
        except (EsignError, Rejected) as error:
            raise TimestampUnavailable from error
        difference = abs(timestamp.time - self._clock.now())
        if difference > CLOCK_TOLERANCE + (timestamp.accuracy or timedelta()):
            raise ClockWrong(seconds=round(difference.total_seconds()), reference="the time-stamp authority")
        self._chain = chain
        return token

    def certificates(self) -> Sequence[x509.Certificate]:
        """The chain of the last token's signer, leaf first, root included; empty before the first token."""
        return self._chain

    def _checked(
        self, token: bytes, digest: bytes, digest_algorithm: str, nonce: int
    ) -> tuple[tsp.Timestamp, tuple[x509.Certificate, ...]]:
        timestamp = tsp.check(token, digest, nonce=nonce)
        if timestamp.imprint_algorithm != digest_algorithm:
            raise Rejected("the time-stamp is for something else: its imprint differs")
        chain = chains.build(timestamp.signer, self._trust, timestamp.certificates, at=timestamp.time)
        if chain is None:
            raise Rejected("the time-stamp authority's certificate leads to no trusted root")
        return timestamp, chain
