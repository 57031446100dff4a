"""Where files rest: each under its SHA-256, so that what comes back is what was put.

A folder by default, anything that obstore knows by address (S3) otherwise. Letters are far smaller
than memory (`max_letter_bytes`), so a blob is one ``bytes``. Whatever goes wrong in a store comes out
as `StorageUnavailable`, a blob whose bytes are no longer those of its name too (`BlobDamaged`).
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import ObjectStore, S3Store, from_url

from esign.errors import BlobDamaged, BlobMissing, StorageUnavailable
from esign.registry import durable

PROBE = b"esign blob store probe\n"
S3_RETRIES = 2
S3_RETRY_FOR = timedelta(seconds=10)
"""A store that is down is told within seconds: obstore alone would try for three minutes, and the caller with it.

A store that takes the connection and says nothing is given up after ``AWS_TIMEOUT`` (30 seconds).
"""


@dataclass(frozen=True)
class StoredBlob:
    """A blob as the store lists it."""

    sha256: str
    size: int
    modified: datetime
    """When it was last put."""


class Blobs(Protocol):
    """A store of bytes by their SHA-256 (64 small hexadecimal digits)."""

    def put(self, content: bytes) -> str:
        """Keeps ``content`` and returns its name; on disk when it returns.

        Putting it again changes nothing but its date. Raises `StorageUnavailable`, and then nothing was kept.
        """
        ...

    def get(self, sha256: str) -> bytes:
        """The bytes of that name, checked. Raises `BlobMissing`, `BlobDamaged`, `StorageUnavailable`."""
        ...

    def has(self, sha256: str) -> bool:
        """Whether there is a blob of that name; its bytes are not checked. Raises `StorageUnavailable`."""
        ...

    def delete(self, sha256: str) -> None:
        """Forgets it; nothing happens if there is none. Raises `StorageUnavailable`.

        The register may name one blob from several rows: only what no row names, and what is older
        than any request, may be deleted.
        """
        ...

    def stored(self) -> Iterator[StoredBlob]:
        """All blobs, in no order. Raises `StorageUnavailable`."""
        ...

    def probe(self) -> None:
        """Writes, reads and removes a small blob. Raises `StorageUnavailable`."""
        ...


def open_store(url: str) -> Blobs:
    """The store at ``file:///…`` (a folder, made if missing) or at an address that obstore knows (``s3://bucket/prefix``).

    Raises `StorageUnavailable`.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FolderBlobs(Path(unquote(parts.path)))
    try:
        if parts.scheme == "s3":  # keys, region, endpoint and the like: obstore reads AWS_… from the environment
            return ObjectBlobs(
                S3Store.from_url(url, retry_config={"max_retries": S3_RETRIES, "retry_timeout": S3_RETRY_FOR})
            )
        return ObjectBlobs(from_url(url))
    except (BaseError, ValueError) as error:
        raise StorageUnavailable(store="blobs") from error


class FolderBlobs:
    """A folder: ``sha256/ab/cd/<name>``, files of mode 0600 in folders of mode 0700.

    It writes files itself: obstore's local store renames into place without fsync, so that after a
    power failure a released letter could be an empty file under the right name.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "sha256"
        try:
            durable.make_folder(self._folder)
        except OSError as error:
            raise StorageUnavailable(store="blobs") from error

    def put(self, content: bytes) -> str:
        """Implements `Blobs`."""
        name = hashlib.sha256(content).hexdigest()
        path = self._path(name)
        try:
            if _same(path, content):
                os.utime(path)
                durable.sync_folder(path.parent)
            else:
                durable.write(path, [content])
        except OSError as error:
            raise StorageUnavailable(store="blobs") from error
        return name

    def get(self, sha256: str) -> bytes:
        """Implements `Blobs`."""
        try:
            content = self._path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise BlobMissing(sha256=sha256) from error
        except OSError as error:
            raise StorageUnavailable(store="blobs") from error
        return _checked(content, sha256)

    def has(self, sha256: str) -> bool:
        """Implements `Blobs`."""
        try:
            return self._path(sha256).is_file()
        except OSError as error:
            raise StorageUnavailable(store="blobs") from error

    def delete(self, sha256: str) -> None:
        """Implements `Blobs`."""
        path = self._path(sha256)
        try:
            path.unlink(missing_ok=True)
            if path.parent.is_dir():
                durable.sync_folder(path.parent)
        except OSError as error:
            raise StorageUnavailable(store="blobs") from error

    def stored(self) -> Iterator[StoredBlob]:
        """Implements `Blobs`."""
        try:
            for path in self._folder.glob("??/??/*"):
                if not path.name.startswith("."):
                    state = path.stat()
                    yield StoredBlob(path.name, state.st_size, datetime.fromtimestamp(state.st_mtime, UTC))
        except OSError as error:
            raise StorageUnavailable(store="blobs") from error

    def probe(self) -> None:
        """Implements `Blobs`."""
        path = self._folder / f".probe-{os.getpid()}"
        try:
            durable.write(path, [PROBE])
            whole = path.read_bytes() == PROBE
            path.unlink()
        except OSError as error:
            raise StorageUnavailable(store="blobs") from error
        if not whole:
            raise StorageUnavailable(store="blobs")

    def _path(self, sha256: str) -> Path:
        return self._folder.joinpath(*_segments(sha256))


class ObjectBlobs:
    """An object store, such as S3, whose ``put`` is atomic and durable by its own promise."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def put(self, content: bytes) -> str:
        """Implements `Blobs`."""
        name = hashlib.sha256(content).hexdigest()
        try:
            obstore.put(self._store, _key(name), content)
        except (BaseError, OSError) as error:
            raise StorageUnavailable(store="blobs") from error
        return name

    def get(self, sha256: str) -> bytes:
        """Implements `Blobs`."""
        try:
            content = bytes(obstore.get(self._store, _key(sha256)).bytes())
        except (NotFoundError, FileNotFoundError) as error:
            raise BlobMissing(sha256=sha256) from error
        except (BaseError, OSError) as error:
            raise StorageUnavailable(store="blobs") from error
        return _checked(content, sha256)

    def has(self, sha256: str) -> bool:
        """Implements `Blobs`."""
        try:
            obstore.head(self._store, _key(sha256))
        except (NotFoundError, FileNotFoundError):
            return False
        except (BaseError, OSError) as error:
            raise StorageUnavailable(store="blobs") from error
        return True

    def delete(self, sha256: str) -> None:
        """Implements `Blobs`."""
        try:
            obstore.delete(self._store, _key(sha256))
        except (NotFoundError, FileNotFoundError):
            return
        except (BaseError, OSError) as error:
            raise StorageUnavailable(store="blobs") from error

    def stored(self) -> Iterator[StoredBlob]:
        """Implements `Blobs`."""
        try:
            for batch in obstore.list(self._store, prefix="sha256"):
                for entry in batch:
                    yield StoredBlob(entry["path"].rpartition("/")[2], entry["size"], entry["last_modified"])
        except (BaseError, OSError) as error:
            raise StorageUnavailable(store="blobs") from error

    def probe(self) -> None:
        """Implements `Blobs`."""
        key = f"probe/{os.getpid()}"
        try:
            obstore.put(self._store, key, PROBE)
            whole = bytes(obstore.get(self._store, key).bytes()) == PROBE
            obstore.delete(self._store, key)
        except (BaseError, OSError) as error:
            raise StorageUnavailable(store="blobs") from error
        if not whole:
            raise StorageUnavailable(store="blobs")


def _segments(sha256: str) -> tuple[str, str, str]:
    """Two levels of 256 folders each. Anything but a name of ours is a programming error."""
    if len(sha256) != 64 or sha256.strip("0123456789abcdef"):
        raise ValueError("a blob's name is a SHA-256 in 64 small hexadecimal digits")
    return sha256[:2], sha256[2:4], sha256


def _key(sha256: str) -> str:
    return "/".join(("sha256", *_segments(sha256)))


def _same(path: Path, content: bytes) -> bool:
    """Whether the file is there with just these bytes: its name alone proves nothing after a crash."""
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except FileNotFoundError:
        return False


def _checked(content: bytes, sha256: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != sha256:
        raise BlobDamaged(sha256=sha256)
    return content
