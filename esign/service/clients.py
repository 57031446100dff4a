"""Who calls: API keys, and what they may do."""

from esign.registry import clients
from esign.registry.models import Scope
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
    return Caller(
        client_id=found.client.id,
        client_name=found.client.name,
        agency_id=found.agency.id,
        scopes=frozenset(Scope(scope) for scope in found.client.scopes),
        request_id=request_id,
    )
