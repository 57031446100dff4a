"""A maker's PKCS #11 module in this process: loaded and initialised once, whoever uses it.

The binding python-pkcs11 is not enough by itself. It initialises modules as for a single thread (C_Initialize with
NULL), and binds C_Login to the opening of a session, which it then loses when the PIN is wrong. So these few functions
are called here directly (PKCS #11 2.40, 5.4 and 5.6); all else is the binding's.
"""

import ctypes
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pkcs11
from pkcs11 import _pkcs11

from esign.ca.pkcs11.config import TokenName
from esign.ca.pkcs11.trouble import PinBlocked, PinUnset, PinWrong, TokenAbsent, TokenTrouble

_OK = 0x000
_CANT_LOCK = 0x00A
_PIN_WRONG = frozenset({0x0A0, 0x0A1, 0x0A2})  # incorrect, invalid, of a length that no PIN has
_PIN_EXPIRED, _PIN_LOCKED = 0x0A3, 0x0A4
_USER_ALREADY_LOGGED_IN, _USER_NOT_LOGGED_IN, _USER_PIN_NOT_INITIALIZED = 0x100, 0x101, 0x102
_NOT_INITIALIZED, _ALREADY_INITIALIZED = 0x190, 0x191
_LOST = frozenset({0x032, 0x0B0, 0x0B3, 0x0E0, 0x0E1, 0x003, _NOT_INITIALIZED})
"""Device removed, session closed, session handle invalid, token not present or not recognised, slot invalid."""

_USER = 1
_OS_LOCKING_OK = 2
_LOGGED_IN = frozenset({1, 3})
"""CKS_RO_USER_FUNCTIONS and CKS_RW_USER_FUNCTIONS."""

_BETWEEN_RESTARTS = 30.0
"""Seconds: a restart ends what other programs' threads do with the module, and takes some modules seconds."""


class _Arguments(ctypes.Structure):
    """CK_C_INITIALIZE_ARGS."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("create", "destroy", "lock", "unlock")),
        ("flags", ctypes.c_ulong),
        ("reserved", ctypes.c_void_p),
    )


class _SessionInfo(ctypes.Structure):
    """CK_SESSION_INFO."""

    _fields_ = tuple((name, ctypes.c_ulong) for name in ("slot", "state", "flags", "error"))


class _Functions(ctypes.Structure):
    """The beginning of CK_FUNCTION_LIST: the functions up to C_Logout, in the standard's order."""

    _fields_ = (
        ("version", ctypes.c_ubyte * 2),
        ("initialize", ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)),
        ("finalize", ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)),
        *((f"unused_{number}", ctypes.c_void_p) for number in range(2, 15)),
        ("session_info", ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_ulong, ctypes.POINTER(_SessionInfo))),
        *((f"unused_{number}", ctypes.c_void_p) for number in range(16, 18)),
        ("login", ctypes.CFUNCTYPE(ctypes.c_ulong, *(ctypes.c_ulong,) * 2, ctypes.c_char_p, ctypes.c_ulong)),
        ("logout", ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_ulong)),
    )


class _Library(_pkcs11.lib):
    """The binding's view of a module that `Module` initialises itself."""

    def initialize(self) -> None:
        """Nothing: it is done."""


@dataclass(frozen=True)
class TokenSight:
    """A token as the module shows it now."""

    slot: pkcs11.Slot
    label: str
    serial: str
    flags: pkcs11.TokenFlag

    def is_called(self, name: TokenName) -> bool:
        """Whether the name fits."""
        return (
            name.label in {None, self.label}
            and name.serial in {None, self.serial}
            and name.slot in {None, self.slot.slot_id}
        )


class Module:
    """A module for all authorities of this process; safe in threads, of no use in a process forked from this one."""

    _loaded: ClassVar[dict[Path, "Module"]] = {}
    _loading: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, path: Path) -> None:
        """For `open`."""
        dll = ctypes.CDLL(str(path))
        functions = ctypes.POINTER(_Functions)()
        if dll.C_GetFunctionList(ctypes.byref(functions)) != _OK:
            raise OSError("C_GetFunctionList fails")
        self.path = path
        self.generation = 0
        """Goes up with each initialisation: no handle outlives one."""
        self._calls = functions.contents
        self._library: _Library | None = None
        self._openings = 0
        self._process = os.getpid()
        self._change = threading.Condition()
        self._users = 0
        self._started = False
        self._restarted = -_BETWEEN_RESTARTS
        self._serial: threading.RLock | None = None
        self._login_locks: dict[int, threading.Lock] = {}

    @classmethod
    def open(cls, path: Path) -> "Module":
        """The module at that path. Close it. Raises OSError where it is none or can't be loaded."""
        path = path.resolve()
        with cls._loading:
            module = cls._loaded.get(path)
            if module is None or module._process != os.getpid():
                try:
                    module = cls._loaded[path] = cls(path)
                except AttributeError as error:
                    raise OSError("it is no PKCS #11 module") from error
            module._openings += 1
            return module

    def close(self) -> None:
        """Finalises the module when the last who opened it closes it."""
        with self._loading:
            self._openings -= 1
            if self._openings:
                return
            self._loaded.pop(self.path, None)
            with self._change:
                self._stop()

    @contextmanager
    def using(self) -> Iterator[None]:
        """While it is open, the module stays as it is. Raises `TokenTrouble` where it can't be initialised."""
        if self._process != os.getpid():
            raise RuntimeError("a PKCS #11 module is of no use in a forked process")
        with self._change:
            self._start()
            self._users += 1
        try:
            yield
        finally:
            with self._change:
                self._users -= 1

    def renew(self) -> None:
        """Has the module begin anew, if nobody uses it now and it did not just do so.

        Many modules see a token that came back only then.
        """
        with self._change:
            now = time.monotonic()
            if self._users == 0 and now - self._restarted >= _BETWEEN_RESTARTS:
                self._restarted = now
                self._stop()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Around each call: others wait where the module is not fit for threads."""
        if self._serial is None:
            yield
        else:
            with self._serial:
                yield

    def login_lock(self, slot: int) -> threading.Lock:
        """Who holds it decides who is logged in at the token: that state is one for the whole process (5.6.7)."""
        with self._change:
            return self._login_locks.setdefault(slot, threading.Lock())

    # --- tokens

    def tokens(self) -> Sequence[TokenSight]:
        """The tokens that are there now, initialised ones only. Raises `TokenTrouble`."""
        try:
            with self.turn():
                slots = self._bound().get_slots(token_present=True)
        except pkcs11.PKCS11Error as error:
            raise self.trouble(error) from error
        return [sight for slot in slots if (sight := self.look(slot)) is not None]

    def look(self, slot: pkcs11.Slot) -> TokenSight | None:
        """The token in a slot; None where there is none that can be used."""
        try:
            with self.turn():
                token = slot.get_token()
        except pkcs11.PKCS11Error:
            return None
        if pkcs11.TokenFlag.TOKEN_INITIALIZED not in token.flags:
            return None
        return TokenSight(slot, token.label, token.serial.decode("utf-8", "replace").rstrip("\0 "), token.flags)

    def find(self, name: TokenName) -> TokenSight:
        """The token of that name. Raises `TokenAbsent`, and `TokenTrouble` where two are called so."""
        found = [sight for sight in self.tokens() if sight.is_called(name)]
        if not found:
            raise TokenAbsent(f"there is no token with {name}")
        if len(found) > 1:
            raise TokenTrouble(f"{len(found)} tokens have {name}: name one by its serial number")
        return found[0]

    # --- what the binding does not do

    def login(self, session: int, pin: bytes) -> None:
        """Logs the user in, by a PIN that the token has surely judged.

        A token at which somebody is logged in already says so without looking at the PIN: he is logged out first.
        Raises `PinWrong`, `PinBlocked`, `PinUnset`, `TokenTrouble`.
        """
        with self.turn():
            answer = self._calls.login(session, _USER, pin, len(pin))
            if answer == _USER_ALREADY_LOGGED_IN:
                self._calls.logout(session)
                answer = self._calls.login(session, _USER, pin, len(pin))
        if answer in _PIN_WRONG:
            raise PinWrong
        if answer == _PIN_LOCKED:
            raise PinBlocked
        if answer in {_PIN_EXPIRED, _USER_PIN_NOT_INITIALIZED}:
            raise PinUnset
        self._refuse(answer, "C_Login")

    def logout(self, session: int) -> None:
        """Logs the user out. Raises `TokenTrouble`, not where nobody was logged in."""
        with self.turn():
            answer = self._calls.logout(session)
        if answer != _USER_NOT_LOGGED_IN:
            self._refuse(answer, "C_Logout")

    def is_logged_in(self, session: int) -> bool:
        """Whether the user is logged in at the session's token. Raises `TokenTrouble` for a session that is gone."""
        info = _SessionInfo()
        with self.turn():
            answer = self._calls.session_info(session, ctypes.byref(info))
        self._refuse(answer, "C_GetSessionInfo")
        return info.state in _LOGGED_IN

    def trouble(self, error: pkcs11.PKCS11Error) -> TokenTrouble:
        """What an exception of the binding means."""
        # The binding has no class of its own for CKR_CRYPTOKI_NOT_INITIALIZED.
        ended = type(error) is pkcs11.PKCS11Error and "not initialized" in str(error)
        if ended:
            self._ended()
        return TokenTrouble(f"the token answers {type(error).__name__}", lost=ended or isinstance(error, _GONE))

    def _refuse(self, answer: int, function: str) -> None:
        if answer == _NOT_INITIALIZED:
            self._ended()
        if answer != _OK:
            raise TokenTrouble(f"{function} answers 0x{answer:03X}", lost=answer in _LOST)

    # --- beginning and end

    def _start(self) -> None:
        if self._started:
            return
        arguments = _Arguments(flags=_OS_LOCKING_OK)
        answer = self._calls.initialize(ctypes.addressof(arguments))
        if answer == _CANT_LOCK:
            self._serial = self._serial or threading.RLock()
            answer = self._calls.initialize(None)
        if answer not in {_OK, _ALREADY_INITIALIZED}:
            raise TokenTrouble(f"C_Initialize answers 0x{answer:03X}")
        try:
            self._library = self._library or _Library(str(self.path))
        except pkcs11.PKCS11Error as error:
            raise TokenTrouble(f"the module answers {type(error).__name__}") from error
        self.generation += 1
        self._started = True

    def _stop(self) -> None:
        self._started = False
        if self._library is not None:
            self._calls.finalize(None)  # where it was ended by others, it says so and does nothing

    def _ended(self) -> None:
        """Somebody else in this process has finalised the module."""
        with self._change:
            self._started = False

    def _bound(self) -> _Library:
        if self._library is None:
            raise RuntimeError("the module is used outside of `using`")
        return self._library


_GONE = (
    pkcs11.DeviceRemoved,
    pkcs11.DeviceError,
    pkcs11.KeyHandleInvalid,
    pkcs11.ObjectHandleInvalid,
    pkcs11.SessionClosed,
    pkcs11.SessionHandleInvalid,
    pkcs11.SlotIDInvalid,
    pkcs11.TokenNotPresent,
    pkcs11.TokenNotRecognised,
    pkcs11.UserNotLoggedIn,
)
