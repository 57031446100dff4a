"""Time-stamps and revocation data from real authorities, over HTTP. Every answer is checked before it is given on."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import httpx
from asn1crypto import x509

from esign.errors import ClockWrong, RevocationUnavailable, TimestampUnavailable
from esign.x509 import chains, crl, ocsp, tsp
from esign.x509.addresses import AddressPolicy, Target
from esign.x509.clock import Clock
from esign.x509.exchange import Limits, exchange
from esign.x509.rejection import Rejected
from esign.x509.revocation import RevocationAnswer, RevocationState
from esign.x509.trust import TrustStore

CLOCK_TOLERANCE = timedelta(seconds=60)
"""How far clocks may differ."""

_MOST_ADDRESSES = 4
"""Of one certificate."""


class HttpTimestamps:
    """A time-stamp authority at an address (RFC 3161, 3.4); implements `esign.x509.sources.TimestampSource`."""

    def __init__(
        self,
        client: httpx.Client,
        url: str,
        trust: TrustStore,
        clock: Clock,
        *,
        auth: httpx.Auth | None = None,
        policy: str | None = None,
        limits: Limits = Limits(largest=tsp.LARGEST_RESPONSE),  # noqa: B008
        clock_tolerance: timedelta = CLOCK_TOLERANCE,
    ) -> None:
        """``url`` is the operator's, so it may be anywhere; ``policy`` is the TSA policy to ask for, dotted."""
        self._client = client
        self._target = Target(url)
        self._trust = trust
        self._clock = clock
        self._auth = auth
        self._policy = policy
        self._limits = limits
        self._clock_tolerance = clock_tolerance
        self._chain: tuple[x509.Certificate, ...] = ()

    def token(self, digest: bytes, digest_algorithm: str) -> bytes:
        """A TimeStampToken (DER) over ``digest``, with its signer's certificate inside.

        Checked: granted, same imprint, nonce and policy, signed by a certificate for time-stamping that leads to a
        trusted root. Raises `TimestampUnavailable`, and `ClockWrong` where its time is further from ours than may be.
        """
        try:
            token, timestamp, chain = self._ask(digest, digest_algorithm)
        except Rejected as error:
            raise TimestampUnavailable from error
        difference = abs(timestamp.time - self._clock.now())
        if difference > self._clock_tolerance + (timestamp.accuracy or timedelta()):
            raise ClockWrong(seconds=round(difference.total_seconds()), reference="the time-stamp authority")
        self._chain = chain
        return token

    def certificates(self) -> Sequence[x509.Certificate]:
        """The chain of the last token's signer, leaf first, root included; empty before the first token."""
        return self._chain

    def _ask(self, digest: bytes, digest_algorithm: str) -> tuple[bytes, tsp.Timestamp, tuple[x509.Certificate, ...]]:
        nonce = tsp.new_nonce()
        answer = exchange(
            self._client,
            self._target,
            self._limits,
            body=tsp.request(digest, digest_algorithm, nonce=nonce, policy=self._policy),
            content_type="application/timestamp-query",
            auth=self._auth,
        )
        token = tsp.token_of(answer)
        timestamp = tsp.check(token, digest, nonce=nonce)
        if timestamp.imprint_algorithm != digest_algorithm:
            raise Rejected("the time-stamp is for something else: its imprint differs")
        if self._policy not in {None, timestamp.policy}:
            raise Rejected("the time-stamp was made under another policy")
        chain = chains.build(timestamp.signer, self._trust, timestamp.certificates, at=timestamp.time)
        if chain is None:
            raise Rejected("the time-stamp authority's certificate leads to no trusted root")
        return token, timestamp, chain


class HttpRevocation:
    """OCSP responders and CRLs at the addresses in certificates; implements `esign.x509.sources.RevocationSource`.

    Only for certificates whose chain to a trusted root already stands, and only at addresses that ``addresses``
    allows.
    """

    def __init__(
        self,
        client: httpx.Client,
        addresses: AddressPolicy,
        clock: Clock,
        *,
        ocsp_limits: Limits = Limits(largest=ocsp.LARGEST_RESPONSE),  # noqa: B008
        crl_limits: Limits = Limits(seconds=30, largest=crl.LARGEST),  # noqa: B008
        certificate_id_digest: str = "sha1",
    ) -> None:
        """``certificate_id_digest``: many responders look certificates up by SHA-1 only (RFC 5019, 2.1.1)."""
        self._client = client
        self._addresses = addresses
        self._clock = clock
        self._ocsp_limits = ocsp_limits
        self._crl_limits = crl_limits
        self._certificate_id_digest = certificate_id_digest

    def ocsp(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """A fresh OCSPResponse (DER) that says good or revoked; None where the certificate names no responder.

        Raises `RevocationUnavailable` when no named responder gives one.
        """
        nonce = ocsp.new_nonce()
        query = ocsp.request(certificate, issuer, nonce=nonce, digest_algorithm=self._certificate_id_digest)

        def ask(url: str) -> bytes:
            target = self._addresses.target(url)
            content_type = "application/ocsp-request"
            answer = exchange(self._client, target, self._ocsp_limits, body=query, content_type=content_type)
            self._refuse_untimely(ocsp.check(answer, certificate, issuer, nonce=nonce))
            return answer

        return _first(certificate.ocsp_urls, ask)

    def crl(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """The CertificateList (DER) that covers the certificate; None where it names none over http.

        Raises `RevocationUnavailable` when no named list can be had.
        """

        def fetch(url: str) -> bytes:
            answer = exchange(self._client, self._addresses.target(url), self._crl_limits)
            self._refuse_untimely(crl.check(answer, certificate, issuer))
            return answer

        return _first(crl.distribution_points(certificate), fetch)

    def _refuse_untimely(self, answer: RevocationAnswer) -> None:
        now = self._clock.now()
        if answer.state is RevocationState.UNKNOWN:
            raise Rejected("the responder does not know the certificate")
        if answer.this_update > now + CLOCK_TOLERANCE:
            raise Rejected("the answer is from the future")
        if answer.next_update is not None and answer.next_update < now - CLOCK_TOLERANCE:
            raise Rejected("the answer is stale")


def _first(urls: Sequence[str], ask: Callable[[str], bytes]) -> bytes | None:
    """What the first address gives that gives something; None without addresses."""
    refusals: list[Rejected] = []
    for url in urls[:_MOST_ADDRESSES]:
        try:
            return ask(url)
        except Rejected as error:
            refusals.append(error)
    if refusals:
        raise RevocationUnavailable from refusals[0]
    return None
