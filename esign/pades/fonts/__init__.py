"""The typefaces of stamps and footers: which characters they have, how wide these are, how PDF writes them.

The fonts are cut once, by ``tools/make_fonts.py``, into subsets of at most 223 characters each; a text is
set in as few of them as it needs. Nothing here opens a font program: widths and codes are in faces.json.
"""

import json
import unicodedata
import zlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from esign.errors import StampUnprintable
from esign.pades.appearance import EmbeddedFont

SAME_LOOK = str.maketrans(
    {
        "\u00a0": " ",
        "\u202f": " ",
        "\u2009": " ",
        "\u2010": "-",
        "\u2011": "-",
        "\u2212": "–",
        "\u02bc": "’",
        "\u00ad": "",
    }
)
"""Characters that are printed as others because a reader sees no difference."""


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text that one font can set."""

    font: EmbeddedFont
    codes: bytes


class Typeface:
    """A regular or bold face over its subsets."""

    def __init__(self, face: str) -> None:
        table: dict[str, Any] = json.loads((files(__name__) / "faces.json").read_text("utf-8"))[face]
        self._subsets: list[dict[str, Any]] = table["subsets"]
        self._face = face
        self._name: str = table["name"]
        self._stem_v: int = table["stem_v"]
        self._fonts: dict[int, EmbeddedFont] = {}
        self._where: dict[str, tuple[int, int]] = {}
        self._widths: dict[str, int] = {}
        for number, subset in enumerate(self._subsets):
            first, widths = subset["first_char"], subset["widths"]
            for character, code in subset["codes"].items():
                self._where[character] = (number, code)
                self._widths[character] = widths[code - first]
        self.cap_height: int = self._subsets[0]["cap_height"]
        self.ascent: int = self._subsets[0]["ascent"]
        self.descent: int = self._subsets[0]["descent"]

    def width(self, text: str) -> int:
        """The advance of a `printable` text, in thousandths of the size."""
        return sum(map(self._widths.__getitem__, text))

    def printable(self, text: str) -> str:
        """The text as it can be set: composed (NFC), with white space and hyphens made plain.

        Raises StampUnprintable for a character that the typeface lacks: a name is not printed otherwise
        than it is written.
        """
        plain = unicodedata.normalize("NFC", text).translate(SAME_LOOK)
        for character in plain:
            if character not in self._where:
                raise StampUnprintable(character=character, codepoint=f"U+{ord(character):04X}")
        return plain

    def runs(self, text: str) -> list[Run]:
        """A `printable` text cut into runs, each in one font."""
        runs: list[Run] = []
        codes = bytearray()
        current = -1
        for character in text:
            number, code = self._where[character]
            if number != current and codes:
                runs.append(Run(self._font(current), bytes(codes)))
                codes.clear()
            current = number
            codes.append(code)
        if codes:
            runs.append(Run(self._font(current), bytes(codes)))
        return runs

    def _font(self, number: int) -> EmbeddedFont:
        font = self._fonts.get(number)
        if font is None:
            font = self._fonts.setdefault(number, self._load(number))
        return font

    def _load(self, number: int) -> EmbeddedFont:
        subset = self._subsets[number]
        program = (files(__name__) / subset["file"]).read_bytes()
        return EmbeddedFont(
            resource=f"{self._face[0].upper()}{number}",
            base_font=f"{subset['tag']}+{self._name}",
            program=zlib.compress(program, 9),
            program_length=len(program),
            first_char=subset["first_char"],
            widths=tuple(subset["widths"]),
            differences=tuple((code, tuple(names)) for code, names in subset["differences"]),
            bbox=tuple(subset["bbox"]),
            ascent=subset["ascent"],
            descent=subset["descent"],
            cap_height=subset["cap_height"],
            stem_v=self._stem_v,
        )


@lru_cache(maxsize=1)
def regular() -> Typeface:
    """The upright face of normal weight."""
    return Typeface("regular")


@lru_cache(maxsize=1)
def bold() -> Typeface:
    """The upright bold face."""
    return Typeface("bold")
