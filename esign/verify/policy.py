"""What validation demands: algorithms by date, key purposes, freshness. Data, so that a report can name it by hash."""

import hashlib
import itertools
import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

from asn1crypto import algos, keys, x509

from esign.x509.rejection import NotSupported
from esign.x509.signatures import kind_and_digest


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


_NEVER = datetime.min.replace(tzinfo=UTC)

DIGESTS_UNTIL: dict[str, datetime | None] = {
    "sha1": _day("2012-08-01"),
    "sha224": _day("2023-01-01"),
    "sha512_224": _day("2023-01-01"),
    "sha3_224": _day("2023-01-01"),
    "sha256": None,
    "sha384": None,
    "sha512": None,
    "sha512_256": None,
    "sha3_256": None,
    "sha3_384": None,
    "sha3_512": None,
}
"""Until when a digest algorithm was thought safe (TS 119 312); None: still. What isn't listed never was (MD5)."""

KEYS_UNTIL: tuple[tuple[str, int, datetime | None], ...] = (
    ("rsa", 2048, None),
    ("rsa", 1536, _day("2011-01-01")),
    ("rsa", 1024, _day("2009-08-01")),
    ("ec", 256, None),
    ("ec", 224, _day("2021-01-01")),
    ("dsa", 2048, _day("2026-01-01")),
    ("dsa", 1024, _day("2009-08-01")),
    ("ed25519", 0, None),
    ("ed448", 0, None),
)
"""Kind of key, least size in bits, until when; the first row that fits counts. What fits none never was safe."""

DOCUMENT_SIGNING_PURPOSES = (
    "2.5.29.37.0",  # any
    "1.3.6.1.5.5.7.3.36",  # RFC 9336 document signing
    "1.2.840.113583.1.1.5",  # Adobe authentic documents
    "1.3.6.1.4.1.311.10.3.12",  # Microsoft document signing
    "1.3.6.1.5.5.7.3.4",  # e-mail protection
)
"""Extended key usages one of which a signer's certificate must have, where it has any."""


@dataclass(frozen=True)
class Policy:
    """The demands of one validation."""

    name: str = "esign-strict"
    version: int = 1
    digests_until: dict[str, datetime | None] = field(default_factory=lambda: dict(DIGESTS_UNTIL))
    keys_until: tuple[tuple[str, int, datetime | None], ...] = KEYS_UNTIL
    purposes: tuple[str, ...] = DOCUMENT_SIGNING_PURPOSES
    longest_freshness: timedelta | None = None
    """F of rule 8; None: the answer's own nextUpdate − thisUpdate."""
    tolerance: timedelta = timedelta(seconds=60)
    """By how much clocks may differ."""
    max_signatures: int = 256

    @property
    def sha256(self) -> str:
        """The policy's own hash, in hexadecimal."""
        return hashlib.sha256(json.dumps(asdict(self), default=str, sort_keys=True).encode()).hexdigest()

    @property
    def title(self) -> str:
        """Name and version."""
        return f"{self.name}/{self.version}"

    def digest_until(self, name: str) -> datetime | None:
        """Until when the digest algorithm counts; None without end."""
        return self.digests_until.get(name, _NEVER)

    def key_until(self, public_key: keys.PublicKeyInfo) -> datetime | None:
        """Until when such a key counts; None without end."""
        kind, size = kind_of_key(public_key)
        for listed, least, until in self.keys_until:
            if listed == kind and size >= least:
                return until
        return _NEVER


DEFAULT = Policy()
"""The strict default of the public page."""


@dataclass(frozen=True)
class Weakness:
    """An algorithm that didn't count at the proven time."""

    what: str
    until: datetime | None
    """None: it never did."""


def kind_of_key(public_key: keys.PublicKeyInfo) -> tuple[str, int]:
    """The kind of a key (``rsa``, ``ec``, ``dsa``, ``ed25519`` …) and its size in bits, 0 where sizes say nothing."""
    kind = str(public_key.algorithm)
    if kind == "rsassa_pss":
        kind = "rsa"
    if kind not in ("rsa", "dsa", "ec"):
        return kind, 0
    return kind, int(public_key.bit_size)


def weakness_of_key(policy: Policy, public_key: keys.PublicKeyInfo, moment: datetime) -> Weakness | None:
    """What is wrong with a key at that moment, or None."""
    try:
        until = policy.key_until(public_key)
        kind, size = kind_of_key(public_key)
    except (ValueError, TypeError, KeyError, AttributeError):
        return Weakness("an unknown kind of key", None)
    return _judged(f"{kind} of {size} bits", until, moment)


def weakness_of_digest(policy: Policy, name: str, moment: datetime) -> Weakness | None:
    """What is wrong with a digest algorithm at that moment, or None."""
    return _judged(name, policy.digest_until(name), moment)


def weakness_of_signature(
    policy: Policy,
    algorithm: algos.SignedDigestAlgorithm,
    public_key: keys.PublicKeyInfo,
    moment: datetime,
    digest_name: str | None = None,
) -> Weakness | None:
    """What is wrong with a signature's algorithm and key at that moment, or None."""
    try:
        kind, named = kind_and_digest(algorithm)
    except NotSupported:
        kind, named = "", None
    digest_name = named or digest_name
    if kind == "ed448" or digest_name is None:
        digest_name = "sha512"
    return weakness_of_digest(policy, digest_name, moment) or weakness_of_key(policy, public_key, moment)


def weakness_of_certificates(policy: Policy, chain: tuple[x509.Certificate, ...], moment: datetime) -> Weakness | None:
    """What is wrong with a chain's keys and signatures, leaf first; the anchor's own signature proves nothing."""
    for certificate, issuer in itertools.pairwise(chain):
        weakness = weakness_of_signature(policy, certificate["signature_algorithm"], issuer.public_key, moment)
        if weakness is not None:
            return weakness
    return weakness_of_key(policy, chain[0].public_key, moment)


def _judged(what: str, until: datetime | None, moment: datetime) -> Weakness | None:
    if until is None or moment < until:
        return None
    return Weakness(what, None if until == _NEVER else until)


def may_sign_documents(policy: Policy, certificate: x509.Certificate) -> bool:
    """Whether the certificate's key usages allow signing a document."""
    usage = certificate.key_usage_value
    if usage is not None and not {"digital_signature", "non_repudiation"} & set(usage.native):
        return False
    extended = certificate.extended_key_usage_value
    return extended is None or any(purpose.dotted in policy.purposes for purpose in extended)


def may_stamp_times(certificate: x509.Certificate) -> bool:
    """Whether the certificate is one for time-stamps alone (RFC 3161, 2.3: critical, and the only purpose)."""
    extended = certificate.extended_key_usage_value
    if extended is None or [purpose.dotted for purpose in extended] != ["1.3.6.1.5.5.7.3.8"]:
        return False
    return any(
        extension["extn_id"].native == "extended_key_usage" and extension["critical"].native
        for extension in certificate["tbs_certificate"]["extensions"]
    )
