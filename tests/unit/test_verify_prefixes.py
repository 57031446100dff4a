"""Digests of a file's beginnings, whatever the order in which they are asked for."""

import hashlib

import pytest

from esign.verify.crypto import UnknownAlgorithmError, digest
from esign.verify.prefixes import Prefixes

DATA = bytes(range(256)) * 20
ENDS = (5000, 17, 4096, 17, len(DATA))


@pytest.mark.parametrize("name", ["sha256", "sha512", "sha3_256", "sha512_256", "shake256"])
def test_each_beginning_with_what_follows_has_the_digest_of_both(name: str) -> None:
    prefixes = Prefixes(DATA, ENDS)
    for end in (4096, 17, len(DATA), 5000, 17):
        assert prefixes.digest(name, end) == digest(name, DATA[:end])
        assert prefixes.digest(name, end, memoryview(b"and more")) == digest(name, DATA[:end], b"and more")
    assert prefixes.digest("sha256", 17) == hashlib.sha256(DATA[:17]).digest()


def test_an_algorithm_that_is_not_known_is_told() -> None:
    with pytest.raises(UnknownAlgorithmError):
        Prefixes(DATA, ENDS).digest("crc32", 17)
