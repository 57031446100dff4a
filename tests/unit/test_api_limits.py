"""Buckets of tokens, gates, and who is limited as one."""

import pytest

from esign.api.limits import Gate, TokenBuckets
from esign.errors import Busy, TooManyRequests


class Watch:
    """Time that stands still until it is turned on."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_empties_and_fills_again() -> None:
    watch = Watch()
    buckets = TokenBuckets(60, watch)
    for _ in range(60):
        buckets.take("192.0.2.1")
    with pytest.raises(TooManyRequests) as refused:
        buckets.take("192.0.2.1")
    assert refused.value.details == {"seconds": 1}
    buckets.take("192.0.2.2")
    watch.now += 1
    buckets.take("192.0.2.1")
    with pytest.raises(TooManyRequests):
        buckets.take("192.0.2.1")


def test_one_ipv6_subscriber_has_one_bucket_however_many_addresses() -> None:
    buckets = TokenBuckets(2, Watch())
    buckets.take("2001:db8:1:2::1")
    buckets.take("2001:db8:1:2:ffff::2")
    with pytest.raises(TooManyRequests):
        buckets.take("2001:db8:1:2::3")
    buckets.take("2001:db8:1:3::1")


def test_memory_stays_bounded_under_many_addresses() -> None:
    buckets = TokenBuckets(1, Watch())
    for number in range(30_000):
        buckets.take(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(buckets._buckets) == 20_000


def test_a_gate_lets_so_many_in_and_again_when_they_leave() -> None:
    gate = Gate(2, per_address=1)
    with gate.enter("192.0.2.1"):
        with pytest.raises(Busy), gate.enter("192.0.2.1"):
            pass
        with gate.enter("192.0.2.2"), pytest.raises(Busy), gate.enter("192.0.2.3"):
            pass
    assert gate.inside == 0
    with gate.enter("192.0.2.1"):
        assert gate.inside == 1
