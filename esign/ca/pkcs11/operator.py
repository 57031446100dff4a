"""The service's own PIN, of a token that holds nothing but seals."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from esign.ca.authority import Secret
from esign.ca.pkcs11.trouble import PinBlocked, PinUnset, PinWrong


class PinUnusable(Exception):  # noqa: N818
    """The PIN can't be read, or the token has refused this one already."""


class OperatorPin:
    """A PIN in a file, read each time that it is needed.

    One that the token refused is not tried again until the file says another: a few more tries would block the token.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._refused: bytes | None = None

    def read(self) -> Secret:
        """The first line of the file. Raises `PinUnusable`."""
        try:
            lines = self._path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is not text"
            raise PinUnusable(f"{self._path}: {reason}") from None
        if not lines or not lines[0]:
            raise PinUnusable(f"{self._path} is empty")
        return Secret(lines[0])

    def usable(self) -> Secret:
        """The PIN, unless the token has refused it. Raises `PinUnusable`."""
        pin = self.read()
        if self._refused == _mark(pin):
            raise PinUnusable(f"the token refuses the PIN in {self._path}")
        return pin

    @contextmanager
    def judged(self, pin: Secret) -> Iterator[None]:
        """Remembers what the token says of the PIN."""
        try:
            yield
        except (PinWrong, PinBlocked, PinUnset):
            self._refused = _mark(pin)
            raise


def _mark(pin: Secret) -> bytes:
    return hashlib.sha256(pin.reveal().encode()).digest()
