"""A small seeded run of mutants: no crash, and nothing genuine whose signed bytes are not the signed ones."""

import os
import random
import re
from collections.abc import Callable

import pytest

from esign.pades.profile import Profile
from esign.pades.spec import NewField
from esign.verify.report import Verdict
from esign.verify.validate import validate
from esign.x509.clock import SystemClock
from esign.x509.trust import TrustStore
from tests.letter_files import read
from tests.officials import SECOND, request, roots, signed

MUTANTS = int(os.environ.get("ESIGN_FUZZ_MUTANTS", "60"))
"""Of each kind; a longer run is asked for by the environment."""
_TOKENS = re.compile(
    rb"/[A-Za-z]+|\d+ \d+ R|\d+|<<|>>|\[|\]|obj|endobj|stream|endstream|xref|trailer|startxref|%%EOF|<|>"
)


def flip(pdf: bytearray, chance: random.Random) -> None:
    """Other bits in a few bytes."""
    for _ in range(chance.randint(1, 4)):
        pdf[chance.randrange(len(pdf))] ^= 1 << chance.randrange(8)


def splice(pdf: bytearray, chance: random.Random) -> None:
    """A part taken out, doubled, or moved."""
    start = chance.randrange(len(pdf))
    part = pdf[start : start + chance.randint(1, 600)]
    if chance.random() < 0.6:
        del pdf[start : start + len(part)]
    if chance.random() < 0.7:
        at = chance.randrange(len(pdf))
        pdf[at:at] = part


def swap_tokens(pdf: bytearray, chance: random.Random) -> None:
    """One word of the syntax in the place of another."""
    words = list(_TOKENS.finditer(bytes(pdf)))
    one, other = chance.choice(words), chance.choice(words)
    pdf[one.start() : one.end()] = other[0]


def cut(pdf: bytearray, chance: random.Random) -> None:
    """The end is missing, or some of it comes again."""
    if chance.random() < 0.5:
        del pdf[chance.randrange(len(pdf)) :]
    else:
        pdf += pdf[chance.randrange(len(pdf)) :]


@pytest.mark.parametrize("mutate", [flip, splice, swap_tokens, cut], ids=lambda item: item.__name__)
def test_no_mutant_is_genuine_whose_signed_bytes_changed(mutate: Callable[[bytearray, random.Random], None]) -> None:
    trust = TrustStore(anchors=tuple(roots()))
    first = signed(read("typst-1.4"), request(Profile.B_LT))
    pdf = signed(first.pdf, request(Profile.B_LT, field=NewField(rect=SECOND))).pdf
    ranges = [item.byte_range for item in validate(pdf, trust, SystemClock().now()).signatures]
    chance = random.Random(f"{mutate.__name__} 2026")
    now = SystemClock().now()
    for number in range(MUTANTS):
        mutant = bytearray(pdf)
        mutate(mutant, chance)
        report = validate(bytes(mutant), trust, now)
        if report.verdict is Verdict.GENUINE:
            for signed_range in ranges:
                assert signed_range is not None
                _, gap, after, length = signed_range
                assert mutant[:gap] == pdf[:gap], number
                assert mutant[after : after + length] == pdf[after : after + length], number
        if report.verdict is Verdict.UNSIGNED:
            assert b"/ByteRange" not in mutant, number
