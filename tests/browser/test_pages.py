"""A citizen's ways through the pages, in a real browser without script."""

import io
from collections.abc import Callable
from urllib.parse import urlsplit

import pypdfium2
import pytest
import zxingcpp
from playwright.sync_api import Page

from tests import issued, letter_files
from tests.browser.conftest import Visitor
from tests.issued import Issued, Issuer, altered

pytestmark = pytest.mark.browser

Visit = Callable[..., Visitor]


def scanned(letter: Issued) -> str:
    """What a telephone's camera reads from the printed letter."""
    with pypdfium2.PdfDocument(io.BytesIO(letter.pdf)) as document:
        document.init_forms()
        page = document[len(document) - 1]
        picture = page.render(scale=200 / 72, may_draw_forms=True).to_pil()
        page.close()
    (found,) = zxingcpp.read_barcodes(picture)
    return str(found.text)


# --- scanning ----------------------------------------------------------------------------------


def test_the_qr_code_of_a_printed_letter_opens_its_page(visitor: Visitor, issuer: Issuer) -> None:
    letter = issuer.of_class("biasa")
    address = scanned(letter)
    assert address == letter.address.upper()
    answer = visitor.open(urlsplit(address).path)
    assert answer.status == 200
    assert visitor.colour == "amber"
    assert visitor.headline == "Surat terdaftar dan berlaku"
    assert visitor.page.title() == "Surat terdaftar dan berlaku · Pemeriksaan Surat Elektronik"
    shown = visitor.page.locator("main").inner_text()
    assert letter.number in shown
    assert "belum tentu surat itu" in shown
    assert visitor.load_pictures()


@pytest.mark.parametrize("classification", ["terbatas", "rahasia", "sangat_rahasia"])
def test_a_letter_that_may_not_be_shown_offers_the_upload_and_no_picture(
    visitor: Visitor, issuer: Issuer, classification: str
) -> None:
    letter = issuer.of_class(classification)
    visitor.open(letter.path)
    shown = visitor.page.locator("main").inner_text()
    assert "tidak membuktikan" in shown
    assert "Undangan Rapat Koordinasi" not in shown
    assert (letter.number in shown) is (classification == "terbatas")
    assert visitor.page.locator("img").count() == 0
    assert visitor.upload(letter.pdf).status == 200
    assert visitor.colour == "green"


@pytest.mark.parametrize(
    ("name", "landscape"), [("libreoffice-f4", False), ("chromium-landscape", True), ("rotated", None)]
)
def test_pictures_have_the_shape_of_their_pages(
    visitor: Visitor, issuer: Issuer, name: str, landscape: bool | None
) -> None:
    visitor.open(issuer.issue(letter_files.read(name), placement='{"kind": "invisible"}').path)
    shapes = visitor.load_pictures()
    pages = letter_files.letter(name).displayed
    assert len(shapes) == len(pages)
    for (drawn, came), (width, height) in zip(shapes, pages, strict=True):
        assert drawn == pytest.approx(came, rel=0.02)
        assert drawn == pytest.approx(width / height, rel=0.02)
        assert landscape is None or (drawn > 1) is landscape


def test_a_long_letter_loads_its_pictures_as_they_come_into_view(visit: Visit, issuer: Issuer) -> None:
    visitor = visit(script=True)  # browsers without script load them all at once
    letter = issuer.issue(letter_files.big(12), placement='{"kind": "invisible"}')
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.open(letter.path)
    assert 0 < sum(address.endswith(".png") for address in asked) < 10
    assert len(visitor.load_pictures()) == 10
    visitor.page.get_by_role("link", name="Halaman 11 sampai 12").click()
    assert len(visitor.load_pictures()) == 2


# --- uploading ---------------------------------------------------------------------------------


def test_a_genuine_file_is_green_through_the_letters_own_page(visitor: Visitor, issuer: Issuer) -> None:
    letter = issuer.of_class("biasa")
    visitor.open(letter.path)
    visitor.upload(letter.pdf)
    assert (visitor.colour, visitor.headline) == ("green", "Surat asli dan berlaku")
    headings = visitor.page.get_by_role("heading", level=2).all_inner_texts()
    assert headings[:2] == ["Bukti 1: berkas", "Bukti 2: catatan instansi"]
    visitor.page.locator("summary").first.click()
    assert visitor.page.get_by_text("TOTAL_PASSED").is_visible()


@pytest.mark.parametrize(
    ("name", "headline"),
    [("typst", "Tidak ada tanda tangan elektronik"), ("signed-pades", "Penerbit sertifikat tidak dikenal")],
)
def test_a_file_that_proves_too_little_is_amber(visitor: Visitor, name: str, headline: str) -> None:
    visitor.open("/verify")
    visitor.upload(letter_files.read(name))
    assert (visitor.colour, visitor.headline) == ("amber", headline)


def test_a_changed_file_is_red(visitor: Visitor, issuer: Issuer) -> None:
    visitor.open("/verify")
    visitor.upload(altered(issuer.of_class("biasa")))
    assert (visitor.colour, visitor.headline) == ("red", "Berkas berubah setelah ditandatangani")


def test_a_letter_of_another_code_is_red(visitor: Visitor, issuer: Issuer) -> None:
    visitor.open(issuer.of_class("terbatas").path)
    visitor.upload(issuer.of_class("biasa").pdf)
    assert (visitor.colour, visitor.headline) == ("red", "Bukan surat yang terdaftar dengan kode itu")
    visitor.page.get_by_role("link", name="Lihat surat dengan kode itu").click()
    assert visitor.headline == "Surat terdaftar dan berlaku"


def test_the_browser_itself_asks_for_the_file_that_is_missing(visitor: Visitor) -> None:
    visitor.open("/verify")
    visitor.page.locator("form[method=post] button").click()
    assert visitor.page.url.endswith("/verify")
    assert visitor.page.locator("input[type=file]:invalid").count() == 1


# --- typing and English ------------------------------------------------------------------------


def test_a_code_is_typed_corrected_and_found(visitor: Visitor, issuer: Issuer) -> None:
    letter = issuer.of_class("biasa")
    wrong = letter.code[:-1] + ("0" if letter.code[-1] != "0" else "1")
    visitor.open("/verify")
    visitor.page.get_by_label("Kode verifikasi").fill(wrong)
    visitor.page.get_by_role("button", name="Cari surat").click()
    assert visitor.headline == "Kode salah ketik"
    typed = visitor.page.get_by_label("Kode verifikasi")
    assert typed.input_value() == wrong
    visitor.complaints.clear()  # a browser tells the 422 of the page itself as an error
    typed.fill(letter.code.lower().replace("-", " "))
    visitor.page.get_by_role("button", name="Cari surat").click()
    assert visitor.headline == "Surat terdaftar dan berlaku"


def test_english_is_one_tap_away_and_stays(visitor: Visitor, issuer: Issuer) -> None:
    letter = issuer.of_class("biasa")
    visitor.open(letter.path)
    assert visitor.page.locator("html").get_attribute("lang") == "id"
    visitor.page.get_by_role("link", name="English").click()
    assert visitor.page.locator("html").get_attribute("lang") == "en"
    assert visitor.headline == "The letter is registered and in force"
    visitor.upload(letter.pdf)
    assert visitor.headline == "Genuine and in force"
    visitor.page.get_by_role("link", name="Check another letter").click()
    assert visitor.headline == "Is this letter genuine?"
    visitor.page.get_by_role("link", name="Bahasa Indonesia").click()
    assert visitor.headline == "Apakah surat ini asli?"


# --- the same for every page -------------------------------------------------------------------


def every_page(visitor: Visitor, issuer: Issuer, language: str) -> list[str]:
    """Visits each kind of page and checks it; gives the headlines."""
    public, secret, several = issuer.of_class("biasa"), issuer.of_class("rahasia"), by_several(issuer)
    headlines = []
    for path in ("/verify", public.path, secret.path, several.path, "/verify/nowhere", "/v/mistyped"):
        visitor.open(path + language)
        headlines.append(check(visitor))
    for pdf in (several.pdf, altered(public), letter_files.read("signed-pkcs7"), letter_files.read("typst")):
        visitor.open("/verify" + language)
        visitor.upload(pdf)
        headlines.append(check(visitor))
    visitor.complaints[:] = [one for one in visitor.complaints if "status of 4" not in one]
    return headlines


def by_several(issuer: Issuer, made: list[Issued] = []) -> Issued:  # noqa: B006 made once
    if not made:
        second = issuer.signer(issued.LONG_NAME, "Sekretaris Daerah", "a.n. Bupati Tirtamulya")
        subject = "Keputusan-keputusan tentang " + "pertanggungjawabanpenyelenggaraanpemerintahan" * 3
        made.append(issuer.issue(None, second, subject=subject, number="400.12/" + "7" * 60 + "/2026"))
    return made[0]


def check(visitor: Visitor) -> str:
    """What must hold of every page; gives its headline."""
    page = visitor.page
    assert visitor.too_wide() == [], page.title()
    headline = visitor.headline
    assert page.title().startswith(headline) or headline in ("Apakah surat ini asli?", "Is this letter genuine?")
    assert page.locator("h1").count() == 1
    assert page.locator("main").count() == 1
    named(page)
    return headline


def named(page: Page) -> None:
    """Every control has a name, and is large enough for a thumb (WCAG 2.2, 2.5.8)."""
    for control in page.locator("input:not([type=hidden]), button, a, summary").all():
        name = control.evaluate(
            "one => (one.labels && one.labels.length ? one.labels[0].textContent : one.innerText).trim() "
            "|| (one.querySelector('img') || {alt: ''}).alt"
        )
        assert name, control.evaluate("one => one.outerHTML")
    for control in page.locator("input:not([type=hidden]), button, header a, summary").all():
        if control.is_visible():
            box = control.bounding_box()
            assert box is not None
            assert box["height"] >= 40, control.evaluate("one => one.outerHTML")


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_page_fits_each_screen_and_names_its_controls(visitor: Visitor, issuer: Issuer, language: str) -> None:
    headlines = every_page(visitor, issuer, "?lang=en" if language == "en" else "")
    assert len(set(headlines)) == 9  # one of the ten says what another says: registered and in force


def test_the_keyboard_goes_through_a_page_in_reading_order(visitor: Visitor) -> None:
    visitor.open("/verify")
    order = []
    for _ in range(7):
        visitor.page.keyboard.press("Tab")
        order.append(visitor.page.evaluate("document.activeElement.id || document.activeElement.innerText"))
    reading = ["Pemeriksaan Surat Elektronik", "English", "file", "Berkas meminta kata sandi?", "Periksa berkas"]
    assert order == [*reading, "code", "Cari surat"]
