"""Sound files are never called anything else: more than forged ones, each kind of program and of later addition.

A seeded sample by default: a few files of each generator, of one letter. ``ESIGN_WHOLE=1`` takes all files of all
letters, in half an hour; those that other programs saved or EU DSS signed are sampled in ``tests/interop``.
"""

import os
import random
from collections.abc import Callable, Iterator

import pytest

from esign.pdf.sandbox import InProcess
from esign.verify.online import examine
from esign.verify.report import Report
from esign.x509.clock import SystemClock
from tests.legitimate import by_dss, by_pyhanko, by_us, encodings, filled, indonesian, manners, rights, saved, stores
from tests.legitimate.made import Made, material, trust
from tests.letter_files import letters, read

Generator = Callable[[bytes], Iterator[Made]]
WHOLE = bool(os.environ.get("ESIGN_WHOLE"))
SEED = int(os.environ.get("ESIGN_SEED", "2026"))
SAMPLE = 12
"""Files of each generator in the sample."""
LETTERS = [
    letter.name
    for letter in letters(refusal=None, encrypted=None, signatures=(), fields=(), signature_fields=())
    if not any(letter.rotations)
    and all(width < height for width, height in letter.displayed)
    and letter.name != "user-unit"
]
"""Upright ones, in points: the generators put what they show where these are blank."""
PRODUCERS = [
    "libreoffice-docx", "chromium", "typst-1.4", "typst-2.0", "pdftex", "ghostscript-distilled", "scan",
    "qpdf-object-streams", "hybrid-word", "cropped",
]  # fmt: skip
"""One of each producer, for what takes long."""
FURTHER = [
    "rotated", "cropped-rotated", "chromium-landscape", "libreoffice-form", "signature-fields",
    "encrypted-rc4", "encrypted-aes-128", "encrypted-aes-256",
]  # fmt: skip
"""Turned, encrypted and with forms, and blank where our own signer is told to stamp."""
GENERATORS: dict[Generator, list[str]] = {
    manners.once: LETTERS,
    manners.twice: LETTERS,
    manners.mixed: LETTERS,
    manners.before: LETTERS,
    manners.versions: LETTERS,
    manners.shapes: LETTERS,
    encodings.own: LETTERS[:1],
    encodings.by_openssl: LETTERS[1:2],
    encodings.by_cryptography: LETTERS[2:3],
    by_pyhanko.once: LETTERS[3:4],
    by_pyhanko.several: LETTERS,
    by_pyhanko.later: LETTERS,
    by_pyhanko.rewritten: LETTERS,
    by_us.ours: PRODUCERS + FURTHER,
    filled.filled: LETTERS,
    filled.noted: LETTERS,
    indonesian.indonesian: LETTERS,
    rights.enabled: LETTERS,
    rights.preceded: LETTERS,
    stores.stores: LETTERS,
}
"""On which letters. What encodings vary doesn't touch the letter: one is enough."""
BY_PROGRAMS: dict[Generator, list[str]] = {
    saved.resaved: PRODUCERS,
    saved.resaved_twice: PRODUCERS,
    by_dss.dss: PRODUCERS,
}
"""Which call programs of others."""


def report(pdf: bytes) -> Report:
    return examine(pdf, trust(), SystemClock(), InProcess(), material=(material(),), timeout=60)


def cases() -> Iterator[object]:
    """Each generator with each of its letters, or with one."""
    chance = random.Random(SEED)
    for generator, names in (GENERATORS | BY_PROGRAMS if WHOLE else GENERATORS).items():
        for name in names if WHOLE else [chance.choice(names)]:
            yield pytest.param(generator, name, id=f"{generator.__module__[17:]}.{generator.__name__}-{name}")


_counted = {"files": 0, "alarms": 0}


@pytest.mark.filterwarnings("ignore")  # of pyHanko, which signs
@pytest.mark.parametrize(("generator", "name"), list(cases()))
def test_no_sound_file_is_alarmed_at(generator: Generator, name: str) -> None:
    made = list(generator(read(name)))
    if not WHOLE:
        made = random.Random(SEED).sample(made, min(SAMPLE, len(made)))
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
