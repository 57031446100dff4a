from datetime import UTC, datetime, timedelta, timezone

import pytest
from asn1crypto import algos, core
from hypothesis import given
from hypothesis import strategies as st

from esign.x509 import der


@given(st.integers(min_value=-(2**200), max_value=2**200))
def test_integers_are_read_back_by_another_library(value: int) -> None:
    encoded = der.integer(value)
    assert core.Integer.load(encoded, strict=True).native == value
    assert encoded == core.Integer(value).dump()


@given(st.lists(st.integers(min_value=0, max_value=2**128), min_size=1, max_size=6))
def test_object_identifiers_are_read_back(arcs: list[int]) -> None:
    dotted = ".".join(str(arc) for arc in (1, 3, *arcs))
    assert core.ObjectIdentifier.load(der.oid(dotted), strict=True).dotted == dotted


def test_arcs_below_2_may_be_large() -> None:
    assert der.oid("2.999.3") == bytes.fromhex("0603883703")


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65_535, 65_536])
def test_lengths_take_as_few_octets_as_they_need(size: int) -> None:
    encoded = der.octet_string(bytes(size))
    assert core.OctetString.load(encoded, strict=True).native == bytes(size)
    assert encoded == core.OctetString(bytes(size)).dump()


def test_sets_are_in_the_order_of_their_encodings() -> None:
    low, high = der.integer(1), der.integer(300)
    assert der.set_of(high, low) == der.set_of(low, high) == der.tlv(0x31, low, high)


def test_times_are_utc_and_keep_no_trailing_zeros() -> None:
    jakarta = timezone(timedelta(hours=7))
    assert der.generalized_time(datetime(2026, 3, 2, 11, 0, 0, 500_000, tzinfo=jakarta))[2:] == b"20260302040000.5Z"
    assert der.generalized_time(datetime(2026, 3, 2, tzinfo=UTC))[2:] == b"20260302000000Z"


@pytest.mark.parametrize("name", sorted(der.DIGEST_OIDS))
def test_digest_algorithms_have_their_registered_numbers(name: str) -> None:
    algorithm = algos.DigestAlgorithm.load(der.digest_algorithm(name), strict=True)
    assert algorithm["algorithm"].native == name
