"""``esign pkcs11``: keys made in an HSM, requests for their certificates, and the certificates put beside them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from asn1crypto import pem

from esign import settings
from esign.ca.authority import Secret
from esign.ca.dev.folder import Folder
from esign.ca.dev.subject import HolderKind, Subject, distinguished_name
from esign.ca.pkcs11 import TokenName, enrolment
from esign.ca.pkcs11.authority import load
from esign.ca.pkcs11.token import OpensSession, Token
from esign.ca.pkcs11.trouble import PinBlocked, PinUnset, PinWrong, TokenTrouble
from esign.cli.console import refuse, secret, told
from esign.errors import PinLocked
from esign.service import trusted
from esign.x509.keys import KeyAlgorithm
from esign.x509.trust import TrustStore, read_certificates

if TYPE_CHECKING:  # what needs the binding
    from esign.ca.pkcs11.module import Module
    from esign.ca.pkcs11.session import Session

app = typer.Typer(help="Keys in an HSM or on a token (PKCS #11).", no_args_is_help=True)

Key = Annotated[str, typer.Argument(help="The label of the key: the holder's name at the authority.")]
ModulePath = Annotated[Path, typer.Option("--module", help="The maker's library.", exists=True, dir_okay=False)]
Label = Annotated[str | None, typer.Option("--token", help="The token's label.")]
Serial = Annotated[str | None, typer.Option(help="The token's serial number.")]
Slot = Annotated[int | None, typer.Option(help="The module's number of the slot.")]


@app.command()
def generate(
    key: Key,
    module: ModulePath,
    token: Label = None,
    serial: Serial = None,
    slot: Slot = None,
    algorithm: Annotated[KeyAlgorithm, typer.Option("--kind", help="Kind of key.")] = KeyAlgorithm.RSA_2048,
    each_time: Annotated[bool, typer.Option("--each-time", help="It wants the PIN for each signature.")] = False,
) -> None:
    """Make a key pair on the token, which never leaves it. Asks for the PIN."""
    with _session(module, _named(token, serial, slot), secret("PIN")) as (session, _):
        made = enrolment.generate(session, key, algorithm, each_time=each_time)
        typer.echo(f"made {algorithm} key {key}, id {made.hex()}")


@app.command()
def csr(
    key: Key,
    module: ModulePath,
    name: Annotated[str, typer.Option(help="Name of the person, or of the agency for a seal.")],
    organisation: Annotated[str, typer.Option(help="The agency.")],
    token: Label = None,
    serial: Serial = None,
    slot: Slot = None,
    unit: Annotated[str | None, typer.Option(help="Part of the agency.")] = None,
    office: Annotated[str | None, typer.Option(help="Jabatan.")] = None,
    kind: Annotated[HolderKind, typer.Option(help="Signature of a person, or seal of an agency.")] = HolderKind.PERSON,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where it goes; else standard output.")] = None,
) -> None:
    """Write a certificate request (PKCS #10, PEM) for the key that waits for a certificate. Asks for the PIN."""
    pin = secret("PIN")
    with told():
        subject = distinguished_name(key, kind, Subject(name, organisation, unit, office)).public_bytes()
    with _session(module, _named(token, serial, slot), pin) as (session, _):
        text = pem.armor("CERTIFICATE REQUEST", enrolment.request(session, key, subject, pin))
    if output is None:
        sys.stdout.write(text.decode("ascii"))
        return
    try:
        output.write_bytes(text)
    except OSError as error:
        refuse(f"{output}: {error.strerror}")


@app.command("import")
def import_(
    key: Key,
    certificate: Annotated[Path, typer.Argument(help="The certificate, PEM or DER; its issuers may follow.")],
    module: ModulePath,
    token: Label = None,
    serial: Serial = None,
    slot: Slot = None,
) -> None:
    """Put a certificate beside its key, if it is for it, for signing, and leads to a trusted root. Asks for the PIN."""
    try:
        found = read_certificates(certificate.read_bytes())
    except OSError as error:
        refuse(f"{certificate}: {error.strerror}")
    except ValueError as error:
        refuse(f"{certificate}: {error}")
    pin = secret("PIN")
    with _session(module, _named(token, serial, slot), pin, trusting=True) as (session, trust):
        kept = enrolment.keep(session, key, found, trust, datetime.now(UTC))
        typer.echo(f"kept {kept.subject.native['common_name']}, until {kept.not_valid_after:%Y-%m-%d}, for {key}")


@app.command("list")
def list_(
    module: ModulePath,
    token: Label = None,
    serial: Serial = None,
    slot: Slot = None,
    login: Annotated[bool, typer.Option(help="Ask for the PIN, and show the private keys too.")] = False,
) -> None:
    """The tokens of a module, or what is on one of them."""
    if token is None and serial is None and slot is None:
        with _trouble(), _module(module) as (loaded, _), loaded.using():
            for sight in loaded.tokens():
                typer.echo(f"slot {sight.slot.slot_id}  serial {sight.serial}  {sight.label}")
        return
    with _session(module, _named(token, serial, slot), secret("PIN") if login else None) as (session, _):
        for entry in enrolment.contents(session):
            typer.echo(f"{entry.what:<11}  {entry.label}  id {entry.id.hex() or '-'}  {entry.says}")


def _named(label: str | None, serial: str | None, slot: int | None) -> TokenName:
    with told():
        return TokenName(label=label, serial=serial, slot=slot)


@contextmanager
def _session(
    path: Path, name: TokenName, pin: Secret | None, *, trusting: bool = False
) -> Iterator[tuple["Session", TrustStore]]:
    """A session with that token, logged in with the PIN if there is one, and whom these settings trust."""
    with told():
        trust = _trust() if trusting else TrustStore()
    with _trouble(), _module(path) as (module, opens):
        found = Token(module, name, opens)
        try:
            with found.reading() if pin is None else found.alone(pin, writing=True) as session:
                yield session, trust
        finally:
            found.forget()


def _trust() -> TrustStore:
    """Whom these settings trust; the development CA too, where it is on and made."""
    values = settings.load()
    store = trusted.trust(values)
    root = Folder(values.ca_dir).root_file
    return store.adding(root.read_bytes()) if values.dev_ca and root.exists() else store


@contextmanager
def _module(path: Path) -> Iterator[tuple["Module", OpensSession]]:
    module, opens = load(path, "--module")
    try:
        yield module, opens
    finally:
        module.close()


@contextmanager
def _trouble() -> Iterator[None]:
    """Says what the token would not do, and ends the command with status 1."""
    with told():
        try:
            yield
        except TokenTrouble as trouble:
            refuse(f"{trouble.reason}.")
        except PinWrong:
            refuse("The token refused the PIN.")
        except PinBlocked:
            raise PinLocked from None
        except PinUnset:
            refuse("The token wants its PIN to be set or changed first.")
