"""Who sent a request, and what it is called."""

from ipaddress import ip_network

import pytest
from starlette.datastructures import Headers

from esign.api import context

PROXIES = (ip_network("10.0.0.0/8"), ip_network("::1/128"))
NO_PROXIES: tuple[context.Network, ...] = ()


def sender(peer: str, *forwarded: str, proxies: tuple[context.Network, ...] = PROXIES) -> str:
    headers = Headers(raw=[(b"x-forwarded-for", value.encode()) for value in forwarded])
    return context.address({"client": (peer, 1234)}, headers, proxies)


def test_without_trusted_proxies_the_header_means_nothing() -> None:
    assert sender("10.0.0.1", "203.0.113.7", proxies=NO_PROXIES) == "10.0.0.1"


def test_a_stranger_can_not_claim_another_address() -> None:
    assert sender("198.51.100.9", "203.0.113.7") == "198.51.100.9"


def test_the_nearest_address_that_is_no_proxy_counts_whatever_was_written_before_it() -> None:
    assert sender("10.0.0.1", "1.1.1.1, 203.0.113.7, 10.2.2.2") == "203.0.113.7"
    assert sender("10.0.0.1", "1.1.1.1", "203.0.113.7") == "203.0.113.7"


def test_ports_brackets_and_mapped_addresses_are_understood() -> None:
    assert sender("::1", "[2001:db8::1]:443") == "2001:db8::1"
    assert sender("::ffff:10.0.0.1", "203.0.113.7:9999") == "203.0.113.7"


@pytest.mark.parametrize("nonsense", ["", "unknown", "203.0.113.7, <script>", "999.1.1.1"])
def test_nonsense_in_the_header_leaves_the_proxy_itself(nonsense: str) -> None:
    assert sender("10.0.0.1", nonsense) == "10.0.0.1"


def test_a_fit_request_id_is_kept() -> None:
    assert context.request_id("order-2026.11_07") == "order-2026.11_07"


@pytest.mark.parametrize(
    "unfit", [None, "", "short", "a" * 65, "with space here", "3201010101010001", "x\r\nSet-Cookie"]
)
def test_an_unfit_request_id_is_replaced(unfit: str | None) -> None:
    made = context.request_id(unfit)
    assert made != unfit
    assert context.request_id(made) == made
