"""What validation demands: how much each check counts, algorithms by date, key purposes, freshness.

A policy is a file (`esign.verify.policy_file`), so that a report can name it, with its version and its SHA-256.
"""

import hashlib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from importlib import resources
from typing import Literal

from asn1crypto import algos, keys, x509

from esign.verify import policy_file
from esign.verify.checks import PolicyCheck, Severity
from esign.verify.policy_file import PolicyFile, PolicyFileError
from esign.verify.report import Finding
from esign.x509.rejection import NotSupported
from esign.x509.signatures import kind_and_digest

_NEVER = datetime.min.replace(tzinfo=UTC)
_LARGEST = 1024 * 1024


@lru_cache(maxsize=1)
def _strict() -> tuple[bytes, PolicyFile]:
    """The shipped policy: what every entry is that another policy leaves out."""
    data = (resources.files("esign.verify") / "policies" / "strict.toml").read_bytes()
    return data, policy_file.parse(data)


def _strict_digests() -> dict[str, datetime | None]:
    return {row.name: row.moment for row in _strict()[1].algorithms.digests}


def _strict_keys() -> tuple[tuple[str, int, datetime | None], ...]:
    return _ordered(_strict()[1])


def _strict_curves() -> frozenset[str]:
    return frozenset(_strict()[1].algorithms.curves or ())


def _strict_purposes() -> tuple[str, ...]:
    return _strict()[1].certificates.purposes


def _ordered(file: PolicyFile) -> tuple[tuple[str, int, datetime | None], ...]:
    """The rows of keys, those of more bits first."""
    rows = sorted(file.algorithms.keys, key=lambda row: -row.bits)
    return tuple((row.kind, row.bits, row.moment) for row in rows)


@dataclass(frozen=True)
class Policy:
    """The demands of one validation; what is not given is as in the shipped strict policy."""

    name: str = "unnamed"
    version: int = 1
    digests_until: dict[str, datetime | None] = field(default_factory=_strict_digests)
    """Until when a digest algorithm is thought safe; None: without end. What isn't listed never was."""
    keys_until: tuple[tuple[str, int, datetime | None], ...] = field(default_factory=_strict_keys)
    """Kind of key, least size in bits, until when; the first row that fits counts. What fits none never was safe."""
    curves: frozenset[str] = field(default_factory=_strict_curves)
    """The elliptic curves on which keys may be, by asn1crypto's names. Others never were acceptable."""
    purposes: tuple[str, ...] = field(default_factory=_strict_purposes)
    """Extended key usages one of which a signer's certificate must have, where it has any."""
    checks: dict[PolicyCheck, Severity] = field(default_factory=dict)
    """How much checks count; those left out as in the strict policy."""
    longest_freshness: timedelta | None = None
    """F of rule 8; None: the answer's own nextUpdate − thisUpdate."""
    tolerance: timedelta = timedelta(seconds=60)
    """By how much clocks may differ."""
    source: bytes | None = field(default=None, repr=False)
    """The file that it was read from; None for one made in a program."""

    @classmethod
    def read(cls, data: bytes) -> "Policy":
        """The policy in a file (TOML, or JSON of the same form). Raises `PolicyFileError`, which names the entry."""
        if len(data) > _LARGEST:
            raise PolicyFileError("it is larger than 1 MiB")
        return _read(data)

    @cached_property
    def document(self) -> bytes:
        """The policy as a file: the one that it was read from, else one that says the same."""
        if self.source is not None:
            return self.source
        return policy_file.encode(
            name=self.name,
            version=self.version,
            checks=self.checks,
            digests=self.digests_until,
            keys=self.keys_until,
            curves=self.curves,
            purposes=self.purposes,
            freshness=self.longest_freshness,
            tolerance=self.tolerance,
        )

    @cached_property
    def sha256(self) -> str:
        """Of `document`, in hexadecimal: of a policy that was read from a file, what ``sha256sum`` says of it."""
        return hashlib.sha256(self.document).hexdigest()

    @property
    def title(self) -> str:
        """Name and version."""
        return f"{self.name}/{self.version}"

    def severity(self, check: PolicyCheck) -> Severity:
        """How much the check counts."""
        if check.fixed:
            return Severity.FAIL
        return self.checks.get(check) or _strict()[1].checks[check]

    def demands(self, check: PolicyCheck) -> bool:
        """Whether the check must hold."""
        return self.severity(check) is Severity.FAIL

    def steered(self, check: PolicyCheck, finding: Finding) -> Finding | None:
        """The finding of a check that does not hold, as severe as the policy has it; None where it is ignored."""
        severity = _SEVERITIES[self.severity(check)]
        return None if severity is None else finding.model_copy(update={"severity": severity})

    def of_file(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings about a whole file, as severe as the policy has them."""
        found = []
        for finding in findings:
            check = _OF_FILE.get(finding.code)
            steered = finding if check is None else self.steered(check, finding)
            if steered is not None:
                found.append(steered)
        return tuple(found)

    def digest_until(self, name: str) -> datetime | None:
        """Until when the digest algorithm counts; None without end."""
        return self.digests_until.get(name, _NEVER)

    def key_until(self, public_key: keys.PublicKeyInfo) -> datetime | None:
        """Until when such a key counts; None without end."""
        kind, size = kind_of_key(public_key)
        if kind == "ec" and curve_of(public_key) not in self.curves:
            return _NEVER
        for listed, least, until in self.keys_until:
            if listed == kind and size >= least:
                return until
        return _NEVER


_SEVERITIES: dict[Severity, Literal["fail", "warn", "inform"] | None] = {
    Severity.FAIL: "fail",
    Severity.WARN: "warn",
    Severity.INFORM: "inform",
    Severity.IGNORE: None,
}
_OF_FILE = {
    "active.content": PolicyCheck.FILE_ACTIVE_CONTENT,
    "active.unreadable": PolicyCheck.FILE_ACTIVE_CONTENT,
    "xref.hybrid_conflict": PolicyCheck.FILE_HYBRID_CONFLICT,
    "file.trailing": PolicyCheck.FILE_TRAILING_BYTES,
}


@lru_cache(maxsize=8)
def _read(data: bytes) -> Policy:
    file = policy_file.parse(data)
    limits = file.limits
    return Policy(
        name=file.name,
        version=file.version,
        digests_until={row.name: row.moment for row in file.algorithms.digests},
        keys_until=_ordered(file),
        curves=_strict_curves() if file.algorithms.curves is None else frozenset(file.algorithms.curves),
        purposes=file.certificates.purposes,
        checks=dict(file.checks),
        longest_freshness=None if limits.freshness_seconds is None else timedelta(seconds=limits.freshness_seconds),
        tolerance=timedelta(seconds=limits.clock_tolerance_seconds),
        source=data,
    )


DEFAULT = _read(_strict()[0])
"""The strict policy of the public page."""


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


def curve_of(public_key: keys.PublicKeyInfo) -> str | None:
    """The curve of an EC key, by asn1crypto's name; None for one that is written out instead of named."""
    form, name = public_key.curve
    return str(name) if form == "named" else None


def weakness_of_key(policy: Policy, public_key: keys.PublicKeyInfo, moment: datetime) -> Weakness | None:
    """What is wrong with a key at that moment, or None."""
    try:
        until = policy.key_until(public_key)
        kind, size = kind_of_key(public_key)
        curve = curve_of(public_key) if kind == "ec" else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return Weakness("an unknown kind of key", None)
    what = f"{kind} of {size} bits"
    return _judged(what if kind != "ec" else f"{what} ({curve or 'a curve of its own'})", until, moment)


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
