"""The way of signatures: placed, activated, stamped, signed, checked, kept (design.md, section 5).

Whatever goes wrong, each letter is as it was before, and the audit trail says why. The one exception is
an authority that was asked to sign and did not answer: those letters wait for a person.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import JsonValue
from sqlalchemy.orm import Session

from esign.ca.authority import (
    Activation,
    Authority,
    Consent,
    Credential,
    CredentialStatus,
    DocumentActivation,
)
from esign.errors import (
    AlreadySignedBy,
    ClockWrong,
    EsignError,
    LetterBusy,
    LetterStateForbids,
    LetterUnknown,
    RequestInvalid,
    SelfCheckFailed,
    SigningOutcomeUnknown,
)
from esign.pades.appearance import Footer
from esign.pades.letter_sight import LetterSight
from esign.pades.placement import AutoPlacement, FieldPlacement, Placement, Resolved, Taken
from esign.pades.profile import Profile
from esign.pades.sign import SignedLetter, SignRequest, sign_all
from esign.pades.spec import ExistingField, FollowerField, NewField
from esign.pdf.sandbox import Patient
from esign.registry import agencies, audit, signatures, states
from esign.registry.models import Agency, Event, Letter, Signature, SignatureState, Signer, Status
from esign.service import documents, planning, presenting, releasing, selfcheck, signers, stamping
from esign.service.activating import Trial, activated
from esign.service.marks import Mark, OurStamp, OurStampAt
from esign.service.orders import Caller, SignOrder
from esign.service.services import Services

_log = logging.getLogger(__name__)


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

    @property
    def capacity(self) -> str | None:
        """In whose place he signs."""
        return self.order.capacity or self.signer.capacity


@dataclass(frozen=True)
class Work:
    """A held letter, and what is to be signed in it."""

    job: Signing
    hold: Hold
    pages: LetterSight
    mark: Mark | OurStampAt | None = None
    """What is drawn for the signature, and where; None: our stamp, where the order or the plan says."""
    field: str | None = None
    """The name of a new field; None takes the first free one."""
    contact: str | None = None
    """How the signer can be reached."""


def prepare(
    services: Services,
    caller: Caller,
    order: SignOrder,
    letter: Letter | None,
    claim: str | None,
    *,
    again: bool = False,
) -> Signing:
    """Who signs, with which credential; everything that can be refused before anything is reserved.

    ``again``: the same official may sign a letter more than once, a page at a time.

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
    if not again and any(each.signer_id == signer.id for each in before):
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


@dataclass(frozen=True)
class _Ready:
    """A letter whose signature has its place and its looks."""

    work: Work
    place: Resolved
    request: SignRequest
    taken: tuple[Taken, ...]
    first: bool
    """Whether nobody signed the letter before."""


def carry_out(works: Sequence[Work], consent: Consent) -> list[Letter]:
    """Signs the held letters with one activation, checks all, and releases all or none; gives their rows.

    All are one official's, through one caller. Raises the errors of ``placement.*``, ``signer.*``, ``credential.*``,
    ``authority.*``, ``timestamp.*``, ``revocation.*``, `SelfCheckFailed` and `StorageUnavailable`.
    """
    job = works[0].job
    services = job.services
    placed = [_ready(work) for work in works]
    with activated(Trial(services, job.caller, job.signer.id, job.authority, job.holder), consent) as activation:
        for work in works:
            work.hold.letter = _start(work.job, work.hold.letter)
        ready = [_with_footer(each, activation) for each in placed]
        made = _signed(job, ready, activation)
    for each, signed in zip(ready, made, strict=True):
        _refuse_unsound(each.work, signed)
    released = [
        releasing.Made(each.work.hold.letter, job.signer, each.work.job.capacity, each.request, signed, each.place)
        for each, signed in zip(ready, made, strict=True)
    ]
    return releasing.release(services, job.caller, released, _used(job, made[0]))


def _used(job: Signing, made: SignedLetter) -> Credential:
    """The credential that just signed. Nobody is asked again: a letter that is signed is not lost over an answer."""
    return Credential(job.authority.name, job.holder, CredentialStatus.ISSUE, made.certificate, ())


def _start(job: Signing, letter: Letter) -> Letter:
    now = job.services.clock.now()
    with job.services.database.write() as session:
        started = states.start_signing(session, letter, now, job.claim)
        data: dict[str, JsonValue] = {"authority": job.authority.name}
        audit.record(
            session, Event.LETTER_SIGNING, job.caller.actor, now, letter=letter.id, signer=job.signer.id, data=data
        )
        return started


def _ready(work: Work) -> _Ready:
    """Where the signature goes and what it looks like; its followers, where it is the first of several."""
    job, pages = work.job, work.pages
    plan = planning.plan_of(work.hold.letter)
    first = not job.before and not pages.facts.signed
    if first and planning.field_of(plan, job.signer.id) is not None:
        raise RequestInvalid(field="followers", reason="who signs first does not follow himself")
    followers, taken = _followers(job, work.hold.letter, pages, plan) if first else ((), ())
    mark = _our_stamp(work, plan) if work.mark is None or isinstance(work.mark, OurStampAt) else work.mark
    place = mark.place(pages, taken)
    request = SignRequest(
        profile=_profile(job),
        field=_field(place, work.field),
        signing_time=presenting.local(job.services, job.agency, job.services.clock.now()).replace(microsecond=0),
        name=job.signer.name,
        reason=job.order.reason,
        location=job.order.location,
        contact=work.contact,
        appearance=mark.drawn(place),
        followers=followers if plan and first else None,
        may_lower=job.order.may_lower,
    )
    return _Ready(work, place, request, taken, first)


def _our_stamp(work: Work, plan: Sequence[planning.Planned]) -> OurStamp:
    job = work.job
    content = stamping.content_of(job.services, job.agency, work.hold.letter, job.signer, job.capacity)
    theme = stamping.theme_of(job.agency, job.signer)
    if isinstance(work.mark, OurStampAt):
        return OurStamp(work.mark.placement, content, theme, or_code=True)
    return OurStamp(_placement(job, plan), content, theme)


def _with_footer(ready: _Ready, activation: Activation | DocumentActivation) -> _Ready:
    """The same with the footer, where there is to be one: it names who issued the certificate."""
    job = ready.work.job
    wanted = job.order.footer if job.order.footer is not None else job.agency.footer
    if not (wanted and ready.first):
        return ready
    boxes = [ready.place.box, *(each.box for each in ready.taken)]
    drawn: Footer = stamping.footer(
        job.services, job.agency, ready.work.hold.letter, job.signer, ready.work.pages, activation.certificate, boxes
    )
    return replace(ready, request=replace(ready.request, footer=drawn))


def _signed(
    job: Signing, ready: Sequence[_Ready], activation: Activation | DocumentActivation
) -> Sequence[SignedLetter]:
    """The signed letters; by our own hand where the authority signs digests."""
    services = job.services
    if not isinstance(activation, Activation):
        desk = documents.Desk(services, job.caller, job.signer, job.authority, activation)
        return documents.signed(
            desk,
            [documents.Piece(each.work.hold.letter, each.work.pages, each.request, each.place) for each in ready],
        )
    return sign_all(
        [(each.work.pages.pdf, each.request) for each in ready],
        activation,
        timestamps=job.authority.timestamps(),
        revocation=job.authority.revocation(),
        runner=Patient(services.parse, services.settings.sandbox_seconds),
        clock=services.clock,
        cache=services.evidence,
    )


def _refuse_unsound(work: Work, signed: SignedLetter) -> None:
    """Raises `SelfCheckFailed` for a signed letter that does not pass our own check; it is kept in quarantine."""
    job = work.job
    before = [each.certificate_sha256 for each in job.before]
    wrong = selfcheck.problems(job.services, work.pages.pdf, signed, job.authority, before)
    if wrong:
        releasing.quarantine(job.services, job.caller, work.hold.letter, job.signer, signed.pdf, wrong)
        raise SelfCheckFailed


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
        place = stamping.place(each.placement, pages, content, stamping.theme_of(job.agency, signer), taken)
        fields.append(FollowerField(each.field, place.page_index, None if place.field else place.rect))
        taken.append(Taken(place.page, place.box))
    return tuple(fields), tuple(taken)


def _field(place: Resolved, name: str | None) -> NewField | ExistingField:
    if place.field is not None:
        return ExistingField(place.field)
    return NewField(place.page_index, place.rect, name)


def _profile(job: Signing) -> Profile:
    """What the caller asked for, else what the agency has, else the setting."""
    return Profile(job.order.profile or job.agency.profile or job.services.settings.profile)
