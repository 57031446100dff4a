"""API clients: the programs of an agency, their keys, what they may do, and from where."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Annotated

import sqlalchemy as sa
from pydantic import AfterValidator, Field, JsonValue
from sqlalchemy.orm import Session
from sqlmodel import col

from esign.errors import Forbidden, RequestInvalid, Unauthenticated
from esign.registry import apikeys, ids
from esign.registry.inputs import Input, Line
from esign.registry.models import Agency, ApiClient, Scope
from esign.registry.secrets import Keys

PURPOSE = "api key"
USE_NOTED_EVERY = timedelta(minutes=5)


def _a_network(text: str) -> str:
    return str(ip_network(text))


class NewClient(Input):
    """A program to be entered."""

    agency_id: str
    name: Line
    scopes: frozenset[Scope] = Field(min_length=1)
    networks: tuple[Annotated[str, AfterValidator(_a_network)], ...] | None = Field(default=None, min_length=1)
    """CIDR networks it may call from; None for any."""
    classification: Line | None = None
    """Of letters that it hands in without one."""


@dataclass(frozen=True)
class Authenticated:
    """Who called: the client and its agency."""

    client: ApiClient
    agency: Agency

    def require(self, scope: Scope) -> None:
        """Raises `Forbidden` unless the client has the scope."""
        if scope not in self.client.scopes:
            raise Forbidden(reason=f"scope {scope.value} is missing")


def add(session: Session, keys: Keys, new: NewClient, at: datetime) -> tuple[ApiClient, str]:
    """Enters a client, and returns it with its key: the only time that the key is to be had."""
    key = apikeys.new()
    client = ApiClient(
        id=ids.new(),
        agency_id=new.agency_id,
        name=new.name,
        key_prefix=apikeys.shown(key),
        key_hmac=keys.mac(PURPOSE, key),
        scopes=sorted(scope.value for scope in new.scopes),
        networks=list(new.networks) if new.networks is not None else None,
        username=None,
        password_hash=None,
        classification=new.classification,
        bsre=None,
        enabled=True,
        created_at=at,
        last_used_at=None,
    )
    session.add(client)
    session.flush()
    return client, key


def renew_key(session: Session, keys: Keys, client: ApiClient) -> str:
    """Gives the client another key; the old one is void when this unit of work commits."""
    key = apikeys.new()
    session.execute(
        sa.update(ApiClient)
        .where(col(ApiClient.id) == client.id)
        .values(key_prefix=apikeys.shown(key), key_hmac=keys.mac(PURPOSE, key)),
    )
    return key


def authenticate(session: Session, keys: Keys, key: str, address: str | None) -> Authenticated:
    """The client whose key this is, calling from ``address`` (an IP address; None where it is not known).

    Raises `Unauthenticated` for a key that is malformed, unknown, or of a client or agency that is
    switched off, and `Forbidden` for an address outside the client's networks.
    """
    if not apikeys.well_formed(key):
        raise Unauthenticated
    row = session.execute(
        sa.select(ApiClient, Agency)
        .join(Agency, col(Agency.id) == col(ApiClient.agency_id))
        .where(col(ApiClient.key_hmac).in_(keys.macs(PURPOSE, key)))
    ).first()
    if row is None or not row[0].enabled or not row[1].enabled:
        raise Unauthenticated
    if not admitted(row[0], address):
        raise Forbidden(reason="the network is not allowed")
    return Authenticated(row[0], row[1])


def use_is_due(client: ApiClient, at: datetime) -> bool:
    """Whether `note_use` would change anything, so that not every request writes."""
    return client.last_used_at is None or at - client.last_used_at >= USE_NOTED_EVERY


def note_call(session: Session, client: ApiClient, at: datetime) -> None:
    """Notes that the client called without its key."""
    session.execute(sa.update(ApiClient).where(col(ApiClient.id) == client.id).values(last_used_at=at))


def note_use(session: Session, keys: Keys, client: ApiClient, key: str, at: datetime) -> None:
    """Notes that the client called; a key known by an earlier server key is from now on known by the present one."""
    session.execute(
        sa.update(ApiClient)
        .where(col(ApiClient.id) == client.id, col(ApiClient.key_hmac) == client.key_hmac)
        .values(last_used_at=at, key_hmac=keys.mac(PURPOSE, key)),
    )


def get(session: Session, agency_id: str, client_id: str) -> ApiClient | None:
    """The agency's client of that id."""
    query = sa.select(ApiClient).where(col(ApiClient.id) == client_id, col(ApiClient.agency_id) == agency_id)
    return session.scalars(query).one_or_none()


def of_agency(session: Session, agency_id: str) -> list[ApiClient]:
    """The agency's clients by name."""
    query = sa.select(ApiClient).where(col(ApiClient.agency_id) == agency_id).order_by(col(ApiClient.name))
    return list(session.scalars(query))


def switch(session: Session, client: ApiClient, *, enabled: bool) -> None:
    """Switches the client on or off."""
    session.execute(sa.update(ApiClient).where(col(ApiClient.id) == client.id).values(enabled=enabled))


def settle(session: Session, client: ApiClient, bsre: dict[str, JsonValue] | None, classification: str | None) -> None:
    """Keeps how the client speaks BSrE's API, and its classification where one is given.

    Raises `RequestInvalid` for a classification that its agency doesn't have.
    """
    if classification is not None and session.get_one(Agency, client.agency_id).disclosure(classification) is None:
        raise RequestInvalid(field="classification", reason="the agency has no such classification")
    values = {"bsre": bsre} | ({"classification": classification} if classification is not None else {})
    session.execute(sa.update(ApiClient).where(col(ApiClient.id) == client.id).values(**values))


def admitted(client: ApiClient, address: str | None) -> bool:
    """Whether the address lies in one of the client's networks; IPv4 addresses mapped into IPv6 count as IPv4."""
    if client.networks is None:
        return True
    if address is None:
        return False
    try:
        caller: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(caller, IPv6Address) and caller.ipv4_mapped is not None:
        caller = caller.ipv4_mapped
    networks = (ip_network(network) for network in client.networks)
    return any(
        isinstance(network, IPv6Network) == isinstance(caller, IPv6Address) and caller in network
        for network in networks
    )
