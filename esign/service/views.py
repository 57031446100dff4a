"""What the use cases give back: the records as callers and citizens see them."""

from datetime import date as Date  # noqa: N812  (a letter has a field named date)
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from esign.registry.models import Disclosure, Level, LevelReached
from esign.service.told import Colour, RegisterStatus, Told
from esign.verify.detailed import DetailedReport
from esign.verify.diagnostic import Diagnostic
from esign.verify.digest_report import DigestReport
from esign.verify.report import Report


class View(BaseModel):
    """A record that is handed out."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class AgencyView(View):
    """The agency (OPD) that a letter belongs to."""

    slug: str
    """Its short name, in addresses and commands."""
    name: str
    """Its name, as its letters bear it."""
    timezone: str
    """IANA name of its zone, in which its letters' times are read."""


class BoxView(View):
    """A stamp's place: points of 1/72 inch on the page as displayed, origin at its lower left."""

    page: int
    """1-based."""
    left: float
    """From the left of the page."""
    bottom: float
    """From its bottom."""
    right: float
    """From the left of the page."""
    top: float
    """From its bottom."""


class CertificateView(View):
    """The certificate that made a signature."""

    subject: str | None
    """Its common name."""
    organisation: str | None
    """The organisation in the certificate."""
    issuer: str
    """The common name of its issuer."""
    fingerprint: str
    """SHA-256 of the DER, hexadecimal."""


class CredentialCertificateView(CertificateView):
    """A signer's present certificate."""

    serial: str
    """Hexadecimal."""
    not_before: datetime
    """Valid from."""
    not_after: datetime
    """Valid until."""


class SignerView(View):
    """The official who signed, or the seal."""

    id: str
    """His id in the register."""
    kind: Literal["person", "seal"] = "person"
    """A person, or the seal of an agency."""
    name: str
    """His name, as the stamp shows it."""
    office: str | None
    """Jabatan."""
    capacity: str | None
    """In whose place he signs: a.n., u.b., Plt., Plh."""


class SignatureView(View):
    """One signature of a letter, as registered."""

    ordinal: int
    """1 is the first."""
    signer: SignerView
    """Who signed."""
    field: str
    """The signature field's name in the PDF."""
    profile: Level
    """The level asked for."""
    level: LevelReached
    """The level reached."""
    signed_at: datetime
    """When, by the service's clock."""
    timestamp_at: datetime | None
    """The time of the signature time-stamp; None at B-B."""
    place: BoxView | None
    """None where the signature is invisible."""
    certificate: CertificateView
    """With which certificate."""
    revision_sha256: str
    """SHA-256 of the whole file as this signature left it."""


class FileView(View):
    """The newest file of a letter."""

    sha256: str
    """SHA-256, hexadecimal."""
    size: int
    """Bytes."""
    href: str
    """Where it is, relative to this service."""


class LetterView(View):
    """A letter of the register, as its agency sees it."""

    id: str
    """Its id."""
    status: Literal["draft", "reserved", "signing", "signed", "failed", "unknown", "withdrawn", "replaced"]
    """Where it stands."""
    agency: AgencyView
    """Whose it is."""
    number: str | None
    """Nomor surat; None where the letter was handed in without one."""
    date: Date | None
    """The date that is printed on it; None where the letter was handed in without one."""
    subject: str | None
    """Perihal."""
    classification: str
    """Sifat, by the agency's own name."""
    disclosure: Disclosure
    """What the public may see of a letter of this classification."""
    pages: int
    """How many it has."""
    code: str | None
    """The verification code, in groups; None until the letter is signed."""
    address: str | None
    """The address of its verification page, which the QR code holds; None until the letter is signed."""
    file: FileView
    """Its newest file."""
    signatures: tuple[SignatureView, ...]
    """Its signatures, in order."""
    awaited: tuple[SignerView, ...]
    """The planned signers who have not signed yet, in order."""
    warnings: tuple[str, ...]
    """What was accepted but should be known: a duplicate number, a lowered level, fonts that are not embedded."""
    created_at: datetime
    """When it was handed in."""
    updated_at: datetime
    """When it last changed."""


class LetterPage(View):
    """One page of a list."""

    items: tuple[LetterView, ...]
    """The letters, newest first."""
    next: str | None
    """The cursor of the next page; None on the last."""


class CodeSentView(View):
    """A one-time code that is on its way to the official. The code itself is told to nobody else."""

    signer: SignerView
    """To whom."""
    authority: str
    """Who sent it."""
    signatures: int
    """For how many signatures it is good."""


class CredentialView(View):
    """A signer's certificate and whether it may sign."""

    signer: SignerView
    """Whose it is."""
    authority: str
    """Who holds his key."""
    status: str
    """ISSUE, EXPIRED, RENEW, WAITING_FOR_VERIFICATION, NEW, NO_CERTIFICATE, NOT_REGISTERED, SUSPEND, REVOKE."""
    may_sign: bool
    """Whether a signature asked for now would be made."""
    certificate: CredentialCertificateView | None
    """The present certificate; None without one."""
    locked_seconds: int
    """For how long wrong passphrases keep the signer locked; 0 when not locked."""


class ToldView(View):
    """What a person is told, in both languages."""

    colour: Colour
    """How much may be relied on the letter."""
    headline: dict[Literal["id", "en"], str]
    """In a few words."""
    sentence: dict[Literal["id", "en"], str]
    """What is known, and what is not."""
    next_step: dict[Literal["id", "en"], str]
    """What to do now."""

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

    kind: Literal["person", "seal"] = "person"
    """A person, or the seal of an agency."""
    name: str
    """Who signed."""
    office: str | None
    """Jabatan."""
    capacity: str | None
    """In whose place: a.n., u.b., Plt., Plh."""
    signed_at: datetime
    """When, by the service's clock."""
    level: LevelReached
    """The PAdES level that it reached."""
    issuer: str
    """The issuer's common name, from the certificate."""


class RegisteredLetter(View):
    """A registered letter, as far as its classification lets the public see it; None where it does not."""

    agency: AgencyView
    """Who issued it."""
    number: str | None
    """Nomor surat."""
    date: Date | None
    """The date that is printed on it; None where the letter was handed in without one."""
    status: Literal["signed", "withdrawn", "replaced"]
    """Whether it is in force."""
    classification: str
    """Sifat, by the agency's own name."""
    subject: str | None
    """Perihal."""
    signatures: tuple[RegisteredSignature, ...] | None
    """Who signed it, in order."""
    pages: int | None
    """How many page pictures can be seen; None where none may be."""
    registered_at: datetime
    """When the agency's service released it, signed."""
    withdrawn_at: datetime | None
    """When it was withdrawn."""
    replaced_by: str | None
    """The address of the letter that took its place."""


class CodeAnswer(View):
    """The public answer to a verification code."""

    status: RegisterStatus
    """What the register knows of the code."""
    told: ToldView
    """What follows, in words for people. Never green: a code can be copied."""
    code: str
    """In groups."""
    letter: RegisteredLetter | None
    """The registered letter, as far as it may be shown."""


class FileAnswer(View):
    """The public answer to an uploaded file: the two proofs, apart, and what follows from both."""

    told: ToldView
    """What follows from both proofs, in words for people."""
    register_status: RegisterStatus
    """The second proof: what the register knows of the file."""
    letter: RegisteredLetter | None
    """The registered letter, as far as it may be shown."""
    report: Report
    """The first proof: what cryptography says of the bytes."""
    detailed: DetailedReport | None = None
    """Every check that was made. Where it was asked for."""
    diagnostic: Diagnostic | None = None
    """All that there was to judge by. Where it was asked for."""


class DigestAnswer(View):
    """The public answer to digests that were sent in the place of a file. It never says that the file is genuine."""

    register_status: RegisterStatus | None
    """What the register knows of the hashes that were sent; null where none was."""
    letter: RegisteredLetter | None
    """The registered letter, as far as it may be shown."""
    report: DigestReport
    """What the signatures are worth over the digests that were sent, and what was not examined."""
