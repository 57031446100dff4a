"""What one signature revision is to hold, and what came of it: data only, so that it can cross a pipe."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from esign.pades.appearance import Appearance, Footer

Rect = tuple[float, float, float, float]
"""left, bottom, right, top in the page's user space (ISO 32000-2, 8.3.2.3)."""

INVISIBLE: Rect = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class NewField:
    """A signature field to be made on a page."""

    page: int = 0
    """Index of the page, from 0."""
    rect: Rect = INVISIBLE
    """Where its widget goes, in user space; `INVISIBLE` where nothing is to be shown."""
    name: str | None = None
    """Its full name; None takes the first free ``esign_<n>``."""
    kind: Literal["new"] = "new"


@dataclass(frozen=True)
class ExistingField:
    """An empty signature field that the letter already has."""

    name: str
    """Its fully qualified name (ISO 32000-2, 12.7.4.2)."""
    kind: Literal["existing"] = "existing"


@dataclass(frozen=True)
class FollowerField:
    """The field of an official who signs later, placed now because the first signature certifies."""

    name: str
    page: int = 0
    rect: Rect | None = INVISIBLE
    """None where the letter already has the field, empty."""


@dataclass(frozen=True)
class SignatureSpec:
    """One signature revision, but for the signature value."""

    field: NewField | ExistingField
    signed_at: datetime
    """The claimed time of signing, in the agency's zone: becomes /M. To the second."""
    contents_size: int
    """Bytes kept free for the CMS; the placeholder holds twice as many hexadecimal digits."""
    digest_algorithm: str = "sha256"
    """asn1crypto name of the digest over the ByteRange; a field's seed value may demand one."""
    name: str | None = None
    """/Name: who signs."""
    reason: str | None = None
    location: str | None = None
    contact: str | None = None
    appearance: Appearance | None = None
    """The stamp; None leaves the widget empty."""
    followers: tuple[FollowerField, ...] | None = None
    """Given: the signature certifies the letter (DocMDP P=2), and these fields stand ready for those who follow.
    None: an approval signature."""
    footer: Footer | None = None
    """Page content for every page; left out when the letter already carries a signature."""
    timestamped: bool = False
    """Whether a signature time-stamp will be added, which a field's seed value may demand."""


@dataclass(frozen=True)
class PlacedDrawing:
    """A drawing on a page."""

    appearance: Appearance
    page: int
    """Index of the page, from 0."""
    left: float
    bottom: float
    """Where its lower left corner goes, in displayed space."""


@dataclass(frozen=True)
class PageContent:
    """What is put into a letter before another's hand signs it: one that draws no stamps or footers of ours."""

    stamp: PlacedDrawing | None = None
    footer: Footer | None = None
    """For every page."""
    followers: tuple[FollowerField, ...] = ()
    """The fields of those who sign later."""

    def __bool__(self) -> bool:
        return self.stamp is not None or self.footer is not None or bool(self.followers)


@dataclass(frozen=True)
class Prepared:
    """An update with a place for a signature or a time-stamp token in it."""

    appended: bytes
    """To be put behind the letter, as it is; the placeholder is all zeros."""
    byte_range: tuple[int, int, int, int]
    """``[0 a c d]``: what is signed, offsets in letter and ``appended`` together."""
    field: str
    """The fully qualified name of the field."""
    page: int | None = None
    """Index of the page with the field's widget; None where the letter doesn't say it cheaply."""
    certifies: bool = False

    @property
    def contents_size(self) -> int:
        """Bytes that the placeholder can hold."""
        return (self.byte_range[2] - self.byte_range[1] - 2) // 2
