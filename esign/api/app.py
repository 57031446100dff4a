"""The HTTP application: the API, its documentation, health and metrics; pages for people are added by the caller."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import FastAPI

from esign.api import bsre, cors, csc, edge, health, openapi, pages, problems, state
from esign.api.bsre import refusals
from esign.api.pki import router as pki_router
from esign.api.state import State
from esign.api.uploads import FORM_BYTES
from esign.api.v1 import batch, digests, letters, revisions, signers, signing, verify
from esign.service.services import Services

_THREADS_BESIDE_WORK = 24
"""Threads for what is quick (records, codes), so that signing and uploads never take them all."""


def create_app(services: Services) -> FastAPI:
    """The application over opened services, which it does not close.

    Refusals of every kind are problem documents; nothing it serves needs another host.
    """
    own = State.of_services(services)
    settings = services.settings
    threads = settings.signing_at_once + settings.public_uploads_at_once + _THREADS_BESIDE_WORK

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = threads
        yield

    app = FastAPI(
        title="esign",
        lifespan=lifespan,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    state.keep(app, own)
    openapi.install(app)
    problems.install(app)
    refusals.install(app)
    own.metrics.observe(lambda: health.gauges(own))
    app.include_router(signing.router)
    app.include_router(letters.router)
    app.include_router(signers.router)
    app.include_router(verify.router)
    app.include_router(revisions.router)
    app.include_router(digests.router)
    app.include_router(batch.router)
    app.include_router(health.router)
    app.include_router(pages.router)
    app.include_router(bsre.router(), include_in_schema=False)
    if settings.csc_server:
        for router in csc.routers():
            app.include_router(router)
    if services.dev_ca is not None:
        app.include_router(pki_router(services.dev_ca), include_in_schema=False)
    app.add_middleware(cors.PublicCors)
    app.add_middleware(
        edge.Edge,
        metrics=own.metrics,
        trusted_proxies=settings.trusted_proxies,
        max_body=settings.max_letter_bytes + FORM_BYTES,
        max_bsre_body=settings.bsre_body_bytes,
        longer={batch.PATH: settings.public_batch_bytes + FORM_BYTES},
        https=settings.public_url.startswith("https://"),
    )
    return app
