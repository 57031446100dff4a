"""Files that cost whoever reads them more than they weigh (*Processing Dangerous Paths*, NDSS 2021).

Each is a signed letter with an update, or a file built by hand; small to make and to send.
"""

import zlib
from collections.abc import Iterator

from esign.pdf.pages import PageTree
from esign.pdf.revisions import PdfFile
from esign.pdf.syntax import Ref
from tests.attacks.forgery import Forgery, next_number, updated, with_key

MIB = 1024 * 1024


def _deflated(data: bytes, extra: bytes) -> bytes:
    packed = zlib.compress(data, 9)
    return b"<<%s/Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (extra, len(packed), packed)


def structural(pdf: bytes) -> Iterator[Forgery]:
    """Bombs in what a file is made of, behind a sound signature."""
    number = next_number(pdf)
    zeros = zlib.compress(bytes(63 * MIB), 9)
    streams = {
        number + index: b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>stream\n%s\nendstream"
        % (len(zeros), zeros)
        for index in range(40)
    }
    yield Forgery("forty object streams that inflate to 63 MiB each", updated(pdf, dict(streams)))
    yield Forgery("a cross-reference of eight million rows", _index(pdf, 8_388_000))
    yield Forgery("a cross-reference that claims more than there is", _index(pdf, 8_388_000, rows=10))
    yield Forgery("cross-references in a loop", _loop(pdf))
    yield Forgery("an array nested a million deep", updated(pdf, {number: b"[" * 1_000_000}))
    yield Forgery("a dictionary nested a million deep", updated(pdf, {number: b"<</A" * 1_000_000}))
    yield Forgery("strings that never end", updated(pdf, {number + n: b"(/Sig /ByteRange [" for n in range(400)}))
    yield Forgery("200,000 tiny objects", updated(pdf, {number + n: b"null" for n in range(200_000)}))
    yield Forgery("a number of a million digits", updated(pdf, {number: b"1" * 1_000_000}))
    yield Forgery("comments without end", updated(pdf, {number: b"%\n" * 1_000_000 + b"null"}))
    yield Forgery("a reference to itself", updated(pdf, {number: b"%d 0 R" % number}))


def pages(pdf: bytes) -> Iterator[Forgery]:
    """Page trees that have no end, behind a sound signature."""
    view = PdfFile(pdf).view()
    tree = view.catalogue["Pages"]
    assert isinstance(tree, Ref)
    page = PageTree(view)[1].reference.number
    kids = b"%d 0 R " % page * 10_000
    many = b"<</Type/Pages/Count 10000/Kids[%s]>>" % kids
    yield Forgery("a page listed ten thousand times", updated(pdf, {tree.number: many}))
    looped = b"<</Type/Pages/Count 1/Kids[%d 0 R]>>" % tree.number
    yield Forgery("a page tree in a loop", updated(pdf, {tree.number: looped}))
    number = next_number(pdf)
    doubling = {
        number + n: b"<</Type/Pages/Count %d/Kids[%d 0 R %d 0 R]>>" % (2**n, number + n - 1, number + n - 1)
        for n in range(1, 30)
    }
    doubling[number] = b"<</Type/Page/MediaBox[0 0 9 9]>>"
    doubling[tree.number] = b"<</Type/Pages/Count 1/Kids[%d 0 R]>>" % (number + 29)
    yield Forgery("a page tree that doubles thirty times", updated(pdf, doubling))


def drawn(pdf: bytes) -> bytes:
    """The letter, its first page's content replaced by one that takes minutes to draw."""
    page = PageTree(PdfFile(pdf).view())[1]
    number = next_number(pdf)
    lines = b"".join(b"%d 0 m %d 842 l S\n" % (n % 595, n * 7 % 595) for n in range(40_000))
    source = page.dictionary
    return updated(
        pdf,
        {
            page.reference.number: with_key(pdf[source.start : source.end], b"Contents", b"%d 0 R" % number),
            number: _deflated(b"0.1 w [0.001 0.001] 0 d\n" + lines, b""),
        },
    )


def _index(pdf: bytes, count: int, rows: int | None = None) -> bytes:
    """The file with a cross-reference stream of so many rows, or that claims so many."""
    view = PdfFile(pdf).view()
    root = view.trailer["Root"]
    assert isinstance(root, Ref)
    start = len(pdf) + 1
    packed = zlib.compress(bytes(4 * (count if rows is None else rows)), 9)
    head = b"/Type/XRef/W[1 2 1]/Index[0 %d]/Size %d/Root %d 0 R/Prev %d" % (count, count, root.number, view.last.xref)
    body = b"\n%d 0 obj\n<<%s/Filter/FlateDecode/Length %d>>stream\n%s\nendstream\nendobj\n" % (
        next_number(pdf),
        head,
        len(packed),
        packed,
    )
    return pdf + body + b"startxref\n%d\n%%%%EOF\n" % start


def _loop(pdf: bytes) -> bytes:
    view = PdfFile(pdf).view()
    start = len(pdf) + 1
    root = view.trailer["Root"]
    assert isinstance(root, Ref)
    table = b"\nxref\n0 0\ntrailer\n<</Size 9/Root %d 0 R/Prev %d>>\n" % (root.number, start)
    return pdf + table + b"startxref\n%d\n%%%%EOF\n" % start
