"""A letter that another's hand signed, raised to the level that was asked for as far as that goes.

The signature is there and can't be taken back, so what is missing lowers the level and is told; it is never a reason to
throw the letter away. See docs/decisions/bsre.md.
"""

from collections.abc import Sequence
from dataclasses import replace

from asn1crypto import x509

from esign.errors import CredentialRevoked, CredentialSuspended, EsignError, RevocationUnavailable, TimestampUnavailable
from esign.pades.evidence import refuse_unproven
from esign.pades.longterm import LongTerm
from esign.pades.profile import Profile, reached
from esign.pades.returned import Returned
from esign.pades.sign import SignedLetter, SignRequest
from esign.pades.token import TimestampToken
from esign.x509.encoding import read_certificate

_DIGEST = "sha256"
"""Of our own time-stamps over the document."""


def refuse_unreachable(request: SignRequest, chain: Sequence[x509.Certificate], sources: LongTerm) -> None:
    """Raises where it is known before anything is signed that the level can't be reached, and it may not be lower.

    ``chain`` is the signer's, root included; empty where it is not known. Raises `TimestampUnavailable`,
    `RevocationUnavailable`, `CredentialRevoked`, `CredentialSuspended`.
    """
    profile = request.profile
    if request.may_lower or not profile.includes(Profile.B_LT):
        return
    if profile.includes(Profile.B_LTA) and sources.timestamps is None:
        raise TimestampUnavailable
    if sources.revocation is None:
        raise RevocationUnavailable(profile=profile)
    if chain:
        refuse_unproven(chain, source=sources.revocation, now=sources.clock.now(), profile=profile, cache=sources.cache)


def letter_of(pdf: bytes, found: Returned) -> SignedLetter:
    """The returned file as a signed letter, at the level that its signature has by itself."""
    token = _token(found)
    return SignedLetter(
        pdf=pdf,
        level=reached(Profile.B_B if token is None else Profile.B_T, pades=found.pades),
        field=found.field,
        page=None if found.page is None else found.page - 1,
        certificate=read_certificate(found.certificate),
        byte_range=found.byte_range,
        digest_algorithm=found.digest_algorithm,
        certifies=found.certifies,
        timestamp_time=None if token is None else token.time,
    )


def raised(
    letter: SignedLetter,
    found: Returned,
    request: SignRequest,
    chain: Sequence[x509.Certificate],
    sources: LongTerm,
    *,
    known: Sequence[x509.Certificate] = (),
) -> SignedLetter:
    """The letter with what its level lacks: a time-stamp, evidence, a time-stamp over all of it.

    ``chain`` is the signer's, root included; ``known`` are certificates that the chain of its time-stamp may need. A
    signature that is no PAdES gets no time-stamp over the evidence: it has no such level. Raises `CredentialRevoked`
    and `CredentialSuspended` alone.
    """
    profile, token = request.profile, _token(found)
    try:
        if token is None and profile.includes(Profile.B_T):
            pdf, token = sources.with_document_timestamp(letter.pdf, _DIGEST)
            letter = _at(letter, pdf, Profile.B_T, found)
            letter = replace(letter, timestamp_time=token.time)
        if token is not None and profile.includes(Profile.B_LT):
            pdf = sources.with_evidence(letter.pdf, chain, token, profile=profile, known=known)
            letter = _at(letter, pdf, Profile.B_LT, found)
        if letter.level is Profile.B_LT and profile.includes(Profile.B_LTA):
            pdf, _ = sources.with_document_timestamp(letter.pdf, _DIGEST)
            letter = _at(letter, pdf, Profile.B_LTA, found)
    except (CredentialRevoked, CredentialSuspended):
        raise
    except EsignError as error:
        return replace(letter, lowered=error)
    return letter


def _at(letter: SignedLetter, pdf: bytes, profile: Profile, found: Returned) -> SignedLetter:
    return replace(letter, pdf=pdf, level=reached(profile, pades=found.pades))


def _token(found: Returned) -> TimestampToken | None:
    """The time-stamp inside; None where there is none that can be read."""
    try:
        return None if found.token is None else TimestampToken(found.token)
    except TimestampUnavailable:
        return None
