"""How an agency's stamps look: its wording, logo, domain and sizes, as data that it sets up itself.

The default follows PANRB 21/2021, format 22B: the code, a line saying that the letter was signed
electronically by, the office, the name; below them the domain and the verification code, so that a
reader can open the address himself.
"""

import string
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Base64Bytes, BaseModel, ConfigDict, Field, model_validator

from esign.errors import EsignError
from esign.pades.fonts import regular
from esign.pades.logo import read_logo
from esign.pades.qr import POINTS_PER_MM, Level

STAMP_FIELDS = frozenset({"position", "office", "capacity", "name", "rank", "nip", "agency", "date", "domain", "code"})
"""What a line of a stamp may name in braces; position is the office with the capacity before it."""
FOOTER_FIELDS = frozenset({"issuer", "domain", "code", "agency"})
"""What a line of a footer may name in braces; the issuer is the one of the signer's certificate."""


LAW = (
    "UU ITE No. 11 Tahun 2008 Pasal 5 Ayat 1: “Informasi Elektronik dan/atau Dokumen Elektronik dan/atau hasil "
    "cetaknya merupakan alat bukti hukum yang sah.”"
)
ISSUED_BY = (
    "Dokumen ini telah ditandatangani secara elektronik menggunakan sertifikat elektronik "
    "yang diterbitkan oleh {issuer}."
)

SEALED_BY = (
    "Dokumen ini telah disegel secara elektronik menggunakan sertifikat elektronik yang diterbitkan oleh {issuer}."
)


def _named(template: str, known: frozenset[str]) -> tuple[str, ...]:
    """The fields that a template names; ValueError where it is not plain text with known fields in braces."""
    names = []
    for _, name, form, conversion in string.Formatter().parse(template):
        if name is None:
            continue
        if name not in known or form or conversion:
            raise ValueError(f"{{{name}}} is not a field; there are " + ", ".join(f"{{{k}}}" for k in sorted(known)))
        names.append(name)
    return tuple(names)


def filled_in(template: str, values: Mapping[str, str]) -> str | None:
    """The template with its fields filled in; None where one of them has nothing to show."""
    names = _named(template, STAMP_FIELDS | FOOTER_FIELDS)
    if any(not values.get(name) for name in names):
        return None
    return template.format_map(values)


def _printable(text: str) -> str:
    try:
        return regular().printable(text)
    except EsignError as refusal:
        raise ValueError(refusal.sentence("en")) from None


def _stamp_template(text: str) -> str:
    _named(text, STAMP_FIELDS)
    return _printable(text)


def _footer_template(text: str) -> str:
    _named(text, FOOTER_FIELDS)
    return _printable(text)


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class StampLine(_Data):
    """A line of the stamp. It is left out where one of its fields has nothing to show."""

    text: Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_stamp_template)]
    """The wording, with fields of `STAMP_FIELDS` in braces."""
    size: Annotated[float, Field(ge=5, le=14)] = 7
    """Points, at the stamp's default size; it grows and shrinks with the box."""
    bold: bool = False
    space_before: Annotated[float, Field(ge=0, le=20)] = 0
    """Points above it, at the default size."""


class FooterTheme(_Data):
    """Two small lines under a rule at the foot of each page."""

    lines: tuple[Annotated[str, Field(min_length=1, max_length=400), AfterValidator(_footer_template)], ...] = (
        LAW,
        ISSUED_BY,
    )
    """From top to bottom, with fields of `FOOTER_FIELDS` in braces."""
    seal_lines: tuple[Annotated[str, Field(min_length=1, max_length=400), AfterValidator(_footer_template)], ...] = (
        LAW,
        SEALED_BY,
    )
    """The same where an agency's seal signs."""
    size: Annotated[float, Field(ge=6.5, le=9)] = 7
    """Points."""
    align: Literal["left", "centre"] = "left"


class StampTheme(_Data):
    """An agency's stamp."""

    lines: tuple[StampLine, ...] = (
        StampLine(text="Ditandatangani secara elektronik oleh:", size=6.5),
        StampLine(text="{position},", size=7.5, space_before=1.5),
        StampLine(text="{name}", size=8.5, bold=True, space_before=2.5),
        StampLine(text="{rank}", size=7, space_before=0.5),
        StampLine(text="NIP {nip}", size=7),
    )
    """Who signed."""
    seal_lines: tuple[StampLine, ...] = (
        StampLine(text="Disegel secara elektronik oleh:", size=6.5),
        StampLine(text="{name}", size=8.5, bold=True, space_before=2.5),
    )
    """The same where an agency's seal signs: it has no office, rank or NIP."""
    check_lines: tuple[StampLine, ...] = (
        StampLine(text="{domain}", size=6.5),
        StampLine(text="{code}", size=6.5),
    )
    """Where to check the letter, under a thin rule."""
    domain: Annotated[str, Field(max_length=253), AfterValidator(_printable)] = ""
    """Printed as {domain}; empty: the host of the letter's own address."""
    arrangement: Literal["auto", "beside", "beneath", "code"] = "auto"
    """Text beside the code, beneath it, none; or as the box allows."""
    frame: bool = True
    """A hairline around it."""
    width_mm: Annotated[float, Field(ge=15, le=180)] = 80
    height_mm: Annotated[float, Field(ge=15, le=120)] = 26
    """The size where the caller gives none. It grows in height where the text needs it."""
    code_mm: Annotated[float, Field(ge=10, le=60)] = 20
    """The least side of the QR code, without its quiet zone. Whatever this says, a module is at least 0.4 mm."""
    level: Level = "M"
    """Error correction; a logo in the middle of the code makes it H."""
    logo: Annotated[Base64Bytes, Field(max_length=2_000_000)] | None = None
    """A PNG or JPEG, in JSON as base64."""
    logo_place: Literal["in_code", "beside"] = "in_code"
    least_text: Annotated[float, Field(ge=4.5, le=9)] = 5.5
    """Points. Text doesn't shrink below it; a box that would need that is refused."""
    footer: FooterTheme = FooterTheme()

    @model_validator(mode="after")
    def _can_be_drawn(self) -> Self:
        if self.logo is not None:
            read_logo(self.logo)
        smallest = min(
            (line.size for line in (*self.lines, *self.seal_lines, *self.check_lines)), default=self.least_text
        )
        if smallest < self.least_text:
            raise ValueError(f"a line of {smallest:g} points is smaller than least_text, {self.least_text:g}")
        return self

    def of_seal(self) -> "StampTheme":
        """The same with the lines of a seal in the place of those of a person."""
        footer = self.footer.model_copy(update={"lines": self.footer.seal_lines})
        return self.model_copy(update={"lines": self.seal_lines, "footer": footer})

    @cached_property
    def logo_in_code(self) -> bool:
        """Whether the code has to make room for the logo."""
        return self.logo is not None and self.logo_place == "in_code"

    @cached_property
    def correction(self) -> Level:
        """The error correction that is drawn."""
        return "H" if self.logo_in_code else self.level

    @property
    def width(self) -> float:
        """Points."""
        return self.width_mm * POINTS_PER_MM

    @property
    def height(self) -> float:
        """Points."""
        return self.height_mm * POINTS_PER_MM
