"""Who takes part: agencies, their signers, the signers' credentials, and the programs that call us."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from esign.registry.columns import (
    JsonObject,
    Row,
    UtcDateTime,
    json_or_null,
    not_blank,
    one_of,
    rule,
    sha256_hex,
    word,
)

NIK_SEALED_LENGTH = 49
"""Octets of a sealed NIK: version 1, key id 4, nonce 12, ciphertext 16, tag 16."""


class Disclosure(StrEnum):
    """How much of a letter the public page shows (indonesia.md, section 3). Fixed; an agency maps its names to them."""

    PUBLIC = "public"
    """Full fields and page images."""
    LIMITED = "limited"
    """Number, date, agency, status; no image."""
    SECRET = "secret"  # noqa: S105
    """No public page."""
    TOP_SECRET = "top_secret"  # noqa: S105
    """No public page."""


class Level(StrEnum):
    """A PAdES level (EN 319 142-1), asked for or reached."""

    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"
    B_LTA = "B-LTA"


class LevelReached(StrEnum):
    """The level of a signature that was made: PAdES, or plain CMS where another's hand made it (TS 119 142-3)."""

    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"
    B_LTA = "B-LTA"
    PKCS7_B = "PKCS7-B"
    PKCS7_T = "PKCS7-T"
    PKCS7_LT = "PKCS7-LT"


class SignerKind(StrEnum):
    """Who signs: a person, or an agency by its seal."""

    PERSON = "person"
    SEAL = "seal"


class CredentialState(StrEnum):
    """The state of a certificate, in the words of BSrE's service; the same as the authority port's."""

    ISSUE = "ISSUE"
    EXPIRED = "EXPIRED"
    RENEW = "RENEW"
    WAITING_FOR_VERIFICATION = "WAITING_FOR_VERIFICATION"
    NEW = "NEW"
    NO_CERTIFICATE = "NO_CERTIFICATE"
    NOT_REGISTERED = "NOT_REGISTERED"
    SUSPEND = "SUSPEND"
    REVOKE = "REVOKE"


class Scope(StrEnum):
    """What an API client may do, within its agency."""

    LETTERS_SIGN = "letters:sign"
    """Hand in letters and have them signed."""
    LETTERS_READ = "letters:read"
    """Read and search the agency's letters."""
    SIGNERS_READ = "signers:read"
    """Read the agency's signers and the state of their credentials."""
    SIGNERS_REGISTER = "signers:register"
    """Enter persons who then wait for their certificate."""
    HASHES_SIGN = "hashes:sign"
    """Have bare hashes signed, whatever they are of (CSC API): nobody here sees what is signed."""
    ADMIN = "admin"
    """Withdraw letters, and change the agency's signers and clients."""


class Agency(Row, table=True):
    """A local-government agency (OPD) that issues letters, and how it presents itself."""

    __tablename__ = "agency"
    __table_args__ = (
        not_blank("name"),
        rule("slug", "slug = lower(slug) AND length(slug) BETWEEN 2 AND 63"),
        one_of("profile", Level),
    )

    id: str = Field(primary_key=True, sa_type=sa.Text)
    slug: str = Field(sa_type=sa.Text, unique=True)
    """Short name in addresses and commands."""
    name: str = Field(sa_type=sa.Text)
    domain: str = Field(sa_type=sa.Text)
    """The domain printed beside the QR code."""
    timezone: str = Field(sa_type=sa.Text)
    """IANA name of the zone of ``/M`` and of pages."""
    language: str = Field(sa_type=sa.Text)
    """``id`` or ``en``: what stamps speak."""
    stamp: JsonObject = Field(sa_type=sa.JSON)
    """The stamp's theme; its form belongs to pades."""
    footer: bool = Field(sa_type=sa.Boolean)
    """Whether the two footer lines are written on each page."""
    classifications: dict[str, str] = Field(sa_type=sa.JSON)
    """The agency's names of classifications, each with its `Disclosure`."""
    profile: Level | None = Field(sa_type=word(Level), nullable=True)
    """Level of a signature for which none is asked; None takes the setting."""
    authority: str | None = Field(sa_type=sa.Text, nullable=True)
    """Name of the authority of its signers, for whom none is chosen; None takes the default."""
    enabled: bool = Field(sa_type=sa.Boolean)
    created_at: datetime = Field(sa_type=UtcDateTime)

    def disclosure(self, classification: str) -> Disclosure | None:
        """The disclosure level of a classification of this agency; None for a name that it doesn't know."""
        level = self.classifications.get(classification)
        return Disclosure(level) if level is not None else None


class Signer(Row, table=True):
    """An official who signs, or an agency's seal. The NIK is personal data: sealed, and looked up by its HMAC."""

    __tablename__ = "signer"
    __table_args__ = (
        sa.UniqueConstraint("agency_id", "nik_hmac"),
        sa.UniqueConstraint("agency_id", "subscriber"),
        not_blank("name"),
        not_blank("subscriber"),
        one_of("kind", SignerKind),
        sha256_hex("nik_hmac"),
        rule("nik_sealed", f"length(nik_sealed) = {NIK_SEALED_LENGTH}"),
        rule("nik_whole", "(nik_sealed IS NULL) = (nik_hmac IS NULL)"),
        rule("seal_without_nik", "kind <> 'seal' OR nik_hmac IS NULL"),
    )

    id: str = Field(primary_key=True, sa_type=sa.Text)
    agency_id: str = Field(sa_type=sa.Text, foreign_key="agency.id")
    kind: SignerKind = Field(sa_type=word(SignerKind))
    nik_sealed: bytes | None = Field(sa_type=sa.LargeBinary, nullable=True, repr=False)
    """AES-GCM of the 16 digits, bound to this row (`secrets.Keys.seal`); None for a seal, and where it isn't known."""
    nik_hmac: str | None = Field(sa_type=sa.Text, nullable=True, repr=False)
    """HMAC-SHA256 of agency and NIK, hexadecimal."""
    subscriber: str | None = Field(sa_type=sa.Text, nullable=True)
    """BSrE's number of the subscriber (idSubscriber), by which seals are called there."""
    authority: str | None = Field(sa_type=sa.Text, nullable=True)
    """Name of the authority that holds the key; None takes the agency's."""
    nip: str | None = Field(sa_type=sa.Text, nullable=True)
    """Civil servant number, 18 digits."""
    name: str = Field(sa_type=sa.Text)
    office: str | None = Field(sa_type=sa.Text, nullable=True)
    """Jabatan."""
    rank: str | None = Field(sa_type=sa.Text, nullable=True)
    """Pangkat/golongan."""
    capacity: str | None = Field(sa_type=sa.Text, nullable=True)
    """A.n., u.b., Plt. or Plh., with whom, where the official does not sign in his own right."""
    email: str | None = Field(sa_type=sa.Text, nullable=True)
    """Where one-time codes go; of a seal, that of its officer."""
    enabled: bool = Field(sa_type=sa.Boolean)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class Credential(Row, table=True):
    """A signer's certificate at an authority, as last seen there. The authority has the say; this is its shadow."""

    __tablename__ = "credential"
    __table_args__ = (
        sa.UniqueConstraint("signer_id", "authority"),
        sa.UniqueConstraint("authority", "holder"),
        not_blank("holder"),
        one_of("status", CredentialState),
        sha256_hex("certificate_sha256"),
        rule("certificate_whole", "(certificate IS NULL) = (certificate_sha256 IS NULL)"),
    )

    id: str = Field(primary_key=True, sa_type=sa.Text)
    signer_id: str = Field(sa_type=sa.Text, foreign_key="signer.id")
    authority: str = Field(sa_type=sa.Text)
    """The authority's name in settings."""
    holder: str = Field(sa_type=sa.Text)
    """The authority's own name for the signer; never a NIK in the clear."""
    status: CredentialState = Field(sa_type=word(CredentialState))
    certificate: bytes | None = Field(sa_type=sa.LargeBinary, nullable=True, repr=False)
    """DER."""
    certificate_sha256: str | None = Field(sa_type=sa.Text, nullable=True)
    not_before: datetime | None = Field(sa_type=UtcDateTime, nullable=True)
    not_after: datetime | None = Field(sa_type=UtcDateTime, nullable=True)
    checked_at: datetime = Field(sa_type=UtcDateTime)
    """When the authority was asked."""


class ApiClient(Row, table=True):
    """A program of an agency that calls the API. Its key is known only as an HMAC."""

    __tablename__ = "api_client"
    __table_args__ = (
        not_blank("name"),
        not_blank("username"),
        not_blank("classification"),
        sha256_hex("key_hmac"),
        rule("basic_whole", "(username IS NULL) = (password_hash IS NULL)"),
    )

    id: str = Field(primary_key=True, sa_type=sa.Text)
    agency_id: str = Field(sa_type=sa.Text, foreign_key="agency.id", index=True)
    name: str = Field(sa_type=sa.Text)
    key_prefix: str = Field(sa_type=sa.Text)
    """The first characters of the key, by which people tell keys apart."""
    key_hmac: str = Field(sa_type=sa.Text, unique=True, repr=False)
    scopes: list[str] = Field(sa_type=sa.JSON)
    networks: list[str] | None = Field(sa_type=json_or_null(), nullable=True)
    """CIDR networks it may call from; None for any."""
    username: str | None = Field(sa_type=sa.Text, unique=True, nullable=True)
    """Its name for HTTP Basic, at the API of BSrE's service; None: not admitted there."""
    password_hash: str | None = Field(sa_type=sa.Text, nullable=True, repr=False)
    """Of the password beside it, under the server key; its form belongs to the registry."""
    classification: str | None = Field(sa_type=sa.Text, nullable=True)
    """Classification of letters that it hands in without one; None takes what the service has for that."""
    bsre: JsonObject | None = Field(sa_type=json_or_null(), nullable=True)
    """How it speaks the API of BSrE's service, where others speak it otherwise; the form belongs to the service."""
    enabled: bool = Field(sa_type=sa.Boolean)
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(sa_type=UtcDateTime, nullable=True)
    """To within five minutes."""
