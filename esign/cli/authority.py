"""``esign authority``: the authorities that hold keys, and whether they work."""

from typing import Annotated

import typer

from esign.cli.console import opened
from esign.cli.findings import Findings
from esign.service import trying

app = typer.Typer(help="Authorities: BSrE, CSC providers, HSMs, the development CA.", no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """The authorities of these settings; * marks the default."""
    with opened() as services:
        for authority in services.authorities:
            mark = "*" if authority.name == services.authorities.default else " "
            typer.echo(f"{mark} {authority.name}")


@app.command()
def test(name: Annotated[str, typer.Argument(help="The authority, as esign authority list names it.")]) -> None:
    """Try an authority without any signer's secret: what works, what does not. Exit status 1 if anything is wrong."""
    report = Findings()
    with opened() as services:
        services.authorities.refuse_unknown(name)
        for found in trying.trial(services, services.authorities.named(name)):
            match found.word:
                case "ok":
                    report.well(found.text)
                case "wrong":
                    report.fault(found.text)
                case "note":
                    report.note("note", found.text)
    if report.wrong:
        raise typer.Exit(1)
