"""The way of one signature: placed, activated, stamped, signed, checked, kept (design.md, section 5).

Whatever goes wrong, the letter is as it was before, and the audit trail says why. The one exception is
an authority that was asked to sign and did not answer: that letter waits for a person.
"""

import hashlib
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import JsonValue
from sqlalchemy.orm import Session

from esign.ca.authority import Activation, Authority, Secret
from esign.errors import (
    AlreadySignedBy,
    Busy,
    ClockWrong,
    EsignError,
    LetterBusy,
    LetterStateForbids,
    LetterUnknown,
    RequestInvalid,
    SelfCheckFailed,
    SigningOutcomeUnknown,
    StorageUnavailable,
    WrongPassphrase,
)
from esign.pades.letter_sight import LetterSight
from esign.pades.placement import AutoPlacement, FieldPlacement, Placement, Resolved, Taken
from esign.pades.profile import Profile
from esign.pades.sign import SignedLetter, SignRequest, sign
from esign.pades.spec import ExistingField, FollowerField, NewField
from esign.registry import agencies, attempts, audit, signatures, states
from esign.registry.models import Agency, Event, Letter, Level, Signature, SignatureState, Signer, Status
from esign.service import planning, presenting, selfcheck, signers, stamping
from esign.service.orders import Caller, SignOrder
from esign.service.services import Services

_log = logging.getLogger(__name__)

_PATIENCE = 10.0
"""Seconds that a request waits while the same signer's other requests have their passphrases tried."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5


@dataclass
class Hold:
    """A letter that this request holds: its row as of its latest change, the token of the next."""

    letter: Letter


@dataclass(frozen=True)
class Signing:
    """What one signature is made from."""

    services: Services
    caller: Caller
    agency: Agency
    signer: Signer
    order: SignOrder
    authority: Authority
    holder: str
    claim: str | None
    """What tells the request from others, for its own retry."""
    before: tuple[Signature, ...]
    """The active signatures that the letter already has of us."""


def prepare(services: Services, caller: Caller, order: SignOrder, letter: Letter | None, claim: str | None) -> Signing:
    """Who signs, with which credential; everything that can be refused before anything is reserved.

    Raises `SignerUnknown`, `AlreadySignedBy`, `CredentialUnusable`, `AuthorityUnavailable`, `ClockWrong`.
    """
    with services.database.read() as session:
        agency = agencies.get(session, caller.agency_id)
        if agency is None:
            raise RuntimeError("a caller has an agency")
        signer = signers.find(services, session, caller.agency_id, order.signer)
        name, holder = signers.holding(services, session, signer)
        made = signatures.of_letter(session, letter.id) if letter is not None else []
        before = tuple(each for each in made if each.status is SignatureState.ACTIVE)
        last = audit.last_time(session)
    if any(each.signer_id == signer.id for each in before):
        raise AlreadySignedBy
    now = services.clock.now()
    if last is not None and last - now > timedelta(seconds=services.settings.clock_tolerance_seconds):
        raise ClockWrong(seconds=round((last - now).total_seconds()), reference="the last audit event")
    authority = services.authorities.named(name)
    signers.refuse_unusable(authority.credential(holder))
    return Signing(services, caller, agency, signer, order, authority, holder, claim, before)


@contextmanager
def held(services: Services, caller: Caller, letter: Letter, *, keep: bool) -> Iterator[Hold]:
    """Holds a reserved or signed letter while it is signed; when that fails, it is as before.

    ``keep`` False forgets a letter that was never released: what bad input leaves behind is its audit
    event and nothing else.
    """
    hold = Hold(letter)
    try:
        yield hold
    except SigningOutcomeUnknown as error:
        _ended(services, caller, hold, error, keep=True)
        raise
    except BaseException as error:
        _ended(services, caller, hold, error, keep=keep)
        raise


def _ended(services: Services, caller: Caller, hold: Hold, error: BaseException, *, keep: bool) -> None:
    """Undoes, forgets or doubts the letter, with the audit event that says why.

    What the caller is told is why the letter was not signed, whatever becomes of this: a letter that can't be put
    back now is settled later (`esign.service.settling`).
    """
    letter, now = hold.letter, services.clock.now()
    doubted = isinstance(error, SigningOutcomeUnknown)
    event = Event.LETTER_UNKNOWN if doubted else Event.LETTER_FAILED
    data = {
        "number": letter.number,
        "original_sha256": letter.original_sha256,
        "reason": error.code if isinstance(error, EsignError) else type(error).__name__,
    }
    try:
        with services.database.write() as session:
            with suppress(LetterBusy, LetterStateForbids, LetterUnknown):  # it changed since: others have it now
                _put_back(session, letter, now, doubted=doubted, keep=keep)
            audit.record(session, event, caller.actor, now, letter=letter.id, data=data)
    except EsignError as trouble:
        _log.error("letter %s could not be put back after %s: %s", letter.id, data["reason"], trouble.code)


def _put_back(session: Session, letter: Letter, now: datetime, *, doubted: bool, keep: bool) -> None:
    if doubted:
        states.doubt(session, letter, now)
    elif letter.status is Status.SIGNED:
        return  # nothing had begun: it is in force as it was
    elif keep or letter.released_at is not None:
        states.undo(session, letter, now)
    else:
        states.discard(session, letter)


def carry_out(job: Signing, hold: Hold, pages: LetterSight, passphrase: Secret) -> Letter:
    """Signs the held letter and releases it; gives its row.

    Raises the errors of ``placement.*``, ``signer.*``, ``credential.*``, ``authority.*``, ``timestamp.*``,
    ``revocation.*``, `SelfCheckFailed` and `StorageUnavailable`.
    """
    services = job.services
    theme = stamping.theme_of(job.agency)
    plan = planning.plan_of(hold.letter)
    capacity = job.order.capacity or job.signer.capacity
    content = stamping.content_of(services, job.agency, hold.letter, job.signer, capacity)
    first = not job.before and not pages.facts.signed
    if first and planning.field_of(plan, job.signer.id) is not None:
        raise RequestInvalid(field="followers", reason="who signs first does not follow himself")
    followers, taken = _followers(job, hold.letter, pages, plan) if first else ((), ())
    place = stamping.place(_placement(job, plan), pages, content, theme, taken)
    appearance = stamping.drawn(content, theme, place)
    with activated(job, passphrase) as activation:
        hold.letter = _start(job, hold.letter)
        wants_footer = job.order.footer if job.order.footer is not None else job.agency.footer
        footer = (
            stamping.footer(
                services,
                job.agency,
                hold.letter,
                pages,
                activation.certificate,
                [place.box, *(each.box for each in taken)],
            )
            if wants_footer and first
            else None
        )
        request = SignRequest(
            profile=_profile(job),
            field=_field(place),
            signing_time=presenting.local(services, job.agency, services.clock.now()).replace(microsecond=0),
            name=job.signer.name,
            reason=job.order.reason,
            location=job.order.location,
            appearance=appearance,
            followers=followers if plan and first else None,
            footer=footer,
            may_lower=job.order.may_lower,
        )
        signed = sign(
            pages.pdf,
            request,
            activation,
            timestamps=job.authority.timestamps(),
            revocation=job.authority.revocation(),
            runner=services.parse,
            clock=services.clock,
            cache=services.evidence,
        )
    wrong = selfcheck.problems(
        services, pages.pdf, signed, job.authority, [each.certificate_sha256 for each in job.before]
    )
    if wrong:
        _quarantine(job, hold.letter, signed, wrong)
        raise SelfCheckFailed
    return _release(job, hold.letter, request, signed, place, capacity)


@contextmanager
def activated(job: Signing, passphrase: Secret) -> Iterator[Activation]:
    """An activation of the signer's credential; the passphrase counts as tried before it is tried.

    Raises `SignerLocked`, `WrongPassphrase` with the tries that are left, and what the authority raises.
    """
    services, limits = job.services, signers.limits_of(job.services)
    attempt = _attempt(job, limits)
    with ExitStack() as opening:
        try:
            activation = opening.enter_context(job.authority.activate(job.holder, passphrase))
        except WrongPassphrase:
            remaining = _confirm_wrong(job, attempt, limits)
            raise WrongPassphrase(remaining=remaining) from None
        except BaseException:
            with services.database.write() as session:
                attempts.take_back(session, attempt)
            raise
        with services.database.write() as session:
            attempts.forgive(session, attempt)
        yield activation


def _confirm_wrong(job: Signing, attempt: attempts.Attempt, limits: attempts.Limits) -> int:
    """Counts the wrong passphrase, with its audit event; how many tries are left."""
    now, actor = job.services.clock.now(), job.caller.actor
    with job.services.database.write() as session:
        remaining = attempts.confirm_wrong(session, attempt, now, limits)
        data: dict[str, JsonValue] = {"remaining": remaining}
        audit.record(session, Event.PASSPHRASE_WRONG, actor, now, signer=job.signer.id, data=data)
        if remaining == 0:
            audit.record(session, Event.SIGNER_LOCKED, actor, now, signer=job.signer.id)
        return remaining


def _attempt(job: Signing, limits: attempts.Limits) -> attempts.Attempt:
    """An attempt that may be made now. While as many are tried as guesses are left, it waits for its turn."""
    services = job.services
    pause, until = _FIRST_PAUSE, time.monotonic() + _PATIENCE
    while True:
        try:
            with services.database.write() as session:
                return attempts.reserve(session, job.signer.id, job.caller.client_id, services.clock.now(), limits)
        except Busy:
            if time.monotonic() > until:
                raise
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


def _start(job: Signing, letter: Letter) -> Letter:
    now = job.services.clock.now()
    with job.services.database.write() as session:
        started = states.start_signing(session, letter, now, job.claim)
        data: dict[str, JsonValue] = {"authority": job.authority.name}
        audit.record(
            session, Event.LETTER_SIGNING, job.caller.actor, now, letter=letter.id, signer=job.signer.id, data=data
        )
        return started


def _placement(job: Signing, plan: Sequence[planning.Planned]) -> Placement:
    """Where the caller said, else the field that stands ready for the signer, else free space."""
    if job.order.placement is not None:
        return job.order.placement
    ready = planning.field_of(plan, job.signer.id)
    return FieldPlacement(field=ready) if ready is not None and job.before else AutoPlacement()


def _followers(
    job: Signing, letter: Letter, pages: LetterSight, plan: Sequence[planning.Planned]
) -> tuple[tuple[FollowerField, ...], tuple[Taken, ...]]:
    """The fields of those who sign later, and the places that they take."""
    fields: list[FollowerField] = []
    taken: list[Taken] = []
    for each in plan:
        with job.services.database.read() as session:
            signer = signers.find(job.services, session, job.agency.id, each.signer_id)
        content = stamping.content_of(job.services, job.agency, letter, signer, signer.capacity)
        place = stamping.place(each.placement, pages, content, stamping.theme_of(job.agency), taken)
        fields.append(FollowerField(each.field, place.page_index, None if place.field else place.rect))
        taken.append(Taken(place.page, place.box))
    return tuple(fields), tuple(taken)


def _field(place: Resolved) -> NewField | ExistingField:
    if place.field is not None:
        return ExistingField(place.field)
    return NewField(place.page_index, place.rect)


def _profile(job: Signing) -> Profile:
    """What the caller asked for, else what the agency has, else the setting."""
    return Profile(job.order.profile or job.agency.profile or job.services.settings.profile)


def _quarantine(job: Signing, letter: Letter, signed: SignedLetter, wrong: Sequence[str]) -> None:
    """Keeps the file that did not pass, where nobody gets it, and says so in the audit trail."""
    services, now = job.services, job.services.clock.now()
    sha256 = services.blobs.put(signed.pdf)
    with services.database.write() as session:
        signatures.quarantine(
            session,
            signatures.Quarantined(
                letter_id=letter.id,
                signer_id=job.signer.id,
                client_id=job.caller.client_id,
                sha256=sha256,
                size=len(signed.pdf),
                reason="self-check",
                details={"problems": list(wrong)},
                request_id=job.caller.request_id,
            ),
            now,
        )
        data: dict[str, JsonValue] = {"sha256": sha256, "problems": list(wrong)}
        audit.record(session, Event.LETTER_QUARANTINED, job.caller.actor, now, letter=letter.id, data=data)


def _release(
    job: Signing, letter: Letter, request: SignRequest, signed: SignedLetter, place: Resolved, capacity: str | None
) -> Letter:
    """The bytes to the blob store, then row and audit event in one transaction."""
    services, certificate = job.services, signed.certificate
    credential_id = signers.note(services, job.signer, job.authority.credential(job.holder), job.caller.actor)
    sha256 = services.blobs.put(signed.pdf)
    visible = request.appearance is not None
    new = signatures.NewSignature(
        signer_id=job.signer.id,
        credential_id=credential_id,
        signer_name=job.signer.name,
        signer_office=job.signer.office,
        signer_capacity=capacity,
        field_name=signed.field,
        page=place.page if visible else None,
        box=place.box if visible else None,
        profile=Level(request.profile),
        level=Level(signed.level),
        certificate_sha256=hashlib.sha256(certificate.dump()).hexdigest(),
        subject_name=signers.common_name(certificate.subject),
        subject_organisation=certificate.subject.native.get("organization_name"),
        issuer_name=signers.common_name(certificate.issuer),
        signed_at=request.signing_time,
        timestamp_at=signed.timestamp_time,
        revision_sha256=sha256,
        size=len(signed.pdf),
        client_id=job.caller.client_id,
        request_id=job.caller.request_id,
    )
    now = services.clock.now()
    data = {
        "sha256": sha256,
        "level": signed.level.value,
        "profile": request.profile.value,
        "certificate": new.certificate_sha256,
        "field": signed.field,
        "number": letter.number,
        "code": letter.code,
    }
    try:
        with services.database.write() as session:
            released, _ = states.release(session, letter, new, now)
            audit.record(
                session, Event.LETTER_SIGNED, job.caller.actor, now, letter=letter.id, signer=job.signer.id, data=data
            )
            return released
    except StorageUnavailable:
        if (committed := _released_with(services, letter, sha256)) is None:
            raise
        return committed


def _released_with(services: Services, letter: Letter, sha256: str) -> Letter | None:
    """The letter, where the commit that released this file was done and only its answer was lost."""
    with suppress(StorageUnavailable), services.database.read() as session:
        found = session.get(Letter, letter.id)
        if found is not None and found.status is Status.SIGNED and found.current_sha256 == sha256:
            return found
    return None
