"""What makes a signature last: time-stamps, and the evidence that lets it be validated when the authorities have gone.

It goes behind a signed letter, whoever signed it. Nothing here parses a PDF: that is done by the runner.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from asn1crypto import x509

from esign.errors import ClockWrong, RevocationUnavailable, SelfCheckFailed, TimestampUnavailable
from esign.pades.evidence import EvidenceCache, collect
from esign.pades.spec import Prepared
from esign.pades.tasks import run_append_dss, run_prepare_document_timestamp
from esign.pades.token import TimestampToken
from esign.pdf.sandbox import Runner
from esign.x509.clock import Clock
from esign.x509.sources import RevocationSource, TimestampSource

CLOCK_TOLERANCE = timedelta(seconds=60)
"""How far the clock may be off the time-stamp authority's (design.md, section 5)."""
TIMESTAMP_ROOM = 8192
"""Bytes kept free for a time-stamp token; half of it, and the authority's certificates, where those are larger."""


@dataclass(frozen=True)
class LongTerm:
    """Where time-stamps and evidence come from, and who writes them into a letter."""

    timestamps: TimestampSource | None
    revocation: RevocationSource | None
    runner: Runner
    clock: Clock
    cache: EvidenceCache | None = None

    def token(self, imprint: bytes, algorithm: str) -> TimestampToken:
        """A token over the digest, from an authority whose clock agrees with ours.

        Raises `TimestampUnavailable` and `ClockWrong`.
        """
        if self.timestamps is None:
            raise TimestampUnavailable
        token = TimestampToken(self.timestamps.token(imprint, algorithm))
        difference = abs(token.time - self.clock.now())
        if difference > CLOCK_TOLERANCE:
            raise ClockWrong(seconds=round(difference.total_seconds()), reference="the time-stamp authority")
        return token

    def room(self) -> int:
        """Bytes to keep free for a token; none without a time-stamp authority."""
        if self.timestamps is None:
            return 0
        known = sum(len(each.dump()) for each in self.timestamps.certificates())
        return max(TIMESTAMP_ROOM, TIMESTAMP_ROOM // 2 + known)

    def with_evidence(
        self,
        pdf: bytes,
        chain: Sequence[x509.Certificate],
        token: TimestampToken,
        *,
        profile: str,
        known: Sequence[x509.Certificate] = (),
        tolerance: timedelta = timedelta(),
    ) -> bytes:
        """The letter with all that B-LT needs in its security store.

        ``chain`` is the signer's, root included; ``token`` proves when the signature existed; ``known`` are
        certificates that its chain may need; ``profile`` is the level that was asked for; ``tolerance`` is how much
        older than the token the signer's revocation status may be. Raises `RevocationUnavailable`,
        `CredentialRevoked`, `CredentialSuspended`.
        """
        if self.revocation is None:
            raise RevocationUnavailable(profile=profile)
        stamping = self.timestamps.certificates() if self.timestamps is not None else ()
        evidence = collect(
            chain,
            token,
            (*stamping, *known),
            source=self.revocation,
            not_before=token.time - tolerance,
            now=self.clock.now(),
            cache=self.cache,
            profile=profile,
        )
        return pdf + run_append_dss(self.runner, pdf, evidence.certificates, evidence.ocsps, evidence.crls)

    def with_document_timestamp(self, pdf: bytes, algorithm: str) -> tuple[bytes, TimestampToken]:
        """The letter with a time-stamp over all of it, and its token. Raises `TimestampUnavailable`, `ClockWrong`."""
        room = self.room()
        for _ in range(2):
            prepared = run_prepare_document_timestamp(self.runner, pdf, room)
            token = self.token(digest(pdf, prepared, algorithm), algorithm)
            if len(token.der) <= prepared.contents_size:
                break
            room = len(token.der) + TIMESTAMP_ROOM
        return embed(pdf, prepared, token.der), token


def digest(pdf: bytes, prepared: Prepared, algorithm: str) -> bytes:
    """The digest over the ByteRange of the letter with the update behind it; nothing is copied."""
    _, a, c, _ = prepared.byte_range
    update = memoryview(prepared.appended)
    state = hashlib.new(algorithm, pdf)
    state.update(update[: a - len(pdf)])
    state.update(update[c - len(pdf) :])
    return state.digest()


def embed(pdf: bytes, prepared: Prepared, contents: bytes) -> bytes:
    """Letter and update, with the CMS or time-stamp token in the placeholder, padded with zeros.

    Raises `SelfCheckFailed` where it does not fit: it is never cut off.
    """
    if len(contents) > prepared.contents_size:
        raise SelfCheckFailed
    _, a, c, _ = prepared.byte_range
    start, end = a + 1 - len(pdf), c - 1 - len(pdf)
    digits = contents.hex().encode().ljust(end - start, b"0")
    update = memoryview(prepared.appended)
    return b"".join((pdf, update[:start], digits, update[end:]))
