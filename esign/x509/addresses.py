"""Which addresses named in a certificate may be fetched (design, section 7): the certificate may be a stranger's."""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, Queue
from threading import Thread
from urllib.parse import urlsplit

from esign.x509.rejection import Rejected

INDONESIAN_HOSTS = frozenset({"cvs-bsre.bssn.go.id", "va.bsre.go.id", "crl.rootca.id"})
"""Where BSrE and the national root publish OCSP answers and CRLs."""

_PORTS = {"http": 80, "https": 443}
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that IANA has given out of IPv6 for hosts anywhere; NAT64, mapped and site-local addresses stand outside it."""
_NOT_ANYBODYS = (
    # Inside it: protocols (Teredo, ORCHID and others), 6to4, documentation, the 6bone of old.
    ipaddress.IPv6Network("2001::/23"),
    ipaddress.IPv6Network("2001:db8::/32"),
    ipaddress.IPv6Network("2002::/16"),
    ipaddress.IPv6Network("3ffe::/16"),
    ipaddress.IPv6Network("3fff::/20"),
)
_NOT_ANYBODYS_4 = (
    # Protocols, relays of 6to4, and the address at which one provider's machines find their own platform.
    ipaddress.IPv4Network("192.0.0.0/24"),
    ipaddress.IPv4Network("192.88.99.0/24"),
    ipaddress.IPv4Network("168.63.129.16/32"),
)
_RESOLVING = 4.0
"""Seconds for a look-up; getaddrinfo knows no limit."""


class NotFound(Rejected):
    """The look-up of the host's name failed."""


@dataclass(frozen=True)
class Target:
    """Where a request goes: the judged network address, so that a second look-up can't lead elsewhere."""

    url: str
    """The address with the host's network address in place of its name."""
    host: str | None = None
    """The name for the Host header and for TLS; None where ``url`` still has it."""


def resolve(host: str, seconds: float = _RESOLVING) -> list[str]:
    """The network addresses of a host, of the families that this machine has. Raises OSError, also when it is late."""
    answer: Queue[list[str] | OSError] = Queue(1)

    def look_up() -> None:
        try:
            rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
            answer.put([str(row[4][0]) for row in rows])
        except (OSError, UnicodeError) as error:
            answer.put(error if isinstance(error, OSError) else OSError(str(error)))

    Thread(target=look_up, name="resolve", daemon=True).start()
    try:
        found = answer.get(timeout=seconds)
    except Empty:
        raise TimeoutError("the look-up takes too long") from None
    if isinstance(found, OSError):
        raise found
    return found


@dataclass(frozen=True)
class AddressPolicy:
    """What may be fetched: public http(s) hosts of a list, on the usual ports, and nothing else."""

    hosts: frozenset[str] = INDONESIAN_HOSTS
    """Names, in small letters."""
    own_origins: frozenset[str] = frozenset()
    """Origins such as ``http://127.0.0.1:8000`` that are fetched wherever they are: the dev CA's, while it is on."""
    resolver: Callable[[str], list[str]] = field(default=resolve, repr=False)
    judge: Callable[[ipaddress.IPv4Address | ipaddress.IPv6Address], bool] | None = field(default=None, repr=False)
    """Which network addresses may be asked; None: `is_public`."""

    def target(self, url: str, *, redirected: bool = False) -> Target:
        """Where to send a request for ``url``. Raises `Rejected`, without repeating the address.

        ``redirected``: somebody else's server named it, so our own origins are as closed as any other.
        """
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower().rstrip("."), parts.port
        except ValueError as error:
            raise Rejected("its address is malformed") from error
        if parts.username is not None or parts.password is not None or not url.isascii() or not url.isprintable():
            raise Rejected("its address is malformed")
        if parts.scheme not in _PORTS or not host:
            raise Rejected("its address is neither http nor https")
        if not redirected and f"{parts.scheme}://{parts.netloc}".lower() in self.own_origins:
            return Target(url)
        if host not in self.hosts:
            raise Rejected("its host is not on the list of hosts that may be asked")
        if port not in {None, _PORTS[parts.scheme]}:
            raise Rejected("its port is not the usual one")
        address = self._public_address(host)
        literal = f"[{address}]" if address.version == 6 else str(address)
        return Target(parts._replace(netloc=literal, fragment="").geturl(), host)

    def _public_address(self, host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
        try:
            found = [ipaddress.ip_address(address.partition("%")[0]) for address in self.resolver(host)]
        except (OSError, ValueError) as error:
            raise NotFound("its host can't be found") from error
        if not found:
            raise NotFound("its host can't be found")
        if not all((self.judge or is_public)(address) for address in found):
            raise Rejected("its host leads to an address that is not public")
        return found[0]


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is anybody's on the internet: not private, loopback, link-local, multicast or translated.

    IPv4 written as IPv6 is judged as IPv4; what a router would translate is refused whatever it stands for.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address not in _GLOBAL_UNICAST or any(address in network for network in _NOT_ANYBODYS):
            return False
    elif any(address in network for network in _NOT_ANYBODYS_4):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved
