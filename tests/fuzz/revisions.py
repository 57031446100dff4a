"""Appended revisions, written under cross-references of every oddity."""

import random
import zlib

from tests.attacks.forgery import written
from tests.fuzz.anatomy import Anatomy, Update
from tests.fuzz.edits import some_value, stream


def append(pdf: bytearray, anatomy: Anatomy, update: Update, chance: random.Random) -> None:
    """Writes the update behind the file: half of the time as it should be, else with an oddity or two."""
    odd = chance.random() < 0.5
    base = len(pdf)
    body = bytearray(b"\n")
    offsets: dict[int, tuple[int, int]] = {}
    packed: dict[int, bytes] = {}
    items = list(update.objects.items())
    if odd:
        chance.shuffle(items)
    as_stream = anatomy.kind == "stream" if chance.random() < 0.8 else anatomy.kind != "stream"
    for number, source in items:
        if source is None:
            continue
        if as_stream and b"\nstream\n" not in source and chance.random() < 0.3:
            packed[number] = source
            continue
        generation = chance.choice((0, 1, 65535)) if odd and chance.random() < 0.05 else 0
        offsets[number] = (base + len(body), generation)
        body += b"%d %d obj\n%s\nendobj\n" % (number, generation, source)
    size = max([anatomy.size, update.next, *update.objects]) + 1
    rows: dict[int, tuple[int, int, int]] = {number: (1, *place) for number, place in offsets.items()}
    rows.update({number: (0, 0, 1) for number, source in update.objects.items() if source is None})
    if packed:
        store, size = size, size + 1
        heads, position = [], 0
        for number, source in packed.items():
            heads.append(b"%d %d" % (number, position))
            position += len(source) + 1
        head = b" ".join(heads) + b" "
        rows[store] = (1, base + len(body), 0)
        rows.update({number: (2, store, index) for index, number in enumerate(packed)})
        body += b"%d 0 obj\n%s\nendobj\n" % (
            store,
            stream(
                head + b"\n".join(packed.values()), b"/Type/ObjStm/N %d/First %d" % (len(packed), len(head)), chance
            ),
        )
    if odd:
        _oddities(anatomy, update, rows, body, base, chance)
    last = anatomy.view.last.xref
    previous = last
    if odd and chance.random() < 0.15:
        previous = chance.choice((0, base, anatomy.sections[0].start, anatomy.sections[-1].start, last + 1, 10**9))
    root = update.root if update.root is not None else anatomy.root
    trailer = b"/Size %d/Root %d 0 R" % (
        chance.choice((5, 2**31, size)) if odd and chance.random() < 0.1 else size + 1,
        root,
    )
    if not (odd and chance.random() < 0.05):
        trailer += b"/Prev %d" % previous
    for key in ("ID", "Encrypt", "Info"):
        if key in anatomy.view.trailer and not (key == "Info" and update.information is not None):
            trailer += b"/%s %s" % (key.encode(), written(anatomy.view.trailer[key]))
    if update.information is not None:
        trailer += b"/Info %d 0 R" % update.information
    if odd and chance.random() < 0.08:
        trailer += chance.choice(
            (
                b"/Root %d 0 R" % chance.choice(anatomy.numbers),
                b"/Encrypt<</Filter/Standard>>",
                b"/XRefStm %d" % last,
                b"/Size 9",
            )
        )
    start = base + len(body)
    if as_stream:
        rows[size] = (1, start, 0)
        body += _xref_stream(size, rows, trailer)
    elif odd and chance.random() < 0.2:
        some = {n: row for n, row in rows.items() if chance.random() < 0.5}
        body += _xref_stream(size, some | {size: (1, start, 0)}, trailer)
        first, start = start, base + len(body)
        body += _xref_table({n: row for n, row in rows.items() if row[0] != 2}, trailer + b"/XRefStm %d" % first)
    else:
        body += _xref_table(rows, trailer)
    body += _closing(start, anatomy, odd=odd, chance=chance)
    pdf += body


def _oddities(
    anatomy: Anatomy,
    update: Update,
    rows: dict[int, tuple[int, int, int]],
    body: bytearray,
    base: int,
    chance: random.Random,
) -> None:
    for _ in range(chance.randint(0, 2)):
        kind = chance.randrange(7)
        if kind == 0 and rows:
            rows.pop(chance.choice(sorted(rows)))
        elif kind == 1:
            rows[chance.choice(anatomy.numbers)] = (
                chance.choice((0, 1, 2)),
                chance.randrange(base + len(body)),
                chance.choice((0, 1)),
            )
        elif kind == 2:
            places = [entry for n in anatomy.numbers if (entry := anatomy.view.entry(n)) and entry.kind == 1]
            if places:
                rows[chance.choice(anatomy.numbers)] = (1, chance.choice(places).first, 0)
        elif kind == 3:
            number = chance.choice(anatomy.numbers)
            body += b"%d 0 obj\n%s\nendobj\n" % (number, some_value(anatomy, update, chance).replace(b"\r", b""))
        elif kind == 4:
            body += chance.choice(
                (
                    b"% a comment\n",
                    b"rubbish\n",
                    b"% 5 0 obj null endobj\n",
                    b"\0\0\0\n",
                    b"%%EOF\n",
                    b"startxref\n5\n%%EOF\n",
                    b"endobj\n",
                )
            )
        elif kind == 5 and rows:
            number = chance.choice(sorted(rows))
            row = rows[number]
            rows[number] = (row[0], max(0, row[1] + chance.choice((-1, 1, -3, 5))), row[2])
        else:
            rows[0] = (0, 0, 65535)


def _xref_table(rows: dict[int, tuple[int, int, int]], trailer: bytes) -> bytes:
    text = b"xref\n"
    for number in sorted(rows):
        kind, first, second = rows[number]
        text += b"%d 1\n%010d %05d %s \n" % (number, first, second, b"f" if kind == 0 else b"n")
    if not rows:
        text += b"0 0\n"
    return text + b"trailer\n<<" + trailer + b">>\n"


def _xref_stream(number: int, rows: dict[int, tuple[int, int, int]], trailer: bytes) -> bytes:
    numbers = sorted(rows)
    data = b"".join(
        bytes([rows[n][0]]) + rows[n][1].to_bytes(4, "big") + rows[n][2].to_bytes(2, "big") for n in numbers
    )
    index = b" ".join(b"%d 1" % n for n in numbers)
    packed = zlib.compress(data)
    head = b"/Type/XRef/W[1 4 2]/Index[%s]/Filter/FlateDecode/Length %d" % (index, len(packed))
    return b"%d 0 obj\n<<%s%s>>\nstream\n%s\nendstream\nendobj\n" % (number, head, trailer, packed)


def _closing(start: int, anatomy: Anatomy, *, odd: bool, chance: random.Random) -> bytes:
    if odd and chance.random() < 0.2:
        return chance.choice(
            (
                b"startxref\n%d\n%%%%EOF\n" % anatomy.view.last.xref,
                b"startxref\n0\n%%EOF\n",
                b"%%EOF\n",
                b"",
                b"startxref\n%d\n" % start,
                b"startxref\n%d\n%%%%EOF\n" % (start + 1),
                b"startxref %d %%%%EOF" % start,
                b"startxref\n%d\n%%%%EOF%s" % (start, b" " * 40),
                b"startxref\n%d\n%%%%EOF\nstartxref\n%d\n%%%%EOF\n" % (start, anatomy.view.last.xref),
                b"startxref\n%d\n%%%%EOF\nstartxref\n%d\n%%%%EOF\n" % (anatomy.view.last.xref, start),
            )
        )
    return b"startxref\n%d\n%%%%EOF\n" % start
