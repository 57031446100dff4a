"""Sound files are never called anything else: as many as forged ones, each kind of program and of later addition.

Every generator gives files of a different letter; ``ESIGN_WHOLE=1`` takes all files of all letters, in minutes.
"""

import os
from collections.abc import Callable, Iterator
from itertools import islice

import pytest

from esign.pdf.sandbox import InProcess
from esign.verify.online import examine
from esign.verify.report import Report
from esign.x509.clock import SystemClock
from tests.legitimate import by_pyhanko, encodings, filled, manners, rights, stores
from tests.legitimate.made import Made, material, trust
from tests.letter_files import letters, read

Generator = Callable[[bytes], Iterator[Made]]
WHOLE = bool(os.environ.get("ESIGN_WHOLE"))
SAMPLE = 12
"""Files of each generator in the sample."""
GENERATORS: list[Generator] = [
    manners.once,
    manners.twice,
    manners.mixed,
    manners.before,
    manners.versions,
    manners.shapes,
    encodings.own,
    encodings.by_openssl,
    encodings.by_cryptography,
    by_pyhanko.once,
    by_pyhanko.several,
    by_pyhanko.later,
    filled.filled,
    filled.noted,
    rights.enabled,
    rights.preceded,
    stores.stores,
]
LETTERS = [
    letter.name
    for letter in letters(refusal=None, encrypted=None, signatures=(), fields=(), signature_fields=())
    if not any(letter.rotations) and all(width < height for width, height in letter.displayed)
]
"""Upright ones: the generators put what they show where these are blank."""
_OF_THE_MESSAGE = (encodings.own, encodings.by_openssl, encodings.by_cryptography, by_pyhanko.once)
"""What these vary doesn't touch the letter: one is enough."""


def report(pdf: bytes) -> Report:
    return examine(pdf, trust(), SystemClock(), InProcess(), material=(material(),), timeout=60)


def chosen(generator: Generator, place: int) -> list[str]:
    """The letters for a generator."""
    if not WHOLE or generator in _OF_THE_MESSAGE:
        return [LETTERS[place % len(LETTERS)]]
    return LETTERS


CASES = [
    pytest.param(generator, name, id=f"{generator.__module__.rpartition('.')[2]}.{generator.__name__}-{name}")
    for place, generator in enumerate(GENERATORS)
    for name in chosen(generator, place)
]
_counted = {"files": 0, "alarms": 0}


@pytest.mark.filterwarnings("ignore")  # of pyHanko, which signs
@pytest.mark.parametrize(("generator", "name"), CASES)
def test_no_sound_file_is_alarmed_at(generator: Generator, name: str) -> None:
    made = list(generator(read(name)))
    if not WHOLE:
        made = list(islice(made, 0, None, max(1, len(made) // SAMPLE)))
    wrong = []
    for each in made:
        found = report(each.pdf)
        if found.verdict not in each.right:
            said = found.model_dump_json(include={"verdict", "findings", "signatures"})[:1500]
            wrong.append(f"{each.name}: {found.verdict} {said}")
    _counted["files"] += len(made)
    _counted["alarms"] += len(wrong)
    assert wrong == []


def test_the_rate_is_told(record_testsuite_property: Callable[[str, object], None]) -> None:
    assert _counted["alarms"] == 0
    record_testsuite_property("sound files", _counted["files"])
    print(f"sound files not alarmed at: {_counted['files'] - _counted['alarms']} of {_counted['files']}")  # noqa: T201
