"""Username and password of an API client, for HTTP Basic at the API of BSrE's service.

Applications bring the passwords that they had there, and some of those are weak. So what is kept of one is sealed
under the server key, around its scrypt: a copied database alone gives nothing that could be guessed at, and whoever
has the server key as well still pays for each guess. A change of the server key seals it anew, as it does NIKs.
"""

import hashlib
import hmac
import os
import secrets
import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated

import sqlalchemy as sa
from pydantic import AfterValidator, SecretStr, StringConstraints
from sqlalchemy.orm import Session
from sqlmodel import col

from esign.errors import ConfigurationError, RequestInvalid
from esign.registry.inputs import Input, printable
from esign.registry.models import Agency, ApiClient
from esign.registry.secrets import Keys

_LOG2_N, _R, _P = 14, 8, 1
"""scrypt (RFC 7914): 16 MiB and about 40 ms."""
_MOST_MEMORY = 64 * 1024 * 1024
_SALT_BYTES = 16
_AT_ONCE = threading.BoundedSemaphore(2)
"""Passwords that are tried at the same time: strangers may send any number."""
_GENERATED_BYTES = 24

REMEMBERED_SECONDS = 600.0
_MOST_REMEMBERED = 10_000


def _without_colon(name: str) -> str:
    if ":" in name:
        raise ValueError("HTTP Basic allows no colon in a username")
    return name


def _sendable(password: SecretStr) -> SecretStr:
    text = password.get_secret_value()
    if not 1 <= len(text.encode()) <= 500 or not text.isprintable():
        raise ValueError("a password has 1 to 500 printable characters")
    return password


class NewCredentials(Input):
    """Username and password of a client."""

    username: Annotated[
        str, StringConstraints(min_length=1, max_length=200), AfterValidator(printable), AfterValidator(_without_colon)
    ]
    password: Annotated[SecretStr, AfterValidator(_sendable)]


def generated() -> str:
    """A new password, of 192 random bits."""
    return secrets.token_urlsafe(_GENERATED_BYTES)


def give(session: Session, keys: Keys, client: ApiClient, new: NewCredentials) -> None:
    """Gives the client these; earlier ones are void when this unit of work commits.

    Raises `RequestInvalid` where another client has that username.
    """
    other = session.scalar(
        sa.select(col(ApiClient.id)).where(col(ApiClient.username) == new.username, col(ApiClient.id) != client.id)
    )
    if other is not None:
        raise RequestInvalid(field="username", reason="another client has this username")
    salt = os.urandom(_SALT_BYTES)
    stretched = _stretched(new.password.get_secret_value(), salt, _LOG2_N, _R, _P)
    kept = _kept(keys, client.id, salt, stretched, (_LOG2_N, _R, _P))
    _set(session, client, username=new.username, password_hash=kept)


def take_away(session: Session, client: ApiClient) -> None:
    """Admits the client to that API no longer."""
    _set(session, client, username=None, password_hash=None)


def of_username(session: Session, username: str) -> tuple[ApiClient, Agency] | None:
    """The client of that username, switched on or not, and its agency."""
    row = session.execute(
        sa.select(ApiClient, Agency)
        .join(Agency, col(Agency.id) == col(ApiClient.agency_id))
        .where(col(ApiClient.username) == username)
    ).first()
    return None if row is None else (row[0], row[1])


def is_right(keys: Keys, client: ApiClient | None, password: str) -> bool:
    """Whether it is the client's password; where there is no client, it takes as long to say no.

    Raises `ConfigurationError` where what is kept of it does not open under our keys.
    """
    if client is None or client.password_hash is None:
        with _AT_ONCE:
            _stretched(password, bytes(_SALT_BYTES), _LOG2_N, _R, _P)
        return False
    costs, salt, sealed = _parts(client.password_hash)
    expected = keys.open(sealed, _bound_to(client.id))
    with _AT_ONCE:
        return hmac.compare_digest(expected, _stretched(password, salt, *costs))


class Remembered:
    """Passwords that were right a moment ago, as keyed hashes in this process's memory: most calls cost no scrypt.

    What is remembered is bound to what the row holds: a password that was changed or taken away is forgotten with it.
    """

    def __init__(self, seconds: float = REMEMBERED_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._key = os.urandom(32)
        self._seconds = seconds
        self._clock = clock
        self._until: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def has(self, client: ApiClient, password: str) -> bool:
        """Whether it was this client's password a moment ago, and the row is the same."""
        name = self._name(client, password)
        with self._lock:
            return self._until.get(name, 0.0) > self._clock()

    def note(self, client: ApiClient, password: str) -> None:
        """It is the client's password."""
        name = self._name(client, password)
        with self._lock:
            self._until[name] = self._clock() + self._seconds
            self._until.move_to_end(name)
            while len(self._until) > _MOST_REMEMBERED:
                self._until.popitem(last=False)

    def _name(self, client: ApiClient, password: str) -> bytes:
        said = b"\0".join((client.id.encode(), (client.password_hash or "").encode(), password.encode()))
        return hmac.new(self._key, said, hashlib.sha256).digest()


def rotate(session: Session, keys: Keys) -> int:
    """Seals what is kept of passwords under an earlier key anew; how many. Raises `ConfigurationError`."""
    rotated = 0
    for client in _with_password(session):
        costs, salt, sealed = _parts(client.password_hash or "")
        if not keys.is_present(sealed):
            stretched = keys.open(sealed, _bound_to(client.id))
            _set(
                session, client, username=client.username, password_hash=_kept(keys, client.id, salt, stretched, costs)
            )
            rotated += 1
    return rotated


def sealed_otherwise(session: Session, keys: Keys) -> int:
    """How many are not under the present key."""
    return sum(not keys.is_present(_parts(client.password_hash or "")[2]) for client in _with_password(session))


def unreadable(session: Session, keys: Keys) -> int:
    """How many none of the keys opens."""
    return sum(not _opens(keys, client) for client in _with_password(session))


def _opens(keys: Keys, client: ApiClient) -> bool:
    try:
        keys.open(_parts(client.password_hash or "")[2], _bound_to(client.id))
    except ConfigurationError:
        return False
    return True


def _with_password(session: Session) -> list[ApiClient]:
    return list(session.scalars(sa.select(ApiClient).where(col(ApiClient.password_hash).is_not(None))))


def _set(session: Session, client: ApiClient, *, username: str | None, password_hash: str | None) -> None:
    session.execute(
        sa.update(ApiClient)
        .where(col(ApiClient.id) == client.id)
        .values(username=username, password_hash=password_hash),
    )


def _stretched(password: str, salt: bytes, log2_n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**log2_n, r=r, p=p, maxmem=_MOST_MEMORY, dklen=32)


def _kept(keys: Keys, client_id: str, salt: bytes, stretched: bytes, costs: tuple[int, int, int]) -> str:
    """``scrypt$<log2 n>,<r>,<p>$<salt>$<sealed>``, the last two in base64url."""
    sealed = keys.seal(stretched, _bound_to(client_id))
    numbers = ",".join(str(each) for each in costs)
    return f"scrypt${numbers}${urlsafe_b64encode(salt).decode()}${urlsafe_b64encode(sealed).decode()}"


def _parts(kept: str) -> tuple[tuple[int, int, int], bytes, bytes]:
    _, numbers, salt, sealed = kept.split("$")
    log2_n, r, p = (int(each) for each in numbers.split(","))
    return (log2_n, r, p), urlsafe_b64decode(salt), urlsafe_b64decode(sealed)


def _bound_to(client_id: str) -> str:
    return f"api_client.password_hash/{client_id}"
