"""Applications that speak the API of BSrE's service: how they show who they are, and in which manner they speak it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue, SecretStr, ValidationError

from esign.ca.authority import Secret
from esign.errors import ConfigurationError, RequestInvalid
from esign.registry import audit, basic_credentials, clients
from esign.registry.models import ApiClient, Event
from esign.service.orders import Caller
from esign.service.services import Services


class Manner(BaseModel):
    """Where what is known of BSrE's service leaves a choice, or an application wants what that service has not.

    The defaults are what the evidence says (contract, sections 3.1 and 4.1).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    v1_rect: Literal["corners", "size"] = "corners"
    """What ``width`` and ``height`` are beside coordinates in v1: the other corner, or sizes."""
    v2_origin: Literal["top-left", "bottom-left"] = "top-left"
    """Where ``originX`` and ``originY`` are counted from in v2, and which corner of the picture they are."""
    v2_tag: Literal["baseline-start", "centre", "top-left"] = "baseline-start"
    """How a picture lies at a tag in v2: centred on the start of its baseline as in v1, on the tag, or from its top."""
    our_qr: bool = False
    """Whether our stamp with its QR code is drawn in place of the application's own picture."""


def manner_of(services: Services, caller: Caller) -> Manner:
    """The caller's manner."""
    with services.database.read() as session:
        client = clients.get(session, caller.agency_id, caller.client_id)
    return of_client(client) if client is not None else Manner()


def of_client(client: ApiClient) -> Manner:
    """The client's manner. Raises `ConfigurationError` where the register holds one that this program does not know."""
    try:
        return Manner.model_validate(client.bsre or {})
    except ValidationError:
        raise ConfigurationError(variable=f"client {client.id}", reason="its manner is of another version") from None


def admit(
    services: Services, agency_id: str, client_id: str, username: str, password: Secret, actor: audit.Actor
) -> ApiClient:
    """Gives a client a username and a password; earlier ones are void at once.

    Raises `RequestInvalid`, and pydantic's ValidationError for what can't be one.
    """
    new = basic_credentials.NewCredentials(username=username, password=SecretStr(password.reveal()))
    now = services.clock.now()
    with services.database.write() as session:
        client = _client(clients.get(session, agency_id, client_id))
        basic_credentials.give(session, services.keys, client, new)
        data: dict[str, JsonValue] = {"client": client.id, "username": username}
        audit.record(session, Event.CLIENT_CHANGED, actor, now, agency=agency_id, data=data)
        return client


def shut_out(services: Services, agency_id: str, client_id: str, actor: audit.Actor) -> ApiClient:
    """Takes username and password from a client, at once. Raises `RequestInvalid`."""
    now = services.clock.now()
    with services.database.write() as session:
        client = _client(clients.get(session, agency_id, client_id))
        basic_credentials.take_away(session, client)
        data: dict[str, JsonValue] = {"client": client.id, "username": None}
        audit.record(session, Event.CLIENT_CHANGED, actor, now, agency=agency_id, data=data)
        return client


def settle(
    services: Services,
    agency_id: str,
    client_id: str,
    changes: dict[str, JsonValue],
    classification: str | None,
    actor: audit.Actor,
) -> Manner:
    """Changes a client's manner, and the classification of its letters where one is given.

    Raises `RequestInvalid`, also for a classification that the agency does not have.
    """
    now = services.clock.now()
    with services.database.write() as session:
        client = _client(clients.get(session, agency_id, client_id))
        manner = Manner.model_validate(of_client(client).model_dump() | changes)
        kept = manner.model_dump(exclude_defaults=True)
        clients.settle(session, client, kept or None, classification)
        data: dict[str, JsonValue] = {"client": client.id, "bsre": dict(kept)}
        if classification is not None:
            data["classification"] = classification
        audit.record(session, Event.CLIENT_CHANGED, actor, now, agency=agency_id, data=data)
        return manner


def _client(found: ApiClient | None) -> ApiClient:
    if found is None:
        raise RequestInvalid(field="client", reason="there is no such client at this agency")
    return found
