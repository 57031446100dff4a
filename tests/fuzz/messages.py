"""Mutations of DER inside signed letters: the CMS in /Contents; certificates, OCSP answers and CRLs of the store."""

import random
from dataclasses import dataclass

from esign.pdf.revisions import View
from esign.pdf.syntax import PdfSyntaxError, Ref
from tests.fuzz.specimens import Specimen

_DEPTH = 24
_OIDS = tuple(
    bytes.fromhex(text)
    for text in (
        "06092a864886f70d010702",
        "06092a864886f70d010701",
        "06092a864886f70d010903",
        "06092a864886f70d010904",
        "06092a864886f70d010905",
        "0609608648016503040201",
        "0609608648016503040203",
        "06052b0e03021a",
        "06082a864886f70d0205",
        "06092a864886f70d01010b",
        "06092a864886f70d01010a",
        "06082a8648ce3d040302",
        "060b2a864886f70d010910020e",
        "060b2a864886f70d010910022f",
        "060b2a864886f70d0109100104",
    )
)


@dataclass(frozen=True)
class Value:
    """One tag, length and value, and where it stands. ``parent`` is an index among all, or -1."""

    start: int
    content: int
    end: int
    parent: int


def values(der: bytes) -> list[Value]:
    """All values of a message that can be read, outer ones before inner ones."""
    found: list[Value] = []
    pending = [(0, len(der), -1, 0)]
    while pending:
        position, limit, parent, depth = pending.pop()
        while position + 2 <= limit and len(found) < 5000:
            content, end = _bounds(der, position)
            if end > limit or content > end:
                break
            found.append(Value(position, content, end, parent))
            constructed = bool(der[position] & 0x20)
            wraps = der[position] == 0x04 and content < end and der[content] == 0x30
            if (constructed or wraps) and depth < _DEPTH:
                pending.append((content, end, len(found) - 1, depth + 1))
            position = end
    return found


def _bounds(der: bytes, position: int) -> tuple[int, int]:
    first = der[position + 1]
    if first < 0x80:
        return position + 2, position + 2 + first
    count = first & 0x7F
    return position + 2 + count, position + 2 + count + int.from_bytes(der[position + 2 : position + 2 + count])


def _length(size: int, chance: random.Random | None = None) -> bytes:
    if chance is not None and chance.random() < 0.05:
        return b"\x84" + size.to_bytes(4, "big")
    if size < 0x80:
        return bytes([size])
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(digits)]) + digits


def mutated(der: bytes, chance: random.Random) -> bytes:
    """A message with one to three values changed, the lengths around them right unless they are what was changed."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        found = values(der)
        if not found:
            return der
        index = chance.randrange(len(found))
        der = _replaced(der, found, index, _other(der, found, index, chance))
    return der


def _replaced(der: bytes, found: list[Value], index: int, new: bytes) -> bytes:
    """A value in the place of another, and the lengths of all that hold it put right."""
    item = found[index]
    start, end = item.start, item.end
    while item.parent >= 0:
        item = found[item.parent]
        inner = der[item.content : start] + new + der[end : item.end]
        new = der[item.start : item.start + 1] + _length(len(inner)) + inner
        start, end = item.start, item.end
    return der[:start] + new + der[end:]


def _other(der: bytes, found: list[Value], index: int, chance: random.Random) -> bytes:
    item = found[index]
    own, inner = der[item.start : item.end], der[item.content : item.end]
    kind = chance.randrange(11)
    if kind == 0:
        return b""
    if kind == 1:
        return own + own
    if kind == 2:
        other = chance.choice(found)
        return der[other.start : other.end]
    if kind == 3:
        changed = bytearray(inner or b"\0")
        for _ in range(chance.randint(1, 3)):
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        return own[:1] + _length(len(changed), chance) + bytes(changed)
    if kind == 4:
        return (
            bytes([chance.choice((own[0] ^ 0x20, own[0] ^ 0x80, 0x02, 0x04, 0x05, 0x30, 0x31, 0xA0, 0x1F, 0x24))])
            + own[1:]
        )
    if kind == 5:
        return own[:1] + b"\x80" + inner + b"\0\0"
    if kind == 6:
        return (
            own[:1]
            + chance.choice((b"\x85\x7f\xff\xff\xff\xff", b"\x84\xff\xff\xff\xff", b"\xff", b"\x81\x01", b"\0"))
            + inner
        )
    if kind == 7:
        return chance.choice(_OIDS)
    if kind == 8:
        return own[:1] + _length(0)
    if kind == 9:
        siblings = [other for other in found if other.parent == item.parent]
        other = chance.choice(siblings)
        return own + der[other.start : other.end]
    cut = chance.randint(0, len(inner))
    tail = b"" if chance.random() < 0.5 else chance.randbytes(4)
    return own[:1] + _length(cut + len(tail), chance) + inner[:cut] + tail


def change_contents(pdf: bytearray, specimen: Specimen, chance: random.Random) -> None:
    """A signature's message changed inside its gap, padding kept, or only the padding changed."""
    start, end = chance.choice(specimen.gaps)
    digits = bytes(pdf[start + 1 : end - 1])
    try:
        whole = bytes.fromhex(digits.decode())
    except ValueError:
        return
    _, size = _bounds(whole, 0)
    room = len(whole)
    kind = chance.random()
    if kind < 0.08:
        padding = bytearray(whole[size:])
        if padding:
            padding[chance.randrange(len(padding))] = chance.randrange(256)
        new = whole[:size] + bytes(padding)
    elif kind < 0.14:
        pdf[start + 1 : end - 1] = digits.swapcase()
        return
    elif kind < 0.2:
        new = bytes(chance.randint(1, 8)) + whole[:size]
    else:
        new = mutated(whole[:size], chance)
    pdf[start + 1 : end - 1] = new[:room].ljust(room, b"\0").hex().encode()


def stored(view: View) -> dict[int, bytes]:
    """The streams of the security store, by object number."""
    found: dict[int, bytes] = {}
    try:
        store = view.dictionary(view.catalogue.get("DSS"))
        for key in ("Certs", "OCSPs", "CRLs"):
            for item in view.array(store.get(key)):
                if isinstance(item, Ref) and (data := view.decoded(item)) is not None:
                    found[item.number] = data
    except PdfSyntaxError:
        return found
    return found
