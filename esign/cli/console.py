"""What the commands share: the opened services, refusals in plain words, secrets that are typed or piped."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from pydantic import ValidationError

from esign import settings
from esign.ca.authority import Secret
from esign.errors import EsignError
from esign.registry import ids
from esign.registry.audit import Actor
from esign.service.readiness import cause_of
from esign.service.services import Services


@contextmanager
def opened(*, workers: bool = False) -> Iterator[Services]:
    """The services of these settings; whatever is refused inside is said, and ends the command with status 1."""
    with told(), Services.open(settings.load(), workers=workers) as services:
        yield services


@contextmanager
def told() -> Iterator[None]:
    """Says a refusal in both languages on standard error, and ends the command with status 1."""
    try:
        yield
    except EsignError as error:
        behind = cause_of(error) if error.status >= 500 else None  # of storage and networks; never of what is typed
        refuse(f"{error.sentence('id')}\n{error.sentence('en')}\n({error.code})" + (f"\n{behind}" if behind else ""))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        refuse(f"{field}: {first['msg'].removeprefix('Value error, ')}")


def refuse(message: str) -> NoReturn:
    """Says why on standard error, and ends the command with status 1."""
    typer.echo(message, err=True)
    raise typer.Exit(1)


def actor() -> Actor:
    """Whoever runs the command, as the audit trail names him."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return Actor(name=f"command:{user}", request_id=ids.new())


def secret(prompt: str, *, confirm: bool = False) -> Secret:
    """A passphrase: asked for without echo at a terminal, otherwise the first line of standard input.

    Never an argument: those stand in process lists and shell histories.
    """
    if sys.stdin.isatty():
        value: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)
        return Secret(value)
    line = sys.stdin.readline().rstrip("\n")
    if not line:
        refuse(f"{prompt}: nothing came on standard input.")
    return Secret(line)
