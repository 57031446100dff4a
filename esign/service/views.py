"""What the use cases give back: the records as callers and citizens see them."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from esign.registry.models import Disclosure, Level
from esign.service.told import Colour, RegisterStatus, Told
from esign.verify.report import Report


class View(BaseModel):
    """A record that is handed out."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class AgencyView(View):
    """The agency (OPD) that a letter belongs to."""

    slug: str
    name: str
    timezone: str
    """IANA name of its zone, in which its letters' times are read."""


class BoxView(View):
    """A stamp's place: points of 1/72 inch on the page as displayed, origin at its lower left."""

    page: int
    """1-based."""
    left: float
    bottom: float
    right: float
    top: float


class CertificateView(View):
    """The certificate that made a signature."""

    subject: str
    """Its common name."""
    organisation: str | None
    issuer: str
    """The common name of its issuer."""
    fingerprint: str
    """SHA-256 of the DER, hexadecimal."""


class CredentialCertificateView(CertificateView):
    """A signer's present certificate."""

    serial: str
    """Hexadecimal."""
    not_before: datetime
    not_after: datetime


class SignerView(View):
    """The official who signed."""

    id: str
    name: str
    office: str | None
    capacity: str | None


class SignatureView(View):
    """One signature of a letter, as registered."""

    ordinal: int
    signer: SignerView
    field: str
    profile: Level
    """The level asked for."""
    level: Level
    """The level reached."""
    signed_at: datetime
    timestamp_at: datetime | None
    """The time of the signature time-stamp; None at B-B."""
    place: BoxView | None
    """None where the signature is invisible."""
    certificate: CertificateView
    revision_sha256: str
    """SHA-256 of the whole file as this signature left it."""


class FileView(View):
    """The newest file of a letter."""

    sha256: str
    size: int
    href: str


class LetterView(View):
    """A letter of the register, as its agency sees it."""

    id: str
    status: Literal["draft", "reserved", "signing", "signed", "failed", "unknown", "withdrawn", "replaced"]
    agency: AgencyView
    number: str
    date: date
    subject: str
    classification: str
    disclosure: Disclosure
    pages: int
    code: str | None
    """The verification code, in groups; None until the letter is signed."""
    address: str | None
    """The address of its verification page, which the QR code holds; None until the letter is signed."""
    file: FileView
    signatures: tuple[SignatureView, ...]
    awaited: tuple[SignerView, ...]
    """The planned signers who have not signed yet, in order."""
    warnings: tuple[str, ...]
    """What was accepted but should be known: a duplicate number, a lowered level, fonts that are not embedded."""
    created_at: datetime
    updated_at: datetime


class LetterPage(View):
    """One page of a list."""

    items: tuple[LetterView, ...]
    next: str | None
    """The cursor of the next page; None on the last."""


class CredentialView(View):
    """A signer's certificate and whether it may sign."""

    signer: SignerView
    authority: str
    status: str
    """ISSUE, EXPIRED, RENEW, WAITING_FOR_VERIFICATION, NEW, NO_CERTIFICATE, NOT_REGISTERED, SUSPEND, REVOKE."""
    may_sign: bool
    certificate: CredentialCertificateView | None
    locked_seconds: int
    """For how long wrong passphrases keep the signer locked; 0 when not locked."""


class ToldView(View):
    """What a person is told, in both languages."""

    colour: Colour
    headline: dict[Literal["id", "en"], str]
    sentence: dict[Literal["id", "en"], str]
    next_step: dict[Literal["id", "en"], str]

    @classmethod
    def of(cls, told: Told) -> "ToldView":
        """The view of one case of the table."""
        return cls(
            colour=told.colour,
            headline={"id": told.headline.id, "en": told.headline.en},
            sentence={"id": told.sentence.id, "en": told.sentence.en},
            next_step={"id": told.next_step.id, "en": told.next_step.en},
        )


class RegisteredSignature(View):
    """A registered signature, as the public sees it."""

    name: str
    office: str | None
    capacity: str | None
    signed_at: datetime
    level: Level
    issuer: str
    """The issuer's common name, from the certificate."""


class RegisteredLetter(View):
    """A registered letter, as far as its classification lets the public see it; None where it does not."""

    agency: AgencyView
    number: str
    date: date
    status: Literal["signed", "withdrawn", "replaced"]
    classification: str
    subject: str | None
    signatures: tuple[RegisteredSignature, ...] | None
    pages: int | None
    """How many page pictures can be seen; None where none may be."""
    withdrawn_at: datetime | None
    replaced_by: str | None
    """The address of the letter that took its place."""


class CodeAnswer(View):
    """The public answer to a verification code."""

    status: RegisterStatus
    told: ToldView
    code: str
    """In groups."""
    letter: RegisteredLetter | None


class FileAnswer(View):
    """The public answer to an uploaded file: the two proofs, apart, and what follows from both."""

    told: ToldView
    register_status: RegisterStatus
    letter: RegisteredLetter | None
    report: Report
