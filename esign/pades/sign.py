"""A letter's bytes in, signed bytes out, at the level that was reached.

The order is that of design.md, 5.5: signature, time-stamp over it, then the signer's revocation status (so that it
speaks of a time at which the signature existed), then the data of the other certificates, the security store, and a
document time-stamp over all of it. Nothing here parses a PDF: that is done by the runner.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from asn1crypto import x509

from esign.errors import EsignError, RevocationUnavailable, TimestampUnavailable
from esign.pades.appearance import Appearance, Footer
from esign.pades.cms import SignerInfoPlan, digest_algorithm_for, issuers_to_carry
from esign.pades.evidence import EvidenceCache
from esign.pades.longterm import TIMESTAMP_ROOM, LongTerm, digest, embed
from esign.pades.profile import Profile, Reached
from esign.pades.spec import ExistingField, FollowerField, NewField, Prepared, SignatureSpec
from esign.pades.tasks import run_prepare
from esign.pades.token import TimestampToken
from esign.pdf.sandbox import Runner
from esign.x509.clock import Clock
from esign.x509.sources import RevocationSource, TimestampSource


class DigestSigner(Protocol):
    """An activation that signs digests (the part of `ca.authority.Activation` that signing needs)."""

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate whose key signs."""
        ...

    @property
    def chain(self) -> Sequence[x509.Certificate]:
        """The issuers of the certificate, nearest first, the root included."""
        ...

    def sign_digests(self, digests: Sequence[bytes], digest_algorithm: str) -> Sequence[bytes]:
        """In their order: PKCS #1 v1.5 for RSA keys, DER ECDSA-Sig-Value for EC keys."""
        ...


@dataclass(frozen=True)
class SignRequest:
    """What is to be signed how."""

    profile: Profile
    field: NewField | ExistingField
    signing_time: datetime
    """The claimed time, aware, in the agency's zone; becomes /M, to the second."""
    name: str | None = None
    reason: str | None = None
    location: str | None = None
    contact: str | None = None
    appearance: Appearance | None = None
    """The stamp; None leaves the field without a picture."""
    followers: tuple[FollowerField, ...] | None = None
    """Given, also empty: this first signature certifies the letter, and these fields are made ready in it."""
    footer: Footer | None = None
    """For every page; only the first signature of a letter writes it."""
    may_lower: bool = False
    """Whether a lower level will do where the time-stamp or the revocation data is not to be had."""
    digest_algorithm: str | None = None
    """sha256, sha384 or sha512; None takes what fits the key."""
    revocation_tolerance: timedelta = timedelta()
    """How much older than the time-stamp the signer's revocation status may be: for authorities whose responders
    answer from a store. Nothing, by default."""


@dataclass(frozen=True)
class SignedLetter:
    """A signed letter, and what was reached."""

    pdf: bytes
    level: Reached
    """The level reached; below the one asked for only where ``request.may_lower`` let it."""
    field: str
    """The fully qualified name of the signature field."""
    page: int | None
    """Index of the page with the stamp, where known."""
    certificate: x509.Certificate
    byte_range: tuple[int, int, int, int]
    digest_algorithm: str
    certifies: bool
    timestamp_time: datetime | None = None
    """genTime of the signature time-stamp."""
    lowered: EsignError | None = None
    """Why the level is lower than asked for."""


def sign(
    pdf: bytes,
    request: SignRequest,
    signer: DigestSigner,
    *,
    timestamps: TimestampSource | None,
    revocation: RevocationSource | None,
    runner: Runner,
    clock: Clock,
    cache: EvidenceCache | None = None,
) -> SignedLetter:
    """Signs the letter. Its bytes are a prefix of the result's.

    The signer is asked for one signature; for a second one only where a time-stamp token turns out larger than its
    authority's certificates let expect.

    Raises what `update.prepare` and the signer raise; `TimestampUnavailable` and `RevocationUnavailable` where the
    level can't be reached and may not be lowered; `ClockWrong`; `CredentialRevoked` and `CredentialSuspended` where the
    signer's certificate turns out to be so; `SelfCheckFailed` where no size of placeholder holds the signature.
    """
    (letter,) = sign_all(
        [(pdf, request)],
        signer,
        timestamps=timestamps,
        revocation=revocation,
        runner=runner,
        clock=clock,
        cache=cache,
    )
    return letter


def sign_all(
    letters: Sequence[tuple[bytes, SignRequest]],
    signer: DigestSigner,
    *,
    timestamps: TimestampSource | None,
    revocation: RevocationSource | None,
    runner: Runner,
    clock: Clock,
    cache: EvidenceCache | None = None,
) -> list[SignedLetter]:
    """Signs letters with one authorisation: the signer is asked once for the signatures of all of them.

    As `sign` does each; where one can't be signed, none is.
    """
    sources = LongTerm(timestamps, revocation, runner, clock, cache)
    works = [_Signing(pdf, request, signer, sources) for pdf, request in letters]
    for work in works:
        work.refuse_unreachable()
    begun = [work.begun() for work in works]
    return [work.finished(each) for work, each in zip(works, _valued(signer, begun), strict=True)]


@dataclass(frozen=True)
class _Begun:
    """A letter with a place for its signature, and what is signed."""

    prepared: Prepared
    plan: SignerInfoPlan
    attributes: bytes
    value: bytes = b""
    """The signature value, once it is there."""

    @property
    def digest(self) -> bytes:
        """What the key signs."""
        return hashlib.new(self.plan.digest_algorithm, self.attributes).digest()


def _valued(signer: DigestSigner, begun: Sequence[_Begun]) -> list[_Begun]:
    """The same, with their signature values: one call of the signer for each digest algorithm."""
    values: dict[int, bytes] = {}
    for algorithm in dict.fromkeys(each.plan.digest_algorithm for each in begun):
        numbers = [number for number, each in enumerate(begun) if each.plan.digest_algorithm == algorithm]
        made = signer.sign_digests([begun[number].digest for number in numbers], algorithm)
        values.update(zip(numbers, made, strict=True))
    return [replace(each, value=values[number]) for number, each in enumerate(begun)]


@dataclass(frozen=True)
class _Signing:
    """The steps of one signature, in their order."""

    pdf: bytes
    request: SignRequest
    signer: DigestSigner
    sources: LongTerm

    def refuse_unreachable(self) -> None:
        """Raises where the level asked for is out of reach from the first."""
        profile = self.request.profile
        if profile.includes(Profile.B_T) and self.sources.timestamps is None and not self.request.may_lower:
            raise TimestampUnavailable
        if profile.includes(Profile.B_LT) and self.sources.revocation is None and not self.request.may_lower:
            raise RevocationUnavailable(profile=profile)

    def begun(self, size: int | None = None) -> _Begun:
        """The letter with a placeholder of ``size`` octets, or as many as is expected."""
        certificate = self.signer.certificate
        algorithm = self.request.digest_algorithm or digest_algorithm_for(certificate)
        plan = SignerInfoPlan(certificate, algorithm, issuers_to_carry(self.signer.chain))
        room = self.sources.room() if self.request.profile.includes(Profile.B_T) else 0
        prepared = run_prepare(self.sources.runner, self.pdf, self._spec(algorithm, size or plan.size(room)))
        return _Begun(prepared, plan, plan.signed_attributes(digest(self.pdf, prepared, algorithm)))

    def finished(self, begun: _Begun) -> SignedLetter:
        """The letter at the level asked for, or the one that can be reached where it may be lower."""
        letter, token = self._signature(begun)
        if token is None:
            return letter
        try:
            if self.request.profile.includes(Profile.B_LT):
                letter = self._with_evidence(letter, token)
            if self.request.profile.includes(Profile.B_LTA):
                pdf, _ = self.sources.with_document_timestamp(letter.pdf, letter.digest_algorithm)
                letter = replace(letter, pdf=pdf, level=Profile.B_LTA)
        except (RevocationUnavailable, TimestampUnavailable) as error:
            if not self.request.may_lower:
                raise
            return replace(letter, lowered=error)
        return letter

    def _signature(self, begun: _Begun) -> tuple[SignedLetter, TimestampToken | None]:
        """The letter at B-B or B-T, and the time-stamp token."""
        contents, token, failure = self._contents(begun)
        if len(contents) > begun.prepared.contents_size:
            # A token far larger than its authority's certificates let expect: once more, with room for it.
            (begun,) = _valued(self.signer, [self.begun(len(contents) + TIMESTAMP_ROOM)])
            contents, token, failure = self._contents(begun)
        prepared = begun.prepared
        letter = SignedLetter(
            pdf=embed(self.pdf, prepared, contents),
            level=Profile.B_B if token is None else Profile.B_T,
            field=prepared.field,
            page=prepared.page,
            certificate=self.signer.certificate,
            byte_range=prepared.byte_range,
            digest_algorithm=begun.plan.digest_algorithm,
            certifies=prepared.certifies,
            timestamp_time=None if token is None else token.time,
            lowered=failure,
        )
        return letter, token

    def _contents(self, begun: _Begun) -> tuple[bytes, TimestampToken | None, EsignError | None]:
        """The CMS, the token inside, and why there is none where one was asked for."""
        plan, value = begun.plan, begun.value
        token: TimestampToken | None = None
        failure: EsignError | None = None
        if self.request.profile.includes(Profile.B_T):
            try:
                imprint = hashlib.new(plan.digest_algorithm, value).digest()
                token = self.sources.token(imprint, plan.digest_algorithm)
            except TimestampUnavailable as error:
                if not self.request.may_lower:
                    raise
                failure = error
        return plan.signed_data(begun.attributes, value, None if token is None else token.der), token, failure

    def _with_evidence(self, letter: SignedLetter, token: TimestampToken) -> SignedLetter:
        pdf = self.sources.with_evidence(
            letter.pdf,
            (self.signer.certificate, *self.signer.chain),
            token,
            profile=self.request.profile,
            tolerance=self.request.revocation_tolerance,
        )
        return replace(letter, pdf=pdf, level=Profile.B_LT)

    def _spec(self, algorithm: str, size: int) -> SignatureSpec:
        request = self.request
        return SignatureSpec(
            field=request.field,
            signed_at=request.signing_time,
            contents_size=size,
            digest_algorithm=algorithm,
            name=request.name,
            reason=request.reason,
            location=request.location,
            contact=request.contact,
            appearance=request.appearance,
            followers=request.followers,
            footer=request.footer,
            timestamped=request.profile.includes(Profile.B_T),
        )
