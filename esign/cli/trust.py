"""``esign trust``: whose certificates count here, for what, and by which policy."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from asn1crypto import pem, x509

from esign import settings
from esign.cli.console import refuse, told
from esign.cli.verify_text import plain
from esign.service import trusted
from esign.verify.checks import PolicyCheck
from esign.x509.scope import Use
from esign.x509.trust import TrustStore, is_self_issued, read_certificates

app = typer.Typer(help="Whose certificates count, for what, and by which policy.", no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """All trusted roots and known authorities of these settings, with their fingerprints and bounds."""
    with told():
        store = trusted.trust(settings.load())
    for kind, group in (("root", store.anchors), ("known", store.intermediates)):
        for certificate in group:
            _tell(kind, certificate, store)


@app.command()
def policy(
    file: Annotated[Path | None, typer.Argument(help="A policy file; without it, the one of these settings.")] = None,
) -> None:
    """Name, version and SHA-256 of a policy, and what each of its checks counts."""
    with told():
        found = trusted.policy(settings.load()) if file is None else trusted.policy_in(file)
    typer.echo(f"{found.title}  SHA-256 {found.sha256}")
    for check in PolicyCheck:
        typer.echo(f"{found.severity(check):<7} {check}{'  (always)' if check.fixed else ''}")


@app.command()
def entry(
    file: Annotated[Path, typer.Argument(help="A certificate, PEM or DER.")],
    provider: Annotated[str, typer.Option(help="Who runs it.")],
    use: Annotated[
        list[Use] | None, typer.Option(help="What it may vouch for; may be given several times. Without it, all.")
    ] = None,
) -> None:
    """Print the lines that a trust list needs for a certificate. Compare the fingerprint with the published one."""
    try:
        found = read_certificates(file.read_bytes())
    except OSError as error:
        refuse(f"{file}: {error.strerror}")
    except ValueError as error:
        refuse(f"{file}: {error}")
    for certificate in found:
        uses = ", ".join(f'"{each}"' for each in (use or list(Use)))
        typer.echo(f"# {plain(certificate.subject.human_friendly)}")
        typer.echo("[[certificate]]")
        typer.echo("provider = " + _quoted(provider))
        typer.echo(f'role = "{"anchor" if is_self_issued(certificate) else "intermediate"}"')
        typer.echo(f'sha256 = "{certificate.sha256.hex()}"')
        typer.echo(f"vouches_for = [{uses}]")
        typer.echo(f"since = {certificate.not_valid_before:%Y-%m-%d}")
        typer.echo("pem = '''\n" + pem.armor("CERTIFICATE", certificate.dump()).decode() + "'''\n")


def _tell(kind: str, certificate: x509.Certificate, store: TrustStore) -> None:
    ended = "  EXPIRED" if certificate.not_valid_after < datetime.now(UTC) else ""
    typer.echo(f"{kind:<6} {plain(certificate.subject.human_friendly)}")
    typer.echo(f"       SHA-256 {_groups(certificate.sha256.hex())}")
    typer.echo(f"       valid {certificate.not_valid_before:%Y-%m-%d} to {certificate.not_valid_after:%Y-%m-%d}{ended}")
    for scope in store.scopes_of(certificate):
        since = f" since {scope.since:%Y-%m-%d}" if scope.since else ""
        until = f" until {scope.until:%Y-%m-%d}" if scope.until else ""
        typer.echo(f"       {scope.provider} ({scope.source}): {', '.join(sorted(scope.uses))}{since}{until}")
    if not store.scopes_of(certificate):
        typer.echo("       for anything")


def _groups(digits: str) -> str:
    return " ".join(digits[at : at + 8].upper() for at in range(0, len(digits), 8))


def _quoted(text: str) -> str:
    """A basic string of TOML."""
    return '"' + "".join(c if c not in '"\\' and c.isprintable() else f"\\U{ord(c):08X}" for c in text) + '"'
