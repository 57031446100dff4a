"""What is known of a request while it is answered."""

import re
import secrets
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from time import perf_counter

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Scope

from esign.api import negotiation

_KEY = "esign.context"
_GOOD_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_MANY_DIGITS = re.compile(r"[0-9]{16}")

Network = IPv4Network | IPv6Network


@dataclass
class Context:
    """One request: its id, who sent it, and when it began."""

    request_id: str
    address: str
    """The sender's IP address, as a trusted proxy tells it."""
    max_body: int
    """The most bytes that a body may have."""
    accept_language: str | None = None
    client_id: str | None = None
    """The API client, once its key is known to be good."""
    error: str | None = None
    """The code of the problem that was answered."""
    began: float = field(default_factory=perf_counter)

    @property
    def language(self) -> negotiation.Language:
        """The language of the answer."""
        return negotiation.language(self.accept_language)


def begin(scope: Scope, trusted_proxies: tuple[Network, ...], max_body: int) -> Context:
    """The context of a request that has just arrived, kept in its ``scope``."""
    headers = Headers(scope=scope)
    context = Context(
        request_id=request_id(headers.get("x-request-id")),
        address=address(scope, headers, trusted_proxies),
        max_body=max_body,
        accept_language=headers.get("accept-language"),
    )
    scope[_KEY] = context
    return context


def of(connection: HTTPConnection) -> Context:
    """The context of this request."""
    context = connection.scope[_KEY]
    assert isinstance(context, Context)  # noqa: S101 the edge put it there
    return context


def request_id(given: str | None) -> str:
    """The caller's own id where it is fit to be logged and sent back, else a new one.

    Fit are 8 to 64 letters, digits, ``.``, ``_`` and ``-``, without 16 digits in a row (a NIK).
    """
    if given and _GOOD_ID.fullmatch(given) and not _MANY_DIGITS.search(given):
        return given
    return secrets.token_urlsafe(16).lstrip("-_").ljust(8, "0")


def address(scope: Scope, headers: Headers, trusted_proxies: tuple[Network, ...]) -> str:
    """Where the request comes from.

    The peer of the connection; where that is a trusted proxy, the nearest address of X-Forwarded-For,
    read from the right, that is not one. What a stranger wrote further left is never believed.
    """
    peer = scope["client"][0] if scope.get("client") else ""
    if not trusted_proxies or not within(peer, trusted_proxies):
        return peer
    for hop in reversed(",".join(headers.getlist("x-forwarded-for")).split(",")):
        found = _parse(hop.strip())
        if found is None:
            return peer
        peer = str(found)
        if not within(peer, trusted_proxies):
            return peer
    return peer


def within(text: str, networks: tuple[Network, ...]) -> bool:
    """Whether the address is in one of the networks; never for what is no address."""
    found = _parse(text)
    return found is not None and any(found in network for network in networks)


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    """The address, an IPv4-mapped one as IPv4, a port or brackets left out."""
    text = text.strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
