"""HTTP Basic, by which applications show who they are to BSrE's service, and here.

The username and password are those of an API client (`esign client bsre`). Where a second Authorization header stands
beside it, as one client sends it, the Basic one counts.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Annotated

from fastapi import Depends, Request

from esign import errors
from esign.api import context, state
from esign.ca.authority import Secret
from esign.registry.models import Scope
from esign.service import clients
from esign.service.orders import Caller

_LONGEST = 2048


class Authorised:
    """The caller, whose password has to be right, allowed from its network, and have one scope where one is named."""

    def __init__(self, scope: Scope | None = None) -> None:
        self.scope = scope

    def __call__(self, request: Request) -> Caller:
        """Who asks. Raises `Unauthenticated`, `Forbidden`, or `TooManyRequests` after many wrong passwords."""
        about, own = context.of(request), state.of(request)
        try:
            username, password = credentials(request)
            caller = clients.authenticate_basic(
                own.services,
                own.passwords,
                username,
                password,
                about.address,
                about.request_id,
                before_trying=lambda: own.failures.refuse_empty(about.address),
            )
        except errors.Unauthenticated:
            own.failures.take(about.address)
            raise
        about.client_id = caller.client_id
        if self.scope is not None:
            caller.require(self.scope)
        return caller


def credentials(request: Request) -> tuple[str, Secret]:
    """Username and password of the Basic header, in UTF-8 or else Latin-1 (RFC 7617). Raises `Unauthenticated`."""
    for header in request.headers.getlist("authorization"):
        scheme, _, token = header.strip().partition(" ")
        if scheme.lower() != "basic" or len(token) > _LONGEST:
            continue
        try:
            raw = b64decode(token.strip() + "=" * (-len(token.strip()) % 4), validate=True)
        except (Base64Error, ValueError):
            continue
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
        username, colon, password = text.partition(":")
        if colon and username and password:
            return username, Secret(password)
    raise errors.Unauthenticated


MaySign = Annotated[Caller, Depends(Authorised(Scope.LETTERS_SIGN))]
MayReadSigners = Annotated[Caller, Depends(Authorised(Scope.SIGNERS_READ))]
MayRegister = Annotated[Caller, Depends(Authorised(Scope.SIGNERS_REGISTER))]
Admitted = Annotated[Caller, Depends(Authorised())]
