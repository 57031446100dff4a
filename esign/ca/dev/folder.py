"""The dev CA's folder: who may read it, and how it comes into being in one step.

ca.json          what this CA is called and where it is reached; its presence says that the CA is whole
root.pem         the trust anchor, for people and programs
private/         ca.sqlite and keys/*.pem; it appears whole, by one rename
                 keys/holders.key comes with the first holder's key (see `esign.ca.dev.vault`)
.lock            held while the CA is made or its addresses change
"""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from esign.errors import ConfigurationError

_FORMAT = 1


@dataclass(frozen=True)
class Record:
    """What ``ca.json`` says."""

    pki_url: str
    tag: str
    """Eight hexadecimal digits in the CA's names, which tell it from other dev CAs."""


@dataclass(frozen=True)
class Folder:
    """The paths of a dev CA."""

    path: Path

    @property
    def record_file(self) -> Path:
        """``ca.json``."""
        return self.path / "ca.json"

    @property
    def root_file(self) -> Path:
        """The trust anchor, PEM."""
        return self.path / "root.pem"

    @property
    def private(self) -> Path:
        """Keys and database."""
        return self.path / "private"

    @property
    def database(self) -> Path:
        """The register of certificates."""
        return self.private / "ca.sqlite"

    def key_file(self, role: str) -> Path:
        """The private key of a role, PKCS #8 PEM."""
        return self.private / "keys" / f"{role}.pem"

    @property
    def holders_key_file(self) -> Path:
        """The key under which copies of holders' keys lie."""
        return self.private / "keys" / "holders.key"

    def record(self) -> Record | None:
        """What ``ca.json`` says; None without one. Raises `ConfigurationError` for one that can't be read."""
        try:
            text = self.record_file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            fields = json.loads(text)
            return {_FORMAT: Record(pki_url=str(fields["pki_url"]), tag=str(fields["tag"]))}[fields["format"]]
        except (ValueError, KeyError, TypeError) as error:
            reason = f"{self.record_file} is not the record of a dev CA"
            raise ConfigurationError(variable="ESIGN_CA_DIR", reason=reason) from error

    def write_record(self, record: Record) -> None:
        """Writes ``ca.json``, whole or not at all."""
        fields = {"format": _FORMAT, "pki_url": record.pki_url, "tag": record.tag}
        replace_file(self.record_file, json.dumps(fields, indent=2).encode() + b"\n")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder against other processes; the folder is made, and closed to other users."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.chmod(0o700)
        descriptor = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def sweep(self) -> None:
        """Removes what an interrupted `making` left. Under `locked`."""
        for left in self.path.glob(".making-*"):
            shutil.rmtree(left)

    @contextmanager
    def making(self) -> Iterator["Folder"]:
        """A folder to fill, whose ``private`` becomes this one's when the block ends well. Under `locked`.

        A crash at any moment leaves either nothing or all of it.
        """
        half = Folder(self.path / f".making-{secrets.token_hex(8)}")
        make_folder(half.path)
        make_folder(half.private)
        make_folder(half.private / "keys")
        yield half
        for inner in (half.private / "keys", half.private):
            _sync_folder(inner)
        half.private.rename(self.private)
        _sync_folder(self.path)
        shutil.rmtree(half.path)

    def loose(self) -> list[Path]:
        """What other users may read or write though it holds secrets."""
        held = [self.private, self.private / "keys", *self.private.glob("ca.sqlite*"), *self.private.glob("keys/*")]
        return [path for path in held if _mode(path) & 0o077]


def make_folder(path: Path) -> None:
    """A new folder, 0700 whatever the umask."""
    path.mkdir(mode=0o700)
    path.chmod(0o700)


def new_file(path: Path, contents: bytes) -> None:
    """A new file, 0600 whatever the umask and from its first moment, on disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(contents)
        file.flush()
        os.fsync(descriptor)


def first_file(path: Path, contents: bytes) -> None:
    """The same, whole or not at all; where there is one already, that one stays."""
    half = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    new_file(half, contents)
    try:
        with suppress(FileExistsError):
            path.hardlink_to(half)
    finally:
        half.unlink()
    _sync_folder(path.parent)


def replace_file(path: Path, contents: bytes) -> None:
    """The same for a file that may be there: whole before or whole after."""
    half = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    new_file(half, contents)
    half.replace(path)
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _mode(path: Path) -> int:
    """The file's mode; 0 where it is gone: SQLite's own files come and go with other processes."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return 0
