"""Tags in the text of a letter: strings such as ``#``, ``${ttd}`` or ``[qr]`` that say where the stamp goes."""

import ctypes
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pypdfium2
from pydantic import TypeAdapter, ValidationError
from pypdfium2 import raw

from esign import errors
from esign.pdf.geometry import Box, PageGeometry
from esign.pdf.pdfium import Letter, open_letter
from esign.pdf.sandbox import Header, Runner

TIMEOUT = 20.0
"""Seconds for one search."""
MAX_HITS = 1000
"""Occurrences after which a search ends."""
MAX_TAG = 200
"""Characters of a tag."""
_LINE = 0.5
"""How far, in sizes of its font, the baselines of one tag's characters may lie apart."""
_GAP = 2.5
"""How far, in sizes of its font, successive characters of one tag may lie apart."""


@dataclass(frozen=True)
class TagHit:
    """One occurrence of a tag. Boxes and points are in displayed space."""

    page: int
    """From 1."""
    box: Box
    """Around the tag's glyphs."""
    baseline: tuple[float, float]
    """Where its first character is set: the start of its baseline."""


@dataclass(frozen=True)
class _Glyph:
    """Where a character stands, in displayed space."""

    box: Box
    """Around its ink."""
    cell: Box
    """The room that its font gives it, about one size high."""
    origin: tuple[float, float]


_HITS = TypeAdapter(list[TagHit])


def find_tag_in(
    runner: Runner, pdf: bytes, tag: str, page: int | None = None, *, timeout: float = TIMEOUT
) -> list[TagHit]:
    """``find_tag`` in the runner. Raises what that raises, ``Busy`` and ``LetterNotExamined``."""
    answer, _ = runner.run("esign.pdf.text:find_tag_task", {"tag": tag, "page": page}, pdf, timeout=timeout)
    try:
        return _HITS.validate_python(answer.get("hits"))
    except ValidationError as error:
        raise errors.LetterNotExamined(reason="answer") from error


def find_tag_task(header: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """``find_tag`` as a sandbox task."""
    page = header.get("page")
    hits = find_tag(blobs[0], str(header["tag"]), page if isinstance(page, int) else None)
    return {"hits": _HITS.dump_python(hits, mode="json")}, []


def find_tag(pdf: bytes, tag: str, page: int | None = None) -> list[TagHit]:
    """All occurrences of the tag in the page's text (from 1, or from the end by a negative number), or in all pages.

    An occurrence is the tag's characters one after the other on one line, set in however many pieces and fonts; it may
    stand within a longer word, so ``#`` is found in ``##`` twice and in ``[#]`` once. Occurrences don't overlap. White
    space in the tag stands for any white space or gap; letters and their ligatures are the same, small and capital
    letters are not. Text that is there but can't be seen (white, or behind a picture) counts; text off the page
    doesn't.

    Hits come by page, and within a page in the order of its text. Raises ``PageOutOfRange``, ``LetterEncrypted``,
    ``LetterTruncated``, and ``RequestInvalid`` for a tag without a visible character or of more than `MAX_TAG`.
    """
    pattern = _pattern(tag)
    needed = set(_normal(tag)) - {" "}
    found: list[TagHit] = []
    with open_letter(pdf) as letter:
        numbers = range(1, letter.pages + 1) if page is None else (letter.number(page),)
        for number in numbers:
            found.extend(_on_page(letter, number, pattern, needed))
            if len(found) >= MAX_HITS:
                break
    return found[:MAX_HITS]


def _pattern(tag: str) -> re.Pattern[str]:
    """The tag as a pattern over a page's real characters, among which a gap is nothing or white space."""
    words = _normal(tag).split()
    if not words or len(tag) > MAX_TAG:
        raise errors.RequestInvalid(field="tag", reason=f"1–{MAX_TAG}")
    return re.compile(" *".join(re.escape(word) for word in words))


def _normal(text: str) -> str:
    """The text with ligatures and presentation forms taken apart, and all white space as spaces."""
    return "".join(" " if character.isspace() else character for character in unicodedata.normalize("NFKC", text))


def _on_page(letter: Letter, number: int, pattern: re.Pattern[str], needed: set[str]) -> list[TagHit]:
    """The occurrences on one page."""
    with letter.page(number) as page:
        text = page.get_textpage()
        try:
            if not needed <= set(_normal(text.get_text_range())) | {"-"}:
                return []
            geometry = letter.geometry(number, page)
            characters = list(_characters(text))
            hits = list(_matches(number, text, characters, pattern, geometry))
            if not hits:
                # text that was not written from left to right: the same search in the order of the eye
                origins = {index: _glyph(text, index, geometry).origin for index, _ in characters}
                characters.sort(key=lambda character: _reading_order(origins[character[0]]))
                hits = list(_matches(number, text, characters, pattern, geometry))
            return hits
        finally:
            text.close()


def _characters(text: pypdfium2.PdfTextPage) -> Iterator[tuple[int, str]]:
    """The characters that stand on the page with their index, not those that PDFium makes up for gaps and line ends."""
    for index in range(text.count_chars()):
        if raw.FPDFText_IsGenerated(text, index) != 1:
            code = raw.FPDFText_GetUnicode(text, index)
            if raw.FPDFText_IsHyphen(text, index) == 1:
                yield index, "-"
            elif code < 128:
                yield index, " " if code <= 32 else chr(code)
            elif code < 0x110000:
                yield index, _normal(chr(code))


def _glyph(text: pypdfium2.PdfTextPage, index: int, geometry: PageGeometry) -> _Glyph:
    """Where the character of that index stands."""
    left, right, bottom, top, x, y = (ctypes.c_double() for _ in range(6))
    room = raw.FS_RECTF()
    raw.FPDFText_GetCharBox(text, index, left, right, bottom, top)
    raw.FPDFText_GetCharOrigin(text, index, x, y)
    raw.FPDFText_GetLooseCharBox(text, index, room)
    return _Glyph(
        geometry.to_displayed((left.value, bottom.value, right.value, top.value)),
        geometry.to_displayed((room.left, room.bottom, room.right, room.top)),
        geometry.point_to_displayed(x.value, y.value),
    )


def _reading_order(origin: tuple[float, float]) -> tuple[float, float]:
    """Lines from the top, characters from the left."""
    return -round(origin[1] / 2), origin[0]


def _matches(
    number: int,
    text: pypdfium2.PdfTextPage,
    characters: list[tuple[int, str]],
    pattern: re.Pattern[str],
    geometry: PageGeometry,
) -> Iterator[TagHit]:
    """The occurrences in a sequence of characters."""
    whole = "".join(character for _, character in characters)
    owners = [index for index, character in characters for _ in character]
    width, height = geometry.displayed_size
    sheet = Box(0, 0, width, height)
    for match in pattern.finditer(whole):
        used = dict.fromkeys(owners[position] for position in range(*match.span()) if whole[position] != " ")
        tag = [_glyph(text, index, geometry) for index in used]
        corners = [(glyph.box.left, glyph.box.bottom) for glyph in tag]
        corners += [(glyph.box.right, glyph.box.top) for glyph in tag]
        around = Box.around(*corners)
        if _on_one_line(tag) and around.overlaps(sheet):
            yield TagHit(number, around, tag[0].origin)


def _on_one_line(tag: list[_Glyph]) -> bool:
    """Whether the characters follow each other on one line, which may run in any of four directions."""
    size = max(max(one.cell.width, one.cell.height, 1.0) for one in tag)
    xs, ys = [one.origin[0] for one in tag], [one.origin[1] for one in tag]
    straight = min(max(xs) - min(xs), max(ys) - min(ys)) <= _LINE * size
    return straight and all(_apart(one.cell, other.cell) <= _GAP * size for one, other in pairwise(tag))


def _apart(one: Box, other: Box) -> float:
    """The distance between two boxes along the axis on which they lie farther apart."""
    return max(other.left - one.right, one.left - other.right, other.bottom - one.top, one.bottom - other.top, 0.0)
