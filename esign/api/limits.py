"""How much one address, and all together, may ask for: refused early, before anything is read.

The state is this process's own. Several processes each allow as much as one; a proxy in front that
limits as well is welcome.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil
from threading import Lock

from esign.errors import Busy, TooManyRequests

_MOST_ADDRESSES = 20_000
"""Addresses remembered by one limit; the one seen longest ago is forgotten first."""


@dataclass
class _Bucket:
    tokens: float
    filled_at: float


class TokenBuckets:
    """A bucket of tokens an address: ``per_minute`` flow in, as many at most lie in it, each request takes one."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = float(per_minute)
        self._rate = per_minute / 60
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = Lock()

    def take(self, address: str) -> None:
        """Takes a token of that address. Raises `TooManyRequests` with the seconds until the next one."""
        seconds = self._take(household(address))
        if seconds > 0:
            raise TooManyRequests(seconds=ceil(seconds))

    def refuse_empty(self, address: str) -> None:
        """Takes nothing. Raises `TooManyRequests` where that address has no token left."""
        seconds = self._take(household(address), tokens=0)
        if seconds > 0:
            raise TooManyRequests(seconds=ceil(seconds))

    def _take(self, key: str, tokens: int = 1) -> float:
        with self._lock:
            now = self._clock()
            bucket = self._buckets.get(key)
            if bucket is None:
                bucket = self._buckets[key] = _Bucket(self._size, now)
                if len(self._buckets) > _MOST_ADDRESSES:
                    self._buckets.popitem(last=False)
            else:
                self._buckets.move_to_end(key)
                bucket.tokens = min(self._size, bucket.tokens + (now - bucket.filled_at) * self._rate)
                bucket.filled_at = now
            if bucket.tokens < 1:
                return (1 - bucket.tokens) / self._rate
            bucket.tokens -= tokens
            return 0.0


class Gate:
    """Lets so many through at once, in all and from one address."""

    def __init__(self, total: int, per_address: int | None = None) -> None:
        self._total = total
        self._per_address = per_address
        self._inside: dict[str, int] = {}
        self._count = 0
        self._lock = Lock()

    @contextmanager
    def enter(self, address: str) -> Iterator[None]:
        """Holds one place while the context is open. Raises `Busy` where there is none."""
        key = household(address)
        with self._lock:
            mine = self._inside.get(key, 0)
            if self._count >= self._total or (self._per_address is not None and mine >= self._per_address):
                raise Busy
            self._count += 1
            self._inside[key] = mine + 1
        try:
            yield
        finally:
            with self._lock:
                self._count -= 1
                self._inside[key] -= 1
                if not self._inside[key]:
                    del self._inside[key]

    @property
    def inside(self) -> int:
        """How many are inside now."""
        return self._count


def household(address: str) -> str:
    """What is limited as one: an IPv4 address, or the /64 that one IPv6 subscriber commonly has whole."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(IPv6Network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else str(parsed)
