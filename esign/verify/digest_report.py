"""A check without the file, as data: what is sent in its place, and what can be said then.

No conclusion here calls a file genuine: its bytes were never seen.
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from esign.verify.report import (
    CertificateInfo,
    FetchRequest,
    Finding,
    Indication,
    Moment,
    RevocationInfo,
    Sentence,
    SignatureKind,
    SubIndication,
    TimestampInfo,
)

MAX_SIGNATURES = 64
MAX_ITEMS = 256
MAX_CMS = 512 * 1024
"""Bytes of one CMS, certificate, OCSP answer or CRL."""


def _decoded(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return b64decode(value, validate=True)
    except (Base64Error, ValueError):
        raise ValueError("it is not base64") from None


def _encoded(value: bytes) -> str:
    return b64encode(value).decode()


Octets = Annotated[
    bytes,
    BeforeValidator(_decoded, json_schema_input_type=str),
    PlainSerializer(_encoded, return_type=str),
    Field(min_length=1, max_length=MAX_CMS),
]
"""Bytes, in base64."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 in small hexadecimal digits."""


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class DigestedSignature(_Said):
    """One signature of a file that stays where it is."""

    cms: Octets
    """/Contents of the signature dictionary, in base64: the CMS message, zero padding included or not."""
    digest_algorithm: Literal[
        "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha512_224", "sha512_256", "sha3_224", "sha3_256",
        "sha3_384", "sha3_512",
    ]  # fmt: skip
    """The algorithm of ``digest``: the one that the CMS names."""
    digest: Annotated[str, Field(pattern=r"^(?:[0-9a-f]{2}){16,64}$")]
    """The digest of the bytes that /ByteRange encloses, in small hexadecimal digits."""
    sub_filter: Literal["ETSI.CAdES.detached", "adbe.pkcs7.detached", "ETSI.RFC3161"] = "adbe.pkcs7.detached"
    """/SubFilter; PAdES demands more of a signature than what is left out here."""
    field: Annotated[str, Field(max_length=500)] | None = None
    """What the signature is called in the answer."""


class DigestRequest(_Said):
    """What is sent instead of a file."""

    signatures: Annotated[tuple[DigestedSignature, ...], Field(min_length=1, max_length=MAX_SIGNATURES)]
    """In the order of the file."""
    file_sha256: Sha256 | None = None
    """SHA-256 of the whole file: the register is asked for it."""
    revision_sha256: Annotated[tuple[Sha256, ...], Field(max_length=200)] = ()
    """SHA-256 of the file's earlier revisions: the register is asked for them too."""
    certificates: Annotated[tuple[Octets, ...], Field(max_length=MAX_ITEMS)] = ()
    """Certificates of the file's security store (DSS), DER in base64."""
    ocsps: Annotated[tuple[Octets, ...], Field(max_length=MAX_ITEMS)] = ()
    """OCSP answers of the store."""
    crls: Annotated[tuple[Octets, ...], Field(max_length=MAX_ITEMS)] = ()
    """CRLs of the store."""


class DigestConclusion(StrEnum):
    """What follows for all signatures together; about the file it says nothing."""

    SIGNATURES_HOLD = "signatures_hold"
    """Each was made over the digest that was sent, by a certificate that held."""
    SIGNATURES_FAIL = "signatures_fail"
    """At least one was not, or is broken."""
    UNTRUSTED = "untrusted"
    """Each was made over its digest; a chain leads to no known root."""
    INDETERMINATE = "indeterminate"
    """Neither proven nor disproven."""
    NOT_EXAMINED = "not_examined"
    """The limits of time or memory were reached."""


class DigestSignatureReport(_Said):
    """What was found of one signature."""

    field: str | None
    """As it was called in the request."""
    kind: SignatureKind
    """A signature, a document time-stamp, or beyond us."""
    digest_matches: bool | None
    """It signs the digest that was sent. Null: not reached."""
    value_holds: bool | None
    """The signature value fits the certificate's key. Null: not reached."""
    indication: Indication
    """Of the signature over that digest (EN 319 102-1); what only the file can show is not part of it."""
    sub_indication: SubIndication | None
    """Why it is not passed."""
    sentence: Sentence
    """What that means, for people."""
    signer: CertificateInfo | None = None
    """The certificate that signed."""
    claimed_time: Moment | None = None
    """signing-time of the CMS: nobody vouches for it."""
    proven_time: Moment | None = None
    """The earliest time at which a trusted time-stamp inside the CMS proves that the signature existed."""
    digest_algorithm: str | None = None
    """Of the signed bytes."""
    signature_algorithm: str | None = None
    """Of the signature value."""
    timestamps: tuple[TimestampInfo, ...] = ()
    """Those inside the CMS."""
    chain: tuple[CertificateInfo, ...] = ()
    """From the signer to the anchor, as far as it was found."""
    revocation: tuple[RevocationInfo, ...] = ()
    """What was relied on about revocation."""
    findings: tuple[Finding, ...] = ()
    """What was noticed of it."""


class DigestReport(_Said):
    """What can be said without the file, and what can't."""

    schema_version: Literal[1] = 1
    """Rises when a field changes its meaning or goes."""
    conclusion: DigestConclusion
    """Of the signatures together. Never that the file is genuine."""
    sentence: Sentence
    """What that means, for people."""
    at: Moment
    """The time of validation."""
    policy: str
    """Name and version of the policy applied."""
    policy_sha256: str
    """Of the policy applied."""
    trust_sha256: str
    """Of the trust anchors' fingerprints."""
    signatures: tuple[DigestSignatureReport, ...] = ()
    """Each of them, in the order of the request."""
    not_examined: tuple[str, ...] = (
        "content: whether the digests are those of the letter that a reader shows",
        "structure: ByteRange, gap and revisions, by which a file can show other things than were signed",
        "changes: what was added after a signature, and what it covers",
        "document time-stamps: what they cover, and so the archive level",
    )
    """What only the file can show."""
    missing: tuple[FetchRequest, ...] = ()
    """What would let the report say more."""
