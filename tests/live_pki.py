"""A dev CA behind a real server on a port of its own."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request, Response

from esign.api.pki import router
from esign.ca.dev import DevCa
from esign.errors import EsignError
from esign.x509.clock import Clock, SystemClock
from esign.x509.keys import KeyAlgorithm


@contextmanager
def serving(
    folder: Path, *, hierarchy: KeyAlgorithm = KeyAlgorithm.P256, clock: Clock | None = None
) -> Iterator[tuple[DevCa, str]]:
    """A new CA in ``folder`` and its address, served until the block ends."""
    with listening() as (port, listener):
        url = f"http://127.0.0.1:{port}/pki"
        with DevCa.create(folder, url, clock or SystemClock(), hierarchy=hierarchy) as ca:
            app = FastAPI()
            app.include_router(router(ca))

            @app.exception_handler(EsignError)
            def refuse(_: Request, error: Exception) -> Response:
                return Response(status_code=error.status if isinstance(error, EsignError) else 500)

            with served(app, listener):
                yield ca, url


@contextmanager
def listening() -> Iterator[tuple[int, socket.socket]]:
    """A free port of this machine, and its listening socket."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield listener.getsockname()[1], listener


@contextmanager
def served(app: FastAPI, listener: socket.socket) -> Iterator[None]:
    """Serves an application on a socket, in a thread."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=10)
