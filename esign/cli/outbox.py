"""``esign outbox``: the mail of development, which is kept in a folder instead of being sent."""

from email import message_from_bytes, policy
from pathlib import Path
from typing import Annotated

import typer

from esign import settings
from esign.cli.console import refuse, told
from esign.service.mail import Outbox, outbox_folder
from esign.x509.clock import SystemClock

app = typer.Typer(help="Mail that was not sent: in development, without a mail server.", no_args_is_help=True)


@app.command("list")
def list_(
    count: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
) -> None:
    """The newest mails, a line each: file, recipient, subject."""
    for file in _mails()[:count]:
        message = message_from_bytes(file.read_bytes(), policy=policy.default)
        typer.echo(f"{file.name}  {message['To']}  {message['Subject']}")


@app.command()
def show(
    name: Annotated[str | None, typer.Argument(help="The file's name, as listed; the newest, if not given.")] = None,
) -> None:
    """A mail with its text. It holds a one-time code."""
    file = next((each for each in _mails() if name is None or each.name == name), None)
    if file is None:
        refuse("there is no such mail" if name else "the outbox is empty")
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    for header in ("To", "Date", "Subject"):
        typer.echo(f"{header}: {message[header]}")
    typer.echo("")
    typer.echo(str(message.get_content()).replace("\r\n", "\n").rstrip())


def _mails() -> list[Path]:
    """The newest first; refused where mail is sent, and in production."""
    with told():
        values = settings.load()
        if values.environment == "production" or values.smtp_url:
            refuse("mail is sent here, and not kept; there is an outbox in development only, without ESIGN_SMTP_URL")
        return Outbox(outbox_folder(values), SystemClock()).mails()
