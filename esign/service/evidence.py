"""Where revocation data for a check come from: our own authorities, else the network, as far as it is allowed.

What design.md, section 7, allows: for chains that stand, from the hosts of a list, on public addresses.
"""

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

import httpx
from asn1crypto import x509

from esign.ca.authority import Authority
from esign.errors import AuthorityUnavailable, RevocationUnavailable
from esign.settings import Settings
from esign.verify.policy import Policy
from esign.x509.addresses import AddressPolicy
from esign.x509.clock import Clock
from esign.x509.exchange import Limits
from esign.x509.http import HttpRevocation
from esign.x509.kept import KeptEvidence, Shelf
from esign.x509.rejection import Rejected
from esign.x509.sources import IssuerSource, RevocationSource

_LARGEST_CRL = 16 * 1024 * 1024
_LARGEST_OCSP = 256 * 1024


class Nowhere:
    """Gives nothing: fetching is switched off."""

    def ocsp(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:  # noqa: ARG002
        """Raises `RevocationUnavailable`."""
        raise RevocationUnavailable from Rejected("fetching is switched off")

    def crl(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:  # noqa: ARG002
        """Raises `RevocationUnavailable`."""
        raise RevocationUnavailable from Rejected("fetching is switched off")


class RoutedEvidence:
    """Asks the authority of this installation that issued a certificate, else ``outside``."""

    def __init__(self, authorities: Iterable[Authority], outside: RevocationSource | None) -> None:
        """``outside`` None: nothing is fetched."""
        self._authorities = tuple(authorities)
        self._outside = outside

    def ocsp(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """See `RevocationSource.ocsp`."""
        return self._source(issuer).ocsp(certificate, issuer)

    def crl(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """See `RevocationSource.crl`."""
        return self._source(issuer).crl(certificate, issuer)

    def issuer(self, certificate: x509.Certificate) -> bytes | None:
        """See `IssuerSource.issuer`."""
        outside: object = self._outside
        if not isinstance(outside, IssuerSource):
            raise RevocationUnavailable from Rejected("fetching is switched off")
        return outside.issuer(certificate)

    def _source(self, issuer: x509.Certificate) -> RevocationSource:
        fingerprint = issuer.sha256
        for authority in self._authorities:
            try:
                own = authority.own_certificates()
            except AuthorityUnavailable:
                continue
            if any(each.sha256 == fingerprint for each in own):
                return authority.revocation()
        if self._outside is None:
            raise RevocationUnavailable from Rejected("fetching is switched off")
        return self._outside


def outside(
    settings: Settings,
    client: httpx.Client,
    shelf: Shelf,
    clock: Clock,
    policy: Policy,
    *,
    resolver: Callable[[str], list[str]] | None = None,
) -> KeptEvidence | None:
    """The network, with its cache; None where the settings switch fetching off."""
    if settings.offline:
        return None
    own = frozenset({_origin(settings.pki_url)} if settings.dev_ca else ())
    addresses = AddressPolicy(hosts=frozenset(settings.fetch_hosts), own_origins=own)
    if resolver is not None:
        addresses = AddressPolicy(hosts=addresses.hosts, own_origins=own, resolver=resolver)
    fetched = HttpRevocation(
        client,
        addresses,
        clock,
        ocsp_limits=Limits(settings.fetch_seconds, _LARGEST_OCSP),
        crl_limits=Limits(settings.fetch_seconds, _LARGEST_CRL),
        down=shelf,
    )
    return KeptEvidence(fetched, shelf, clock, longest=policy.longest_freshness)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
