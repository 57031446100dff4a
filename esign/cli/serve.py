"""``esign serve``: the service, until it is told to stop. API and pages meet here."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from fastapi import FastAPI

from esign import settings
from esign.api import logs, server
from esign.api.app import create_app
from esign.cli.console import told
from esign.errors import ConfigurationError
from esign.registry.audit import Actor
from esign.service import settling
from esign.service.services import Services
from esign.settings import PREFIX, Settings
from esign.web import pages

LOCK_FILE = "serve.lock"
SERVICE = Actor(name="service", request_id="start")


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


def run(services: Services, ready: Callable[[], None] | None = None) -> None:
    """Serves until it is told to stop; ``ready`` is called, in a thread of its own, once the server answers.

    What a process that died left behind is settled before, and again and again meanwhile. Raises
    `ConfigurationError` where another server has the same SQLite database open.
    """
    with alone(services.settings) as sole:
        settled = settling.settle_after_restart(services, SERVICE) if sole else settling.settle(services, SERVICE)
        settling.told(settled)
        with settling.kept_settled(services, SERVICE):
            server.run(build(services), services.settings, ready)


@contextmanager
def alone(read: Settings) -> Iterator[bool]:
    """Whether this is the one server of the installation, and stays so while the context is open.

    On SQLite it must be: the lock is a file in the data folder, and falls with the process. Several
    servers need PostgreSQL. Raises `ConfigurationError`.
    """
    if not read.database.startswith("sqlite:"):
        yield False
        return
    with (read.data_dir / LOCK_FILE).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            reason = "another server uses this SQLite database; several need PostgreSQL"
            raise ConfigurationError(variable="ESIGN_DATABASE_URL", reason=reason) from None
        yield True


def build(services: Services) -> FastAPI:
    """The whole application: the API and the pages for people."""
    app = create_app(services)
    app.include_router(pages.router(services), include_in_schema=False)
    return app
