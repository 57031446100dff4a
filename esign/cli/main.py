"""The ``esign`` command and its parts."""

import typer

from esign.cli import (
    agency,
    authority,
    ca,
    check,
    client,
    csc,
    demo,
    digest,
    keys,
    outbox,
    pkcs11,
    seal,
    serve,
    sign,
    signer,
    trust,
    verify,
)

app = typer.Typer(
    name="esign",
    help="Electronic signatures and document verification for Indonesian local governments.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("sign")(sign.sign)
app.command("verify")(verify.verify)
app.command("digest")(digest.digest)
app.command("check")(check.check)
app.add_typer(agency.app, name="agency")
app.add_typer(signer.app, name="signer")
app.add_typer(seal.app, name="seal")
app.add_typer(client.app, name="client")
app.add_typer(authority.app, name="authority")
app.add_typer(csc.app, name="csc")
app.add_typer(keys.app, name="keys")
app.add_typer(ca.app, name="ca")
app.add_typer(pkcs11.app, name="pkcs11")
app.add_typer(outbox.app, name="outbox")
app.add_typer(trust.app, name="trust")


def main() -> None:
    """Runs the command line."""
    app(prog_name="esign")
