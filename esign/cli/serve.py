"""``esign serve``: the service, until it is told to stop. API and pages meet here."""

import os
from typing import Annotated

import typer
from fastapi import FastAPI

from esign import settings
from esign.api import logs, server
from esign.api.app import create_app
from esign.cli.console import told
from esign.service.services import Services
from esign.settings import PREFIX
from esign.web import pages


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
            server.run(build(services), read)


def build(services: Services) -> FastAPI:
    """The whole application: the API and the pages for people."""
    app = create_app(services)
    app.include_router(pages.router(services), include_in_schema=False)
    return app
