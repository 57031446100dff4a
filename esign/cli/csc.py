"""``esign csc``: providers that let this service in only once a person has agreed in a browser."""

from typing import Annotated
from urllib.parse import parse_qs, urlsplit

import typer

from esign import settings
from esign.ca.authority import Secret
from esign.ca.csc import CscConfig
from esign.ca.csc.client import CscClient
from esign.cli.console import refuse, secret, told
from esign.service import authority_file
from esign.x509.transport import open_client

app = typer.Typer(help="CSC providers.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Makes `login` a command of its own, though it is the only one."""


@app.command()
def login(name: Annotated[str, typer.Argument(help="The authority, as esign authority list names it.")]) -> None:
    """Let this service use a CSC provider: open the address in a browser, agree, and paste what comes back."""
    with told():
        table = authority_file.read(settings.load().authorities).tables.get(name)
        if table is None or table.get("kind") != "csc":
            refuse(f"{name}: there is no CSC provider of that name in the file of authorities.")
        config = CscConfig.model_validate(table)
        if config.grant != "refresh_token":
            refuse(f'{name}: nobody has to log in; grant is "{config.grant}".')
        with open_client() as client:
            oauth2 = CscClient(name, config, client).oauth2
            invitation = oauth2.service_invitation()
            typer.echo(invitation.address)
            code = _code(secret("The address that the browser was sent back to, or the code in it"), invitation.state)
            oauth2.keep(oauth2.redeem(invitation, code))
        typer.echo(f"{name}: the refresh token is kept in {config.refresh_token_file}.")


def _code(pasted: Secret, state: str) -> Secret:
    """The code in an address that came back for this invitation, or a code alone."""
    text = pasted.reveal().strip()
    fields = parse_qs(urlsplit(text).query)
    if not fields:
        return Secret(text)
    if fields.get("state") != [state]:
        refuse("That address answers another log-in.")
    if "code" not in fields:
        refuse("The provider did not agree.")
    return Secret(fields["code"][0])
