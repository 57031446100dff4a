"""What was painted over: the marks of a drawn page that can no longer be seen as they were.

A mark is a place where neighbouring pixels differ strongly: text, drawings, the edges of pictures. Evenly coloured
paper, a letterhead's faint watermark and the gray of a scan are none. Long thin lines, on which people sign, and the
borders of tables are none either: a line says nothing that is lost when a stamp crosses it.
"""

from PIL import Image, ImageChops, ImageFilter

CONTRAST = 48
"""How many of 255 steps neighbouring pixels of a mark differ, in the colour in which they differ most."""
LINE = 48
"""From how many pixels on (at 100 dpi half an inch) a run of marks is a line rather than writing."""
CROWDED = 0.6
"""Which part of a line's surroundings may be lines as well; in a barcode it is more."""
FEWEST = 3
"""Pixels of marks that must be painted over; fewer are the rounding of edges."""


def covered(was: Image.Image, now: Image.Image, lasting: Image.Image) -> tuple[int, int, int, int] | None:
    """The box, in pixels, around the marks that were painted over between ``was`` and ``now``; None for none.

    ``lasting`` is ``was`` without what may be painted over. A mark counts where ``was`` shows it, so what was hidden
    under something older is none. All three are RGB pictures of one size.
    """
    changed = _any_channel(ImageChops.difference(was, now)).point(_positive)
    region = changed.getbbox()
    if region is None:
        return None
    region = _grown(region, LINE, was.size)
    changed, was, lasting = changed.crop(region), was.crop(region), lasting.crop(region)
    seen = ImageChops.invert(_any_channel(ImageChops.difference(was, lasting)).point(_positive))
    marks = _marks(lasting)
    marks = ImageChops.subtract(marks, _lines(lasting, marks))
    shown = ImageChops.darker(marks, ImageChops.darker(_marks(was), seen))
    lost = ImageChops.darker(shown, changed)
    if lost.histogram()[255] < FEWEST:
        return None
    box = lost.getbbox()
    return None if box is None else (box[0] + region[0], box[1] + region[1], box[2] + region[0], box[3] + region[1])


def marks_in(page: Image.Image, box: tuple[int, int, int, int]) -> bool:
    """Whether an opaque stamp over a box (pixels: left, top, right, bottom) of a drawn page would cover a mark."""
    now = page.copy()
    now.paste((255, 0, 255), box)
    back = page.copy()
    back.paste((0, 255, 0), box)
    return covered(page, now, page) is not None or covered(page, back, page) is not None


def _positive(level: float) -> float:
    return 255 if level > 0 else 0


def _strong(level: float) -> float:
    return 255 if level > CONTRAST else 0


def _weak(level: float) -> float:
    return 0 if level > CONTRAST else 255


def _crowded(level: float) -> float:
    return 255 if level > 255 * CROWDED else 0


def _any_channel(image: Image.Image) -> Image.Image:
    """The strongest of the three colours."""
    red, green, blue = image.split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _marks(image: Image.Image) -> Image.Image:
    """Where a pixel and its neighbours differ strongly."""
    brightest, darkest = image, image
    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        shifted = _shifted(image, x, y)
        brightest, darkest = ImageChops.lighter(brightest, shifted), ImageChops.darker(darkest, shifted)
    return _any_channel(ImageChops.difference(brightest, darkest)).point(_strong)


def _lines(image: Image.Image, marks: Image.Image) -> Image.Image:
    """The long even runs among marks that stand apart (the bars of a barcode don't), and what touches them."""
    lines = Image.new("L", image.size)
    for horizontal in (True, False):
        step = (1, 0) if horizontal else (0, 1)
        even = _any_channel(ImageChops.difference(image, _shifted(image, *step))).point(_weak)
        runs = _opened(ImageChops.darker(marks, even), LINE, horizontal=horizontal)
        around = runs.filter(ImageFilter.BoxBlur((0, LINE / 6) if horizontal else (LINE / 6, 0))).point(_crowded)
        apart = ImageChops.subtract(runs, around)
        lines = ImageChops.lighter(lines, apart)
    touched = lines
    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        touched = ImageChops.lighter(touched, _shifted(lines, x, y))
    return touched


def _opened(marks: Image.Image, length: int, *, horizontal: bool) -> Image.Image:
    """The runs of at least ``length`` pixels (morphological opening), by doubling."""
    eroded = _spread(marks, length, -1, horizontal=horizontal, darker=True)
    return _spread(eroded, length, 1, horizontal=horizontal, darker=False)


def _spread(image: Image.Image, length: int, sign: int, *, horizontal: bool, darker: bool) -> Image.Image:
    reach = 1
    while reach < length:
        by = sign * min(reach, length - reach)
        shifted = _shifted(image, by if horizontal else 0, 0 if horizontal else by)
        image = ImageChops.darker(image, shifted) if darker else ImageChops.lighter(image, shifted)
        reach += abs(by)
    return image


def _shifted(image: Image.Image, x: int, y: int) -> Image.Image:
    """The picture moved right and down; the edge that comes free keeps what stood there."""
    moved = image.copy()
    moved.paste(image, (x, y))
    return moved


def _grown(box: tuple[int, int, int, int], by: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
    return max(0, box[0] - by), max(0, box[1] - by), min(size[0], box[2] + by), min(size[1], box[3] + by)
