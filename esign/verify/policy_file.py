"""The form of a policy file, and the one way to read it: every entry is known and checked, or it is named in an error.

TOML, or JSON of the same structure (what begins with ``{``).
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from typing import Annotated, Literal, Self

from asn1crypto import x509
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from esign.verify.checks import PolicyCheck, Severity

Day = Annotated[date, Field(description="A day, UTC; the algorithm counts until its first moment.")]


class PolicyFileError(ValueError):
    """What is wrong in a policy file, with the name of the entry."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class _Until(_Model):
    until: Day | None = None
    """Until when it is acceptable; left out: without end."""

    @property
    def moment(self) -> datetime | None:
        """The first moment of that day, UTC."""
        return None if self.until is None else datetime(self.until.year, self.until.month, self.until.day, tzinfo=UTC)


class DigestRow(_Until):
    """A digest algorithm."""

    name: Literal[
        "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha512_224", "sha512_256",
        "sha3_224", "sha3_256", "sha3_384", "sha3_512",
    ]  # fmt: skip
    """By asn1crypto's name."""


class KeyRow(_Until):
    """A kind of key."""

    kind: Literal["rsa", "dsa", "ec", "ed25519", "ed448"]
    """RSA with either padding, DSA, ECDSA, EdDSA."""
    bits: int = Field(default=0, ge=0, le=65536)
    """The least size."""


Curve = Literal[
    "secp224r1", "secp256r1", "secp384r1", "secp521r1", "secp256k1",
    "brainpoolp224r1", "brainpoolp256r1", "brainpoolp320r1", "brainpoolp384r1", "brainpoolp512r1",
]  # fmt: skip
"""An elliptic curve, by asn1crypto's name."""


class Algorithms(_Model):
    """What is acceptable, and until when (ETSI TS 119 312)."""

    digests: tuple[DigestRow, ...] = Field(min_length=1)
    keys: tuple[KeyRow, ...] = Field(min_length=1)
    curves: tuple[Curve, ...] | None = Field(default=None, min_length=1)
    """The curves that keys of kind ``ec`` may be on; left out: as in the strict policy."""

    @model_validator(mode="after")
    def _once(self) -> Self:
        names = [row.name for row in self.digests]
        sizes = [(row.kind, row.bits) for row in self.keys]
        for twice in (_twice(names), _twice(sizes), _twice(self.curves or ())):
            if twice is not None:
                raise ValueError(f"{twice} is listed twice")
        return self


class Limits(_Model):
    """Times."""

    clock_tolerance_seconds: int = Field(default=60, ge=0, le=3600)
    freshness_seconds: int | None = Field(default=None, ge=0, le=366 * 86400)


class Certificates(_Model):
    """What a signer's certificate must be for."""

    purposes: tuple[str, ...] = Field(min_length=1)

    @field_validator("purposes")
    @classmethod
    def _are_object_identifiers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for purpose in value:
            try:
                dotted = x509.KeyPurposeId(purpose).dotted
            except (ValueError, TypeError, KeyError):
                dotted = None
            if dotted != purpose:
                raise ValueError(f"{purpose[:60]} is no object identifier")
        return value


class PolicyFile(_Model):
    """A policy file."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    """Small letters, digits, dots and hyphens: what reports call the policy."""
    version: int = Field(ge=1, le=10**6)
    """Rises with each change."""
    description: str = ""
    checks: dict[PolicyCheck, Severity] = Field(default_factory=dict)
    limits: Limits = Limits()
    algorithms: Algorithms
    certificates: Certificates

    @field_validator("checks")
    @classmethod
    def _fixed_ones_fail(cls, value: dict[PolicyCheck, Severity]) -> dict[PolicyCheck, Severity]:
        for check, severity in value.items():
            if check.fixed and severity is not Severity.FAIL:
                raise ValueError(f"{check} is what a verdict means: it is always FAIL")
        return value


def parse(data: bytes) -> PolicyFile:
    """The policy in a file. Raises `PolicyFileError`."""
    try:
        text = data.decode("utf-8")
        # Strictly from text, as JSON would be: "3" is no number.
        found = json.loads(text, object_pairs_hook=_once_each) if text.lstrip().startswith("{") else tomllib.loads(text)
        return PolicyFile.model_validate_json(json.dumps(found, default=_plain), strict=True)
    except ValidationError as error:
        raise PolicyFileError(_told(error)) from None
    except (ValueError, RecursionError, TypeError) as error:
        raise PolicyFileError(f"it is neither TOML nor JSON: {error}") from None


def encode(
    *,
    name: str,
    version: int,
    checks: Mapping[PolicyCheck, Severity],
    digests: Mapping[str, datetime | None],
    keys: Iterable[tuple[str, int, datetime | None]],
    curves: Iterable[str],
    purposes: Iterable[str],
    freshness: timedelta | None,
    tolerance: timedelta,
) -> bytes:
    """A policy file (JSON) of these demands."""
    limits: dict[str, int] = {"clock_tolerance_seconds": round(tolerance.total_seconds())}
    if freshness is not None:
        limits["freshness_seconds"] = round(freshness.total_seconds())
    document = {
        "name": name,
        "version": version,
        "checks": {str(check): str(severity) for check, severity in sorted(checks.items())},
        "limits": limits,
        "algorithms": {
            "digests": [{"name": each, **_until(moment)} for each, moment in sorted(digests.items())],
            "keys": [{"kind": kind, "bits": bits, **_until(moment)} for kind, bits, moment in keys],
            "curves": sorted(curves),
        },
        "certificates": {"purposes": list(purposes)},
    }
    return json.dumps(document, sort_keys=True).encode()


def _until(moment: datetime | None) -> dict[str, str]:
    return {} if moment is None else {"until": moment.date().isoformat()}


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Which of two entries of one name rules, readers of JSON disagree about."""
    if (twice := _twice(key for key, _ in pairs)) is not None:
        raise ValueError(f"{twice} stands there twice")
    return dict(pairs)


def _plain(value: object) -> str:
    """TOML knows dates, which JSON writes as text."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value} is neither a text, a number nor a day")


def _told(error: ValidationError) -> str:
    """The first thing that is wrong, with its entry: ``checks."signer.purpose": …``."""
    first = error.errors(include_url=False)[0]
    if first["loc"][-1:] == ("[key]",):
        near = get_close_matches(str(first["loc"][1]), list(PolicyCheck), n=1)
        return f'checks."{first["loc"][1]}": there is no such check' + (
            f"; perhaps {near[0]} was meant" if near else ""
        )
    entry = ""
    for part in first["loc"]:
        if isinstance(part, int):
            entry += f"[{part + 1}]"
        else:
            quoted = f'"{part}"' if "." in part else part
            entry += f".{quoted}" if entry else quoted
    return f"{entry or 'the file'}: {first['msg'].removeprefix('Value error, ')}"


def _twice(items: Iterable[object]) -> object | None:
    seen: set[object] = set()
    for item in items:
        if item in seen:
            return item
        seen.add(item)
    return None
