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
    OUT_OF_BOUNDS_NOT_REVOKED = "OUT_OF_BOUNDS_NOT_REVOKED"
    """As before, but revocation data show that the certificate was not revoked while it was valid."""
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
    """In Indonesian."""
    en: str
    """In English."""


class Finding(_Model):
    """One thing that was noticed, by a stable code."""

    code: str
    """Its stable name."""
    severity: Literal["fail", "warn", "inform"]
    """Whether it fails the check, warns, or only informs."""
    message: str
    """In English, for those who look into it."""
    page: int | None = None
    """The page it concerns, counted from 1."""
    box: tuple[float, float, float, float] | None = None
    """Left, bottom, right, top in the page's own user space (as /Rect)."""
    object_number: int | None = None
    """The PDF object that it concerns."""


class CertificateInfo(_Model):
    """A certificate as it may be shown: every NIK in its names is masked."""

    subject: str
    """The name of its holder (RFC 4514)."""
    issuer: str
    """The name of its issuer (RFC 4514)."""
    common_name: str | None = None
    """The holder's common name."""
    organisation: str | None = None
    """The holder's organisation."""
    title: str | None = None
    """The holder's title."""
    serial_number: str
    """The certificate's number in hexadecimal (not the holder's)."""
    not_before: Moment
    """Valid from."""
    not_after: Moment
    """Valid until."""
    sha256: str
    """The fingerprint, in hexadecimal."""
    key: str
    """Algorithm and size, such as ``rsa-2048``."""
    key_usages: tuple[str, ...] = ()
    """What the key is for, in the words of RFC 5280, 4.2.1.3; empty where the certificate doesn't say."""
    signed_with: str | None = None
    """How its issuer signed it: the kind of signature, and the digest where it names one (``ecdsa-sha256``)."""
    seal: bool = False
    """Whether it says that it is of a seal (``Segel Elektronik`` in the description), and not of a person."""
    trusted: bool = False
    """It is a trust anchor."""


class TimestampInfo(_Model):
    """A time-stamp of a signature, inside it or over the document."""

    kind: Literal["signature", "document"]
    """Inside a signature, or over the document."""
    time: Moment | None
    """The time that the token states."""
    imprint_intact: bool
    """The token belongs to these data and its own signature holds."""
    trusted: bool | None
    """Its chain stands at that time; null where trust was left out."""
    authority: str | None = None
    """The common name of the time-stamp authority."""
    indication: Indication
    """Its own indication (EN 319 102-1)."""
    sub_indication: SubIndication | None = None
    """Why it is not passed."""
    findings: tuple[Finding, ...] = ()
    """What was noticed of it."""


class RevocationInfo(_Model):
    """What was relied on to say that a certificate was not revoked."""

    certificate_sha256: str
    """The fingerprint of the certificate that it speaks of."""
    kind: Literal["ocsp", "crl"]
    """An OCSP answer, or a revocation list."""
    origin: Literal["dss", "cms", "given", "fetched"]
    """Found in the DSS or the CMS of the file, given by the caller, or fetched."""
    state: Literal["good", "revoked", "unknown"]
    """What it says."""
    this_update: Moment
    """As of when it speaks."""
    next_update: Moment | None = None
    """When newer data is due."""
    produced_at: Moment
    """When it was made."""
    revoked_at: Moment | None = None
    """When the certificate was revoked."""
    reason: str | None = None
    """Why it was revoked (RFC 5280, 5.3.1)."""
    fresh: bool
    """Whether it is new enough for the proven time (EN 319 102-1, 5.2.5.4)."""
    sha256: str | None = None
    """Of the answer or list itself, as the diagnostic data name it."""


class Integrity(_Model):
    """The three proofs that the bytes are the signed ones. Null: not reached."""

    structure: bool | None = None
    """ByteRange and gap are as they must be."""
    digest: bool | None = None
    """The signed bytes have the signed digest."""
    signature_value: bool | None = None
    """The signature value fits the certificate's key."""

    @property
    def holds(self) -> bool:
        """Whether all three do."""
        return bool(self.structure and self.digest and self.signature_value)


class Changes(_Model):
    """What was changed between the signed revision and the file as it is."""

    state: ChangeState
    """Whether there are any, and whether they were permitted."""
    list: tuple[Finding, ...] = ()
    """Each of them."""


class SignatureReport(_Model):
    """What was found of one signature dictionary."""

    field: str | None
    """The field's full name; null for one that no field holds."""
    kind: SignatureKind
    """What the dictionary is."""
    sub_filter: str | None
    """Its encoding (/SubFilter)."""
    verdict: Verdict
    """The file's verdict if this signature were alone."""
    indication: Indication
    """The main indication (EN 319 102-1)."""
    sub_indication: SubIndication | None
    """Why it is not passed (EN 319 102-1, table 6)."""
    sentence: Sentence
    """What that means, for people."""
    level: Level | None = None
    """The level that was found."""
    signer: CertificateInfo | None = None
    """The certificate that signed."""
    claimed_time: Moment | None = None
    """What the signer says (/M or signing-time): nobody vouches for it."""
    proven_time: Moment | None = None
    """The earliest time at which a trusted time-stamp proves that the signature existed."""
    reason: str | None = None
    """/Reason, as signed."""
    location: str | None = None
    """/Location, as signed."""
    certification: int | None = None
    """/P of DocMDP where this is a certification signature."""
    integrity: Integrity = Integrity()
    """Whether the bytes are the signed ones."""
    changes: Changes = Changes(state=ChangeState.NONE)
    """What was changed since."""
    covers_whole_file: bool = False
    """Whether nothing follows what it signs."""
    byte_range: tuple[int, int, int, int] | None = None
    """/ByteRange."""
    signed_end: int | None = None
    """How many bytes of the file the signed revision has."""
    signed_sha256: str | None = None
    """SHA-256 of the signed revision: the file's first ``signed_end`` bytes."""
    digest_algorithm: str | None = None
    """Of the signed bytes."""
    signature_algorithm: str | None = None
    """Of the signature value."""
    timestamps: tuple[TimestampInfo, ...] = ()
    """Its time-stamps, and those over the document after it."""
    chain: tuple[CertificateInfo, ...] = ()
    """From the signer to the anchor, as far as it was found."""
    revocation: tuple[RevocationInfo, ...] = ()
    """What was relied on about revocation."""
    findings: tuple[Finding, ...] = ()
    """What was noticed of it."""


class FetchRequest(_Model):
    """What would let the report say more: revocation data for a chain that stands, or the issuer that is missing."""

    kind: Literal["ocsp", "crl", "issuer"]
    """An OCSP answer, a revocation list, or the certificate of the issuer."""
    subject: str
    """Of which certificate."""
    urls: tuple[str, ...]
    """Where the certificate says that it is to be had."""
    outcome: str | None = None
    """Why it could not be had, in technical English; null where nobody asked."""
    certificate: bytes = Field(exclude=True, repr=False)
    """DER."""
    chain: tuple[bytes, ...] = Field(default=(), exclude=True, repr=False)
    """DER: its issuer and those above, to the root."""


class Report(_Model):
    """What was found of one file."""

    schema_version: Literal[1] = SCHEMA_VERSION
    """Rises when a field changes its meaning or goes."""
    verdict: Verdict
    """What the machine says of the file."""
    sentence: Sentence
    """What that means, for people."""
    at: Moment
    """The time of validation."""
    integrity_only: bool = False
    """Whether trust was left out."""
    sha256: str
    """Of the whole file."""
    size: int
    """In bytes."""
    policy: str
    """Name and version of the policy applied."""
    policy_sha256: str
    """Of the policy applied."""
    trust_sha256: str
    """Of the trust anchors' fingerprints, so that two reports can be compared."""
    signatures: tuple[SignatureReport, ...] = ()
    """Each signature in the file, in the order of signing."""
    document_timestamps: tuple[TimestampInfo, ...] = ()
    """Those document time-stamps that stand alone, when nothing else is signed."""
    revisions: int = 0
    """How many the file has."""
    findings: tuple[Finding, ...] = ()
    """What concerns the file as a whole."""
    missing: tuple[FetchRequest, ...] = ()
    """What a parent may fetch to do better."""

    @property
    def genuine(self) -> bool:
        """Whether everything asked for was proven of every signature."""
        return self.verdict.good
