"""One token: a few sessions with it, and who is logged in.

PKCS #11 knows one user of a token, and logs him in for all sessions of the process at once (2.40, 5.6.7). So a login
belongs to one consent, and while it lasts nobody else signs with this token.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from esign.ca.authority import Secret
from esign.ca.pkcs11.config import TokenName
from esign.errors import Busy

if TYPE_CHECKING:  # what needs the binding
    from esign.ca.pkcs11.module import Module, TokenSight
    from esign.ca.pkcs11.session import Session


class OpensSession(Protocol):
    """Opens a session with a token (`esign.ca.pkcs11.session.Session`)."""

    def __call__(self, module: "Module", sight: "TokenSight", *, writing: bool = False) -> "Session":
        """Raises `TokenTrouble`."""
        ...


class Token:
    """A token by its name, whichever slot it is in; safe in threads."""

    def __init__(
        self, module: "Module", name: TokenName, opens: OpensSession, *, sessions: int = 4, patience: float = 10
    ) -> None:
        """``sessions`` at once; ``patience`` is how many seconds one waits for his turn."""
        self.name = name
        self._module = module
        self._opens = opens
        self._patience = patience
        self._places = threading.BoundedSemaphore(sessions)
        self._change = threading.Lock()
        self._idle: list[Session] = []
        self._sight: TokenSight | None = None
        self._gate = threading.Lock()
        self._inside = 0
        self._held: threading.Lock | None = None

    @contextmanager
    def reading(self) -> Iterator["Session"]:
        """A session for what everybody may read. Raises `TokenTrouble`, `Busy`."""
        with self._module.using(), self._session() as session:
            yield session

    @contextmanager
    def alone(self, pin: Secret, *, writing: bool = False) -> Iterator["Session"]:
        """A session in which the holder of the PIN is logged in, alone: the token has judged this PIN just now.

        Raises `PinWrong`, `PinBlocked`, `PinUnset`, `TokenTrouble`, `Busy`.
        """
        with self._module.using():
            lock = self._logins()
            try:
                with self._session(writing=writing) as session:
                    session.login(pin)
                    try:
                        yield session
                    finally:
                        session.leave()
            finally:
                lock.release()

    @contextmanager
    def together(self, pin: Secret) -> Iterator["Session"]:
        """A session with a token that is opened by one and the same PIN for all: several at once.

        The first who comes logs in, the last who goes logs out. Raises as `alone` does.
        """
        with self._module.using(), self._session() as session:
            with self._gate:
                self._enter(session, pin)
            try:
                yield session
            finally:
                with self._gate:
                    self._inside -= 1
                    if self._inside == 0 and self._held is not None:
                        session.leave()
                        self._held.release()

    def forget(self) -> None:
        """Lets go of the sessions that nobody uses now."""
        with self._change:
            idle, self._idle, self._sight = self._idle, [], None
        for session in idle:
            session.close()

    def look(self) -> "TokenSight":
        """The token as it is now. Raises `TokenTrouble`."""
        with self._module.using():
            return self._found()

    # --- its parts

    def _enter(self, session: "Session", pin: Secret) -> None:
        if self._inside == 0:
            held = self._logins()
            try:
                session.login(pin)
            except BaseException:
                held.release()
                raise
            self._held = held
        elif not session.is_logged_in():
            session.login(pin)
        self._inside += 1

    def _found(self) -> "TokenSight":
        """The token, in the slot where it was last or wherever it is now."""
        known = self._sight
        seen = None if known is None else self._module.look(known.slot)
        if known is None or seen is None or seen.serial != known.serial or not seen.is_called(self.name):
            seen = self._module.find(self.name)
        self._sight = seen
        return seen

    def _logins(self) -> threading.Lock:
        """The lock of all logins at this token, held. Raises `Busy`."""
        while True:
            slot = self._found().slot.slot_id
            lock = self._module.login_lock(slot)
            if not lock.acquire(timeout=self._patience):
                raise Busy
            try:
                if self._found().slot.slot_id == slot:
                    return lock
            except BaseException:
                lock.release()
                raise
            lock.release()

    @contextmanager
    def _session(self, *, writing: bool = False) -> Iterator["Session"]:
        """A session of the pool; one in which something went wrong is not used again."""
        if not self._places.acquire(timeout=self._patience):
            raise Busy
        try:
            session = self._opened(writing=writing)
            try:
                yield session
            except BaseException:
                session.close()
                raise
            if writing:
                session.close()
                return
            with self._change:
                self._idle.append(session)
        finally:
            self._places.release()

    def _opened(self, *, writing: bool) -> "Session":
        sight = self._found()
        while not writing:
            with self._change:
                session = self._idle.pop() if self._idle else None
            if session is None:
                break
            if session.sight.serial == sight.serial and session.is_alive():
                return session
            session.close()
        return self._opens(self._module, sight, writing=writing)
