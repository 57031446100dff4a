"""``esign client``: the programs that call the API."""

from typing import Annotated

import typer

from esign.cli.console import actor, opened
from esign.registry.clients import NewClient
from esign.registry.models import ApiClient, Scope
from esign.service import parties

app = typer.Typer(help="API clients and their keys.", no_args_is_help=True)

AgencySlug = Annotated[str, typer.Argument(help="The agency's short name.")]
ClientId = Annotated[str, typer.Argument(help="The client's id.")]


@app.command()
def add(
    agency: AgencySlug,
    name: Annotated[str, typer.Option(help="What the program is, for people.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may do; may be given several times.")] = [  # noqa: B006
        Scope.LETTERS_SIGN,
        Scope.LETTERS_READ,
        Scope.SIGNERS_READ,
    ],
    network: Annotated[list[str] | None, typer.Option(help="CIDR network it may call from; several times.")] = None,
) -> None:
    """Enter a program. Prints its API key: the only time that it is shown."""
    with opened() as services:
        found = parties.agency(services, agency)
        new = NewClient(
            agency_id=found.id, name=name, scopes=frozenset(scope), networks=tuple(network) if network else None
        )
        client, key = parties.add_client(services, new, actor())
        _show(client)
        typer.echo(key)


@app.command("list")
def list_(agency: AgencySlug) -> None:
    """The agency's programs."""
    with opened() as services:
        for client in parties.list_clients(services, parties.agency(services, agency).id):
            _show(client)


@app.command()
def off(agency: AgencySlug, client: ClientId) -> None:
    """Switch a program off, at once."""
    _switch(agency, client, enabled=False)


@app.command()
def on(agency: AgencySlug, client: ClientId) -> None:
    """Switch a program on again."""
    _switch(agency, client, enabled=True)


@app.command("renew-key")
def renew_key(agency: AgencySlug, client: ClientId) -> None:
    """Give a program another key; the old one is void at once."""
    with opened() as services:
        found = parties.agency(services, agency)
        typer.echo(parties.renew_client_key(services, found.id, client, actor()))


def _switch(agency: str, client: str, *, enabled: bool) -> None:
    with opened() as services:
        found = parties.agency(services, agency)
        parties.switch_client(services, found.id, client, actor(), enabled=enabled)
        typer.echo("on" if enabled else "off")


def _show(client: ApiClient) -> None:
    state = "" if client.enabled else "  (off)"
    networks = ", ".join(client.networks) if client.networks else "any network"
    typer.echo(f"{client.id}  {client.name}  {client.key_prefix}…  {' '.join(client.scopes)}  {networks}{state}")
