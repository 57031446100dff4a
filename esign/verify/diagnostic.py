"""The form of the diagnostic data: all that a validation was given to judge by, each with its origin and its users.

Everything is named by its SHA-256. Names are masked as everywhere; the octets themselves are left out unless asked for:
a certificate holds its holder's NIK.
"""

from typing import Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict

from esign.verify.report import CertificateInfo, Moment, SignatureKind

SCHEMA_VERSION: Literal[1] = 1

Origin = Literal["dss", "cms", "given", "fetched", "trust", "ocsp"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class OriginInfo(_Model):
    """Where something came from."""

    origin: Origin
    """The file's DSS, the CMS of a signature, the caller, the network, the trust store, or an OCSP answer."""
    signature: int | None = None
    """The signature whose CMS brought it (or whose time-stamp did), by number."""
    object: str | None = None
    """The OCSP answer that brought it: SHA-256, in hexadecimal."""


class CertificateData(_Model):
    """A certificate that was known to the validation."""

    sha256: str
    """Its name in these data: SHA-256, in hexadecimal."""
    origins: tuple[OriginInfo, ...]
    """Where it came from."""
    certificate: CertificateInfo | None
    """What it says; null where it can't be read."""
    signs: tuple[int, ...] = ()
    """The signatures that it made, by number."""
    in_chains_of: tuple[int, ...] = ()
    """The signatures in whose chain it stands, by number."""
    encoded: Base64Bytes | None = None
    """DER, where it was asked for."""


class RevocationData(_Model):
    """An OCSP answer or a CRL that was known to the validation."""

    sha256: str
    """Its name in these data: SHA-256, in hexadecimal."""
    kind: Literal["ocsp", "crl"]
    """An OCSP answer, or a revocation list."""
    origins: tuple[OriginInfo, ...]
    """Where it came from."""
    size: int
    """In bytes."""
    readable: bool
    """Whether it could be decoded."""
    issuer: str | None = None
    """Who made it: the CRL's issuer, the OCSP responder (its name, or its key's hash)."""
    produced_at: Moment | None = None
    """When it was made; of a CRL its thisUpdate."""
    next_update: Moment | None = None
    """When newer data is due."""
    serial_numbers: tuple[str, ...] = ()
    """Of the certificates that an OCSP answer speaks of, in hexadecimal."""
    relied_on_by: tuple[int, ...] = ()
    """The signatures for which it was relied on, by number."""
    encoded: Base64Bytes | None = None
    """DER, where it was asked for."""


class TimestampData(_Model):
    """A time-stamp token."""

    sha256: str
    """Its name in these data: SHA-256 of the token, in hexadecimal."""
    kind: Literal["signature", "document"]
    """Inside a signature, or over the document."""
    signature: int
    """The signature that holds it; of a document time-stamp its own number."""
    number: int
    """Its place among that signature's time-stamps, from 1."""
    time: Moment | None = None
    """The time that it states."""
    serial_number: str | None = None
    """Its number at the authority, in hexadecimal."""
    policy: str | None = None
    """The authority's policy, by object identifier."""
    imprint_algorithm: str | None = None
    """The digest algorithm of what it is over."""
    imprint: str | None = None
    """The digest of what it is over, in hexadecimal."""
    certificate: str | None = None
    """The authority's certificate: SHA-256, in hexadecimal."""
    encoded: Base64Bytes | None = None
    """DER, where it was asked for."""


class RevisionData(_Model):
    """A revision of the file: the first bytes of it, up to an end."""

    number: int
    """From 1, the oldest first."""
    start: int
    """Where it begins, in bytes: the end of the one before."""
    end: int
    """How many bytes the file had with it."""
    size: int
    """How many bytes it added."""
    sha256: str
    """Of the file's first ``end`` bytes, in hexadecimal."""
    signatures: tuple[int, ...] = ()
    """The signatures that cover exactly this much, by number."""


class SignatureData(_Model):
    """What a signature refers to."""

    number: int
    """Its place in the file, from 1, as in the simple report."""
    field: str | None
    """The field's full name."""
    kind: SignatureKind
    """What the dictionary is."""
    object_number: int
    """The PDF object of its dictionary."""
    sub_filter: str | None
    """Its encoding (/SubFilter)."""
    byte_range: tuple[int, int, int, int] | None
    """/ByteRange."""
    cms_sha256: str | None
    """Of /Contents as it is written, zero padding included, in hexadecimal."""
    signed_attributes_sha256: str | None = None
    """Of the signed attributes as they were signed (DER), in hexadecimal."""
    signature_value: str | None = None
    """The signature value, in hexadecimal."""
    digest: str | None = None
    """Of the bytes that /ByteRange names, by the signature's digest algorithm, in hexadecimal."""
    signer: str | None
    """The certificate that signed: SHA-256, in hexadecimal."""
    chain: tuple[str, ...]
    """From the signer to the anchor: SHA-256 of each, in hexadecimal."""
    revocation: tuple[str, ...]
    """The OCSP answers and CRLs relied on: SHA-256 of each, in hexadecimal."""
    timestamps: tuple[str, ...]
    """Its time-stamps: SHA-256 of each, in hexadecimal."""


class Diagnostic(_Model):
    """All that a validation was given to judge by."""

    schema_version: Literal[1] = SCHEMA_VERSION
    """Rises when a field changes its meaning or goes."""
    sha256: str
    """Of the whole file."""
    size: int
    """In bytes."""
    at: Moment
    """The time of validation."""
    policy: str
    """Name and version of the policy applied."""
    policy_sha256: str
    """Of the policy applied."""
    trust_sha256: str
    """Of the trust anchors' fingerprints."""
    signatures: tuple[SignatureData, ...] = ()
    """Each signature, in the order of the file."""
    certificates: tuple[CertificateData, ...] = ()
    """Those of the file, those handed in, and those of the trust store that stand in a chain."""
    revocation: tuple[RevocationData, ...] = ()
    """OCSP answers and CRLs."""
    timestamps: tuple[TimestampData, ...] = ()
    """Time-stamp tokens."""
    revisions: tuple[RevisionData, ...] = ()
    """The file's revisions, the oldest first."""
