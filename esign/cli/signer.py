"""``esign signer``: the officials who sign."""

from typing import Annotated

import typer
from pydantic import SecretStr

from esign.cli.console import actor, opened, secret
from esign.registry.models import Signer
from esign.registry.signers import NewSigner, SignerChanges
from esign.service import parties, signers
from esign.x509.keys import KeyAlgorithm

app = typer.Typer(help="Officials (penanda tangan) and their credentials.", no_args_is_help=True)

AgencySlug = Annotated[str, typer.Argument(help="The agency's short name.")]
SignerId = Annotated[str, typer.Argument(help="The signer's id.")]


@app.command()
def add(
    agency: AgencySlug,
    name: Annotated[str, typer.Option(help="Name, as the stamp prints it.")],
    office: Annotated[str | None, typer.Option(help="Jabatan.")] = None,
    nip: Annotated[str | None, typer.Option(help="NIP, 18 digits.")] = None,
    rank: Annotated[str | None, typer.Option(help="Pangkat/golongan.")] = None,
    capacity: Annotated[str | None, typer.Option(help="a.n., u.b., Plt. or Plh., with whom.")] = None,
    email: Annotated[str | None, typer.Option()] = None,
    key: Annotated[KeyAlgorithm, typer.Option(help="Kind of key at the dev CA.")] = KeyAlgorithm.RSA_2048,
) -> None:
    """Enter an official and have the dev CA issue a certificate. Asks for the NIK, then for a passphrase."""
    nik = secret("NIK")
    passphrase = secret("Passphrase", confirm=True)
    with opened() as services:
        found = parties.agency(services, agency)
        new = NewSigner(
            agency_id=found.id, nik=SecretStr(nik.reveal()), name=name, office=office, nip=nip, rank=rank,
            capacity=capacity, email=email,
        )  # fmt: skip
        _show(signers.enrol(services, new, found.name, passphrase, actor(), key=key))


@app.command()
def change(
    agency: AgencySlug,
    signer: SignerId,
    name: Annotated[str | None, typer.Option(help="Name, as the stamp prints it.")] = None,
    office: Annotated[str | None, typer.Option(help="Jabatan.")] = None,
    nip: Annotated[str | None, typer.Option(help="NIP, 18 digits.")] = None,
    rank: Annotated[str | None, typer.Option(help="Pangkat/golongan.")] = None,
    capacity: Annotated[str | None, typer.Option(help="a.n., u.b., Plt. or Plh., with whom.")] = None,
    email: Annotated[str | None, typer.Option()] = None,
    enabled: Annotated[bool | None, typer.Option(help="Switch the signer on or off.")] = None,
) -> None:
    """Change what is given; the rest stays. An empty text empties the field."""
    given = {
        "name": name, "office": office, "nip": nip, "rank": rank, "capacity": capacity, "email": email,
    }  # fmt: skip
    values: dict[str, str | bool | None] = {key: value or None for key, value in given.items() if value is not None}
    if enabled is not None:
        values["enabled"] = enabled
    with opened() as services:
        found = parties.agency(services, agency)
        changes = SignerChanges.model_validate(values)
        _show(parties.change_signer(services, found.id, signer, changes, actor()))


@app.command("list")
def list_(agency: AgencySlug) -> None:
    """The agency's officials."""
    with opened() as services:
        for signer in parties.list_signers(services, parties.agency(services, agency).id):
            _show(signer)


@app.command()
def unlock(agency: AgencySlug, signer: SignerId) -> None:
    """Lift the lock that wrong passphrases put on an official."""
    with opened() as services:
        parties.lift_lock(services, parties.agency(services, agency).id, signer, actor())
        typer.echo("unlocked")


def _show(signer: Signer) -> None:
    state = "" if signer.enabled else "  (off)"
    typer.echo(f"{signer.id}  {signer.name}  {signer.office or '-'}{state}")
