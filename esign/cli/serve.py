"""``esign serve``: the service, until it is told to stop. API and pages meet here."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from esign import settings
from esign.api import logs
from esign.api.app import create_app
from esign.cli.console import told
from esign.service.services import Services
from esign.settings import PREFIX, Settings
from esign.web import pages

KEEP_ALIVE_SECONDS = 15
LAST_REQUESTS_SECONDS = 60
"""How long requests in flight may take to end once the server is told to stop."""
MOST_CONNECTIONS = 2000
LARGEST_HEADERS = 32 * 1024


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; else ESIGN_HOST.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on; else ESIGN_PORT.")] = None,
) -> None:
    """Run the service: the API, the pages for people, and the development CA where it is on."""
    for name, value in (("HOST", host), ("PORT", port)):
        if value is not None:
            os.environ[PREFIX + name] = str(value)
    with told():
        read = settings.load()
        logs.configure(read.log_level, read.log_renderer)
        with Services.open(read) as services:
            run(services)


def build(services: Services) -> FastAPI:
    """The whole application: the API and the pages for people."""
    app = create_app(services)
    app.include_router(pages.router(services), include_in_schema=False)
    return app


def configuration(app: FastAPI, read: Settings, *, port: int | None = None) -> uvicorn.Config:
    """How the server runs: without a banner, without an access log of its own (it has addresses with queries in it)."""
    return uvicorn.Config(
        app,
        host=read.host,
        port=read.port if port is None else port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
        h11_max_incomplete_event_size=LARGEST_HEADERS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=LAST_REQUESTS_SECONDS,
    )


def run(services: Services, ready: Callable[[], None] | None = None) -> None:
    """Serves until SIGINT or SIGTERM; requests in flight are ended first.

    ``ready`` is called in a thread of its own once the server answers.
    """
    server = _Server(configuration(build(services), services.settings), ready)
    with suppress(KeyboardInterrupt):
        server.run()


@contextmanager
def running(services: Services, *, port: int | None = None) -> Iterator[str]:
    """Serves from a thread while the context is open; gives the address. Port 0 takes a free one."""
    started = threading.Event()
    server = _Server(configuration(build(services), services.settings, port=port), started.set)
    thread = threading.Thread(target=server.run, name="esign-server", daemon=True)
    thread.start()
    try:
        while not started.wait(0.05):
            if not thread.is_alive():
                raise RuntimeError("the server did not start")
        host, found = server.servers[0].sockets[0].getsockname()[:2]
        yield f"http://{host}:{found}"
    finally:
        server.should_exit = True
        thread.join()


class _Server(uvicorn.Server):
    """uvicorn's server, which tells when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, and then the call."""
        await super().startup(sockets)
        if self._ready is not None and self.started:
            threading.Thread(target=self._ready, daemon=True).start()
