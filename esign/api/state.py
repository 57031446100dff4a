"""What the endpoints of one application share: the services, the metrics and the limits."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from fastapi import FastAPI
from starlette.requests import HTTPConnection

from esign.api.limits import Gate, TokenBuckets
from esign.api.metrics import Metrics
from esign.registry.basic_credentials import Remembered
from esign.service import readiness
from esign.service.readiness import Readiness
from esign.service.services import Services

_FAILURES_PER_MINUTE = 30
"""Requests with a bad API key that one address may send a minute before it is told to wait."""

_UNKNOWN_SIGNERS_PER_MINUTE = 60
"""Questions about people who are not registered that one API client may put a minute: nobody finds NIKs by trying."""

_READINESS_SECONDS = 2.0


@dataclass(frozen=True)
class State:
    """One application's own."""

    services: Services
    metrics: Metrics
    uploads: TokenBuckets
    """Files of the public, by address."""
    lookups: TokenBuckets
    """Codes and page pictures, by address."""
    failures: TokenBuckets
    """Requests without a good key, by address. One with a good key is never refused for its neighbours."""
    unknown_signers: TokenBuckets
    """Questions about people who are not registered, by API client."""
    upload_gate: Gate
    batch_gate: Gate
    """Several files in one request, which take a place among the uploads as well."""
    signing_gate: Gate
    download_gate: Gate
    """What is sent to the public and may be large."""
    readiness: "RecentReadiness"
    passwords: Remembered
    """Passwords of applications that were right a moment ago."""

    @classmethod
    def of_services(cls, services: Services) -> "State":
        """A fresh state, with the limits of the settings."""
        settings = services.settings
        return cls(
            services=services,
            metrics=Metrics(),
            uploads=TokenBuckets(settings.public_uploads_per_minute),
            lookups=TokenBuckets(settings.public_lookups_per_minute),
            failures=TokenBuckets(_FAILURES_PER_MINUTE),
            unknown_signers=TokenBuckets(_UNKNOWN_SIGNERS_PER_MINUTE),
            upload_gate=Gate(settings.public_uploads_at_once, settings.public_uploads_at_once_per_address),
            batch_gate=Gate(settings.public_batches_at_once, 1),
            signing_gate=Gate(settings.signing_at_once),
            download_gate=Gate(settings.public_uploads_at_once, 1),
            readiness=RecentReadiness(services),
            passwords=Remembered(),
        )


class RecentReadiness:
    """What readiness was found at most a moment ago: it asks disks and authorities, and anybody may ask for it."""

    def __init__(self, services: Services, clock: Callable[[], float] = time.monotonic) -> None:
        self._services = services
        self._clock = clock
        self._lock = Lock()
        self._found: tuple[float, Readiness] | None = None

    def read(self) -> Readiness:
        """As it is now, or was up to `_READINESS_SECONDS` ago."""
        with self._lock:
            now = self._clock()
            if self._found is None or now - self._found[0] > _READINESS_SECONDS:
                self._found = now, readiness.check(self._services)
            return self._found[1]


def keep(app: FastAPI, state: State) -> None:
    """Gives the application its state."""
    app.state.esign = state


def of(connection: HTTPConnection) -> State:
    """The state of the application that answers this request."""
    return of_app(connection.app)


def of_app(app: FastAPI) -> State:
    """The state of that application."""
    state = app.state.esign
    assert isinstance(state, State)  # noqa: S101 `keep` put it there
    return state
