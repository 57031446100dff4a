"""QR codes: what they hold, how large they are, and that the rectangles are the modules."""

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from esign.pades import qr
from tests.stamped_pages import ADDRESS


def painted(symbol: qr.Symbol, *, logo: bool = False) -> Image.Image:
    """The rectangles drawn, 4 pixels a module, with the quiet zone."""
    side = symbol.side_with_quiet_zone
    image = Image.new("L", (side, side), 255)
    for x, y, width, height in qr.rectangles(symbol, logo=logo):
        top = side - qr.QUIET_ZONE - y - height
        image.paste(0, (x + qr.QUIET_ZONE, top, x + qr.QUIET_ZONE + width, top + height))
    return image.resize((side * 4, side * 4), Image.Resampling.NEAREST)


def test_an_address_in_capitals_makes_a_smaller_symbol() -> None:
    assert qr.symbol(ADDRESS, "H").side == 37
    assert qr.symbol(ADDRESS.lower(), "H").side > 37


@pytest.mark.parametrize("level", ["M", "Q", "H"])
def test_the_symbol_reads_as_the_address_with_the_error_correction_asked_for(level: qr.Level) -> None:
    (read,) = zxingcpp.read_barcodes(painted(qr.symbol(ADDRESS, level)))
    assert read.text == ADDRESS
    assert read.ec_level == level


def test_the_rectangles_are_the_dark_modules_each_once() -> None:
    symbol = qr.symbol(ADDRESS, "M")
    cells = [
        (x + i, symbol.side - 1 - (y + j))
        for x, y, width, height in qr.rectangles(symbol)
        for i in range(width)
        for j in range(height)
    ]
    dark = {(x, y) for y, row in enumerate(symbol.rows) for x, pixel in enumerate(row) if not pixel}
    assert len(cells) == len(set(cells))
    assert set(cells) == dark
    assert len(qr.rectangles(symbol)) < len(dark) / 2


def test_the_same_address_always_gives_the_same_bytes() -> None:
    qr.symbol.cache_clear()
    first = qr.path(qr.symbol(ADDRESS, "H"), 1, 2, 1.5, logo=True)
    qr.symbol.cache_clear()
    assert qr.path(qr.symbol(ADDRESS, "H"), 1, 2, 1.5, logo=True) == first


@settings(max_examples=60, deadline=None)
@given(st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=27, max_size=27))
def test_every_code_is_read_with_its_middle_hidden(code: str) -> None:
    address = f"HTTPS://VERIFIKASI.CONTOHKAB.GO.ID/V/{code}"
    symbol = qr.symbol(address, "H")
    image = painted(symbol, logo=True)
    middle, half = image.width // 2, (symbol.logo_side * 4 - 4) // 2
    image.paste(90, (middle - half, middle - half, middle + half, middle + half))
    assert [read.text for read in zxingcpp.read_barcodes(image)] == [address]
