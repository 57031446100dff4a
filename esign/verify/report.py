"""What validation found, as data: the one JSON form of API, command line and library.

Words are those of ETSI EN 319 102-1 (indications) and ISO 32000-2 (the file). Times are aware and in UTC.
The form is versioned: `SCHEMA_VERSION` rises by one when a field changes its meaning or goes; added fields
do not raise it.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

SCHEMA_VERSION: Literal[1] = 1


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(_rfc3339, when_used="json")]
"""A time in UTC; in JSON with ``Z``."""


class Verdict(StrEnum):
    """What the machine says of a whole file (verification.md, "The verdict of a file")."""

    GENUINE = "genuine"
    """The rule holds for every signature."""
    INTACT = "intact"
    """The same, where trust was left out."""
    ALTERED = "altered"
    """A digest that does not match, or a change that was not permitted."""
    INVALID = "invalid"
    """A signature that is broken in another way."""
    NOT_EXAMINED = "not_examined"
    """The file could not be examined wholly."""
    UNTRUSTED = "untrusted"
    """Sound, but the chain leads to no known root."""
    INDETERMINATE = "indeterminate"
    """Neither proven nor disproven."""
    UNSIGNED = "unsigned"
    """No signature value anywhere."""

    @property
    def good(self) -> bool:
        """Whether everything asked for was proven."""
        return self in (Verdict.GENUINE, Verdict.INTACT)


_WORST_FIRST = (
    Verdict.ALTERED,
    Verdict.INVALID,
    Verdict.NOT_EXAMINED,
    Verdict.UNTRUSTED,
    Verdict.INDETERMINATE,
    Verdict.GENUINE,
    Verdict.INTACT,
    Verdict.UNSIGNED,
)


def worst(verdicts: list[Verdict]) -> Verdict:
    """The verdict that a file takes of its signatures' ones; unsigned without any."""
    return min(verdicts, key=_WORST_FIRST.index, default=Verdict.UNSIGNED)


class Indication(StrEnum):
    """The main indications of EN 319 102-1, table 5."""

    TOTAL_PASSED = "TOTAL_PASSED"
    TOTAL_FAILED = "TOTAL_FAILED"
    INDETERMINATE = "INDETERMINATE"


class SubIndication(StrEnum):
    """The sub-indications of EN 319 102-1, table 6, that we give."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    POLICY_PROCESSING_ERROR = "POLICY_PROCESSING_ERROR"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    REVOKED_CA_NO_POE = "REVOKED_CA_NO_POE"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    NO_POE = "NO_POE"
    TRY_LATER = "TRY_LATER"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"
    GENERIC = "GENERIC"


class SignatureKind(StrEnum):
    """What a signature dictionary is."""

    SIGNATURE = "signature"
    DOCUMENT_TIMESTAMP = "document_timestamp"
    NOT_UNDERSTOOD = "not_understood"
    """Its /SubFilter or its CMS is beyond us; it is listed all the same."""


class ChangeState(StrEnum):
    """What was done to the file since a signature."""

    NONE = "none"
    PERMITTED = "permitted"
    SUSPICIOUS = "suspicious"


class Level(StrEnum):
    """The level that a signature reaches (EN 319 142-1, 6; PKCS#7 for what is not PAdES)."""

    PADES_B_B = "PAdES B-B"
    PADES_B_T = "PAdES B-T"
    PADES_B_LT = "PAdES B-LT"
    PADES_B_LTA = "PAdES B-LTA"
    PKCS7_B = "PKCS#7-B"
    PKCS7_T = "PKCS#7-T"
    PKCS7_LT = "PKCS#7-LT"
    PKCS7_LTA = "PKCS#7-LTA"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Sentence(_Model):
    """One plain sentence, in Indonesian and in English."""

    id: str
    en: str


class Finding(_Model):
    """One thing that was noticed, by a stable code."""

    code: str
    severity: Literal["fail", "warn", "inform"]
    message: str
    """In English, for those who look into it."""
    page: int | None = None
    """The page it concerns, counted from 1."""
    box: tuple[float, float, float, float] | None = None
    """Left, bottom, right, top in the page's own user space (as /Rect)."""
    object_number: int | None = None


class CertificateInfo(_Model):
    """A certificate as it may be shown: every NIK in its names is masked."""

    subject: str
    issuer: str
    common_name: str | None = None
    organisation: str | None = None
    title: str | None = None
    serial_number: str
    """The certificate's number in hexadecimal (not the holder's)."""
    not_before: Moment
    not_after: Moment
    sha256: str
    """The fingerprint, in hexadecimal."""
    key: str
    """Algorithm and size, such as ``rsa-2048``."""
    trusted: bool = False
    """It is a trust anchor."""


class TimestampInfo(_Model):
    """A time-stamp of a signature, inside it or over the document."""

    kind: Literal["signature", "document"]
    time: Moment | None
    """The time that the token states."""
    imprint_intact: bool
    """The token belongs to these data and its own signature holds."""
    trusted: bool | None
    """Its chain stands at that time; null where trust was left out."""
    authority: str | None = None
    indication: Indication
    sub_indication: SubIndication | None = None
    findings: tuple[Finding, ...] = ()


class RevocationInfo(_Model):
    """What was relied on to say that a certificate was not revoked."""

    certificate_sha256: str
    kind: Literal["ocsp", "crl"]
    origin: Literal["dss", "cms", "given", "fetched"]
    state: Literal["good", "revoked", "unknown"]
    this_update: Moment
    next_update: Moment | None = None
    produced_at: Moment
    revoked_at: Moment | None = None
    reason: str | None = None
    fresh: bool


class Integrity(_Model):
    """The three proofs that the bytes are the signed ones. Null: not reached."""

    structure: bool | None = None
    digest: bool | None = None
    signature_value: bool | None = None

    @property
    def holds(self) -> bool:
        """Whether all three do."""
        return bool(self.structure and self.digest and self.signature_value)


class Changes(_Model):
    """What was changed between the signed revision and the file as it is."""

    state: ChangeState
    list: tuple[Finding, ...] = ()


class SignatureReport(_Model):
    """What was found of one signature dictionary."""

    field: str | None
    """The field's full name; null for one that no field holds."""
    kind: SignatureKind
    sub_filter: str | None
    verdict: Verdict
    """The file's verdict if this signature were alone."""
    indication: Indication
    sub_indication: SubIndication | None
    sentence: Sentence
    level: Level | None = None
    signer: CertificateInfo | None = None
    claimed_time: Moment | None = None
    """What the signer says (/M or signing-time): nobody vouches for it."""
    proven_time: Moment | None = None
    """The earliest time at which a trusted time-stamp proves that the signature existed."""
    reason: str | None = None
    location: str | None = None
    certification: int | None = None
    """/P of DocMDP where this is a certification signature."""
    integrity: Integrity = Integrity()
    changes: Changes = Changes(state=ChangeState.NONE)
    covers_whole_file: bool = False
    byte_range: tuple[int, int, int, int] | None = None
    signed_end: int | None = None
    """How many bytes of the file the signed revision has."""
    signed_sha256: str | None = None
    """SHA-256 of the signed revision: the file's first ``signed_end`` bytes."""
    digest_algorithm: str | None = None
    signature_algorithm: str | None = None
    timestamps: tuple[TimestampInfo, ...] = ()
    chain: tuple[CertificateInfo, ...] = ()
    """From the signer to the anchor, as far as it was found."""
    revocation: tuple[RevocationInfo, ...] = ()
    findings: tuple[Finding, ...] = ()


class FetchRequest(_Model):
    """Revocation data that would let the report say more, for a certificate whose chain stands."""

    kind: Literal["ocsp", "crl"]
    subject: str
    urls: tuple[str, ...]
    certificate: bytes = Field(exclude=True, repr=False)
    """DER."""
    issuer: bytes = Field(exclude=True, repr=False)
    """DER."""


class Report(_Model):
    """What was found of one file."""

    schema_version: Literal[1] = SCHEMA_VERSION
    verdict: Verdict
    sentence: Sentence
    at: Moment
    """The time of validation."""
    integrity_only: bool = False
    sha256: str
    """Of the whole file."""
    size: int
    """In bytes."""
    policy: str
    """Name and version of the policy applied."""
    policy_sha256: str
    trust_sha256: str
    """Of the trust anchors' fingerprints, so that two reports can be compared."""
    signatures: tuple[SignatureReport, ...] = ()
    document_timestamps: tuple[TimestampInfo, ...] = ()
    """Those document time-stamps that stand alone, when nothing else is signed."""
    revisions: int = 0
    findings: tuple[Finding, ...] = ()
    """What concerns the file as a whole."""
    missing: tuple[FetchRequest, ...] = ()
    """What a parent may fetch to do better."""

    @property
    def genuine(self) -> bool:
        """Whether everything asked for was proven of every signature."""
        return self.verdict.good
