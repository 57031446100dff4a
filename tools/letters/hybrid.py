"""Hybrid cross-references (ISO 32000-1, 7.5.8.4): a table for old readers, a stream for new ones, in one file.

qpdf writes none, so they are written here, from the objects that qpdf reads: one as Microsoft Word does it, one as
the standard describes it.
"""

import io
from collections.abc import Iterable
from itertools import pairwise

import pikepdf
from pikepdf import ObjectStreamMode


def as_word_writes(pdf: bytes) -> bytes:
    """A table with all objects, followed by an empty second section that names a stream with the same content.

    As in Word's "save as PDF": ``xref 0 0`` with ``/Prev`` to the table and ``/XRefStm`` to the stream.
    """
    out, offsets, trailer = _body(pdf)
    table = len(out)
    out += _table(offsets) + f"trailer\n<<{trailer} /Size {len(offsets)}>>\nstartxref\n{table}\n%%EOF\n".encode()
    stream = len(out)
    rows = b"".join(_row(1 if offset else 0, offset, 0 if number else 65535) for number, offset in enumerate(offsets))
    out += _stream(
        len(offsets), f"/Type /XRef /Size {len(offsets) + 1} /W [1 4 2] {trailer}", rows + _row(1, stream, 0)
    )
    second = len(out)
    out += f"xref\n0 0\ntrailer\n<<{trailer} /Size {len(offsets) + 1} /Prev {table} /XRefStm {stream}>>\nstartxref\n{second}\n%%EOF".encode()
    return bytes(out)


def as_the_standard_has_it(pdf: bytes) -> bytes:
    """What old readers can do without, the elements of the structure tree, sits in an object stream and is free in the table."""
    with pikepdf.open(io.BytesIO(_plain(pdf))) as document:
        hidden = [
            number
            for number in range(1, len(document.objects) + 1)
            if isinstance(thing := document.get_object(number, 0), pikepdf.Dictionary)
            and thing.get("/Type") == "/StructElem"
        ]
    out, offsets, trailer = _body(pdf, leave_out=hidden)
    number = len(offsets)
    offsets.append(len(out))
    out += _object_stream(pdf, number, hidden)
    stream = len(out)
    offsets.append(stream)
    rows = b"".join(_row(2, number, index) for index in range(len(hidden)))
    index = " ".join(f"{entry} 1" for entry in hidden)
    out += _stream(number + 1, f"/Type /XRef /Size {number + 2} /Index [{index}] /W [1 4 2] {trailer}", rows)
    table = len(out)
    out += (
        _table(offsets)
        + f"trailer\n<<{trailer} /Size {len(offsets)} /XRefStm {stream}>>\nstartxref\n{table}\n%%EOF\n".encode()
    )
    return bytes(out)


def _plain(pdf: bytes) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.save(out, object_stream_mode=ObjectStreamMode.disable, deterministic_id=True, force_version="1.7")
    return out.getvalue()


def _body(pdf: bytes, leave_out: Iterable[int] = ()) -> tuple[bytearray, list[int], str]:
    """The objects one after the other, the offset of each (0 where left out or free), and the trailer's entries."""
    skipped = set(leave_out)
    out = bytearray(b"%PDF-1.5\n%\xb5\xb5\xb5\xb5\n")
    offsets = [0]
    with pikepdf.open(io.BytesIO(_plain(pdf))) as document:
        for number in range(1, len(document.objects) + 1):
            offsets.append(0 if number in skipped else len(out))
            if number not in skipped:
                out += b"%d 0 obj\n%s\nendobj\n" % (number, _written(document.get_object(number, 0)))
        names = [name for name in ("/Root", "/Info", "/ID") if name in document.trailer]
        trailer = " ".join(f"{name} {_reference(document.trailer[name])}" for name in names)
    return out, offsets, trailer


def _reference(value: pikepdf.Object) -> str:
    return f"{value.objgen[0]} 0 R" if value.is_indirect else value.unparse(resolved=False).decode("latin-1")


def _written(thing: pikepdf.Object) -> bytes:
    if isinstance(thing, pikepdf.Stream):
        data = thing.read_raw_bytes()
        return (
            pikepdf.Dictionary({**dict(thing.items()), "/Length": len(data)}).unparse(resolved=True)
            + b"\nstream\n"
            + data
            + b"\nendstream"
        )
    return bytes(pikepdf.unparse(thing) if not isinstance(thing, pikepdf.Object) else thing.unparse(resolved=True))


def _object_stream(pdf: bytes, number: int, members: list[int]) -> bytes:
    with pikepdf.open(io.BytesIO(_plain(pdf))) as document:
        texts = [bytes(document.get_object(member, 0).unparse(resolved=True)) for member in members]
    positions, position = [], 0
    for text in texts:
        positions.append(position)
        position += len(text) + 1
    head = " ".join(f"{member} {at}" for member, at in zip(members, positions, strict=True)).encode() + b" "
    return _stream(number, f"/Type /ObjStm /N {len(members)} /First {len(head)}", head + b" ".join(texts))


def _stream(number: int, entries: str, data: bytes) -> bytes:
    return (
        f"{number} 0 obj\n<<{entries} /Length {len(data)}>>\nstream\n".encode("latin-1")
        + data
        + b"\nendstream\nendobj\n"
    )


def _row(kind: int, second: int, third: int) -> bytes:
    return bytes([kind]) + second.to_bytes(4, "big") + third.to_bytes(2, "big")


def _table(offsets: list[int]) -> bytes:
    free = [number for number, offset in enumerate(offsets) if not offset] + [0]
    following = dict(pairwise(free))
    lines = [
        f"{offset:010d} 00000 n \n" if offset else f"{following[number]:010d} {65535 if number == 0 else 0:05d} f \n"
        for number, offset in enumerate(offsets)
    ]
    return f"xref\n0 {len(offsets)}\n".encode() + "".join(lines).encode()
