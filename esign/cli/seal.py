"""``esign seal``: the seals of agencies (segel elektronik)."""

from typing import Annotated

import typer

from esign.cli.console import actor, opened, secret
from esign.registry.models import Signer, SignerKind
from esign.registry.signers import NewSigner
from esign.service import parties, signers
from esign.x509.keys import KeyAlgorithm

app = typer.Typer(help="Seals of agencies (segel elektronik).", no_args_is_help=True)

AgencySlug = Annotated[str, typer.Argument(help="The agency's short name.")]


@app.command()
def add(
    agency: AgencySlug,
    subscriber: Annotated[str, typer.Option(help="Number by which programs call it (idSubscriber).")],
    email: Annotated[str, typer.Option(help="The officer's, to whom the codes that open it are sent.")],
    name: Annotated[str | None, typer.Option(help="Name, as the stamp prints it; without it the agency's.")] = None,
    key: Annotated[KeyAlgorithm, typer.Option(help="Kind of key at the dev CA.")] = KeyAlgorithm.RSA_2048,
    authority: Annotated[
        str | None, typer.Option(help="Authority that holds its key (esign authority list); else the dev CA issues.")
    ] = None,
) -> None:
    """Enter a seal.

    Without --authority the dev CA issues a certificate, under a passphrase that is asked for: with it, too, the seal
    can sign. With --authority, that authority is asked for the certificate that it has already.
    """
    passphrase = secret("Passphrase", confirm=True) if authority is None else None
    with opened() as services:
        found = parties.agency(services, agency)
        new = NewSigner(
            agency_id=found.id,
            kind=SignerKind.SEAL,
            name=name or found.name,
            subscriber=subscriber,
            email=email,
            authority=authority,
        )
        if passphrase is None:
            _show(signers.register(services, new, actor())[0])
        else:
            _show(signers.enrol(services, new, found.name, passphrase, actor(), key=key))


@app.command("list")
def list_(agency: AgencySlug) -> None:
    """The agency's seals: id, subscriber's number, name, officer."""
    with opened() as services:
        for signer in parties.list_signers(services, parties.agency(services, agency).id):
            if signer.kind is SignerKind.SEAL:
                _show(signer)


def _show(seal: Signer) -> None:
    state = "" if seal.enabled else "  (off)"
    typer.echo(f"{seal.id}  {seal.subscriber or '-'}  {seal.name}  {seal.email or '-'}{state}")
