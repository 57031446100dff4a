"""Trust lists: files (TOML) that say whose certificates are trusted, for what, and from when to when.

A list is local, or signed: then its detached CMS signature stands beside it, under the same name and ``.p7s``, and is
checked against the fingerprint of an operator's certificate that is known beforehand.
"""

import tomllib
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self

from asn1crypto import x509
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from esign.x509 import detached
from esign.x509.rejection import Rejected
from esign.x509.scope import Scope, Use
from esign.x509.trust import TrustStore, read_certificates

LARGEST = 4 * 1024 * 1024
SIGNATURE_SUFFIX = ".p7s"


class TrustListError(ValueError):
    """What is wrong with a trust list, with the name of the entry."""


def fingerprint(text: str) -> str:
    """A SHA-256 as people write it (colons, spaces, capitals) in small hexadecimal. Raises ValueError."""
    plain = text.replace(":", "").replace(" ", "").lower()
    if len(plain) != 64 or not set(plain) <= set("0123456789abcdef"):
        raise ValueError("it must be a SHA-256 in hexadecimal: 64 digits")
    return plain


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class Entry(_Model):
    """One certificate."""

    provider: str = Field(min_length=1, max_length=200)
    """Who runs it."""
    role: Literal["anchor", "intermediate"]
    """Whether it is trusted by itself (a root, or a CA in the place of one), or must lead to one that is."""
    sha256: Annotated[str, AfterValidator(fingerprint)]
    """Its fingerprint; a certificate that has another is refused."""
    file: str | None = None
    """Where it is, PEM or DER, beside the list."""
    pem: str | None = None
    """Or the certificate itself."""
    vouches_for: tuple[str, ...] = Field(min_length=1)
    """For what it is trusted: `Use`."""
    since: date | None = None
    """From the first moment of that day, UTC; left out: ever since it is valid."""
    until: date | None = None
    """Until the first moment of that day; left out: as long as it is valid."""
    path_length: int | None = Field(default=None, ge=0, le=8)
    """The most authorities below it."""
    organisations: tuple[str, ...] = ()
    """Organisations (O) one of which a signer's certificate must name; left out: any."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.file is None) == (self.pem is None):
            raise ValueError("it needs either file or pem")
        if self.file is not None and Path(self.file).name != self.file:
            raise ValueError("file must be a name in the list's own folder")
        unknown = [use for use in self.vouches_for if use not in list(Use)]
        if unknown:
            raise ValueError(f"vouches_for: {unknown[0]} is none of {', '.join(Use)}")
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise ValueError("until must be after since")
        return self


class TrustListFile(_Model):
    """A trust list."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    """What reports and messages call it."""
    version: int = Field(ge=1)
    """Rises with each change."""
    certificate: tuple[Entry, ...] = Field(min_length=1, max_length=1024)
    """The entries."""

    @model_validator(mode="after")
    def _once(self) -> Self:
        seen: set[str] = set()
        for entry in self.certificate:
            if entry.sha256 in seen:
                raise ValueError(f"certificate {entry.sha256[:16]}… is listed twice")
            seen.add(entry.sha256)
        return self


def parse(data: bytes, beside: Callable[[str], bytes]) -> TrustStore:
    """The store of a trust list; ``beside`` gives the bytes of a file in the list's folder. Raises `TrustListError`."""
    try:
        listed = TrustListFile.model_validate(_tuples(tomllib.loads(data.decode("utf-8"))))
    except ValidationError as error:
        raise TrustListError(_told(error)) from None
    except (ValueError, RecursionError) as error:
        raise TrustListError(f"it is not TOML: {error}") from None
    anchors: list[x509.Certificate] = []
    intermediates: list[x509.Certificate] = []
    scopes: list[Scope] = []
    for number, entry in enumerate(listed.certificate, 1):
        try:
            (anchors if entry.role == "anchor" else intermediates).append(_certificate(entry, beside))
        except (OSError, ValueError) as error:
            what = error.strerror if isinstance(error, OSError) else error
            raise TrustListError(f"certificate[{number}] ({entry.provider}): {what}") from None
        scopes.append(_scope(entry, f"{listed.name}/{listed.version}"))
    return TrustStore(tuple(anchors), tuple(intermediates), tuple(scopes))


def read(path: Path, signers: Iterable[str] = ()) -> TrustStore:
    """The store of a trust list file.

    With ``signers``, fingerprints of operators' certificates, its detached signature must be by one of them. What is
    signed is the list alone: it pins each certificate by its fingerprint. Raises `TrustListError`.
    """
    data = _bytes(path)
    trusted = frozenset(fingerprint(each) for each in signers)
    if trusted:
        signature = path.with_name(path.name + SIGNATURE_SUFFIX)
        if not signature.is_file():
            raise TrustListError(f"it must be signed, and there is no {signature.name}")
        try:
            detached.check(_bytes(signature), data, trusted)
        except Rejected as error:
            raise TrustListError(f"its signature does not count: {error.reason}") from None
    return parse(data, lambda name: _bytes(path.with_name(name)))


@lru_cache(maxsize=1)
def indonesia() -> TrustStore:
    """The Indonesian authorities whose certificates come with the package (see ``indonesia/trust.toml``).

    The national root and the older root of BSrE's letters are anchors, the latter expired on 2026-08-18; BSrE's
    issuing CA and the time-stamp authority of 2023 are intermediates.
    """
    folder = resources.files("esign.x509") / "indonesia"
    return parse((folder / "trust.toml").read_bytes(), lambda name: (folder / name).read_bytes())


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise TrustListError(f"{path.name} can't be read: {error.strerror}") from None
    if len(data) > LARGEST:
        raise TrustListError(f"{path.name} is larger than 4 MiB")
    return data


def _certificate(entry: Entry, beside: Callable[[str], bytes]) -> x509.Certificate:
    found = read_certificates(beside(entry.file) if entry.file is not None else (entry.pem or "").encode())
    if len(found) != 1:
        raise ValueError(f"{len(found)} certificates instead of one")
    if found[0].sha256.hex() != entry.sha256:
        raise ValueError(f"the certificate's SHA-256 is {found[0].sha256.hex()}, which is not what the list says")
    return found[0]


def _scope(entry: Entry, source: str) -> Scope:
    return Scope(
        certificate=entry.sha256,
        uses=frozenset(Use(use) for use in entry.vouches_for),
        since=_midnight(entry.since),
        until=_midnight(entry.until),
        path_length=entry.path_length,
        organisations=frozenset(entry.organisations),
        provider=entry.provider,
        source=source,
    )


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)


def _tuples(value: object) -> object:
    """TOML's arrays, as the frozen models have them."""
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return value


def _told(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    entry = ""
    for part in first["loc"]:
        entry += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if entry else part
    return f"{entry or 'the list'}: {first['msg'].removeprefix('Value error, ')}"
