"""``esign signer``: the officials who sign."""

from typing import Annotated

import typer
from pydantic import SecretStr

from esign.cli.console import actor, opened, secret
from esign.registry.models import Signer, SignerKind
from esign.registry.signers import NewSigner, SignerChanges
from esign.service import parties, signers
from esign.service.views import CredentialView
from esign.x509.keys import KeyAlgorithm

app = typer.Typer(help="Officials (penanda tangan) and their credentials.", no_args_is_help=True)

AgencySlug = Annotated[str, typer.Argument(help="The agency's short name.")]
SignerId = Annotated[str, typer.Argument(help="The signer's id.")]
AuthorityName = Annotated[
    str | None, typer.Option(help="Authority that holds his key (esign authority list); without it the dev CA issues.")
]
HolderName = Annotated[
    str | None, typer.Option(help="The authority's name for him: credentialID of CSC, label of an HSM's key.")
]


@app.command()
def add(
    agency: AgencySlug,
    name: Annotated[str, typer.Option(help="Name, as the stamp prints it.")],
    office: Annotated[str | None, typer.Option(help="Jabatan.")] = None,
    nip: Annotated[str | None, typer.Option(help="NIP, 18 digits.")] = None,
    rank: Annotated[str | None, typer.Option(help="Pangkat/golongan.")] = None,
    capacity: Annotated[str | None, typer.Option(help="a.n., u.b., Plt. or Plh., with whom.")] = None,
    email: Annotated[str | None, typer.Option(help="Where one-time codes go.")] = None,
    key: Annotated[KeyAlgorithm, typer.Option(help="Kind of key at the dev CA.")] = KeyAlgorithm.RSA_2048,
    authority: AuthorityName = None,
    holder: HolderName = None,
) -> None:
    """Enter an official. Asks for the NIK.

    Without --authority the dev CA issues a certificate, under a passphrase that is asked for. With it, that
    authority is asked for the certificate that it has already.
    """
    nik = secret("NIK")
    passphrase = secret("Passphrase", confirm=True) if authority is None else None
    with opened() as services:
        found = parties.agency(services, agency)
        new = NewSigner(
            agency_id=found.id, nik=SecretStr(nik.reveal()), name=name, office=office, nip=nip, rank=rank,
            capacity=capacity, email=email, authority=authority,
        )  # fmt: skip
        if passphrase is None:
            signer, seen = signers.register(services, new, actor(), holder=holder)
            _show(signer)
            _tell(seen)
        else:
            _show(signers.enrol(services, new, found.name, passphrase, actor(), key=key))


@app.command()
def authority(
    agency: AgencySlug,
    signer: SignerId,
    name: Annotated[str, typer.Argument(help="The authority, as esign authority list names it.")],
    holder: HolderName = None,
) -> None:
    """Choose the authority that holds the official's key, and ask it for his certificate."""
    with opened() as services:
        found = parties.agency(services, agency)
        row = parties.signer(services, found.id, signer)
        _tell(signers.choose(services, row, name, actor(), holder=holder))


@app.command()
def certify(
    agency: AgencySlug,
    signer: SignerId,
    key: Annotated[KeyAlgorithm, typer.Option(help="Kind of key at the dev CA.")] = KeyAlgorithm.RSA_2048,
) -> None:
    """Have the dev CA issue a certificate to an official who waits for one. Asks for his passphrase."""
    passphrase = secret("Passphrase", confirm=True)
    with opened() as services:
        found = parties.agency(services, agency)
        row = parties.signer(services, found.id, signer)
        _tell(signers.certify(services, row, passphrase, actor(), key=key))


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
            if signer.kind is SignerKind.PERSON:
                _show(signer)


@app.command()
def unlock(agency: AgencySlug, signer: SignerId) -> None:
    """Lift the lock that wrong passphrases put on an official."""
    with opened() as services:
        parties.lift_lock(services, parties.agency(services, agency).id, signer, actor())
        typer.echo("unlocked")


def _tell(seen: CredentialView | None) -> None:
    """What the authority says of the official's certificate."""
    if seen is None:
        typer.echo("the authority can't be asked now: esign authority test tells why")
    elif seen.certificate is None:
        typer.echo(f"{seen.authority}: {seen.status}")
    else:
        until = f"{seen.certificate.not_after:%Y-%m-%d}"
        typer.echo(f"{seen.authority}: {seen.status}, {seen.certificate.subject}, until {until}")


def _show(signer: Signer) -> None:
    state = "" if signer.enabled else "  (off)"
    typer.echo(f"{signer.id}  {signer.name}  {signer.office or '-'}{state}")
