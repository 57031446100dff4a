"""What an operator sets up: agencies, API clients, officials; and lifting a lock."""

from dataclasses import dataclass

from pydantic import JsonValue, ValidationError

from esign.errors import RequestInvalid
from esign.pades.theme import StampTheme
from esign.registry import agencies, attempts, audit, clients, signers
from esign.registry.models import Agency, ApiClient, Event, Signer
from esign.service.services import Services
from esign.service.signers import limits_of


def agency(services: Services, slug: str) -> Agency:
    """The agency of that short name. Raises `RequestInvalid` for one that isn't there."""
    with services.database.read() as session:
        found = agencies.by_slug(session, slug)
    if found is None:
        raise RequestInvalid(field="agency", reason="there is no agency of that short name")
    return found


def add_agency(services: Services, new: agencies.NewAgency, actor: audit.Actor) -> Agency:
    """Enters an agency. Raises `RequestInvalid`, also where its stamp's theme is not one."""
    check_stamp(new.stamp)
    now = services.clock.now()
    with services.database.write() as session:
        added = agencies.add(session, new, now)
        audit.record(session, Event.AGENCY_CREATED, actor, now, agency=added.id, data={"slug": added.slug})
        return added


def change_agency(services: Services, slug: str, changes: agencies.AgencyChanges, actor: audit.Actor) -> Agency:
    """Changes an agency. Raises `RequestInvalid`, also where its stamp's theme is not one."""
    if changes.stamp is not None:
        check_stamp(changes.stamp)
    services.authorities.refuse_unknown(changes.authority)
    found, now = agency(services, slug), services.clock.now()
    with services.database.write() as session:
        changed = agencies.change(session, found, changes)
        fields = sorted(changes.model_fields_set)
        audit.record(session, Event.AGENCY_CHANGED, actor, now, agency=found.id, data={"fields": [*fields]})
        return changed


def list_agencies(services: Services) -> list[Agency]:
    """All agencies by short name."""
    with services.database.read() as session:
        return agencies.all_of_them(session)


def add_client(services: Services, new: clients.NewClient, actor: audit.Actor) -> tuple[ApiClient, str]:
    """Enters an API client, and returns it with its key: the only time that the key is to be had."""
    now = services.clock.now()
    with services.database.write() as session:
        client, key = clients.add(session, services.keys, new, now)
        data: dict[str, JsonValue] = {"client": client.id, "scopes": list(client.scopes)}
        audit.record(session, Event.CLIENT_CREATED, actor, now, agency=new.agency_id, data=data)
        return client, key


def list_clients(services: Services, agency_id: str) -> list[ApiClient]:
    """The agency's API clients by name."""
    with services.database.read() as session:
        return clients.of_agency(session, agency_id)


def switch_client(
    services: Services, agency_id: str, client_id: str, actor: audit.Actor, *, enabled: bool
) -> ApiClient:
    """Switches an API client on or off, at once. Raises `RequestInvalid` for one that isn't there."""
    now = services.clock.now()
    with services.database.write() as session:
        client = _client(clients.get(session, agency_id, client_id))
        clients.switch(session, client, enabled=enabled)
        data: dict[str, JsonValue] = {"client": client.id, "enabled": enabled}
        audit.record(session, Event.CLIENT_CHANGED, actor, now, agency=agency_id, data=data)
        return client


def renew_client_key(services: Services, agency_id: str, client_id: str, actor: audit.Actor) -> str:
    """Gives an API client another key; the old one is void at once. Raises `RequestInvalid`."""
    now = services.clock.now()
    with services.database.write() as session:
        client = _client(clients.get(session, agency_id, client_id))
        key = clients.renew_key(session, services.keys, client)
        data = {"client": client.id, "key": "renewed"}
        audit.record(session, Event.CLIENT_CHANGED, actor, now, agency=agency_id, data=data)
        return key


def list_signers(services: Services, agency_id: str) -> list[Signer]:
    """The agency's officials by name."""
    with services.database.read() as session:
        return signers.of_agency(session, agency_id)


def signer(services: Services, agency_id: str, signer_id: str) -> Signer:
    """The agency's signer of that id. Raises `SignerUnknown`."""
    with services.database.read() as session:
        return signers.get(session, agency_id, signer_id)


def change_signer(
    services: Services, agency_id: str, signer_id: str, changes: signers.SignerChanges, actor: audit.Actor
) -> Signer:
    """Changes an official. Raises `SignerUnknown`."""
    now = services.clock.now()
    with services.database.write() as session:
        signer = signers.change(session, signers.get(session, agency_id, signer_id), changes, now)
        fields = sorted(changes.model_fields_set)
        audit.record(
            session, Event.SIGNER_CHANGED, actor, now, signer=signer.id, agency=agency_id, data={"fields": [*fields]}
        )
        return signer


def lift_lock(services: Services, agency_id: str, signer_id: str, actor: audit.Actor) -> None:
    """Forgets the wrong passphrases of an official. Raises `SignerUnknown`."""
    now = services.clock.now()
    with services.database.write() as session:
        signer = signers.get(session, agency_id, signer_id)
        attempts.lift(session, signer.id)
        audit.record(session, Event.SIGNER_LOCK_LIFTED, actor, now, signer=signer.id, agency=agency_id)


@dataclass(frozen=True)
class LockView:
    """A lock, with the names that an operator knows."""

    agency: str
    """Its short name."""
    signer_id: str
    signer: str
    client: str
    seconds: int


def locks(services: Services) -> list[LockView]:
    """The officials who are locked after wrong passphrases, and through which clients."""
    now, limits = services.clock.now(), limits_of(services)
    with services.database.read() as session:
        found: list[LockView] = []
        for lock in attempts.locks(session, now, limits):
            signer, client = session.get_one(Signer, lock.signer_id), session.get(ApiClient, lock.client_id)
            slug = session.get_one(Agency, signer.agency_id).slug
            found.append(LockView(slug, signer.id, signer.name, client.name if client else "no client", lock.seconds))
        return found


def check_stamp(data: object) -> StampTheme:
    """The stamp's theme in those data. Raises `RequestInvalid` with the first thing that is wrong in it."""
    try:
        return StampTheme.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        field = ".".join(("stamp", *(str(part) for part in first["loc"])))
        raise RequestInvalid(field=field, reason=first["msg"].removeprefix("Value error, ")) from None


def _client(found: ApiClient | None) -> ApiClient:
    if found is None:
        raise RequestInvalid(field="client", reason="there is no such client at this agency")
    return found
