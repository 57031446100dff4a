"""Mutations of bytes, which know of the format only where it is brittle."""

import random
import re

from tests.fuzz.specimens import Specimen

_BRITTLE = re.compile(
    rb"startxref|xref|trailer|%%EOF|/ByteRange|/Contents|/Prev|/Size|/Root|/W ?\[|/Index|endobj|stream|%PDF-"
)
_INTERESTING = (
    b"\0",
    b"\n",
    b"\r",
    b" ",
    b"%",
    b"<",
    b">",
    b"(",
    b")",
    b"/",
    b"[",
    b"]",
    b"\xff",
    b"0",
    b"9",
    b"-",
    b"#",
    b"\\",
)


def place(pdf: bytes | bytearray, specimen: Specimen, chance: random.Random) -> int:
    """A position: anywhere, at an edge of what is signed, or near a word that readers depend on."""
    kind = chance.random()
    if kind < 0.3:
        found = chance.randrange(len(pdf))
    elif kind < 0.45:
        found = chance.choice((*specimen.ends, *(edge for gap in specimen.gaps for edge in gap)))
        found += chance.randint(-40, 40)
    elif kind < 0.6:
        start, end = chance.choice(specimen.gaps)
        found = chance.randrange(start, end)
    elif kind < 0.7:
        found = len(pdf) - 1 - chance.randint(0, 600)
    else:
        words = list(_BRITTLE.finditer(bytes(pdf)))
        found = chance.choice(words).start() + chance.randint(-4, 24) if words else 0
    return min(max(found, 0), max(len(pdf) - 1, 0))


def flip(pdf: bytearray, specimen: Specimen, chance: random.Random) -> None:
    """Other bits in a few bytes."""
    for _ in range(chance.randint(1, 4)):
        pdf[place(pdf, specimen, chance)] ^= 1 << chance.randrange(8)


def overwrite(pdf: bytearray, specimen: Specimen, chance: random.Random) -> None:
    """Other bytes in the place of some."""
    at = place(pdf, specimen, chance)
    for offset in range(chance.choice((1, 1, 2, 4, 20))):
        if at + offset < len(pdf):
            pdf[at + offset] = chance.choice(_INTERESTING)[0] if chance.random() < 0.6 else chance.randrange(256)


def delete(pdf: bytearray, specimen: Specimen, chance: random.Random) -> None:
    """A part taken out."""
    at = place(pdf, specimen, chance)
    del pdf[at : at + chance.choice((1, 1, 2, 8, 40, 300, 3000))]


def insert(pdf: bytearray, specimen: Specimen, chance: random.Random) -> None:
    """Something put in."""
    at = place(pdf, specimen, chance)
    kind = chance.random()
    if kind < 0.4:
        pdf[at:at] = b"".join(chance.choices(_INTERESTING, k=chance.choice((1, 1, 2, 8, 33))))
    elif kind < 0.7:
        pdf[at:at] = chance.choice((b" ", b"\n", b"\0", b"0", b"\r\n", b"% \n")) * chance.choice(
            (1, 2, 16, 31, 32, 33, 400)
        )
    else:
        pdf[at:at] = chance.randbytes(chance.choice((1, 3, 16, 100)))


def copy(pdf: bytearray, specimen: Specimen, chance: random.Random) -> None:
    """A part doubled, moved, or in the place of another."""
    start = place(pdf, specimen, chance)
    part = pdf[start : start + chance.choice((2, 10, 60, 400, 4000, 20000))]
    at = place(pdf, specimen, chance)
    if chance.random() < 0.5:
        pdf[at:at] = part
    else:
        pdf[at : at + len(part)] = part
    if chance.random() < 0.3:
        del pdf[start : start + len(part)]


def cut(pdf: bytearray, specimen: Specimen, chance: random.Random) -> None:
    """The end is missing, comes twice, or something harmless stands behind it."""
    kind = chance.random()
    if kind < 0.4:
        del pdf[place(pdf, specimen, chance) :]
    elif kind < 0.6:
        del pdf[chance.choice(specimen.ends) :]
    elif kind < 0.8:
        pdf += pdf[place(pdf, specimen, chance) :]
    else:
        pdf += chance.choice((b"\n", b" ", b"\r\n", b"\0", b"\t")) * chance.randint(1, 40)


def splice(pdf: bytearray, specimen: Specimen, other: Specimen, chance: random.Random) -> None:
    """The head of one letter with the tail of another, or a part of another inside."""
    kind = chance.random()
    there = place(other.pdf, other, chance)
    if kind < 0.4:
        del pdf[place(pdf, specimen, chance) :]
        pdf += other.pdf[there:]
    elif kind < 0.6:
        pdf += other.pdf if chance.random() < 0.5 else other.pdf[chance.choice(other.ends) :]
    elif kind < 0.8:
        at = place(pdf, specimen, chance)
        pdf[at:at] = other.pdf[there : there + chance.choice((20, 400, 5000))]
    else:
        start, end = chance.choice(specimen.gaps)
        left, right = chance.choice(other.gaps)
        room = end - start
        pdf[start:end] = other.pdf[left : right - 1][: room - 1].ljust(room - 1, b"0") + b">"
