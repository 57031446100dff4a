"""Stamps and footers as PDF objects: form XObjects, their fonts and images, and page content that shows them."""

from collections.abc import Iterator
from typing import Protocol

from esign.pades.appearance import Appearance, EmbeddedFont, Footer, Image, gray, srgb
from esign.pades.increment import Increment
from esign.pades.leaves import Pages
from esign.pades.serialise import name_bytes, numbers_bytes, reference_bytes
from esign.pdf.geometry import PageGeometry
from esign.pdf.syntax import Object, PdfDict, Ref, Stream

Matrix = tuple[float, float, float, float, float, float]
"""a b c d e f as in ISO 32000-2, 8.3.4."""


class Objects(Protocol):
    """Where objects are written: an update, or a file in the making."""

    def add(self, body: bytes) -> Ref:
        """A new object with that body; it must hold no string and no stream."""
        ...

    def add_stream(self, dictionary: bytes, data: bytes) -> Ref:
        """A new stream, filtered already; ``dictionary`` is its entries, without brackets and /Length."""
        ...

    def add_deflated(self, dictionary: bytes, data: bytes) -> Ref:
        """A new stream, deflated here."""
        ...


class Drawings:
    """Writes drawings into one update, each font and image once."""

    def __init__(self, increment: Objects) -> None:
        self._increment = increment
        self._fonts: dict[tuple[str, int], Ref] = {}
        self._images: dict[tuple[str, int], Ref] = {}
        self._profile: Ref | None = None
        self._gray: Ref | None = None
        self._empty: dict[tuple[float, float, int], Ref] = {}

    def form(self, appearance: Appearance, rotate: int = 0) -> Ref:
        """The drawing as a form XObject that stands upright on a page displayed with ``rotate`` degrees clockwise."""
        size = (appearance.width, appearance.height)
        return self._form(size, rotate, self.resources(appearance), appearance.content)

    def empty_form(self, width: float = 0, height: float = 0, rotate: int = 0) -> Ref:
        """A form XObject that paints nothing: PDF/A wants an appearance of every widget (ISO 19005-2, 6.3.3).

        Where a drawing of that size will take its place, it is so like it that EU DSS finds no change but of content.
        """
        known = self._empty.get((width, height, rotate))
        if known is None:
            known = self._empty[width, height, rotate] = self._form((width, height), rotate, b"<<>>", b"")
        return known

    def use_gray(self, profile: Ref) -> None:
        """Has later drawings refer to a profile of gray that the letter has already; it must be `gray`."""
        self._gray = profile

    def blank_form(self, width: float, height: float, rotate: int = 0) -> Ref:
        """White paper of that size, for the field of one who signs later: it hides the tag that his stamp will cover.

        So nothing that the first signature shows is covered by a later one. See docs/decisions/later-stamps.md.
        """
        if not width or not height:
            return self.empty_form(width, height, rotate)
        return self.form(Appearance(width, height, b"1 g 0 0 %b re f" % numbers_bytes((width, height))), rotate)

    def _form(self, size: tuple[float, float], rotate: int, resources: bytes, content: bytes) -> Ref:
        matrix = b"" if rotate == 0 else b"/Matrix[%b]" % numbers_bytes(upright(rotate, *size))
        return self._increment.add_deflated(
            b"/Type/XObject/Subtype/Form/BBox[0 0 %b]%b/Resources%b" % (numbers_bytes(size), matrix, resources), content
        )

    def resources(self, appearance: Appearance) -> bytes:
        """The resource dictionary that the drawing's content needs, its fonts and images written."""
        if self._gray is None:
            self._gray = self._increment.add_deflated(b"/N 1/Alternate/DeviceGray", gray())
        parts = [b"/ColorSpace<</DefaultGray[/ICCBased %b]>>" % reference_bytes(self._gray)]
        if appearance.fonts:
            fonts = (
                b"/%b %b" % (font.resource.encode(), reference_bytes(self._font(font))) for font in appearance.fonts
            )
            parts.append(b"/Font<<%b>>" % b"".join(fonts))
        if appearance.images:
            images = (
                b"/%b %b" % (image.resource.encode(), reference_bytes(self._image(image)))
                for image in appearance.images
            )
            parts.append(b"/XObject<<%b>>" % b"".join(images))
        return b"<<%b>>" % b"".join(parts)

    def _font(self, font: EmbeddedFont) -> Ref:
        key = (font.base_font, id(font.program))
        known = self._fonts.get(key)
        if known is None:
            known = self._fonts[key] = self._write_font(font)
        return known

    def _write_font(self, font: EmbeddedFont) -> Ref:
        increment = self._increment
        name = font.base_font.encode()
        program = increment.add_stream(b"/Length1 %d/Filter/FlateDecode" % font.program_length, font.program)
        descriptor = increment.add(
            b"<</Type/FontDescriptor/FontName/%b/Flags %d/FontBBox[%b]/ItalicAngle %d/Ascent %d/Descent %d/CapHeight %d"
            b"/StemV %d/FontFile2 %b>>"
            % (
                name,
                font.flags,
                numbers_bytes(font.bbox),
                font.italic_angle,
                font.ascent,
                font.descent,
                font.cap_height,
                font.stem_v,
                reference_bytes(program),
            )
        )
        encoding = b"/WinAnsiEncoding"
        if font.differences:
            runs = (
                b"%d%b" % (code, b"".join(b"/" + each.encode() for each in names)) for code, names in font.differences
            )
            encoding = b"<</Type/Encoding/BaseEncoding/WinAnsiEncoding/Differences[%b]>>" % b" ".join(runs)
        return increment.add(
            b"<</Type/Font/Subtype/TrueType/BaseFont/%b/FirstChar %d/LastChar %d/Widths[%b]"
            b"/FontDescriptor %b/Encoding%b>>"
            % (
                name,
                font.first_char,
                font.first_char + len(font.widths) - 1,
                numbers_bytes(font.widths),
                reference_bytes(descriptor),
                encoding,
            )
        )

    def _image(self, image: Image) -> Ref:
        key = (image.resource, id(image.data))
        known = self._images.get(key)
        if known is None:
            known = self._images[key] = self._increment.add_stream(
                b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8/ColorSpace%b/Filter/%b"
                % (image.width, image.height, self._colour_space(image), image.filter.encode()),
                image.data,
            )
        return known

    def _colour_space(self, image: Image) -> bytes:
        if image.colours == "gray":
            return b"/DeviceGray"
        if self._profile is None:
            self._profile = self._increment.add_deflated(b"/N 3/Alternate/DeviceRGB", srgb())
        profile = b"[/ICCBased %b]" % reference_bytes(self._profile)
        if image.colours == "rgb":
            return profile
        # A stream, not a string, so that an encrypted letter needs no special care here.
        palette = self._increment.add_deflated(b"", image.palette)
        return b"[/Indexed%b %d %b]" % (profile, len(image.palette) // 3 - 1, reference_bytes(palette))


def upright(rotate: int, width: float, height: float) -> Matrix:
    """Turns a box of ``width`` × ``height`` counterclockwise by ``rotate`` and back into the first quadrant."""
    match rotate:
        case 90:
            return (0, 1, -1, 0, height, 0)
        case 180:
            return (-1, 0, 0, -1, width, height)
        case 270:
            return (0, -1, 1, 0, 0, width)
        case _:
            return (1, 0, 0, 1, 0, 0)


def displayed_to_user(geometry: PageGeometry, x: float, y: float, scale: float) -> Matrix:
    """The matrix that puts a drawing, scaled, with its lower left corner at (x, y) of the page as displayed."""
    s = scale / geometry.user_unit
    origin = geometry.point_to_user_space(x, y)
    match geometry.rotate:
        case 90:
            return (0, s, -s, 0, *origin)
        case 180:
            return (-s, 0, 0, -s, *origin)
        case 270:
            return (0, -s, s, 0, *origin)
        case _:
            return (s, 0, 0, s, *origin)


class FooterPages:
    """Puts one drawing at the foot of pages, as a pagination artifact (ISO 32000-2, 14.8.2.2)."""

    def __init__(self, increment: Increment, pages: Pages, drawings: Drawings, footer: Footer) -> None:
        self._pages = pages
        self._footer = footer
        form = drawings.form(footer.appearance)
        mark = b"/Artifact<</Type/Pagination/Subtype/Footer>>BDC"
        self._overlay = Overlay(increment, pages, form, "esignFooter", mark)

    def add_to(self, page: Ref) -> None:
        """Puts the footer on that page."""
        geometry = self._pages.geometry(page)
        width, _ = geometry.displayed_size
        drawing = self._footer.appearance
        scale = min(1.0, max(0.0, width - 2 * self._footer.side) / drawing.width)
        x = (width - scale * drawing.width) / 2
        self._overlay.add_to(page, displayed_to_user(geometry, x, self._footer.bottom, scale))


class Overlay:
    """Puts a form XObject on pages, behind their content and undisturbed by it.

    The page's own content is enclosed in ``q`` and ``Q``, each a stream of its own, so that it need not be read:
    a state that it leaves behind ends before the drawing, which is marked, so that a tagged letter stays one.
    """

    def __init__(self, increment: Increment, pages: Pages, form: Ref, name: str, mark: bytes) -> None:
        """``name`` is for the pages' resources, numbered where it is taken; ``mark`` begins a marked content."""
        self._increment = increment
        self._pages = pages
        self._form = form
        self._name = name
        self._mark = mark
        self._opening = increment.add_stream(b"", b"q\n")
        self._closings: dict[bytes, Ref] = {}
        self._names: dict[int, str] = {}

    def add_to(self, page: Ref, matrix: Matrix) -> None:
        """Puts it on that page, by that matrix."""
        own = self._increment.edit_dictionary(page)
        closing = self._closing(self._named(page), matrix)
        own["Contents"] = [self._opening, *self._content_streams(own), closing]

    def _closing(self, name: str, matrix: Matrix) -> Ref:
        """The stream after the page's content; pages that need the same share it."""
        content = b"\nQ\n%b\nq\n%b cm\n%b Do\nQ\nEMC\n" % (
            self._mark,
            numbers_bytes(round(value, 6) for value in matrix),
            name_bytes(name),
        )
        known = self._closings.get(content)
        if known is None:
            known = self._closings[content] = self._increment.add_stream(b"", content)
        return known

    def _named(self, page: Ref) -> str:
        """Makes the form known to the page's resources, where other pages may share them, and gives its name there."""
        increment = self._increment
        _, owner = self._pages.inherited(page, "Resources")
        xobjects = increment.edit_entry(increment.edit_entry(increment.edit_dictionary(owner), "Resources"), "XObject")
        known = self._names.get(id(xobjects))
        if known is None:
            number = 0
            while f"{self._name}{number or ''}" in xobjects:
                number += 1
            known = self._names[id(xobjects)] = f"{self._name}{number or ''}"
            xobjects[known] = self._form
        return known

    def _content_streams(self, page: PdfDict) -> Iterator[Object]:
        increment = self._increment
        value = increment.resolve(page.get("Contents"))
        if isinstance(value, Stream):
            yield page["Contents"]
        elif isinstance(value, list):
            yield from (each for each in value if increment.is_new(each) or isinstance(increment.resolve(each), Stream))
