"""``esign client``: the programs that call the API."""

from enum import StrEnum
from typing import Annotated

import typer
from pydantic import JsonValue

from esign.ca.authority import Secret
from esign.cli.console import actor, opened, refuse, secret
from esign.registry import basic_credentials
from esign.registry.clients import NewClient
from esign.registry.models import ApiClient, Scope
from esign.service import applications, parties

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


class V1Rect(StrEnum):
    """See `applications.Manner.v1_rect`."""

    CORNERS = "corners"
    SIZE = "size"


class V2Origin(StrEnum):
    """See `applications.Manner.v2_origin`."""

    TOP_LEFT = "top-left"
    BOTTOM_LEFT = "bottom-left"


class V2Tag(StrEnum):
    """See `applications.Manner.v2_tag`."""

    BASELINE_START = "baseline-start"
    CENTRE = "centre"
    TOP_LEFT = "top-left"


@app.command()
def bsre(
    agency: AgencySlug,
    client: ClientId,
    username: Annotated[
        str | None, typer.Option(help="Admit it with this username; the password is asked for, or piped.")
    ] = None,
    generate: Annotated[bool, typer.Option("--generate", help="Make its password, and print it once.")] = False,
    shut_out: Annotated[bool, typer.Option("--shut-out", help="Take username and password from it.")] = False,
    v1_rect: Annotated[V1Rect | None, typer.Option(help="What width and height are beside coordinates in v1.")] = None,
    v2_origin: Annotated[V2Origin | None, typer.Option(help="Where originX and originY are counted from.")] = None,
    v2_tag: Annotated[V2Tag | None, typer.Option(help="How a picture lies at a tag in v2.")] = None,
    our_qr: Annotated[bool | None, typer.Option(help="Whether our stamp takes the place of its own picture.")] = None,
    classification: Annotated[
        str | None, typer.Option(help="Classification of its letters, one of the agency's; else terbatas.")
    ] = None,
) -> None:
    """Admit a program to the API of BSrE's service, or change how it speaks it. Prints what is in force."""
    if generate and username is None:
        refuse("--generate needs --username")
    given: dict[str, StrEnum | bool | None] = {
        "v1_rect": v1_rect, "v2_origin": v2_origin, "v2_tag": v2_tag, "our_qr": our_qr,
    }  # fmt: skip
    changes: dict[str, JsonValue] = {name: value for name, value in given.items() if value is not None}
    with opened() as services:
        found, who = parties.agency(services, agency), actor()
        manner = applications.settle(services, found.id, client, changes, classification, who)
        if shut_out:
            applications.shut_out(services, found.id, client, who)
        if username is not None:
            made = basic_credentials.generated() if generate else None
            password = Secret(made) if made is not None else secret("Password")
            applications.admit(services, found.id, client, username, password, who)
            typer.echo(f"username: {username}")
            if made is not None:
                typer.echo(f"password: {made}")
        for name, value in manner.model_dump().items():
            typer.echo(f"{name}: {value}")


def _switch(agency: str, client: str, *, enabled: bool) -> None:
    with opened() as services:
        found = parties.agency(services, agency)
        parties.switch_client(services, found.id, client, actor(), enabled=enabled)
        typer.echo("on" if enabled else "off")


def _show(client: ApiClient) -> None:
    state = "" if client.enabled else "  (off)"
    networks = ", ".join(client.networks) if client.networks else "any network"
    admitted = f"  bsre:{client.username}" if client.username is not None else ""
    typer.echo(
        f"{client.id}  {client.name}  {client.key_prefix}…  {' '.join(client.scopes)}  {networks}{admitted}{state}"
    )
