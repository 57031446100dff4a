"""Text strings (ISO 32000-2, 7.9.2.2): the same text may be written in UTF-16, UTF-8 or PDFDocEncoding."""

from esign.pdf.syntax import Object, PdfString

_PDF_DOC = {
    **dict(zip(range(0x18, 0x20), "\u02d8\u02c7\u02c6\u02d9\u02dd\u02db\u02da\u02dc", strict=True)),
    **dict(
        zip(
            range(0x80, 0x9F),
            "\u2022\u2020\u2021\u2026\u2014\u2013\u0192\u2044\u2039\u203a\u2212\u2030\u201e\u201c\u201d\u2018\u2019\u201a"
            "\u2122\ufb01\ufb02\u0141\u0152\u0160\u0178\u017d\u0131\u0142\u0153\u0161\u017e",
            strict=True,
        )
    ),
    0xA0: "\u20ac",
}
"""Where PDFDocEncoding is not Latin-1 (annex D.3)."""
_NOT_ALL_KNOW = (b"\xff\xfe", b"\xef\xbb\xbf")
"""Marks of UTF-16 that is little-endian, which the standard doesn't know, and of UTF-8, which came with PDF 2.0."""


def decoded(value: bytes) -> str:
    """The text of a text string."""
    for mark, encoding in ((b"\xfe\xff", "utf-16-be"), (b"\xff\xfe", "utf-16-le"), (b"\xef\xbb\xbf", "utf-8")):
        if value.startswith(mark):
            return value[len(mark) :].decode(encoding, "replace")
    return value.decode("latin-1").translate(_PDF_DOC)


def same_text(one: Object, other: Object) -> bool:
    """Whether both are text strings of the same text to every reader: in PDFDocEncoding, or in big-endian UTF-16."""
    if not isinstance(one, PdfString) or not isinstance(other, PdfString) or one.damaged or other.damaged:
        return False
    if one.value.startswith(_NOT_ALL_KNOW) or other.value.startswith(_NOT_ALL_KNOW):
        return one.value == other.value
    first = decoded(one.value)
    return first == decoded(other.value) and "\ufffd" not in first
