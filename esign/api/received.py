"""A file of a request, kept on disk while it is received and until it is answered."""

import hashlib
from tempfile import SpooledTemporaryFile

import anyio.to_thread

from esign import errors

MEMORY_BYTES = 1024 * 1024
"""How much of a file stays in memory while it is received."""


class Upload:
    """A file as it was received: its digest is known, its bytes are read when they are needed."""

    def __init__(self, limit: int, *, among_others: bool = False) -> None:
        self._file = SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115 closed by the form
        self._limit = limit
        self._among_others = among_others
        self._refused: errors.EsignError | None = None
        self._digest = hashlib.sha256()
        self.size = 0

    async def write(self, data: bytes) -> None:
        """Adds what has arrived. Raises `LetterTooLarge`, and `StorageUnavailable` where the disk is full.

        One among others is refused alone when it is too large: `read` tells it.
        """
        if self._refused is not None:
            return
        self.size += len(data)
        if self.size > self._limit:
            too_large = errors.LetterTooLarge(limit=self._limit)
            if not self._among_others:
                raise too_large
            self.refuse(too_large)
            return
        self._digest.update(data)
        try:
            if self.size > MEMORY_BYTES:
                await anyio.to_thread.run_sync(self._file.write, data)
            else:
                self._file.write(data)
        except OSError as error:
            raise errors.StorageUnavailable from error

    @property
    def sha256(self) -> str:
        """SHA-256 of the whole file, hexadecimal."""
        return self._digest.hexdigest()

    def read(self) -> bytes:
        """All bytes. Raises the refusal of a file that was refused alone."""
        if self._refused is not None:
            raise self._refused
        self._file.seek(0)
        return self._file.read()

    def refuse(self, error: errors.EsignError) -> None:
        """Refuses this file alone, and forgets what has come of it."""
        self._refused = error
        self.close()

    def close(self) -> None:
        """Forgets the file."""
        self._file.close()
