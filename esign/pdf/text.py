"""Tags in the text of a letter: strings such as ``#``, ``${ttd}`` or ``[qr]`` that say where the stamp goes."""

import ctypes
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Self

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
_NOTHING = dict.fromkeys(range(33))
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


_ORIGIN = ctypes.cast(
    raw.FPDFText_GetCharOrigin,
    ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p),
)
"""``FPDFText_GetCharOrigin`` with addresses of doubles: so many characters are asked for that ctypes' care shows."""
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
    search = _Search.of(tag)
    found: list[TagHit] = []
    with open_letter(pdf) as letter:
        numbers = range(1, letter.pages + 1) if page is None else (letter.number(page),)
        for number in numbers:
            found.extend(_on_page(letter, number, search, MAX_HITS - len(found)))
            if len(found) >= MAX_HITS:
                break
    return found


@dataclass(frozen=True)
class _Search:
    """A tag as it is looked for."""

    pattern: re.Pattern[str]
    """Over a page's real characters, among which a gap is nothing or white space."""
    pieces: tuple[str, ...]
    """What must stand in a page's text without white space; not its hyphens, which PDFium tells in several ways."""
    letters: str
    """Its characters without white space and hyphens."""
    needed: Mapping[str, int]
    """How often a page must have each of these."""
    alone: bool
    """Whether it is one character, which is the same in any order."""

    @classmethod
    def of(cls, tag: str) -> Self:
        """Raises ``RequestInvalid`` as `find_tag` does."""
        words = _normal(tag).split()
        if not words or len(tag) > MAX_TAG:
            raise errors.RequestInvalid(field="tag", reason=f"1–{MAX_TAG}")
        whole = "".join(words)
        pieces = tuple(piece for piece in whole.split("-") if piece)
        letters = "".join(pieces)
        pattern = re.compile(" *".join(re.escape(word) for word in words))
        return cls(pattern, pieces, letters, Counter(letters), len(whole) == 1)

    def has_all_characters(self, squeezed: str) -> bool:
        """Whether a page whose text is this, without white space, has the characters in any order."""
        return all(squeezed.count(character) >= count for character, count in self.needed.items())

    def stands_in(self, squeezed: str) -> bool:
        """Whether it may stand there as it is written."""
        return all(piece in squeezed for piece in self.pieces)

    def rarest(self, squeezed: str) -> Iterator[frozenset[str]]:
        """Those of its characters that such a page has least often: a few, some more, all."""
        by_count = sorted(self.needed, key=squeezed.count)
        for most in sorted({min(count, len(by_count)) for count in (3, 6, len(by_count))}):
            yield frozenset(by_count[:most])

    def only(self, letters: frozenset[str]) -> str:
        """Those of its characters, in its order."""
        return "".join(letter for letter in self.letters if letter in letters)


def _normal(text: str) -> str:
    """The text with ligatures and presentation forms taken apart, and all white space as spaces."""
    return "".join(" " if character.isspace() else character for character in unicodedata.normalize("NFKC", text))


def _squeezed(text: str) -> str:
    """A page's text without white space, each of its characters made normal by itself."""
    if not text.isascii():
        text = text.translate({ord(character): _normal(character) for character in set(text) if character > "\x7f"})
    return text.translate(_NOTHING)


def _on_page(letter: Letter, number: int, search: _Search, most: int) -> list[TagHit]:
    """The first ``most`` occurrences on one page.

    Most pages are done with after one look at their text; only on a page that has all the characters of the tag, each
    as often as it needs, are the places of characters asked for.
    """
    with letter.page(number) as page:
        text = page.get_textpage()
        try:
            told = text.get_text_range()
            squeezed = _squeezed(told)
            if not search.has_all_characters(squeezed):
                return []
            geometry = letter.geometry(number, page)
            hits: list[TagHit] = []
            if search.stands_in(squeezed):
                characters = list(_characters(text, told))
                hits = list(islice(_matches(number, text, characters, search.pattern, geometry), most))
            if not hits and not search.alone and _may_be_seen(text, told, geometry, search, squeezed):
                # text that was not written from left to right: the same search in the order of the eye
                seen = _as_seen(text, list(_characters(text, told)), geometry)
                hits = list(islice(_matches(number, text, seen, search.pattern, geometry), most))
            return hits
        finally:
            text.close()


def _characters(
    text: pypdfium2.PdfTextPage, told: str, letters: frozenset[str] | None = None
) -> Iterator[tuple[int, str]]:
    """The characters that stand on the page with their index, not those that PDFium makes up for gaps and line ends.

    ``told`` is the page's text as one string. Where it has each character, which is the rule, only those are asked for
    one by one that may be made up or stand for others. ``letters``: only those that are, or are made of, these.
    """
    count = text.count_chars()
    if len(told) != count:
        told = "\0" * count
    for index, character in enumerate(told):
        if "!" <= character <= "~":
            if letters is None or character in letters:
                yield index, character
        elif letters is None or not character.isspace():
            found = _character(text, index)
            if found is not None and (letters is None or not letters.isdisjoint(found)):
                yield index, found


def _character(text: pypdfium2.PdfTextPage, index: int) -> str | None:
    """The character of that index made normal, or None for one that PDFium made up."""
    if raw.FPDFText_IsGenerated(text, index) == 1:
        return None
    code = raw.FPDFText_GetUnicode(text, index)
    if code <= 32:
        return "-" if raw.FPDFText_IsHyphen(text, index) == 1 else " "
    if code < 128:
        return chr(code)
    if raw.FPDFText_IsHyphen(text, index) == 1:
        return "-"
    return _normal(chr(code)) if code < 0x110000 else None


def _may_be_seen(
    text: pypdfium2.PdfTextPage,
    told: str,
    geometry: PageGeometry,
    search: _Search,
    squeezed: str,
) -> bool:
    """Whether the tag may stand on the page in the order of the eye.

    A tag that does leaves its letters one after the other when all other letters are taken away. Where a few of them
    don't stand so, the places of the others need not be asked for, which is what costs.
    """
    for letters in search.rarest(squeezed):
        some = _as_seen(text, list(_characters(text, told, letters)), geometry)
        whole = "".join(character for _, character in some)
        if search.only(letters) not in "".join(letter for letter in whole if letter in letters):
            return False
    return True


def _as_seen(
    text: pypdfium2.PdfTextPage, characters: list[tuple[int, str]], geometry: PageGeometry
) -> list[tuple[int, str]]:
    """The characters in the order of the eye: lines from the top, characters from the left."""
    points = (ctypes.c_double * (2 * len(characters)))()
    start, step = ctypes.addressof(points), 2 * ctypes.sizeof(ctypes.c_double)
    page = ctypes.cast(text.raw, ctypes.c_void_p).value
    for (index, _), place in zip(characters, range(start, start + step * len(characters), step), strict=True):
        _ORIGIN(page, index, place, place + step // 2)
    shown = map(geometry.point_to_displayed, points[::2], points[1::2])
    keys = [(-round(up / 2), across) for across, up in shown]
    return [characters[place] for place in sorted(range(len(keys)), key=keys.__getitem__)]


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
