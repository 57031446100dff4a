"""``esign agency``: the agencies that issue letters."""

import base64
import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from esign.cli.console import actor, opened, refuse
from esign.registry.agencies import AgencyChanges, NewAgency
from esign.registry.models import Agency
from esign.service import parties, presenting
from esign.service.services import Services

app = typer.Typer(help="Agencies (OPD): names, domains, stamps, classifications.", no_args_is_help=True)

_DOMAIN = "Where the pages for people are: QR codes lead there, and it is printed beside them."

Slug = Annotated[str, typer.Argument(help="Short name: small letters, digits and hyphens.")]
StampFile = Annotated[
    Path | None, typer.Option("--stamp", help="JSON file with the stamp's theme (docs/stamp.md).", dir_okay=False)
]
LogoFile = Annotated[Path | None, typer.Option("--logo", help="PNG or JPEG for the stamp.", dir_okay=False)]
ClassesFile = Annotated[
    Path | None,
    typer.Option(
        "--classifications", help="JSON file: classification → public, limited, secret or top_secret.", dir_okay=False
    ),
]


@app.command()
def add(
    slug: Slug,
    name: Annotated[str, typer.Option(help="Full name, as in letterheads.")],
    domain: Annotated[str, typer.Option(help=_DOMAIN)],
    timezone: Annotated[str, typer.Option(help="Asia/Jakarta, Asia/Makassar or Asia/Jayapura.")] = "Asia/Jakarta",
    footer: Annotated[bool, typer.Option(help="Two small lines on each page.")] = False,
    stamp: StampFile = None,
    logo: LogoFile = None,
    classifications: ClassesFile = None,
) -> None:
    """Enter an agency."""
    values: dict[str, Any] = {"slug": slug, "name": name, "domain": domain, "timezone": timezone, "footer": footer}
    if stamp or logo:
        values["stamp"] = _stamp({}, stamp, logo)
    if classifications:
        values["classifications"] = _json(classifications)
    with opened() as services:
        _show(added := parties.add_agency(services, NewAgency(**values), actor()))
        _warn_of_domain(services, added)


@app.command()
def change(
    slug: Slug,
    name: Annotated[str | None, typer.Option(help="Full name.")] = None,
    domain: Annotated[str | None, typer.Option(help=_DOMAIN)] = None,
    timezone: Annotated[str | None, typer.Option(help="IANA name of the zone.")] = None,
    footer: Annotated[bool | None, typer.Option(help="Two small lines on each page.")] = None,
    enabled: Annotated[bool | None, typer.Option(help="Switch the agency on or off.")] = None,
    authority: Annotated[
        str | None, typer.Option(help="Authority of its signers for whom none is chosen; empty: the default.")
    ] = None,
    stamp: StampFile = None,
    logo: LogoFile = None,
    classifications: ClassesFile = None,
) -> None:
    """Change what is given; the rest stays."""
    values: dict[str, Any] = {
        "name": name, "domain": domain, "timezone": timezone, "footer": footer, "enabled": enabled,
    }  # fmt: skip
    values = {key: value for key, value in values.items() if value is not None}
    if authority is not None:
        values["authority"] = authority or None
    if classifications:
        values["classifications"] = _json(classifications)
    with opened() as services:
        if stamp or logo:
            values["stamp"] = _stamp(dict(parties.agency(services, slug).stamp), stamp, logo)
        _show(changed := parties.change_agency(services, slug, AgencyChanges(**values), actor()))
        if domain is not None:
            _warn_of_domain(services, changed)


@app.command("list")
def list_() -> None:
    """All agencies."""
    with opened() as services:
        for agency in parties.list_agencies(services):
            _show(agency)


def _show(agency: Agency) -> None:
    state = "" if agency.enabled else "  (off)"
    typer.echo(f"{agency.slug}  {agency.name}  {agency.domain}  {agency.timezone}{state}")


def _warn_of_domain(services: Services, agency: Agency) -> None:
    """Says so where QR codes lead to another host than the service is said to have: nothing tells if it answers."""
    if agency.domain != urlsplit(services.settings.public_url).netloc:
        address = presenting.address(services, agency, "CODE")
        typer.echo(f"QR codes of this agency hold {address}: see to it that {agency.domain} leads here.", err=True)


def _stamp(theme: dict[str, Any], file: Path | None, logo: Path | None) -> dict[str, Any]:
    if file:
        read = _json(file)
        theme = {**read, **({"logo": theme["logo"]} if "logo" in theme and "logo" not in read else {})}
    if logo:
        theme["logo"] = base64.b64encode(_bytes(logo)).decode()
    return theme


def _json(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(_bytes(path))
    except ValueError as error:
        refuse(f"{path}: {error}")
    if not isinstance(read, dict):
        refuse(f"{path}: it must be a JSON object")
    found: dict[str, Any] = read
    return found


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        refuse(f"{path}: {error.strerror}")
