"""Signatures: what the register knows of each one in a released letter, and the files that were held back."""

from datetime import datetime
from typing import Self

import sqlalchemy as sa
from pydantic import Field, model_validator
from sqlalchemy.orm import Session
from sqlmodel import col

from esign.registry import ids
from esign.registry.columns import JsonObject
from esign.registry.inputs import Input, Line, Sha256
from esign.registry.models import Letter, Level, LevelReached, QuarantinedFile, Signature, SignatureState


class NewSignature(Input):
    """A signature to be entered."""

    signer_id: str
    credential_id: str | None
    signer_name: Line
    """As on the letter, at the time of signing."""
    signer_office: Line | None = None
    signer_capacity: Line | None = None
    field_name: str = Field(min_length=1)
    page: int | None = Field(default=None, ge=1)
    """From 1; None for an invisible signature."""
    box: tuple[float, float, float, float] | None = None
    """Left, bottom, right, top in displayed space, points."""
    profile: Level
    """Asked for."""
    level: LevelReached
    """Reached."""
    certificate_sha256: Sha256
    subject_name: str = Field(min_length=1)
    subject_organisation: str | None = None
    issuer_name: str = Field(min_length=1)
    signed_at: datetime
    timestamp_at: datetime | None = None
    revision_sha256: Sha256
    """The whole file after this signature."""
    size: int = Field(ge=1)
    client_id: str | None
    request_id: str

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.box is not None and (self.page is None or self.box[0] >= self.box[2] or self.box[1] >= self.box[3]):
            raise ValueError("a box has a page, and left < right, bottom < top")
        if self.level not in (LevelReached.B_B, LevelReached.PKCS7_B) and self.timestamp_at is None:
            raise ValueError("above B-B there is a time-stamp")
        return self


class Quarantined(Input):
    """A signed file that did not pass our own check."""

    letter_id: str
    signer_id: str | None
    client_id: str | None
    sha256: Sha256
    size: int = Field(ge=1)
    reason: Line
    details: JsonObject = Field(default_factory=dict)
    request_id: str


def add(session: Session, letter: Letter, new: NewSignature) -> Signature:
    """Enters a signature as the next of its letter. `states.release` does, in the letter's own change."""
    last = session.scalar(sa.select(sa.func.max(col(Signature.ordinal))).where(col(Signature.letter_id) == letter.id))
    signature = Signature(
        id=ids.new(),
        letter_id=letter.id,
        ordinal=(last or 0) + 1,
        box=list(new.box) if new.box is not None else None,
        status=SignatureState.ACTIVE,
        **new.model_dump(exclude={"box"}),
    )
    session.add(signature)
    session.flush()
    return signature


def of_letter(session: Session, letter_id: str) -> list[Signature]:
    """The letter's signatures in order, quarantined ones too."""
    query = sa.select(Signature).where(col(Signature.letter_id) == letter_id).order_by(col(Signature.ordinal))
    return list(session.scalars(query))


def quarantine(session: Session, file: Quarantined, at: datetime) -> QuarantinedFile:
    """Enters a file that is held back. Its bytes are in the blob store, and no endpoint gives them out."""
    row = QuarantinedFile(id=ids.new(), at=at, **file.model_dump())
    session.add(row)
    session.flush()
    return row


def quarantined(session: Session) -> list[QuarantinedFile]:
    """All files that are held back, oldest first."""
    return list(session.scalars(sa.select(QuarantinedFile).order_by(col(QuarantinedFile.id))))
