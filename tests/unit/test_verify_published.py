"""The published attacks, each variant of each class, on approved and certified letters: all flagged as what they are.

A sample by default; ``ESIGN_WHOLE=1`` takes all files on several letters.
"""

import os
from collections.abc import Callable, Iterator
from itertools import islice

import pytest

from esign.pdf.sandbox import InProcess
from esign.verify.online import examine
from esign.x509.clock import FixedClock
from tests.attacks import published
from tests.attacks.authority import NOW
from tests.attacks.forgery import Forgery
from tests.legitimate.made import material, trust
from tests.letter_files import read

Generator = Callable[[bytes], Iterator[Forgery]]
WHOLE = bool(os.environ.get("ESIGN_WHOLE"))
SAMPLE = 16
LETTERS = (
    "typst-1.4",
    "libreoffice-docx",
    "qpdf-object-streams",
    "hybrid-word",
    "chromium",
    "pdftex",
    "scan",
    "typst-2.0",
)
CASES = [
    pytest.param(generator, name, id=f"{generator.__name__}-{name}")
    for place, generator in enumerate(published.GENERATORS)
    for name in (LETTERS if WHOLE else [LETTERS[place % len(LETTERS)]])
]
_counted = {"files": 0, "missed": 0}


@pytest.mark.parametrize(("generator", "name"), CASES)
def test_every_published_variant_is_flagged(generator: Generator, name: str) -> None:
    forged = list(generator(read(name)))
    if not WHOLE:
        forged = list(islice(forged, 0, None, max(1, len(forged) // SAMPLE)))
    wrong = []
    for each in forged:
        found = examine(each.pdf, trust(), FixedClock(NOW), InProcess(), material=(material(),), timeout=60)
        if found.verdict not in each.right:
            wrong.append(f"{each.name}: {found.verdict}")
    _counted["files"] += len(forged)
    _counted["missed"] += len(wrong)
    assert wrong == []


def test_the_rate_is_told(record_testsuite_property: Callable[[str, object], None]) -> None:
    assert _counted["missed"] == 0
    record_testsuite_property("published attacks", _counted["files"])
    print(f"published attacks flagged: {_counted['files'] - _counted['missed']} of {_counted['files']}")  # noqa: T201
