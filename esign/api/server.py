"""The HTTP server under the application: uvicorn, without a banner and without an access log of its own."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import uvicorn
from fastapi import FastAPI

from esign.settings import Settings

KEEP_ALIVE_SECONDS = 15
LAST_REQUESTS_SECONDS = 60
"""How long requests in flight may take to end once the server is told to stop."""
MOST_CONNECTIONS = 2000
LARGEST_HEADERS = 32 * 1024


def run(app: FastAPI, settings: Settings, ready: Callable[[], None] | None = None) -> None:
    """Serves until SIGINT or SIGTERM; requests in flight are ended first.

    ``ready`` is called once the server answers, in a thread of its own, so that it may ask the server.
    """
    with suppress(KeyboardInterrupt):
        _Server(_configuration(app, settings, settings.port), ready).run()


@contextmanager
def running(app: FastAPI, settings: Settings, *, port: int | None = None) -> Iterator[str]:
    """Serves from a thread while the context is open; gives the address. Port 0 takes one that is free."""
    started = threading.Event()
    server = _Server(_configuration(app, settings, settings.port if port is None else port), started.set)
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


def _configuration(app: FastAPI, settings: Settings, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=port,
        log_config=None,
        access_log=False,  # it writes addresses with their query strings
        server_header=False,
        proxy_headers=False,
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
        h11_max_incomplete_event_size=LARGEST_HEADERS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=LAST_REQUESTS_SECONDS,
    )


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
