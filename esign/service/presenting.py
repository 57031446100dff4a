"""Rows of the register, as callers and citizens see them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from esign.registry import agencies, codes, numbers, signatures, signers
from esign.registry.models import Agency, Letter, Level, LevelReached, Signature, SignatureState, Signer, Status
from esign.service.planning import Planned, plan_of
from esign.service.services import Services
from esign.service.told import Shown
from esign.service.views import (
    AgencyView,
    BoxView,
    CertificateView,
    FileView,
    LetterView,
    RegisteredLetter,
    RegisteredSignature,
    SignatureView,
    SignerView,
)

_MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni",
    "Juli", "Agustus", "September", "Oktober", "November", "Desember",
)  # fmt: skip


def address(services: Services, agency: Agency, code: str) -> str:
    """The address of a letter's verification page, on the agency's own domain."""
    public = urlsplit(services.settings.public_url)
    return f"{public.scheme}://{agency.domain or public.netloc}/v/{code}"


def long_date(day: date | datetime) -> str:
    """A day as Indonesian letters write it: ``23 November 2026``."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def local(services: Services, agency: Agency, moment: datetime) -> datetime:
    """The moment in the agency's zone."""
    return moment.astimezone(ZoneInfo(agency.timezone or services.settings.timezone))


def letter_view(services: Services, session: Session, letter: Letter) -> LetterView:
    """A letter as its agency sees it."""
    agency = agencies.get(session, letter.agency_id)
    if agency is None:
        raise RuntimeError("a letter has an agency")
    made = signatures.of_letter(session, letter.id)
    active = [signature for signature in made if signature.status is SignatureState.ACTIVE]
    released = letter.released_at is not None
    return LetterView(
        id=letter.id,
        status=letter.status.value,
        agency=_agency_view(services, agency),
        number=letter.number,
        date=letter.date if letter.number is not None else None,
        subject=letter.subject,
        classification=letter.classification,
        disclosure=letter.disclosure,
        pages=letter.pages,
        code=codes.grouped(letter.code) if released else None,
        address=address(services, agency, letter.code) if released else None,
        file=FileView(
            sha256=letter.current_sha256 or letter.original_sha256,
            size=letter.current_size or letter.original_size,
            href=f"/v1/letters/{letter.id}/file",
        ),
        signatures=tuple(_signature_view(each, _kind(session, each)) for each in active),
        awaited=_awaited(session, letter, plan_of(letter), active),
        warnings=_warnings(session, letter, active),
        created_at=letter.created_at,
        updated_at=letter.updated_at,
    )


def registered_letter(services: Services, session: Session, letter: Letter, shown: Shown) -> RegisteredLetter | None:
    """A released letter as far as ``shown`` lets the public see it."""
    agency = agencies.get(session, letter.agency_id)
    if not shown.number or agency is None:
        return None
    replacement = session.get(Letter, letter.replaced_by) if letter.replaced_by is not None else None
    made = [each for each in signatures.of_letter(session, letter.id) if each.status is SignatureState.ACTIVE]
    return RegisteredLetter(
        agency=_agency_view(services, agency),
        number=letter.number,
        date=letter.date if letter.number is not None else None,
        registered_at=letter.released_at or letter.updated_at,
        status=public_status(letter),
        classification=letter.classification,
        subject=letter.subject if shown.subject else None,
        signatures=tuple(_registered_signature(each, _kind(session, each)) for each in made) if shown.subject else None,
        pages=letter.pages if shown.preview else None,
        withdrawn_at=letter.withdrawn_at,
        replaced_by=address(services, agency, replacement.code) if replacement is not None else None,
    )


def public_status(letter: Letter) -> Literal["signed", "withdrawn", "replaced"]:
    """What the public is told of a released letter: while another official signs it, it stays in force."""
    if letter.status is Status.WITHDRAWN:
        return "withdrawn"
    return "replaced" if letter.status is Status.REPLACED else "signed"


def _agency_view(services: Services, agency: Agency) -> AgencyView:
    return AgencyView(slug=agency.slug, name=agency.name, timezone=agency.timezone or services.settings.timezone)


def _kind(session: Session, signature: Signature) -> Literal["person", "seal"]:
    return session.get_one(Signer, signature.signer_id).kind.value


def _signature_view(signature: Signature, kind: Literal["person", "seal"]) -> SignatureView:
    place = None
    if signature.box is not None and signature.page is not None:
        left, bottom, right, top = (round(value, 2) for value in signature.box)
        place = BoxView(page=signature.page, left=left, bottom=bottom, right=right, top=top)
    return SignatureView(
        ordinal=signature.ordinal,
        signer=SignerView(
            id=signature.signer_id,
            kind=kind,
            name=signature.signer_name,
            office=signature.signer_office,
            capacity=signature.signer_capacity,
        ),
        field=signature.field_name,
        profile=signature.profile,
        level=signature.level,
        signed_at=signature.signed_at,
        timestamp_at=signature.timestamp_at,
        place=place,
        certificate=CertificateView(
            subject=signature.subject_name,
            organisation=signature.subject_organisation,
            issuer=signature.issuer_name,
            fingerprint=signature.certificate_sha256,
        ),
        revision_sha256=signature.revision_sha256,
    )


def _registered_signature(signature: Signature, kind: Literal["person", "seal"]) -> RegisteredSignature:
    return RegisteredSignature(
        kind=kind,
        name=signature.signer_name,
        office=signature.signer_office,
        capacity=signature.signer_capacity,
        signed_at=signature.signed_at,
        level=signature.level,
        issuer=signature.issuer_name,
    )


def _awaited(
    session: Session, letter: Letter, plan: Sequence[Planned], made: Sequence[Signature]
) -> tuple[SignerView, ...]:
    signed = {signature.signer_id for signature in made}
    waiting = [each.signer_id for each in plan if each.signer_id not in signed]
    rows = [signers.get(session, letter.agency_id, signer_id) for signer_id in waiting]
    return tuple(
        SignerView(id=row.id, kind=row.kind.value, name=row.name, office=row.office, capacity=row.capacity)
        for row in rows
    )


def _reaches(reached: LevelReached, asked: Level) -> bool:
    return reached in _LEVELS and _LEVELS.index(reached) >= _LEVELS.index(LevelReached(asked))


_LEVELS = [LevelReached(level) for level in Level]
"""Of PAdES, the least first; plain CMS is none of them."""


def _warnings(session: Session, letter: Letter, made: Sequence[Signature]) -> tuple[str, ...]:
    found = [
        f"signature {each.ordinal} reached {each.level} and not {each.profile}"
        for each in made
        if not _reaches(each.level, each.profile)
    ]
    others = numbers.others(session, letter) if letter.number is not None else []
    if others and letter.released_at is not None:
        found.append(f"the number is used by {len(others)} other letter(s) of this agency in {letter.year}")
    return tuple(found)
