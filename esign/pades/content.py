"""Operators of a content stream (ISO 32000-2, annex A), as the stamp and the footer need them."""

import re

from esign.pades.appearance import EmbeddedFont, Image
from esign.pades.fonts import Typeface

_SPECIAL = re.compile(rb"([()\\])")


def number(value: float) -> str:
    """A number as PDF writes it: no exponent, at most four decimals, no trailing zeros."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def filled(x: float, y: float, width: float, height: float, gray: float) -> bytes:
    """A rectangle filled with a shade from 0, black, to 1, white."""
    numbers = " ".join(map(number, (x, y, width, height)))
    return f"{number(gray)} g\n{numbers} re f\n".encode("ascii")


def framed(x: float, y: float, width: float, height: float, line: float, radius: float) -> bytes:
    """The black outline of a rectangle with round corners; x, y, width and height at the line's middle."""
    bend = radius * 0.5523
    right, top = x + width, y + height
    steps: tuple[tuple[tuple[float, ...], str], ...] = (
        ((x + radius, y), "m"),
        ((right - radius, y), "l"),
        ((right - radius + bend, y, right, y + radius - bend, right, y + radius), "c"),
        ((right, top - radius), "l"),
        ((right, top - radius + bend, right - radius + bend, top, right - radius, top), "c"),
        ((x + radius, top), "l"),
        ((x + radius - bend, top, x, top - radius + bend, x, top - radius), "c"),
        ((x, y + radius), "l"),
        ((x, y + radius - bend, x + radius - bend, y, x + radius, y), "c"),
    )
    path = "\n".join(f"{' '.join(map(number, numbers))} {operator}" for numbers, operator in steps)
    return f"0 G {number(line)} w\n{path}\ns\n".encode("ascii")


def shown(image: Image, x: float, y: float, width: float, height: float) -> bytes:
    """An image stretched over a rectangle."""
    numbers = f"{number(width)} 0 0 {number(height)} {number(x)} {number(y)}"
    return f"q {numbers} cm /{image.resource} Do Q\n".encode("ascii")


class TextBlock:
    """Lines of text gathered into one text object, and the fonts they use."""

    def __init__(self) -> None:
        self._operators: list[bytes] = []
        self._fonts: dict[str, EmbeddedFont] = {}
        self._selected = ""

    def line(self, face: Typeface, size: float, x: float, y: float, text: str) -> None:
        """Set a `printable` text with its baseline starting at x, y."""
        self._operators.append(f"1 0 0 1 {number(x)} {number(y)} Tm\n".encode("ascii"))
        for run in face.runs(text):
            selection = f"/{run.font.resource} {number(size)} Tf\n"
            if selection != self._selected:
                self._operators.append(selection.encode("ascii"))
                self._selected = selection
                self._fonts[run.font.resource] = run.font
            self._operators.append(b"(" + _SPECIAL.sub(rb"\\\1", run.codes) + b") Tj\n")

    def operators(self) -> bytes:
        """The text object, in black; nothing where no line was set."""
        return b"BT\n0 g\n" + b"".join(self._operators) + b"ET\n" if self._operators else b""

    def fonts(self) -> tuple[EmbeddedFont, ...]:
        """The fonts in the order of their first use."""
        return tuple(self._fonts.values())
