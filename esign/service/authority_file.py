"""The authorities of other houses, as the operator's file names them (docs/authorities/README.md).

    default = "bsre"

    [authorities.bsre]
    kind = "bsre"
    url = "http://10.1.2.3"

Each table is checked by the kind's own model. Passwords and PINs stand in files of their own, not in this one.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from esign.ca.authority import Authority
from esign.ca.surroundings import Surroundings
from esign.errors import ConfigurationError

VARIABLE = "ESIGN_AUTHORITIES"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_OWN = "dev"

Opener = Callable[[str, Mapping[str, object], Surroundings], AbstractContextManager[Authority]]


def _bsre(name: str, table: Mapping[str, object], surroundings: Surroundings) -> AbstractContextManager[Authority]:
    from esign.ca.bsre import BsreAuthority, BsreConfig  # noqa: PLC0415

    return BsreAuthority.open(name, BsreConfig.model_validate(table), surroundings)


def _csc(name: str, table: Mapping[str, object], surroundings: Surroundings) -> AbstractContextManager[Authority]:
    from esign.ca.csc import CscAuthority, CscConfig  # noqa: PLC0415

    return CscAuthority.open(name, CscConfig.model_validate(table), surroundings)


def _pkcs11(name: str, table: Mapping[str, object], surroundings: Surroundings) -> AbstractContextManager[Authority]:
    from esign.ca.pkcs11 import Pkcs11Authority, Pkcs11Config  # noqa: PLC0415

    return Pkcs11Authority.open(name, Pkcs11Config.model_validate(table), surroundings)


KINDS: Mapping[str, Opener] = {"bsre": _bsre, "csc": _csc, "pkcs11": _pkcs11}
"""How each kind is opened. Its code is imported when the file names it: not everybody has what it needs."""


@dataclass(frozen=True)
class AuthorityFile:
    """What the file says."""

    tables: Mapping[str, Mapping[str, object]]
    """The table of each authority, by name."""
    default: str | None = None
    """The authority of signers for whom none is chosen."""


def read(path: Path | None) -> AuthorityFile:
    """What the file says; nothing where there is none. Raises `ConfigurationError`."""
    if path is None:
        return AuthorityFile({})
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else error
        raise _wrong(f"{path.name}: {what}") from error
    tables = data.pop("authorities", {})
    default = data.pop("default", None)
    if data:
        raise _wrong(f"{path.name}: there is nothing named {min(data)!r}; authorities stand in [authorities.NAME]")
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise _wrong(f"{path.name}: authorities stand in tables [authorities.NAME]")
    for name in tables:
        if not _NAME.fullmatch(name) or name == _OWN:
            raise _wrong(f"{path.name}: {name!r} is no name: small letters, digits and hyphens; {_OWN!r} is taken")
    if default is not None and default not in {*tables, _OWN}:
        raise _wrong(f"{path.name}: the default {default!r} is not among its authorities")
    return AuthorityFile(tables, default)


def opened(file: AuthorityFile, surroundings: Surroundings, opening: ExitStack) -> dict[str, Authority]:
    """The authorities of the file, by name; ``opening`` closes them. Raises `ConfigurationError`."""
    return {name: opening.enter_context(_open(name, table, surroundings)) for name, table in file.tables.items()}


def _open(name: str, table: Mapping[str, object], surroundings: Surroundings) -> AbstractContextManager[Authority]:
    kind = table.get("kind")
    opener = KINDS.get(kind) if isinstance(kind, str) else None
    if opener is None:
        raise _wrong(f"[authorities.{name}]: kind must be one of {', '.join(sorted(KINDS))}")
    try:
        return opener(name, table, surroundings)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(("authorities", name, *(str(part) for part in first["loc"])))
        raise _wrong(f"{where}: {first['msg'].removeprefix('Value error, ')}") from None


def _wrong(reason: str) -> ConfigurationError:
    return ConfigurationError(variable=VARIABLE, reason=reason)
