"""Letters: handed in, signed by one official or several, found again, withdrawn."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy.orm import Session

from esign.ca.authority import Consent
from esign.errors import EsignError, LetterStateForbids, RequestInvalid
from esign.pades.letter import LetterFacts
from esign.registry import agencies, audit, clients, letters, states
from esign.registry import search as register
from esign.registry.models import Agency, Disclosure, Event, Letter, Scope, Status
from esign.service import further, planning, presenting, selfcheck, signing, stamping
from esign.service.marks import Mark, OurStampAt
from esign.service.orders import UNNUMBERED, Caller, LetterFields, LetterQuery, SigningPlan, SignOrder, UnnumberedFields
from esign.service.services import Services
from esign.service.views import LetterPage, LetterView

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class LetterFile:
    """The newest file of a letter."""

    content: bytes
    sha256: str
    filename: str
    """Made of the letter's number; ASCII, safe in a header and on any disk."""


def draft(
    services: Services, caller: Caller, pdf: bytes, fields: LetterFields, plan: SigningPlan | None = None
) -> LetterView:
    """Takes a letter in without signing it. It holds no number yet, and its code answers as an unknown one does.

    Raises `Forbidden`, the errors of ``letter.*``, `RequestInvalid`, `SignerUnknown`, `StorageUnavailable`.
    """
    caller.require(Scope.LETTERS_SIGN)
    with _refusal_recorded(services, caller, _handed_in(pdf, fields)):
        facts = stamping.examine(services, pdf)
        selfcheck.refuse_broken(services, pdf, facts)
        with services.database.read() as session:
            new = _new(services, session, caller, pdf, facts, fields, plan)
        services.blobs.put(pdf)
        now = services.clock.now()
        with services.database.write() as session:
            letter = letters.draft(session, new, now)
            audit.record(
                session, Event.LETTER_DRAFTED, caller.actor, now, letter=letter.id, data={"number": letter.number}
            )
    return _view(services, letter)


def sign_new(
    services: Services,
    caller: Caller,
    pdf: bytes,
    fields: LetterFields,
    order: SignOrder,
    consent: Consent,
    plan: SigningPlan | None = None,
    *,
    claim: str | None = None,
) -> LetterView:
    """Takes a letter in, signs and releases it; where that fails, nothing of it stays but the audit event.

    ``claim`` tells the request (its idempotency fingerprint): its own retry takes over what it had
    reserved, and is given the letter that it had released before its process died. Raises what `draft`
    and `sign` raise, and `NumberTaken`.
    """
    caller.require(Scope.LETTERS_SIGN)
    with _refusal_recorded(services, caller, _handed_in(pdf, fields)):
        job = signing.prepare(services, caller, order, None, claim)
        facts = stamping.examine(services, pdf)
        selfcheck.refuse_broken(services, pdf, facts)
        now = services.clock.now()
        with services.database.write() as session:
            new = _new(services, session, caller, pdf, facts, fields, plan)
            done = letters.released_to(session, new, claim) if claim is not None else None
            if done is not None:
                return presenting.letter_view(services, session, done)
            reservation = letters.reserve(session, new, now, _rules(services), claim)
            _record_reservation(session, caller, reservation)
    with signing.held(services, caller, reservation.letter, keep=False) as hold:
        (letter,) = signing.carry_out([signing.Work(job, hold, stamping.sight(services, pdf, facts))], consent)
    return _view(services, letter)


@dataclass(frozen=True)
class HandedIn:
    """One of several letters that an official signs with one consent."""

    pdf: bytes
    fields: LetterFields | UnnumberedFields
    order: SignOrder
    """All name the same signer."""
    mark: Mark | OurStampAt | None = None
    """What is drawn instead of our stamp, and where."""
    field: str | None = None
    """The name of the new signature field."""
    contact: str | None = None
    """How the signer can be reached, as PDF readers show it."""
    stamps: tuple[further.Stamp, ...] = ()
    """More stamps, for the pages of a letter that nobody has signed."""


def sign_all(services: Services, caller: Caller, given: Sequence[HandedIn], consent: Consent) -> list[LetterView]:
    """Has one official sign several letters with one consent: all of them, or none.

    A file that is the newest of a letter of the agency goes on with that letter, and the same official may sign it
    again: so do clients that sign a page at a time. Any other is a new letter. Raises what `sign_new` and `sign` do.
    """
    caller.require(Scope.LETTERS_SIGN)
    works: list[signing.Work] = []
    with ExitStack() as holding:
        for item in given:
            with _refusal_recorded(services, caller, _handed_in(item.pdf, item.fields)):
                works.append(holding.enter_context(_taken_in(services, caller, item)))
        signed = signing.carry_out(works, consent)
    return [_view(services, letter) for letter in signed]


@contextmanager
def _taken_in(services: Services, caller: Caller, item: HandedIn) -> Iterator[signing.Work]:
    """The letter that the file is of, or a new one, held."""
    sha256 = hashlib.sha256(item.pdf).hexdigest()
    with services.database.read() as session:
        found = letters.of_file(session, caller.agency_id, sha256)
    job = signing.prepare(services, caller, item.order, found, None, again=True)
    facts = stamping.examine(services, item.pdf)
    if found is None:
        selfcheck.refuse_broken(services, item.pdf, facts)
        now = services.clock.now()
        with services.database.write() as session:
            new = _new(services, session, caller, item.pdf, facts, item.fields, None)
            reservation = letters.reserve(session, new, now, _rules(services))
            _record_reservation(session, caller, reservation)
    letter = found or reservation.letter
    with signing.held(services, caller, letter, keep=found is not None) as hold:
        sight = stamping.sight(services, item.pdf, facts)
        if item.stamps:
            pdf = further.put(job, letter, sight, item.stamps)
            sight = stamping.sight(services, pdf, stamping.examine(services, pdf))
        yield signing.Work(job, hold, sight, item.mark, item.field, item.contact)


def sign(
    services: Services,
    caller: Caller,
    letter_id: str,
    order: SignOrder,
    consent: Consent,
    *,
    claim: str | None = None,
) -> LetterView:
    """Signs a draft, or a signed letter as another official; where that fails, the letter is as before.

    Raises `Forbidden`, `LetterUnknown`, `LetterStateForbids`, `LetterBusy`, `AlreadySignedBy`,
    `NumberTaken`, and what signing raises (`signing.carry_out`).
    """
    caller.require(Scope.LETTERS_SIGN)
    with services.database.read() as session:
        letter = letters.get(session, caller.agency_id, letter_id)
    if claim is not None and letter.claim == claim and letter.status is Status.SIGNED:
        return _view(services, letter)
    with _refusal_recorded(services, caller, {"number": letter.number}, letter.id):
        job = signing.prepare(services, caller, order, letter, claim)
        pdf = services.blobs.get(letter.current_sha256 or letter.original_sha256)
        facts = stamping.examine(services, pdf)
        if letter.status is not Status.SIGNED:
            now = services.clock.now()
            with services.database.write() as session:
                reservation = letters.reserve_draft(session, letter, now, _rules(services), claim)
                _record_reservation(session, caller, reservation)
            letter = reservation.letter
    with signing.held(services, caller, letter, keep=True) as hold:
        (letter,) = signing.carry_out([signing.Work(job, hold, stamping.sight(services, pdf, facts))], consent)
    return _view(services, letter)


def get(services: Services, caller: Caller, letter_id: str) -> LetterView:
    """The agency's letter of that id. Raises `Forbidden`, `LetterUnknown`."""
    caller.require(Scope.LETTERS_READ)
    with services.database.read() as session:
        return presenting.letter_view(services, session, letters.get(session, caller.agency_id, letter_id))


def file(services: Services, caller: Caller, letter_id: str) -> LetterFile:
    """The newest file of the letter: the signed one, or the draft's own.

    Raises `Forbidden`, `LetterUnknown`, `LetterStateForbids` for a letter of which no file is kept,
    `StorageUnavailable`.
    """
    caller.require(Scope.LETTERS_READ)
    with services.database.read() as session:
        letter = letters.get(session, caller.agency_id, letter_id)
    if letter.current_sha256 is None and not letter.drafted:
        raise LetterStateForbids(state=letter.status.value)
    sha256 = letter.current_sha256 or letter.original_sha256
    return LetterFile(services.blobs.get(sha256), sha256, filename(letter.number or letter.code))


def search(services: Services, caller: Caller, query: LetterQuery) -> LetterPage:
    """A page of the agency's letters, newest first. Raises `Forbidden`, and `RequestInvalid` for a strange cursor."""
    caller.require(Scope.LETTERS_READ)
    filters = register.Filters(
        status=frozenset({Status(query.status)}) if query.status is not None else None,
        classification=query.classification,
        number=query.number,
        text=query.text,
        date_from=query.since,
        date_to=query.until,
        signer_id=query.signer,
    )
    with services.database.read() as session:
        page = register.letters(session, caller.agency_id, filters, query.cursor, query.limit)
        items = tuple(presenting.letter_view(services, session, letter) for letter in page.letters)
    return LetterPage(items=items, next=page.next)


def withdraw(services: Services, caller: Caller, letter_id: str, reason: str) -> LetterView:
    """Takes a released letter back; its page says so from now on.

    Raises `Forbidden`, `LetterUnknown`, `LetterStateForbids`.
    """
    caller.require(Scope.LETTERS_SIGN)
    now = services.clock.now()
    with services.database.write() as session:
        letter = letters.get(session, caller.agency_id, letter_id)
        letter = states.withdraw(session, letter, reason, now)
        audit.record(session, Event.LETTER_WITHDRAWN, caller.actor, now, letter=letter.id, data={"reason": reason})
    return _view(services, letter)


def filename(number: str) -> str:
    """A file name for a letter of that number."""
    return f"{_UNSAFE.sub('-', number).strip('-.')[:100] or 'surat'}.pdf"


@contextmanager
def _refusal_recorded(
    services: Services, caller: Caller, about: Mapping[str, JsonValue], letter: str | None = None
) -> Iterator[None]:
    """What is refused leaves its audit event behind, and nothing else."""
    try:
        yield
    except EsignError as error:
        now = services.clock.now()
        with services.database.write() as session:
            data = {"code": error.code, **about}
            audit.record(session, Event.LETTER_REFUSED, caller.actor, now, letter=letter, data=data)
        raise


def _handed_in(pdf: bytes, fields: LetterFields | UnnumberedFields) -> Mapping[str, JsonValue]:
    """What the audit trail keeps of a letter that the register does not."""
    number = fields.number if isinstance(fields, LetterFields) else None
    return {"number": number, "sha256": hashlib.sha256(pdf).hexdigest(), "size": len(pdf)}


def _new(
    services: Services,
    session: Session,
    caller: Caller,
    pdf: bytes,
    facts: LetterFacts,
    fields: LetterFields | UnnumberedFields,
    plan: SigningPlan | None,
) -> letters.NewLetter:
    agency = agencies.get(session, caller.agency_id)
    if agency is None:
        raise RuntimeError("a caller has an agency")
    classification, disclosure = _classified(session, caller, agency, fields)
    if plan is not None and facts.signatures:
        raise RequestInvalid(
            field="followers", reason="the letter already carries a signature, so it can't be certified"
        )
    numbered = fields if isinstance(fields, LetterFields) else None
    return letters.NewLetter(
        agency_id=agency.id,
        client_id=caller.client_id,
        number=numbered.number if numbered else None,
        date=numbered.date if numbered else presenting.local(services, agency, services.clock.now()).date(),
        subject=numbered.subject if numbered else None,
        classification=classification,
        disclosure=disclosure,
        pages=facts.pages,
        original_sha256=hashlib.sha256(pdf).hexdigest(),
        original_size=len(pdf),
        certify=plan is not None,
        planned_signatures=planning.planned(services, session, agency.id, plan, facts.field_names),
    )


def _classified(
    session: Session, caller: Caller, agency: Agency, fields: LetterFields | UnnumberedFields
) -> tuple[str, Disclosure]:
    """The letter's classification, and what the public may see of it. Raises `RequestInvalid`."""
    client = clients.get(session, agency.id, caller.client_id)
    asked = fields.classification or (client.classification if client is not None else None)
    if asked is None and isinstance(fields, UnnumberedFields):
        return UNNUMBERED, agency.disclosure(UNNUMBERED) or Disclosure.LIMITED
    classification = asked or next(iter(agency.classifications))
    disclosure = agency.disclosure(classification)
    if disclosure is None:
        known = ", ".join(agency.classifications)
        raise RequestInvalid(field="classification", reason=f"this agency has {known}")
    return classification, disclosure


def _rules(services: Services) -> letters.Rules:
    return letters.Rules(minutes=services.settings.reservation_minutes, duplicates=services.settings.duplicate_numbers)


def _record_reservation(session: Session, caller: Caller, reservation: letters.Reservation) -> None:
    letter, at = reservation.letter, reservation.letter.updated_at
    for gone in reservation.expired:
        audit.record(session, Event.LETTER_RESERVATION_EXPIRED, caller.actor, at, letter=gone.id)
    data: Mapping[str, JsonValue] = {
        "number": letter.number,
        "resumed": reservation.resumed,
        "duplicates": list(reservation.duplicates),
    }
    audit.record(session, Event.LETTER_RESERVED, caller.actor, at, letter=letter.id, data=data)


def _view(services: Services, letter: Letter) -> LetterView:
    with services.database.read() as session:
        return presenting.letter_view(services, session, letter)
