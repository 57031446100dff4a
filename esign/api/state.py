"""What the endpoints of one application share: the services, the metrics and the limits."""

from dataclasses import dataclass

from fastapi import FastAPI
from starlette.requests import HTTPConnection

from esign.api.limits import Gate, TokenBuckets
from esign.api.metrics import Metrics
from esign.service.services import Services

_FAILURES_PER_MINUTE = 30
"""Requests with a bad API key that one address may send a minute before it is told to wait."""


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
    upload_gate: Gate
    signing_gate: Gate

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
            upload_gate=Gate(settings.public_uploads_at_once, settings.public_uploads_at_once_per_address),
            signing_gate=Gate(settings.signing_at_once),
        )


def keep(app: FastAPI, state: State) -> None:
    """Gives the application its state."""
    app.state.esign = state


def of(connection: HTTPConnection) -> State:
    """The state of the application that answers this request."""
    state = connection.app.state.esign
    assert isinstance(state, State)  # noqa: S101 `keep` put it there
    return state
