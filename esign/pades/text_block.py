"""Text set into a column: words wrapped, sizes found that fit, lines placed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from esign.pades.content import TextBlock
from esign.pades.fonts import Typeface

LEADING = 1.19
"""From baseline to baseline, in sizes of the lower line."""
CAP_HEIGHT = 0.688
DESCENT = 0.212
"""Of the size, in both faces."""

_BREAKS = re.compile(r"(?<=[-/.@:])")


@dataclass(frozen=True)
class Paragraph:
    """A text of one face and size, at scale 1. ``text`` is `printable` and without line breaks."""

    text: str
    face: Typeface
    size: float
    space_before: float = 0
    least: float = 0
    """The size below which it doesn't shrink."""

    def size_at(self, scale: float) -> float:
        """Points."""
        return max(self.size * scale, min(self.size, self.least))

    @cached_property
    def words(self) -> list[tuple[str, int]]:
        """Each word with its width in thousandths of the size."""
        return [(word, self.face.width(word)) for word in self.text.split()]

    @cached_property
    def width(self) -> int:
        """Of the whole text in one line, in thousandths of the size."""
        return self.face.width(" ".join(word for word, _ in self.words))

    def lines(self, limit: float) -> int:
        """How many lines `wrapped` gives."""
        if self.width <= limit:
            return 1
        lines, used = 1, 0
        space = self.face.width(" ")
        for _, width in self.words:
            if width > limit:
                return len(self.wrapped(limit))
            if used and used + space + width <= limit:
                used += space + width
            else:
                lines += used > 0
                used = width
        return lines

    def wrapped(self, limit: float) -> list[str]:
        """The text in lines no wider than ``limit`` thousandths; a word too wide for a line is broken."""
        if self.width <= limit:
            return [" ".join(word for word, _ in self.words)]
        lines: list[str] = []
        line, used = "", 0
        space = self.face.width(" ")
        for word, width in self.words:
            if line and used + space + width <= limit:
                line, used = f"{line} {word}", used + space + width
                continue
            if line:
                lines.append(line)
            *full, line = self._broken(word, limit) if width > limit else [word]
            lines.extend(full)
            used = self.face.width(line) if full else width
        return [*lines, line]

    def balanced(self, limit: float) -> list[str]:
        """As many lines as `wrapped`, but of more even widths: no single word is left for the last."""
        lines = self.wrapped(limit)
        if len(lines) == 1:
            return lines
        whole = max(width for _, width in self.words)
        low, high = self.width / len(lines), limit
        if whole <= limit:
            low = max(low, whole)
        for _ in range(5):
            middle = (low + high) / 2
            tried = self.wrapped(middle)
            if len(tried) == len(lines):
                lines, high = tried, middle
            else:
                low = middle
        return lines

    def _broken(self, word: str, limit: float) -> list[str]:
        """A word too wide for a line: broken after a hyphen, a dot or a slash, else anywhere."""
        pieces = [""]
        for part in _BREAKS.split(word):
            if self.face.width(pieces[-1] + part) <= limit:
                pieces[-1] += part
                continue
            if self.face.width(part) <= limit:
                pieces.append(part)
                continue
            for character in part:
                if pieces[-1] and self.face.width(pieces[-1] + character) > limit:
                    pieces.append("")
                pieces[-1] += character
        return [piece for piece in pieces if piece]


class Column:
    """Paragraphs one below the other in a column of some width.

    With ``unbroken`` all shrink together, as far as they may, before one of them takes two lines. With ``even`` the
    lines of a paragraph are of about the same width.
    """

    def __init__(self, paragraphs: Sequence[Paragraph], *, unbroken: bool = False, even: bool = True) -> None:
        self.paragraphs = tuple(paragraphs)
        self.unbroken = unbroken
        self.even = even

    def height(self, width: float, scale: float) -> float:
        """From the top of the first line's capitals to the last baseline, all sizes times ``scale``."""
        scale = self._narrowed(width, scale)
        height = 0.0
        for number, paragraph in enumerate(self.paragraphs):
            size = paragraph.size_at(scale)
            lines = paragraph.lines(width * 1000 / size)
            height += lines * size * LEADING
            height += paragraph.space_before * scale if number else (CAP_HEIGHT - LEADING) * size
        return height

    def place(self, text: TextBlock, x: float, top: float, width: float, scale: float, *, centred: bool) -> float:
        """Set the lines, the tops of the first one's capitals at ``top``. Returns the last baseline."""
        scale = self._narrowed(width, scale)
        y = top
        for number, paragraph in enumerate(self.paragraphs):
            size = paragraph.size_at(scale)
            limit = width * 1000 / size
            for place, line in enumerate(paragraph.balanced(limit) if self.even else paragraph.wrapped(limit)):
                if number or place:
                    y -= size * LEADING + (0 if place else paragraph.space_before * scale)
                else:
                    y -= size * CAP_HEIGHT
                shift = (width - paragraph.face.width(line) * size / 1000) / 2 if centred else 0
                text.line(paragraph.face, size, x + shift, y, line)
        return y

    def is_broken(self, width: float, scale: float) -> bool:
        """Whether a paragraph that should stay in one line takes two."""
        scale = self._narrowed(width, scale)
        return self.unbroken and any(p.width * p.size_at(scale) > width * 1000 for p in self.paragraphs)

    def depth(self, scale: float) -> float:
        """What the last line's descenders take below its baseline."""
        return DESCENT * self.paragraphs[-1].size_at(scale) if self.paragraphs else 0.0

    def _narrowed(self, width: float, scale: float) -> float:
        widest = max((p.width * p.size for p in self.paragraphs), default=0.0) if self.unbroken else 0.0
        return min(scale, width * 1000 / widest) if widest else scale
