"""What the caller would like to get: media type and language, by quality values (RFC 9110, 12.4 and 12.5)."""

from collections.abc import Iterator, Sequence
from typing import Literal

from esign.errors import NotAcceptable

Language = Literal["id", "en"]

_MOST_RANGES = 32


def media_type(accept: str | None, offered: Sequence[str]) -> str:
    """The media type of ``offered`` (best first) that ``accept`` rates highest.

    The most specific range that fits a type gives its quality (RFC 9110, 12.5.1); equal qualities are
    settled by our own order. Without the header the first is given. Raises `NotAcceptable`.
    """
    if accept is None or not accept.strip():
        return offered[0]
    ranges = list(_weighted(accept))
    qualities = [_quality(candidate, ranges) for candidate in offered]
    best = max(qualities)
    if best <= 0:
        raise NotAcceptable(offered=", ".join(offered))
    return offered[qualities.index(best)]


def language(accept_language: str | None) -> Language:
    """Indonesian, unless English is rated higher."""
    if not accept_language:
        return "id"
    qualities: dict[str, float] = {}
    for tag, quality in _weighted(accept_language):
        qualities.setdefault(tag.partition("-")[0], quality)
    rest = qualities.get("*", 0.0)
    return "en" if qualities.get("en", rest) > qualities.get("id", qualities.get("in", rest)) else "id"


def _quality(candidate: str, ranges: list[tuple[str, float]]) -> float:
    """The quality of the most specific range that fits; 0 where none does."""
    for pattern in (candidate, candidate.partition("/")[0] + "/*", "*/*"):
        for found, quality in ranges:
            if found == pattern:
                return quality
    return 0.0


def _weighted(header: str) -> Iterator[tuple[str, float]]:
    """The elements of the header in lower case with their qualities; parameters other than ``q`` are left out."""
    for element in header.split(",")[:_MOST_RANGES]:
        name, *parameters = (part.strip().lower() for part in element.split(";"))
        if name:
            yield name, next((_weight(text[2:]) for text in parameters if text.startswith("q=")), 1.0)


def _weight(text: str) -> float:
    """A qvalue; 0 for what is none (``nan`` and ``inf`` are none)."""
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
