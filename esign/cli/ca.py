"""``esign ca``: the development CA and the certificates that it issues."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from asn1crypto import pem

from esign import settings
from esign.ca.dev import DevCa, HolderKind, Issued, Subject
from esign.ca.dev.hierarchy import ROLES, Issuer
from esign.ca.dev.issuance import LIFETIME
from esign.ca.dev.requests import LARGEST
from esign.cli.console import refuse, secret, told
from esign.x509.clock import SystemClock
from esign.x509.keys import KeyAlgorithm
from esign.x509.revocation import RevocationReason

app = typer.Typer(help="The development CA (never for official letters).", no_args_is_help=True)

Holder = Annotated[str, typer.Argument(help="The holder's id at the CA.")]


@app.command()
def init(
    hierarchy: Annotated[
        KeyAlgorithm, typer.Option(help="Kind of key of the root and the issuing CAs.")
    ] = KeyAlgorithm.RSA_3072,
) -> None:
    """Make the development CA in ESIGN_CA_DIR, for the addresses of ESIGN_PKI_URL."""
    values = settings.load()
    with (
        told(),
        DevCa.create(
            values.ca_dir, values.pki_url, SystemClock(), environment=values.environment, hierarchy=hierarchy
        ) as ca,
    ):
        typer.echo(f"made in {values.ca_dir}; trust anchor: {ca.folder.root_file}")


@app.command()
def show() -> None:
    """Its addresses, its own certificates, and what keeps it from being ready."""
    with _opened() as ca:
        typer.echo(f"folder      {ca.folder.path}")
        typer.echo(f"addresses   {ca.addresses.pki_url}")
        for role in ROLES:
            certificate = ca.own_certificate(role)
            typer.echo(
                f"{role:<13} {certificate.subject.native['common_name']}  until {certificate.not_valid_after:%Y-%m-%d}"
                f"  SHA-256 {certificate.sha256.hex()}"
            )
        for problem in ca.problems():
            typer.echo(f"problem: {problem}")


@app.command()
def issue(
    holder: Holder,
    name: Annotated[str, typer.Option(help="Name of the person, or of the agency for a seal.")],
    organisation: Annotated[str, typer.Option(help="The agency.")],
    unit: Annotated[str | None, typer.Option(help="Part of the agency.")] = None,
    office: Annotated[str | None, typer.Option(help="Jabatan.")] = None,
    kind: Annotated[HolderKind, typer.Option(help="Signature of a person, or seal of an agency.")] = HolderKind.PERSON,
    key: Annotated[KeyAlgorithm, typer.Option(help="Kind of key.")] = KeyAlgorithm.RSA_2048,
    days: Annotated[int, typer.Option(min=1, help="How long the certificate holds.")] = LIFETIME.days,
) -> None:
    """Issue a first certificate. Asks for the passphrase of its key."""
    passphrase = secret("Passphrase", confirm=True)
    with _opened() as ca:
        subject = Subject(name=name, organisation=organisation, unit=unit, office=office)
        _tell(ca.issue(holder, subject, passphrase, kind=kind, key=key, lifetime=timedelta(days=days)))


@app.command()
def certify(
    holder: Holder,
    csr: Annotated[Path, typer.Argument(help="The certification request (PKCS #10), PEM or DER; - is standard input.")],
    name: Annotated[
        str | None, typer.Option(help="Name of the person, or of the agency for a seal; as before, if not given.")
    ] = None,
    organisation: Annotated[str | None, typer.Option(help="The agency; goes with the name.")] = None,
    unit: Annotated[str | None, typer.Option(help="Part of the agency.")] = None,
    office: Annotated[str | None, typer.Option(help="Jabatan.")] = None,
    kind: Annotated[HolderKind, typer.Option(help="Signature of a person, or seal of an agency.")] = HolderKind.PERSON,
    days: Annotated[int, typer.Option(min=1, help="How long the certificate holds.")] = LIFETIME.days,
    output: Annotated[
        Path | None, typer.Option(help="File for the certificate and its issuers, PEM; else standard output.")
    ] = None,
) -> None:
    """Issue a certificate for a key that is elsewhere, as in an HSM.

    Nothing is believed of the request but its public key: the name is what is given here.
    """
    subject: Subject | None = None
    with _opened() as ca:
        if name is not None or organisation is not None or unit is not None or office is not None:
            subject = Subject(name=name or "", organisation=organisation or "", unit=unit, office=office)
        try:
            request = sys.stdin.buffer.read(LARGEST + 1) if str(csr) == "-" else csr.read_bytes()
        except OSError as error:
            refuse(f"{csr}: {error.strerror}")
        issued = ca.certify(holder, request, subject, kind=kind, lifetime=timedelta(days=days))
        chain = (issued.certificate, *ca.credential(holder).chain)
        text = "".join(pem.armor("CERTIFICATE", each.dump()).decode("ascii") for each in chain)
        if output is None:
            sys.stdout.write(text)
            return
        try:
            output.write_text(text, "ascii")
        except OSError as error:
            refuse(f"{output}: {error.strerror}")
        _tell(issued)


@app.command()
def renew(
    holder: Holder,
    key: Annotated[KeyAlgorithm | None, typer.Option(help="Kind of key; as before, if not given.")] = None,
    days: Annotated[int, typer.Option(min=1, help="How long the certificate holds.")] = LIFETIME.days,
) -> None:
    """Issue the next certificate, over a new key. Asks for the passphrase of that key."""
    passphrase = secret("Passphrase", confirm=True)
    with _opened() as ca:
        _tell(ca.renew(holder, passphrase, key=key, lifetime=timedelta(days=days)))


@app.command()
def suspend(holder: Holder) -> None:
    """Put the holder's certificates on hold."""
    with _opened() as ca:
        _tell(ca.suspend(holder))


@app.command()
def resume(holder: Holder) -> None:
    """Lift the hold."""
    with _opened() as ca:
        _tell(ca.resume(holder))


@app.command()
def revoke(
    holder: Holder,
    reason: Annotated[RevocationReason, typer.Option(help="Why (RFC 5280).")] = RevocationReason.UNSPECIFIED,
) -> None:
    """Revoke the holder's certificates for good."""
    with _opened() as ca:
        _tell(ca.revoke(holder, reason))


@app.command("list")
def list_(holder: Annotated[str | None, typer.Argument(help="Only this holder's.")] = None) -> None:
    """All certificates ever issued to signers, a line each; a star marks those that sign now."""
    with _opened() as ca:
        for issued in ca.certificates(holder):
            _tell(issued)


@app.command()
def crl(
    issuer: Annotated[Issuer, typer.Argument(help="Whose list.")] = Issuer.PERSONS,
    output: Annotated[Path | None, typer.Option(help="File for it, DER; without one, PEM on standard output.")] = None,
) -> None:
    """Write out the revocation list that holds now."""
    with _opened() as ca:
        der = ca.revocation_lists.current(issuer).der or b""
        if output is None:
            sys.stdout.write(pem.armor("X509 CRL", der).decode("ascii"))
            return
        try:
            output.write_bytes(der)
        except OSError as error:
            refuse(f"{output}: {error.strerror}")


@app.command()
def reissue(
    pki_url: Annotated[str, typer.Option(help="Where others reach the service's /pki from now on.")],
) -> None:
    """Move the CA to another address: all certificates in force are issued anew over their own keys.

    The root stays, so letters already signed stay valid.
    """
    values = settings.load()
    with told():
        count = DevCa.reissue(values.ca_dir, pki_url, SystemClock(), environment=values.environment)
        typer.echo(f"issued anew for {pki_url}: the CA's own certificates and {count} of signers")
        if values.pki_url != pki_url:
            typer.echo(f"now set ESIGN_PKI_URL={pki_url}")


@contextmanager
def _opened() -> Iterator[DevCa]:
    """The CA of these settings; whatever is refused inside is said, and ends the command with status 1."""
    with told():
        values = settings.load()
        with DevCa.open(values.ca_dir, values.pki_url, SystemClock(), environment=values.environment) as ca:
            yield ca


def _tell(issued: Issued) -> None:
    certificate = issued.certificate
    state = str(issued.status)
    if issued.revoked_at is not None and issued.reason is not None:
        state += f" since {issued.revoked_at:%Y-%m-%d %H:%M:%SZ} ({issued.reason})"
    typer.echo(
        f"{'*' if issued.current else ' '} {issued.holder}  {certificate.serial_number:x}"
        f"  until {certificate.not_valid_after:%Y-%m-%d}  {certificate.subject.native['common_name']}  {state}"
    )
