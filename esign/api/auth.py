"""API keys: ``Authorization: Bearer esign_…``, with a scope for each endpoint."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from esign import errors
from esign.api import context, state
from esign.registry.models import Scope
from esign.service import clients
from esign.service.orders import Caller

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="ApiKey",
    bearerFormat="esign_…",
    description=(
        "The API key that `esign client create` printed, as `Authorization: Bearer esign_…`. It belongs to one "
        "agency, has scopes, may be bound to networks, and can be switched off at once."
    ),
)

RAISES: tuple[type[errors.EsignError], ...] = (errors.Unauthenticated, errors.Forbidden, errors.TooManyRequests)
"""What an endpoint that needs a key may answer with."""


class Authorised:
    """The caller, whose key has to be good, allowed from its network, and have one scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def __call__(
        self, request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Caller:
        """Who asks. Raises `Unauthenticated`, `Forbidden`, or `TooManyRequests` after many bad keys."""
        about, own = context.of(request), state.of(request)
        try:
            key = credentials.credentials if credentials is not None else ""
            caller = clients.authenticate(own.services, key, about.address, about.request_id)
        except errors.Unauthenticated:
            own.failures.take(about.address)
            raise
        about.client_id = caller.client_id
        caller.require(self.scope)
        return caller


MaySign = Annotated[Caller, Depends(Authorised(Scope.LETTERS_SIGN))]
MayRead = Annotated[Caller, Depends(Authorised(Scope.LETTERS_READ))]
MayReadSigners = Annotated[Caller, Depends(Authorised(Scope.SIGNERS_READ))]
