"""Who calls: API keys, usernames with passwords, and what they may do."""

from collections.abc import Callable

from esign.ca.authority import Secret
from esign.errors import Forbidden, Unauthenticated
from esign.registry import basic_credentials, clients
from esign.registry.basic_credentials import Remembered
from esign.registry.models import Agency, ApiClient, Scope
from esign.service.orders import Caller
from esign.service.services import Services


def authenticate(services: Services, key: str, address: str | None, request_id: str) -> Caller:
    """The caller behind an API key, from the network address ``address``.

    Raises `Unauthenticated` and `Forbidden`.
    """
    now = services.clock.now()
    with services.database.read() as session:
        found = clients.authenticate(session, services.keys, key, address)
    if clients.use_is_due(found.client, now):
        with services.database.write() as session:
            clients.note_use(session, services.keys, found.client, key, now)
    return _caller(found.client, found.agency, request_id)


def authenticate_basic(
    services: Services,
    remembered: Remembered,
    username: str,
    password: Secret,
    address: str | None,
    request_id: str,
    *,
    before_trying: Callable[[], None],
) -> Caller:
    """The caller of that username and password, from the network address ``address``.

    ``before_trying`` may refuse before a password is tried that is not ``remembered``: trying one is costly. Raises
    `Unauthenticated` and `Forbidden`.
    """
    now, keys, plain = services.clock.now(), services.keys, password.reveal()
    with services.database.read() as session:
        found = basic_credentials.of_username(session, username)
    client = found[0] if found is not None else None
    if client is None or not remembered.has(client, plain):
        before_trying()
        if not basic_credentials.is_right(keys, client, plain):
            raise Unauthenticated
    if found is None or client is None or not client.enabled or not found[1].enabled:
        raise Unauthenticated
    remembered.note(client, plain)
    if not clients.admitted(client, address):
        raise Forbidden(reason="the network is not allowed")
    # While server keys change, a client counts as having called only once its API key has moved to the present one.
    if clients.use_is_due(client, now) and not keys.earlier_ids:
        with services.database.write() as session:
            clients.note_call(session, client, now)
    return _caller(client, found[1], request_id)


def _caller(client: ApiClient, agency: Agency, request_id: str) -> Caller:
    return Caller(
        client_id=client.id,
        client_name=client.name,
        agency_id=agency.id,
        scopes=frozenset(Scope(scope) for scope in client.scopes),
        request_id=request_id,
    )
