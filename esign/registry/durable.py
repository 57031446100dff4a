"""Files that are there wholly or not at all, also after the power failed."""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def make_folder(folder: Path) -> None:
    """Makes the folder and its missing parents, readable by the owner alone, and writes their entries to disk.

    A folder that is already there keeps its mode. Raises OSError.
    """
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        try:
            path.mkdir(mode=FOLDER_MODE)
        except FileExistsError:
            continue
        sync_folder(path.parent)


def write(path: Path, chunks: Iterable[bytes], *, replace: bool = True) -> bool:
    """Writes a file beside its place, syncs it, and only then gives it its name; mode 0600.

    Returns False, and leaves the file that is there alone, if ``replace`` is False and there is one.
    When it returns, file and name are on disk. Raises OSError; then no part of the file is left behind.
    """
    make_folder(path.parent)
    draft = path.parent / f".{path.name}.{secrets.token_hex(8)}"
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        with open(descriptor, "wb", buffering=0) as file:  # noqa: PTH123
            for chunk in chunks:
                _write_all(file.fileno(), chunk)
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            try:
                os.link(draft, path)
            except FileExistsError:
                return False
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def sync_folder(folder: Path) -> None:
    """Writes the folder's entries to disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(descriptor, view) :]
