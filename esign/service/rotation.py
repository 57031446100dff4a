"""The change of the server key: everything that can be is put under the present key, and what can't is told.

What depends on the key, and how it gets under the present one:

* NIKs, and what is kept of applications' passwords, are sealed: `rotate` opens each under the earlier key and seals
  it anew.
* API keys are known by an HMAC, from which no other can be made: each moves over when its client calls.
* Requests that may be sent again (Idempotency-Key) are known by an HMAC too: they are forgotten in time.

So the earlier key may go when no client and no request is left that only it knows.
"""

from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy.orm import Session

from esign.registry import agencies, audit, basic_credentials, clients, idempotency, signers
from esign.registry.models import Agency, ApiClient, Event
from esign.service.services import Services


@dataclass(frozen=True)
class SilentClient:
    """An API client that has not called since the keys were changed: only the earlier key knows its API key."""

    agency: Agency
    client: ApiClient


@dataclass(frozen=True)
class Keyring:
    """The server keys, and what still needs the earlier ones."""

    present: str
    """The present key's id."""
    earlier: tuple[str, ...]
    """The ids of the keys in ESIGN_OLD_SECRET_KEYS."""
    sealed_otherwise: int
    """NIKs and passwords that are not under the present key."""
    unreadable: int
    """NIKs and passwords that no key here opens."""
    rotated_at: datetime | None
    """When `rotate` last put something under the present key."""
    silent: tuple[SilentClient, ...]
    repeatable_until: datetime | None
    """Until when requests from before may be sent again."""

    @property
    def settled(self) -> bool:
        """Whether the earlier keys are needed no more."""
        rotated = self.rotated_at is not None and not self.sealed_otherwise
        return not self.earlier or (rotated and not self.silent and self.repeatable_until is None)


def rotate(services: Services, actor: audit.Actor) -> int:
    """Seals every NIK and password that is under an earlier key anew; how many there were.

    Doing it again does nothing, unless a server with the earlier settings has sealed something since.
    Raises `ConfigurationError` for one that no key here opens; then nothing is changed.
    """
    now, keys = services.clock.now(), services.keys
    with services.database.write() as session:
        sealed = signers.rotate(session, keys) + basic_credentials.rotate(session, keys)
        if sealed or (keys.earlier_ids and _rotated_at(session, keys.key_id) is None):
            earlier: list[JsonValue] = [*keys.earlier_ids]
            data: dict[str, JsonValue] = {"key": keys.key_id, "earlier": earlier, "sealed": sealed}
            audit.record(session, Event.KEYS_ROTATED, actor, now, data=data)
        return sealed


def keyring(services: Services) -> Keyring:
    """The keys of this process, and what in the register needs which."""
    now, keys = services.clock.now(), services.keys
    with services.database.read() as session:
        since = _rotated_at(session, keys.key_id)
        return Keyring(
            present=keys.key_id,
            earlier=keys.earlier_ids,
            sealed_otherwise=signers.sealed_otherwise(session, keys)
            + basic_credentials.sealed_otherwise(session, keys),
            unreadable=signers.unreadable(session, keys) + basic_credentials.unreadable(session, keys),
            rotated_at=since,
            silent=_silent(session, since) if since is not None else (),
            repeatable_until=idempotency.needed_until(session, since, now) if since is not None else None,
        )


def _rotated_at(session: Session, key_id: str) -> datetime | None:
    times = [event.at for event in audit.of_kind(session, Event.KEYS_ROTATED) if event.data.get("key") == key_id]
    return max(times, default=None)


def _silent(session: Session, since: datetime) -> tuple[SilentClient, ...]:
    """Clients that are on, older than the change, have not called since it, and got no other key since it."""
    changes = audit.of_kind(session, Event.CLIENT_CHANGED, since)
    renewed = {event.data.get("client") for event in changes if event.data.get("key") == "renewed"}
    return tuple(
        SilentClient(agency, client)
        for agency in agencies.all_of_them(session)
        for client in clients.of_agency(session, agency.id)
        if client.enabled and agency.enabled and client.created_at < since and client.id not in renewed
        if client.last_used_at is None or client.last_used_at < since
    )
