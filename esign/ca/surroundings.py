"""What an authority of another house is given to work with."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from esign.ca.authority import Secret
from esign.x509.clock import Clock
from esign.x509.sources import RevocationSource
from esign.x509.trust import TrustStore


@dataclass(frozen=True)
class Identity:
    """Who a holder is to an authority that knows people by number or address."""

    nik: Secret | None = None
    """16 digits."""
    email: str | None = None
    subscriber: str | None = None
    """The number of a seal's subscriber at BSrE (idSubscriber)."""


@dataclass(frozen=True)
class Surroundings:
    """What an authority of another house is given to work with. None of it is the authority's to close."""

    clock: Clock
    client: httpx.Client
    """For all exchanges. Follows no redirects, keeps no cookies, and ends each exchange at its deadline."""
    trust: TrustStore
    """What is trusted here: roots, and intermediates to build chains with."""
    revocation: RevocationSource
    """Revocation data from the addresses in certificates, as far as the settings allow, with a cache."""
    identify: Callable[[str], Identity]
    """Who the holder of that name is. Raises `SignerUnknown`."""
