"""Sheets of A4 that text flows over: headings, paragraphs, rows of a label and a value."""

from esign.errors import StampUnprintable
from esign.pades.appearance import Appearance
from esign.pades.content import TextBlock, filled
from esign.pades.fonts import Typeface, bold, regular
from esign.pades.text_block import LEADING, Paragraph

WIDTH, HEIGHT = 595.28, 841.89
"""A4, in points."""
SIDE, TOP, BOTTOM = 56.7, 62.4, 70.9
"""Margins, in points: 20, 22 and 25 mm."""
COLUMN = WIDTH - 2 * SIDE
_LABEL = 142.0
"""The width of a row's label."""


class Sheets:
    """Pages in the making; text goes to the next one when a page is full."""

    def __init__(self) -> None:
        self._pages: list[tuple[TextBlock, list[bytes]]] = []
        self._y = 0.0
        self._turn()

    def text(
        self,
        text: str,
        size: float = 9.5,
        *,
        strong: bool = False,
        indent: float = 0,
        before: float = 0,
        keep: float = 0,
    ) -> None:
        """A paragraph. ``before`` is the space above it; it starts where at least ``keep`` points are left."""
        face = bold() if strong else regular()
        lines = _wrapped(face, text, size, COLUMN - indent)
        self._space(before, max(keep, size * LEADING))
        for line in lines:
            self._room(size * LEADING)
            self._y -= size * LEADING
            self._pages[-1][0].line(face, size, SIDE + indent, self._y, line)

    def row(self, label: str, value: str, *, indent: float = 0, strong: bool = False) -> None:
        """A label and, beside it, a value."""
        size = 8.5
        labels = _wrapped(regular(), label, size, _LABEL - 8)
        face = bold() if strong else regular()
        values = _wrapped(face, value, size, COLUMN - indent - _LABEL)
        self._space(1.5, min(len(labels), 3) * size * LEADING)
        for number in range(max(len(labels), len(values))):
            self._room(size * LEADING)
            self._y -= size * LEADING
            block = self._pages[-1][0]
            if number < len(labels):
                block.line(regular(), size, SIDE + indent, self._y, labels[number])
            if number < len(values):
                block.line(face, size, SIDE + indent + _LABEL, self._y, values[number])

    def rule(self, before: float = 8, line: float = 0.5) -> None:
        """A line over the whole column."""
        self._space(before, 12)
        self._pages[-1][1].append(filled(SIDE, self._y, COLUMN, line, 0))

    def pages(self, foot: str) -> list[Appearance]:
        """The pages, each with ``foot`` and its number below."""
        made = []
        for number, (text, drawn) in enumerate(self._pages, 1):
            text.line(regular(), 7, SIDE, BOTTOM - 24, _wrapped(regular(), foot, 7, COLUMN - 40)[0])
            count = f"{number}/{len(self._pages)}"
            text.line(regular(), 7, WIDTH - SIDE - regular().width(count) * 0.007, BOTTOM - 24, count)
            drawn.append(filled(SIDE, BOTTOM - 13, COLUMN, 0.25, 0))
            made.append(Appearance(WIDTH, HEIGHT, b"".join(drawn) + text.operators(), text.fonts()))
        return made

    def _turn(self) -> None:
        self._pages.append((TextBlock(), []))
        self._y = HEIGHT - TOP

    def _space(self, before: float, keep: float) -> None:
        if self._y - before - keep < BOTTOM:
            self._turn()
        else:
            self._y -= before

    def _room(self, height: float) -> None:
        if self._y - height < BOTTOM:
            self._turn()


def _wrapped(face: Typeface, text: str, size: float, width: float) -> list[str]:
    lines = [
        line
        for part in text.splitlines() or [""]
        for line in Paragraph(_printable(face, part), face, size).wrapped(width * 1000 / size)
    ]
    return lines or [""]


def _printable(face: Typeface, text: str) -> str:
    """The text, with ``?`` for what the typeface lacks: a report must not fail at a name in another script."""
    try:
        return face.printable(text)
    except StampUnprintable:
        return "".join(_one(face, character) for character in text)


def _one(face: Typeface, character: str) -> str:
    try:
        return face.printable(character)
    except StampUnprintable:
        return "?"
