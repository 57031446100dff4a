"""Which addresses named in a certificate may be fetched (design, section 7): the certificate may be a stranger's."""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from esign.x509.rejection import Rejected

INDONESIAN_HOSTS = frozenset({"cvs-bsre.bssn.go.id", "va.bsre.go.id", "crl.rootca.id"})
"""Where BSrE and the national root publish OCSP answers and CRLs."""

_PORTS = {"http": 80, "https": 443}
_TRANSLATED = (
    # Addresses that stand for IPv4 ones, which may be private: NAT64, its local form, 6to4, Teredo.
    ipaddress.IPv6Network("64:ff9b::/96"),
    ipaddress.IPv6Network("64:ff9b:1::/48"),
    ipaddress.IPv6Network("2002::/16"),
    ipaddress.IPv6Network("2001::/32"),
)


@dataclass(frozen=True)
class Target:
    """Where a request goes: the judged network address, so that a second look-up can't lead elsewhere."""

    url: str
    """The address with the host's network address in place of its name."""
    host: str | None = None
    """The name for the Host header and for TLS; None where ``url`` still has it."""


def resolve(host: str) -> list[str]:
    """The network addresses of a host. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


@dataclass(frozen=True)
class AddressPolicy:
    """What may be fetched: public http(s) hosts of a list, on the usual ports, and nothing else."""

    hosts: frozenset[str] = INDONESIAN_HOSTS
    """Names, in small letters."""
    own_origins: frozenset[str] = frozenset()
    """Origins such as ``http://127.0.0.1:8000`` that are fetched wherever they are: the dev CA's, while it is on."""
    resolver: Callable[[str], list[str]] = field(default=resolve, repr=False)

    def target(self, url: str) -> Target:
        """Where to send a request for ``url``. Raises `Rejected`, without repeating the address."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower().rstrip("."), parts.port
        except ValueError as error:
            raise Rejected("its address is malformed") from error
        if parts.username is not None or parts.password is not None or not url.isascii() or not url.isprintable():
            raise Rejected("its address is malformed")
        if parts.scheme not in _PORTS or not host:
            raise Rejected("its address is neither http nor https")
        if f"{parts.scheme}://{parts.netloc}".lower() in self.own_origins:
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
            raise Rejected("its host can't be found") from error
        if not found:
            raise Rejected("its host can't be found")
        if not all(is_public(address) for address in found):
            raise Rejected("its host leads to an address that is not public")
        return found[0]


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is anybody's on the internet: not private, loopback, link-local, multicast or translated."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved
