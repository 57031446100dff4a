"""What is issued: letters, the numbers they hold, the signatures in them, and the files held back."""

from datetime import date as Date  # noqa: N812  (a letter has a field named date)
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Field

from esign.registry.columns import (
    JsonObject,
    Row,
    UtcDateTime,
    index,
    json_or_null,
    not_blank,
    one_of,
    rule,
    sha256_hex,
    word,
)
from esign.registry.models.parties import Disclosure, Level, LevelReached


class Status(StrEnum):
    """Where a letter stands (design.md, 5.3)."""

    DRAFT = "draft"
    """Handed in; holds no number yet."""
    RESERVED = "reserved"
    """Holds its number until ``reserved_until``; nothing is signed."""
    SIGNING = "signing"
    """One request, and only one, is having it signed."""
    SIGNED = "signed"
    """Released and in force."""
    FAILED = "failed"
    """Surely nothing was signed; its number is free."""
    UNKNOWN = "unknown"
    """The authority was asked to sign and did not answer. Keeps its number until somebody settles it."""
    WITHDRAWN = "withdrawn"
    """Taken back by the agency. Its number stays used."""
    REPLACED = "replaced"
    """Another letter stands in its place."""


UNFINISHED = "status IN ('reserved', 'signing', 'unknown')"
"""The few letters among millions that somebody still has to look after."""


class SignatureState(StrEnum):
    """Whether a signature stands in the register."""

    ACTIVE = "active"
    QUARANTINED = "quarantined"
    """Found unsound after its release."""


class Letter(Row, table=True):
    """A letter (naskah dinas) of an agency."""

    __tablename__ = "letter"
    __table_args__ = (
        index("agency_id", "id"),
        index("agency_id", "year", "number_key"),
        index("original_sha256"),
        sa.Index(
            "ix_letter_unfinished",
            "status",
            "updated_at",
            sqlite_where=sa.text(UNFINISHED),
            postgresql_where=sa.text(UNFINISHED),
        ),
        rule("code", "length(code) = 27 AND trim(code, '0123456789ABCDEFGHJKMNPQRSTVWXYZ') = ''"),
        not_blank("number"),
        not_blank("number_key"),
        not_blank("subject"),
        not_blank("classification"),
        one_of("disclosure", Disclosure),
        one_of("status", Status),
        rule("number_whole", "(number IS NULL) = (number_key IS NULL)"),
        rule("year", "year BETWEEN 1945 AND 9999"),
        rule("pages", "pages > 0"),
        rule("original_size", "original_size > 0"),
        rule("version", "version > 0"),
        sha256_hex("original_sha256"),
        sha256_hex("current_sha256"),
        rule(
            "released_whole",
            "(current_sha256 IS NULL) = (released_at IS NULL) AND (current_size IS NULL) = (released_at IS NULL)",
        ),
        rule("signed_is_released", "status NOT IN ('signed', 'withdrawn', 'replaced') OR released_at IS NOT NULL"),
        rule("unreleased_states", "status NOT IN ('draft', 'reserved', 'failed') OR released_at IS NULL"),
        rule("reserved_has_end", "status <> 'reserved' OR reserved_until IS NOT NULL"),
        rule("withdrawn_is_dated", "status <> 'withdrawn' OR withdrawn_at IS NOT NULL"),
        rule("replaced_is_named", "status <> 'replaced' OR replaced_by IS NOT NULL"),
    )

    id: str = Field(primary_key=True, sa_type=sa.Text)
    agency_id: str = Field(sa_type=sa.Text, foreign_key="agency.id")
    client_id: str | None = Field(sa_type=sa.Text, foreign_key="api_client.id", nullable=True)
    """The program that handed it in."""
    code: str = Field(sa_type=sa.Text, unique=True)
    """Verification code, ungrouped."""
    number: str | None = Field(sa_type=sa.Text, nullable=True)
    """As written on the letter; None where it was handed in without one (BSrE's service has no such field)."""
    number_key: str | None = Field(sa_type=sa.Text, nullable=True)
    """The number as it is compared (`numbers.key`)."""
    year: int = Field(sa_type=sa.Integer)
    """Year of ``date``, within which the number is unique."""
    date: Date = Field(sa_type=sa.Date)
    """The date on the letter; the day of its signing where it was handed in without one."""
    subject: str | None = Field(sa_type=sa.Text, nullable=True)
    classification: str = Field(sa_type=sa.Text)
    """The agency's own word."""
    disclosure: Disclosure = Field(sa_type=word(Disclosure))
    status: Status = Field(sa_type=word(Status))
    drafted: bool = Field(sa_type=sa.Boolean)
    """Handed in as a draft, and a draft again when its signing fails."""
    claim: str | None = Field(sa_type=sa.Text, nullable=True, repr=False)
    """What tells the request that reserved it, so that its own retry takes the reservation over."""
    reserved_until: datetime | None = Field(sa_type=UtcDateTime, nullable=True)
    pages: int = Field(sa_type=sa.Integer)
    original_sha256: str = Field(sa_type=sa.Text)
    """The file as handed in."""
    original_size: int = Field(sa_type=sa.BigInteger)
    certify: bool = Field(sa_type=sa.Boolean)
    """Whether the first signature certifies (DocMDP P=2)."""
    planned_signatures: list[JsonValue] = Field(sa_type=sa.JSON)
    """The signers who follow, with their placements; the form belongs to the service."""
    current_sha256: str | None = Field(sa_type=sa.Text, nullable=True)
    """The newest released file; None before the first."""
    current_size: int | None = Field(sa_type=sa.BigInteger, nullable=True)
    released_at: datetime | None = Field(sa_type=UtcDateTime, nullable=True)
    """When the first signed file was released."""
    withdrawn_at: datetime | None = Field(sa_type=UtcDateTime, nullable=True)
    withdrawn_reason: str | None = Field(sa_type=sa.Text, nullable=True)
    replaced_by: str | None = Field(sa_type=sa.Text, foreign_key="letter.id", nullable=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    version: int = Field(sa_type=sa.Integer)
    """Grows by one with every change of the row."""


class LetterNumber(Row, table=True):
    """The one letter that holds a number. Being unique by its key is what makes a reservation atomic."""

    __tablename__ = "letter_number"

    agency_id: str = Field(primary_key=True, sa_type=sa.Text, foreign_key="agency.id")
    year: int = Field(primary_key=True, sa_type=sa.Integer)
    number_key: str = Field(primary_key=True, sa_type=sa.Text)
    letter_id: str = Field(sa_type=sa.Text, foreign_key="letter.id", unique=True)


class Signature(Row, table=True):
    """One signature of a released letter: who, with what, where, and the file after it."""

    __tablename__ = "signature"
    __table_args__ = (
        sa.UniqueConstraint("letter_id", "ordinal"),
        sa.UniqueConstraint("letter_id", "field_name"),
        rule("ordinal", "ordinal > 0"),
        rule("page", "page > 0"),
        rule("box_has_page", "box IS NULL OR page IS NOT NULL"),
        rule("size", "size > 0"),
        not_blank("field_name"),
        not_blank("signer_name"),
        one_of("profile", Level),
        one_of("level", LevelReached),
        one_of("status", SignatureState),
        sha256_hex("certificate_sha256"),
        sha256_hex("revision_sha256"),
        rule("timestamp_by_level", "level IN ('B-B', 'PKCS7-B') OR timestamp_at IS NOT NULL"),
    )

    id: str = Field(primary_key=True, sa_type=sa.Text)
    letter_id: str = Field(sa_type=sa.Text, foreign_key="letter.id")
    ordinal: int = Field(sa_type=sa.Integer)
    """1 for the first signature that we made in this letter."""
    signer_id: str = Field(sa_type=sa.Text, foreign_key="signer.id", index=True)
    credential_id: str | None = Field(sa_type=sa.Text, foreign_key="credential.id", nullable=True)
    signer_name: str = Field(sa_type=sa.Text)
    """Name, office and capacity at the time of signing: officials move on, letters don't."""
    signer_office: str | None = Field(sa_type=sa.Text, nullable=True)
    signer_capacity: str | None = Field(sa_type=sa.Text, nullable=True)
    field_name: str = Field(sa_type=sa.Text)
    page: int | None = Field(sa_type=sa.Integer, nullable=True)
    """From 1; None for an invisible signature."""
    box: list[float] | None = Field(sa_type=json_or_null(), nullable=True)
    """Left, bottom, right, top in displayed space (points)."""
    profile: Level = Field(sa_type=word(Level))
    """The level asked for."""
    level: LevelReached = Field(sa_type=word(LevelReached))
    """The level reached."""
    certificate_sha256: str = Field(sa_type=sa.Text)
    subject_name: str = Field(sa_type=sa.Text)
    """Common name of the certificate."""
    subject_organisation: str | None = Field(sa_type=sa.Text, nullable=True)
    issuer_name: str = Field(sa_type=sa.Text)
    """Common name of the certificate's issuer."""
    signed_at: datetime = Field(sa_type=UtcDateTime)
    """The claimed time (``/M``)."""
    timestamp_at: datetime | None = Field(sa_type=UtcDateTime, nullable=True)
    """genTime of the signature time-stamp."""
    revision_sha256: str = Field(sa_type=sa.Text, index=True)
    """The whole file after this signature; also its name in the blob store."""
    size: int = Field(sa_type=sa.BigInteger)
    client_id: str | None = Field(sa_type=sa.Text, foreign_key="api_client.id", nullable=True)
    request_id: str = Field(sa_type=sa.Text)
    status: SignatureState = Field(sa_type=word(SignatureState))


class QuarantinedFile(Row, table=True):
    """A signed file that was held back because it did not pass our own check. Kept, and never released."""

    __tablename__ = "quarantined_file"
    __table_args__ = (sha256_hex("sha256"), not_blank("reason"), rule("size", "size > 0"))

    id: str = Field(primary_key=True, sa_type=sa.Text)
    letter_id: str = Field(sa_type=sa.Text, index=True)
    """No foreign key: the letter may be gone."""
    signer_id: str | None = Field(sa_type=sa.Text, nullable=True)
    client_id: str | None = Field(sa_type=sa.Text, nullable=True)
    sha256: str = Field(sa_type=sa.Text, index=True)
    size: int = Field(sa_type=sa.BigInteger)
    reason: str = Field(sa_type=sa.Text)
    """What did not hold, in a word or two."""
    details: JsonObject = Field(sa_type=sa.JSON)
    request_id: str = Field(sa_type=sa.Text)
    at: datetime = Field(sa_type=UtcDateTime)
