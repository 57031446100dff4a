"""A stamp is read back by a decoder, from the screen and from a bad photocopy."""

import base64
import io
import random

import pytest
from PIL import Image, ImageFilter

from esign.pades.placement import BoxPlacement, resolve
from esign.pades.stamp import StampContent, StampTheme, draw, natural_size
from tests.letter_views import view
from tests.stamped_pages import A4, ACTING, ADDRESS, F4, HEAD, REGENT, blank, codes, crest, ink, picture, shown, stamped

CREST = base64.b64encode(crest())
THEMES = {
    "plain": StampTheme(),
    "logo in the code": StampTheme(logo=CREST),
    "logo beside": StampTheme(logo=CREST, logo_place="beside", frame=False),
    "beneath": StampTheme(arrangement="beneath"),
    "code alone": StampTheme(arrangement="code"),
}


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize("content", [REGENT, HEAD, ACTING], ids=["regent", "head", "acting"])
def test_the_code_is_read_from_every_arrangement(theme: StampTheme, content: StampContent) -> None:
    image = picture(shown(draw(content, theme, *natural_size(content, theme))))
    assert codes(image) == [ADDRESS]


@pytest.mark.parametrize("theme", ["plain", "logo in the code"])
@pytest.mark.parametrize("damage", ["blur", "jpeg", "askew", "photocopy", "fax", "stain"])
def test_the_code_is_read_from_a_bad_copy(theme: str, damage: str) -> None:
    image = picture(shown(draw(REGENT, THEMES[theme], *natural_size(REGENT, THEMES[theme]))), dpi=150)
    assert codes(DAMAGES[damage](image)) == [ADDRESS]


def blur(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(1.3))


def jpeg(image: Image.Image) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=12)
    return Image.open(io.BytesIO(out.getvalue()))


def askew(image: Image.Image) -> Image.Image:
    return image.rotate(3, Image.Resampling.BICUBIC, expand=True, fillcolor=255)


def photocopy(image: Image.Image) -> Image.Image:
    """Copied twice: turned, blurred, grainy, and black or white only, with black that has grown."""
    grain = random.Random(7)
    for angle in (1.5, -2.5):
        image = image.rotate(angle, Image.Resampling.BICUBIC, fillcolor=235).filter(ImageFilter.GaussianBlur(0.9))
        noise = Image.frombytes("L", image.size, grain.randbytes(image.width * image.height))
        image = Image.blend(image, noise, 0.18).point(lambda value: 255 * (value > 142))
    return image


def fax(image: Image.Image) -> Image.Image:
    """Fine fax resolution: 204 by 196 dots an inch, black or white."""
    finer = image.resize((image.width * 204 // 150, image.height * 196 // 150), Image.Resampling.BICUBIC)
    return finer.point(lambda value: 255 * (value > 128))


def stain(image: Image.Image) -> Image.Image:
    """A rubber stamp's edge over the code, half transparent."""
    gray = image.copy()
    gray.paste(110, (95, 60, 112, 190))
    return Image.blend(image, gray, 0.6)


DAMAGES = {"blur": blur, "jpeg": jpeg, "askew": askew, "photocopy": photocopy, "fax": fax, "stain": stain}


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize(
    ("size", "crop", "user_unit"),
    [
        (A4, None, None),
        (F4, None, None),
        (A4[::-1], None, None),
        ((700, 900), (40, 30, 640, 870), None),
        ((300, 420), None, 2.0),
        ((320, 440), (10, 20, 310, 430), 2.0),
    ],
    ids=["A4", "F4", "landscape", "cropped", "user unit", "cropped user unit"],
)
def test_the_stamp_stands_upright_where_it_was_put_on_every_kind_of_page(
    rotate: int, size: tuple[float, float], crop: tuple[float, float, float, float] | None, user_unit: float | None
) -> None:
    letter = blank(size, rotate=rotate, crop=crop, user_unit=user_unit)
    found = resolve(BoxPlacement(x=60, y=90, width=230, height=80), view(letter), [])
    appearance = draw(REGENT, StampTheme(), *found.size)
    unit = user_unit or 1.0
    image = picture(stamped(letter, appearance, found.rect), dpi=150 * unit)
    left, top, right, bottom = (pixels * 72 / 150 for pixels in ink(image) or (0, 0, 0, 0))
    height = image.height * 72 / 150
    assert (left, height - bottom) == pytest.approx((60, 90), abs=0.8)
    assert (right, height - top) == pytest.approx((290, 170), abs=0.8)
    assert codes(image) == [ADDRESS]
