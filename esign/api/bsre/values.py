"""Words and numbers as the clients of BSrE's service write them."""

import math
import re
from typing import Literal

from esign.api.bsre.refusals import Refused

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]+")
_LONGEST_LINE = 200
_LARGEST = 20_000.0


def visible(value: str | None, name: str = "tampilan") -> bool:
    """``visible`` or ``invisible``, in any case. Raises `Refused`."""
    match (value or "").strip().lower():
        case "visible":
            return True
        case "invisible":
            return False
        case "":
            raise Refused(f"{name} wajib diisi: visible atau invisible")
        case _:
            raise Refused(f"{name} harus visible atau invisible")


def flag(value: str | None, name: str) -> bool | None:
    """``true``, ``false``, ``1``, ``0``; None where nothing was said. Raises `Refused`."""
    match (value or "").strip().lower():
        case "":
            return None
        case "true" | "1" | "ya" | "yes" | "on":
            return True
        case "false" | "0" | "tidak" | "no" | "off":
            return False
        case _:
            raise Refused(f"{name} harus true atau false")


def number(value: str | float | None, name: str) -> float | None:
    """A number, with a point or a comma; None where nothing was said. Raises `Refused`."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        found = float(value.strip().replace(",", ".") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        raise Refused(f"{name} harus bilangan") from None
    if not math.isfinite(found) or abs(found) > _LARGEST:
        raise Refused(f"{name} harus bilangan antara -{_LARGEST:.0f} dan {_LARGEST:.0f}")
    return found


def page(value: str | float | None, name: str = "page") -> int | None:
    """A page, from 1; None where nothing was said. Raises `Refused`."""
    found = number(value, name)
    if found is None:
        return None
    if found != int(found) or found < 1:
        raise Refused(f"{name} harus nomor halaman, mulai dari 1")
    return int(found)


def first_or_last(value: str | None) -> Literal[1, -1] | None:
    """``pertama`` or ``terakhir`` as a page; None where nothing was said. Raises `Refused`."""
    match (value or "").strip().lower():
        case "":
            return None
        case "pertama" | "first":
            return 1
        case "terakhir" | "last":
            return -1
        case _:
            raise Refused("halaman harus pertama atau terakhir")


def line(value: str | None) -> str | None:
    """A line of text as PDF readers show it: without characters that nobody sees, and no longer than they show."""
    text = " ".join(_UNSEEN.sub(" ", value or "").split())
    if not text or text.lower() == "null":
        return None
    return text if len(text) <= _LONGEST_LINE else text[: _LONGEST_LINE - 1] + "…"
