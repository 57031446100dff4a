"""Whether the process lives, whether it can do its work, and its metrics."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import timedelta

from fastapi import APIRouter, Request
from prometheus_client.core import Metric
from pydantic import BaseModel, Field
from starlette.responses import Response

from esign import errors
from esign.api import context, metrics, problems, state
from esign.api.state import State
from esign.service import expiring
from esign.service.services import Services

router = APIRouter(tags=["operation"])

_MOST_DAYS = 30
"""How far ahead officials' certificates are counted."""


class Alive(BaseModel):
    """The process answers."""

    status: str = Field(default="ok", description="Always `ok`.", examples=["ok"])


class CheckView(BaseModel):
    """One thing that the service needs."""

    name: str = Field(description="What was looked at.", examples=["database"])
    ok: bool = Field(description="Whether it does what is needed of it.")
    detail: str = Field(description="What was found, in plain English; never a secret.")


class ReadinessView(BaseModel):
    """Whether letters can be signed and checked now, and what that rests on."""

    ready: bool = Field(description="Whether all checks pass.")
    checks: list[CheckView] = Field(description="Each part, and its state.")


@router.get(
    "/healthz",
    summary="Is the process up?",
    description="Answers as long as the process does, whatever else is broken. For restarting it.",
    operation_id="health",
    response_model=Alive,
)
async def health() -> Response:
    """Answers that the process does."""
    return Response(b'{"status":"ok"}', media_type="application/json")


@router.get(
    "/readyz",
    summary="Can it do its work?",
    description=(
        "Looks at the database, the blob store, each authority, the time-stamp authority and the certificates' "
        "expiry, now. 503 where a part of this service is not well; an authority of another house that does not "
        "answer is told, and keeps nobody from having letters checked. For a balancer."
    ),
    operation_id="readiness",
    response_model=ReadinessView,
    responses={503: {"model": ReadinessView, "description": "Not ready; `checks` says why."}},
)
def ready(request: Request) -> Response:
    """The checks, as they are now."""
    found = state.of(request).readiness.read()
    view = ReadinessView(
        ready=found.ready, checks=[CheckView(name=c.name, ok=c.ok, detail=c.detail) for c in found.checks]
    )
    return Response(view.model_dump_json(), status_code=200 if found.ready else 503, media_type="application/json")


@router.get("/metrics", include_in_schema=False)
def read_metrics(request: Request) -> Response:
    """Prometheus' text, for the networks of ``ESIGN_METRICS_NETWORKS``; to others the address isn't there."""
    own = state.of(request)
    about = context.of(request)
    if not context.within(about.address, own.services.settings.metrics_networks):
        return problems.response(errors.NotFound(), about)
    return Response(own.metrics.text(), media_type=own.metrics.content_type)


def gauges(own: State) -> Iterable[Metric]:
    """What is read from the service whenever the metrics are asked for."""
    yield from metrics.pools((kind, pool.stats()) for kind, pool in own.services.pools().items())
    yield metrics.gauge(
        "esign_certificate_seconds",
        "Seconds until a certificate of an authority itself ends; negative once it has.",
        "certificate",
        _remaining(own.services),
    )
    yield metrics.gauge(
        "esign_credentials_ending",
        "Officials whose certificate ends within so many days; within 0: has ended.",
        "days",
        _ending(own.services),
    )
    found = own.readiness.read()
    yield metrics.gauge("esign_ready", "Whether the service is ready.", "service", [("esign", float(found.ready))])
    yield metrics.gauge(
        "esign_ready_check", "Whether one check passes.", "check", ((c.name, float(c.ok)) for c in found.checks)
    )


def _remaining(services: Services) -> Iterator[tuple[str, float]]:
    now = services.clock.now()
    for authority in services.authorities:
        with suppress(errors.EsignError):  # readiness tells that it doesn't answer
            for each in expiring.certificates(authority):
                yield f"{authority.name}: {each.name}", (each.until - now).total_seconds()


def _ending(services: Services) -> Iterator[tuple[str, float]]:
    now = services.clock.now()
    with suppress(errors.EsignError):  # readiness tells that the database is away
        ends = [each.until for each in expiring.officials(services, timedelta(days=_MOST_DAYS))]
        for days in (0, 7, _MOST_DAYS):
            yield str(days), float(sum(end <= now + timedelta(days=days) for end in ends))
