"""``esign authority``: the authorities that hold keys, and whether they work."""

from collections.abc import Iterable
from typing import Annotated

import typer

from esign.ca.authority import Consent
from esign.cli import demo
from esign.cli.console import actor, opened, secret
from esign.cli.findings import Findings
from esign.service import parties, trying

app = typer.Typer(help="Authorities: BSrE, CSC providers, HSMs, the development CA.", no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """The authorities of these settings; * marks the default."""
    with opened() as services:
        for authority in services.authorities:
            mark = "*" if authority.name == services.authorities.default else " "
            typer.echo(f"{mark} {authority.name}")


@app.command("test")
def try_out(
    name: Annotated[str, typer.Argument(help="The authority, as esign authority list names it.")],
    sign: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="AGENCY SIGNER", help="Have this signer sign a sample letter there; asks for his secret."),
    ] = None,
    code: Annotated[bool, typer.Option(help="The secret is a one-time code.")] = False,
) -> None:
    """Try an authority, and say what works and what does not. Exit status 1 if anything is wrong.

    No signer's secret is needed, unless --sign has one sign a sample letter, which is checked and thrown away.
    """
    report = Findings()
    with opened(workers=sign is not None) as services:
        services.authorities.refuse_unknown(name)
        authority = services.authorities.named(name)
        _say(report, trying.trial(services, authority))
        if sign is not None:
            signer = parties.signer(services, parties.agency(services, sign[0]).id, sign[1])
            given = secret("One-time code" if code else "Passphrase")
            consent = Consent(code=given) if code else Consent(given)
            _say(report, trying.signature(services, authority, signer, demo.sample(), consent, actor()))
    if report.wrong:
        raise typer.Exit(1)


def _say(report: Findings, found: Iterable[trying.Found]) -> None:
    for each in found:
        match each.word:
            case "ok":
                report.well(each.text)
            case "wrong":
                report.fault(each.text)
            case "note":
                report.note("note", each.text)
