"""``esign digest``: what is sent to a service in the place of a letter that may not leave the house."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from esign.cli.console import refuse, secret, told
from esign.pdf.sandbox import SandboxPool
from esign.verify.digesting import digests_in


def digest(
    file: Annotated[Path, typer.Argument(help="A signed PDF file.", metavar="FILE", show_default=False)],
    password: Annotated[
        bool,
        typer.Option("--password", help="Ask for the password of an encrypted file, or read it from standard input."),
    ] = False,
    seconds: Annotated[float, typer.Option(min=0.1, help="Time for the file.")] = 30.0,
) -> None:
    """Write the JSON for POST /v1/verify/digest: hashes and signatures of a file, and nothing of its content.

    The CMS messages name the signers. Send it with curl -H 'Content-Type: application/json' -d @-. Exit status: 0 it
    was written, 1 the file has no signature of sound structure or can't be examined, 2 wrong usage.
    """
    try:
        pdf = file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{file} can't be read", param_hint="FILE") from error
    opening = secret("Password").reveal() if password else None
    with told(), SandboxPool("parse", workers=1) as pool:
        made = digests_in(pool, pdf, opening, timeout=seconds)
    if made is None:
        refuse("Berkas ini tidak memuat tanda tangan yang susunannya utuh.\nNo signature of sound structure is in it.")
    sys.stdout.write(made.model_dump_json(exclude_defaults=True) + "\n")
