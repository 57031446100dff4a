"""``esign sign``: a letter signed through the API of a running service."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from esign.cli.console import refuse, secret
from esign.registry import ids

_TIMEOUT = httpx.Timeout(120.0, connect=10.0)


def sign(
    letter: Annotated[Path, typer.Argument(help="The letter, a PDF.", exists=True, dir_okay=False)],
    signer: Annotated[str, typer.Option(help="The signer's id.")],
    number: Annotated[str, typer.Option(help="Nomor surat.")],
    subject: Annotated[str, typer.Option(help="Perihal.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the signed letter goes.")],
    url: Annotated[str, typer.Option(envvar="ESIGN_URL", help="The service.")] = "http://127.0.0.1:8000",
    key: Annotated[str, typer.Option(envvar="ESIGN_API_KEY", help="API key; better in ESIGN_API_KEY.")] = "",
    day: Annotated[str | None, typer.Option("--date", help="Date on the letter, YYYY-MM-DD; else today.")] = None,
    classification: Annotated[str | None, typer.Option(help="Sifat.")] = None,
    profile: Annotated[str | None, typer.Option(help="B-B, B-T, B-LT or B-LTA.")] = None,
    placement: Annotated[str | None, typer.Option(help="JSON, as in docs/api.md.")] = None,
) -> None:
    """Have a letter signed and keep the result. Asks for the passphrase, or reads it from standard input."""
    if output.exists():
        refuse(f"{output} is there already.")
    fields = {
        "signer": signer,
        "passphrase": secret("Passphrase").reveal(),
        "number": number,
        "subject": subject,
        "date": day or datetime.now(UTC).astimezone().date().isoformat(),
    }
    given = {"classification": classification, "profile": profile, "placement": placement}
    fields.update({name: value for name, value in given.items() if value is not None})
    try:
        date.fromisoformat(fields["date"])
        answer = httpx.post(
            f"{url.rstrip('/')}/v1/letters/sign",
            headers={
                "Authorization": f"Bearer {key}",
                "Accept": "application/pdf",
                "Idempotency-Key": ids.new(),
            },
            data=fields,
            files={"file": (letter.name, letter.read_bytes(), "application/pdf")},
            timeout=_TIMEOUT,
        )
    except ValueError:
        refuse(f"{fields['date']} is not a date (YYYY-MM-DD).")
    except httpx.HTTPError as error:
        refuse(f"{url} can't be reached ({type(error).__name__}). Is the service running?")
    if answer.status_code >= httpx.codes.BAD_REQUEST:
        refuse(_problem(answer))
    output.write_bytes(answer.content)
    typer.echo(f"{output}: {answer.headers.get('Letter-Level')}, {answer.headers.get('Letter-Address')}")


def _problem(answer: httpx.Response) -> str:
    try:
        problem: dict[str, Any] = json.loads(answer.content)
    except ValueError:
        return f"The service answered {answer.status_code}."
    return f"{problem.get('detail')}\n({problem.get('code')}, request {problem.get('request_id')})"
