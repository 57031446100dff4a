"""A request of BSrE's API that is sent again while the first is worked on, or just after: done once, answered twice.

That API knows no idempotency key, and its clients give up after seven seconds and send again. So the request itself is
the key: client, address, files, fields and the signer's secret. In the record it stands as an HMAC under the server
key, over a stretched hash of the secret; it is forgotten within minutes. What is kept of a success is which files came
of it; of a refusal, its code.
"""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from pydantic import BaseModel, JsonValue, ValidationError

from esign import errors
from esign.ca.authority import Consent
from esign.errors import EsignError, IdempotencyInFlight
from esign.registry import idempotency
from esign.service.orders import Caller
from esign.service.services import Services
from esign.service.views import LetterView

_log = logging.getLogger(__name__)

_PURPOSE = "bsre request"
_FLEETING = timedelta(seconds=3)
"""How long a refusal is kept: for those who wait for it, and no longer."""
_PAUSE = 0.05
_SECRET_COST = 2**13
"""scrypt's N: 8 MiB and about 20 ms."""


@dataclass(frozen=True)
class Said:
    """What tells a request from others."""

    path: str
    files: Sequence[str]
    """The SHA-256 of each file, in order."""
    fields: Mapping[str, JsonValue]
    """All else, without the secret."""
    consent: Consent


class Signed(BaseModel):
    """A file that came of a request."""

    letter_id: str
    sha256: str
    size: int
    level: str


class _Told(BaseModel):
    """What is kept of a request."""

    signed: tuple[Signed, ...] = ()
    error: str | None = None
    details: dict[str, str | int | float | bool | None] = {}


def once(
    services: Services, caller: Caller, said: Said, work: Callable[[], Sequence[LetterView]]
) -> tuple[Signed, ...]:
    """What came of ``work``; where the same request is worked on or was just answered, what came of that.

    Raises what ``work`` raises, and `IdempotencyInFlight` where the first takes longer than a lease.
    """
    begun = _begun(services, caller, said)
    if isinstance(begun, _Told):
        return _again(begun)
    settings = services.settings
    try:
        views = work()
    except EsignError as error:
        doubted = isinstance(error, errors.SigningOutcomeUnknown)
        until = timedelta(seconds=settings.bsre_replay_seconds) if doubted else _FLEETING
        _keep(services, begun, _Told(error=error.code, details=error.details), until)
        raise
    except BaseException:
        with services.database.write() as session:
            idempotency.abandon(session, begun)
        raise
    signed = tuple(_signed(view) for view in views)
    _keep(services, begun, _Told(signed=signed), timedelta(seconds=settings.bsre_replay_seconds))
    return signed


def _begun(services: Services, caller: Caller, said: Said) -> idempotency.Begun | _Told:
    """The request as ours to do, or what became of it; waits while another does it."""
    files = {str(number): sha256 for number, sha256 in enumerate(said.files)}
    print_ = idempotency.fingerprint(services.keys, caller.client_id, said.path, files, said.fields)
    key = services.keys.mac(_PURPOSE, print_.present, _stretched(said.consent, print_.present))
    terms = idempotency.Terms(lease_seconds=services.settings.idempotency_lease_seconds)
    until = time.monotonic() + terms.lease_seconds
    while True:
        try:
            with services.database.write() as session:
                now = services.clock.now()
                begun = idempotency.begin(session, services.keys, caller.client_id, key, print_, now, terms)
        except IdempotencyInFlight:
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE)
            continue
        return begun if isinstance(begun, idempotency.Begun) else _read(services, begun)


def _stretched(consent: Consent, salt: str) -> str:
    secrets = [each.reveal() if each is not None else "" for each in (consent.passphrase, consent.code)]
    said = json.dumps(secrets).encode()
    return hashlib.scrypt(said, salt=salt.encode(), n=_SECRET_COST, r=8, p=1, dklen=32).hex()


def _keep(services: Services, begun: idempotency.Begun, told: _Told, lasts: timedelta) -> None:
    """Keeps what came of it. Where that fails, what was done is done all the same, and is told now or never."""
    body = told.model_dump_json().encode()
    large = len(body) > idempotency.LARGEST_INLINE
    try:
        blob = services.blobs.put(body) if large else None
        answer = idempotency.Answer(200, "application/json", None, None if large else body, blob)
        with services.database.write() as session:
            idempotency.complete(session, begun, answer, services.clock.now() + lasts)
    except EsignError as error:
        _log.error("what came of a request could not be kept: %s", error.code)


def _read(services: Services, answer: idempotency.Answer) -> _Told:
    body = services.blobs.get(answer.body_sha256) if answer.body_sha256 is not None else answer.body
    try:
        return _Told.model_validate_json(body or b"")
    except ValidationError:
        raise EsignError from None


def _again(told: _Told) -> tuple[Signed, ...]:
    if told.error is not None:
        raise errors.by_code(told.error)(**told.details)
    return told.signed


def _signed(view: LetterView) -> Signed:
    return Signed(
        letter_id=view.id,
        sha256=view.file.sha256,
        size=view.file.size,
        level=str(view.signatures[-1].level),
    )
