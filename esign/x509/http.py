"""Time-stamps and revocation data from real authorities, over HTTP. Every answer is checked before it is given on."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import cast
from urllib.parse import urljoin, urlsplit

import httpx
from asn1crypto import cms, x509

from esign.errors import ClockWrong, RevocationUnavailable, TimestampUnavailable
from esign.x509 import chains, crl, ocsp, tsp
from esign.x509.addresses import AddressPolicy, NotFound, Target
from esign.x509.clock import Clock
from esign.x509.encoding import as_found, read_certificate
from esign.x509.exchange import Limits, Redirected, Unreachable, exchange
from esign.x509.kept import Kept, Shelf
from esign.x509.rejection import UNREADABLE, Rejected
from esign.x509.revocation import RevocationAnswer, RevocationState
from esign.x509.trust import TrustStore, read_certificates

CLOCK_TOLERANCE = timedelta(seconds=60)
"""How far clocks may differ."""

_MOST_ADDRESSES = 4
"""Of one certificate."""
_MOST_REDIRECTS = 2
_DOWN = timedelta(seconds=60)
"""How long a server that could not be reached is left alone."""
LARGEST_ISSUER = 64 * 1024
"""Octets of an issuer's certificate, or of the list of certificates that it stands in."""


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
    """OCSP responders, CRLs and issuers at the addresses in certificates.

    Implements `esign.x509.sources.RevocationSource` and `IssuerSource`. Only for certificates whose chain to a
    trusted root already stands (issuers excepted), and only at addresses that ``addresses`` allows.
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
        down: Shelf | None = None,
    ) -> None:
        """``certificate_id_digest``: many responders look certificates up by SHA-1 only (RFC 5019, 2.1.1).

        The limits are for all addresses of one certificate together. ``down`` remembers servers that could not be
        reached, so that they don't slow each check.
        """
        self._down = down
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

        def ask(url: str, limits: Limits) -> bytes:
            answer = self._exchanged(url, limits, query)
            self._refuse_untimely(ocsp.check(answer, certificate, issuer, nonce=nonce))
            return answer

        return _first(certificate.ocsp_urls, ask, self._ocsp_limits)

    def crl(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """The CertificateList (DER) that covers the certificate; None where it names none over http.

        Raises `RevocationUnavailable` when no named list can be had.
        """

        def fetch(url: str, limits: Limits) -> bytes:
            answer = self._exchanged(url, limits)
            self._refuse_untimely(crl.check(answer, certificate, issuer))
            return answer

        return _first(crl.distribution_points(certificate), fetch, self._crl_limits)

    def issuer(self, certificate: x509.Certificate) -> bytes | None:
        """The certificate (DER) that issued this one; None where no address is named for it.

        Raises `RevocationUnavailable` when none of the addresses gives it.
        """

        def fetch(url: str, limits: Limits) -> bytes:
            return issuer_in(self._exchanged(url, limits), certificate)

        limits = Limits(seconds=self._ocsp_limits.seconds, largest=LARGEST_ISSUER)
        return _first(chains.issuer_addresses(certificate), fetch, limits)

    def _exchanged(self, url: str, limits: Limits, body: bytes | None = None) -> bytes:
        """The answer of an address, and of those that it sends on to: each is judged anew."""
        deadline = time.monotonic() + limits.seconds
        for hop in range(_MOST_REDIRECTS + 1):
            left = Limits(max(0.1, deadline - time.monotonic()), limits.largest)
            try:
                return self._at(url, left, body, redirected=hop > 0)
            except Redirected as sent:
                try:
                    url = urljoin(url, sent.location)
                except ValueError as error:
                    raise Rejected("the server sends to a malformed address") from error
        raise Rejected("the server sends on too often")

    def _at(self, url: str, limits: Limits, body: bytes | None, *, redirected: bool) -> bytes:
        key = "down:" + "://".join(urlsplit(url)[:2]).lower()
        kept = self._down.get(key) if self._down is not None else None
        if kept is not None and self._clock.now() < kept.until:
            raise Rejected(f"{kept.reason}, a moment ago")
        try:
            target = self._addresses.target(url, redirected=redirected)
            content_type = None if body is None else "application/ocsp-request"
            return exchange(self._client, target, limits, body=body, content_type=content_type)
        except (Unreachable, NotFound) as error:
            if self._down is not None:
                self._down.put(key, Kept(None, error.reason, self._clock.now() + _DOWN))
            raise

    def _refuse_untimely(self, answer: RevocationAnswer) -> None:
        now = self._clock.now()
        if answer.state is RevocationState.UNKNOWN:
            raise Rejected("the responder does not know the certificate")
        if answer.this_update > now + CLOCK_TOLERANCE:
            raise Rejected("the answer is from the future")
        if answer.next_update is not None and answer.next_update < now - CLOCK_TOLERANCE:
            raise Rejected("the answer is stale")


def _first(urls: Sequence[str], ask: Callable[[str, Limits], bytes], limits: Limits) -> bytes | None:
    """What the first address gives that gives something, within the limits; None without addresses."""
    refusals: list[Rejected] = []
    chosen = urls[:_MOST_ADDRESSES]
    each = Limits(limits.seconds / max(1, len(chosen)), limits.largest)
    for url in chosen:
        try:
            return ask(url, each)
        except Rejected as error:
            refusals.append(error)
    if refusals:
        raise RevocationUnavailable from refusals[0]
    return None


def issuer_in(answer: bytes, certificate: x509.Certificate) -> bytes:
    """The one who issued ``certificate``, in what was fetched: a certificate (DER or PEM), or a list of them.

    See RFC 5280, 4.2.2.1. Raises `Rejected` where nobody in it did.
    """
    try:
        found = _certificates_in(answer)
    except UNREADABLE as error:
        raise Rejected("the answer is no certificate") from error
    for candidate in found[:16]:
        try:
            if chains.names_as_issuer(certificate, candidate) and chains.may_issue(candidate):
                chains.check_issued(certificate, candidate)
                return cast("bytes", candidate.dump())
        except (Rejected, *UNREADABLE):
            continue
    raise Rejected("the answer is not the issuer's certificate")


def _certificates_in(answer: bytes) -> list[x509.Certificate]:
    try:
        return read_certificates(answer)
    except ValueError:
        message = cms.ContentInfo.load(answer)["content"]
        listed = message["certificates"] if isinstance(message, cms.SignedData) else ()
        return [read_certificate(as_found(choice.chosen)) for choice in listed or () if choice.name == "certificate"]
