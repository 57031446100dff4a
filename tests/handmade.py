"""PDF files written by hand, object by object, for structures that no producer at hand makes."""

from collections.abc import Mapping

PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>/Contents 4 0 R>>"
BASE: Mapping[int, bytes] = {
    1: b"<</Type/Catalog/Pages 2 0 R>>",
    2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
    3: PAGE,
    4: b"<</Length 11>>\nstream\nq 1 0 0 RG\n\nendstream",
}
"""One page with a catalogue (1), a page tree (2), the page (3) and its content (4)."""


def handmade(
    changes: Mapping[int, bytes] | None = None,
    *,
    version: bytes = b"1.7",
    trailer: bytes = b"/ID[<00112233445566778899aabbccddeeff><00112233445566778899aabbccddeeff>]",
    size: int | None = None,
    ending: bytes = b"\n",
) -> bytes:
    """`BASE` with objects changed or added, one cross-reference table, and what follows ``%%EOF``."""
    objects = dict(BASE) | dict(changes or {})
    out = b"%PDF-" + version + b"\n%\xe2\xe3\xcf\xd3\n"
    offsets: dict[int, int] = {}
    for number, body in sorted(objects.items()):
        offsets[number] = len(out)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    last = max(objects)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (last + 1)
    for number in range(1, last + 1):
        row = b"%010d 00000 n \n" % offsets[number] if number in offsets else b"0000000000 00001 f \n"
        out += row
    out += b"trailer\n<</Size %d/Root 1 0 R%b>>\n" % (last + 1 if size is None else size, trailer)
    return out + b"startxref\n%d\n%%%%EOF" % start + ending
