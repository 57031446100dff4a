"""Access tokens of the CSC API: what a client gets for its id and key, and shows with every call.

A token is sealed under the server key and kept nowhere: it names the client, its agency, its key and its end. So every
process knows it, and it is void at once when the client is switched off or gets another key.
"""

import base64
import binascii
import json
from datetime import UTC, datetime, timedelta

from esign.errors import ConfigurationError, Forbidden, TokenExpired, Unauthenticated
from esign.registry import agencies, clients
from esign.registry.models import Scope
from esign.service.clients import authenticate as authenticate_key
from esign.service.orders import Caller
from esign.service.services import Services

LIFETIME = timedelta(hours=1)
_BOUND_TO = "csc access token"
_LONGEST = 2048


def grant(services: Services, client_id: str, key: str, address: str | None, request_id: str) -> str:
    """A token for the client of that id and API key, who calls from ``address``.

    Raises `Unauthenticated`, `Forbidden`.
    """
    caller = authenticate_key(services, key, address, request_id)
    if caller.client_id != client_id:
        raise Unauthenticated
    caller.require(Scope.HASHES_SIGN)
    with services.database.read() as session:
        client = clients.get(session, caller.agency_id, caller.client_id)
    if client is None:
        raise Unauthenticated
    until = services.clock.now() + LIFETIME
    said = [client.id, client.agency_id, client.key_prefix, int(until.timestamp())]
    return base64.urlsafe_b64encode(services.keys.seal(json.dumps(said).encode(), _BOUND_TO)).decode().rstrip("=")


def authenticate(services: Services, token: str, address: str | None, request_id: str) -> Caller:
    """The caller behind a token. Raises `Unauthenticated`, `TokenExpired`, `Forbidden`."""
    client_id, agency_id, key_prefix, until = _opened(services, token)
    if datetime.fromtimestamp(until, UTC) <= services.clock.now():
        raise TokenExpired
    with services.database.read() as session:
        client, agency = clients.get(session, agency_id, client_id), agencies.get(session, agency_id)
    if client is None or agency is None or not client.enabled or not agency.enabled or client.key_prefix != key_prefix:
        raise Unauthenticated
    if not clients.admitted(client, address):
        raise Forbidden(reason="the network is not allowed")
    caller = Caller(
        client_id=client.id,
        client_name=client.name,
        agency_id=agency.id,
        scopes=frozenset(Scope(scope) for scope in client.scopes),
        request_id=request_id,
    )
    caller.require(Scope.HASHES_SIGN)
    return caller


def _opened(services: Services, token: str) -> tuple[str, str, str, int]:
    """What a token says. Raises `Unauthenticated` for one that is none of ours."""
    if len(token) > _LONGEST or not token.isascii():
        raise Unauthenticated
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        client_id, agency_id, key_prefix, until = json.loads(services.keys.open(sealed, _BOUND_TO))
    except (binascii.Error, ValueError, ConfigurationError):
        raise Unauthenticated from None
    return client_id, agency_id, key_prefix, until
