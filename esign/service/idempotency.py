"""A request that is sent twice is done once and answered twice: the service's side of Idempotency-Key."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from esign.registry import idempotency
from esign.service.orders import Caller
from esign.service.services import Services


@dataclass(frozen=True)
class Replay:
    """The answer that the request got before."""

    status: int
    media_type: str | None
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Ticket:
    """A request that is to be done now, and told of once it is: `complete` or `abandon`."""

    services: Services
    begun: idempotency.Begun
    claim: str
    """What tells this request from others, for the reservation of its letter."""

    def complete(self, status: int, media_type: str | None, headers: Mapping[str, str], body: bytes) -> None:
        """Keeps the answer for the next time: success, or a refusal that another try would meet too."""
        large = len(body) > idempotency.LARGEST_INLINE
        blob = self.services.blobs.put(body) if large else None
        answer = idempotency.Answer(status, media_type, headers, None if large else body, blob)
        with self.services.database.write() as session:
            idempotency.complete(session, self.begun, answer)

    def abandon(self) -> None:
        """Forgets the request, so that the same key may try again: wrong passphrase, lock-out, 5xx."""
        with self.services.database.write() as session:
            idempotency.abandon(session, self.begun)


def begin(
    services: Services,
    caller: Caller,
    key: str,
    path: str,
    files: Mapping[str, str],
    fields: Mapping[str, JsonValue],
) -> Replay | Ticket:
    """Begins a request under its key, or gives the answer that it got before.

    ``files`` are the SHA-256 of each file by its field; ``fields`` hold neither passphrase nor code.
    Raises `IdempotencyInFlight`, `IdempotencyMismatch`, `StorageUnavailable`.
    """
    said = idempotency.fingerprint(services.keys, caller.client_id, path, files, fields)
    terms = idempotency.Terms(services.settings.idempotency_hours, services.settings.idempotency_lease_seconds)
    now = services.clock.now()
    with services.database.write() as session:
        begun = idempotency.begin(session, services.keys, caller.client_id, key, said, now, terms)
    if isinstance(begun, idempotency.Begun):
        return Ticket(services, begun, begun.fingerprint)
    body = begun.body
    if begun.body_sha256 is not None:
        body = services.blobs.get(begun.body_sha256)
    return Replay(begun.http_status, begun.media_type, begun.headers or {}, body or b"")
