"""The pages for people over HTTP: what they say, what they hide, and how they refuse."""

import hashlib
import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from threading import Event, Thread

import httpx
import pypdfium2
import pytest

from esign.errors import StorageUnavailable
from esign.registry import codes
from esign.registry import letters as register
from esign.registry.states import replace as replace_letter
from esign.service import checking
from esign.service.views import FileAnswer
from esign.web.pages import Pictures
from tests import issued, letter_files
from tests.integration.conftest import House
from tests.issued import AGENCY, NIK_IN_SUBJECT, Issuer, altered, serving_pages
from tests.unit.test_verify_password import PASSWORD, locked

HEAVIEST = 30 * 1024
NIK = "3201010101800001"


@pytest.fixture(scope="module")
def issuer(house: House) -> Issuer:
    return Issuer(house)


@pytest.fixture(scope="module")
def web(house: House) -> Iterator[httpx.Client]:
    with serving_pages(house) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


class Outline(HTMLParser):
    """What a page loads and where it sends people, and whether its elements are closed."""

    VOID = frozenset({"meta", "link", "input", "img", "br", "wbr", "path"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.names: set[str] = set()
        self._open: list[str] = []
        self.feed(html)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "srcset", "data", "background")]
        if tag == "link":
            assert ("href", "/icon.svg") in attrs
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self._open.pop() == tag


def read(answer: httpx.Response, status: int = 200) -> str:
    """The page's text as a reader sees it, spaces made one, after what must hold of every page."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert len(answer.content) < HEAVIEST
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    outline = Outline(answer.text)
    assert all(re.match("/v1/verify/[0-9A-Z]{27}/pages/[0-9]+.png$", address) for address in outline.loads)
    assert outline.names.isdisjoint({"script", "iframe", "object", "embed", "base"})
    assert f'<html lang="{answer.headers["content-language"]}">' in answer.text
    body = answer.text.partition("</style>")[2]
    return " ".join(unescape(re.sub("<[^>]+>", " ", body.replace("<wbr>", ""))).split())


def upload(web: httpx.Client, pdf: bytes, path: str = "/verify") -> httpx.Response:
    return web.post(path, files={"file": ("surat.pdf", pdf, "application/pdf")})


def marks(answer: httpx.Response) -> list[str]:
    """The colours of the page: of the answer, then of the single conclusions."""
    return re.findall(r'class="(?:card answer|mark) (\w+)"', answer.text)


# --- what the QR code opens --------------------------------------------------------------------


def test_a_public_letter_is_shown_to_be_compared_and_never_in_green(web: httpx.Client, issuer: Issuer) -> None:
    letter = issuer.of_class("biasa")
    answer = web.get(letter.path)
    shown = read(answer)
    for expected in (letter.number, AGENCY, "Undangan Rapat Koordinasi", "Sri Wahyuningsih", letter.code):
        assert expected in shown
    assert "Bandingkan dengan kertas di tangan Anda" in shown
    assert "Tidak terbukti Kertas atau berkas di tangan Anda belum tentu surat itu." in shown
    assert f'src="/v1/verify/{letter.code.replace("-", "")}/pages/1.png"' in answer.text
    assert "20 November 2026" in shown
    assert re.search(r"\d\d\.\d\d\.\d\d WITA", shown)
    assert marks(answer) == ["amber"]


def test_the_address_in_capitals_opens_the_same_letter(web: httpx.Client, issuer: Issuer) -> None:
    letter = issuer.of_class("biasa")
    assert letter.number in read(web.get(letter.path.upper()))
    assert letter.number in read(web.get(f"/v/{letter.code.lower()}"))


@pytest.mark.parametrize(
    ("classification", "shown_name", "number", "subject"),
    [
        ("biasa", "Sifat Biasa", True, True),
        ("terbatas", "Sifat Terbatas", True, False),
        ("rahasia", None, False, False),
        ("sangat_rahasia", None, False, False),
    ],
)
def test_a_letter_shows_no_more_than_its_classification_lets_it(
    web: httpx.Client,
    issuer: Issuer,
    classification: str,
    shown_name: str | None,
    number: bool,
    subject: bool,
) -> None:
    letter = issuer.of_class(classification)
    for answer in (web.get(letter.path), upload(web, letter.pdf, letter.path)):
        shown = read(answer)
        assert (letter.number in shown) is number
        assert ("Undangan Rapat Koordinasi" in shown) is subject
        assert (shown_name or "Sifat Sangat") in shown if shown_name else "Sifat Rahasia" not in shown
    page = web.get(letter.path)
    assert ("<img" in page.text) is subject
    assert ("tidak membuktikan" in read(page)) is not subject
    assert marks(upload(web, letter.pdf))[0] == "green"


def test_a_letter_withdrawn_is_red_with_its_day(web: httpx.Client, issuer: Issuer) -> None:
    letter = issuer.issue()
    issuer.withdraw(letter)
    for answer in (web.get(letter.path), upload(web, letter.pdf)):
        assert "Surat sudah dicabut" in read(answer)
        assert re.search(r"Dicabut pada \d+ \w+ \d{4}, \d\d\.\d\d\.\d\d WITA", read(answer))
        assert marks(answer)[0] == "red"
        assert "green" not in marks(answer)


def test_a_letter_replaced_leads_to_the_one_in_its_place(web: httpx.Client, issuer: Issuer, house: House) -> None:
    old, new = issuer.issue(), issuer.issue()
    with house.services.database.write() as session:
        rows = [register.get(session, issuer.agency.id, letter.id) for letter in (old, new)]
        replace_letter(session, rows[0], rows[1], house.services.clock.now())
    answer = web.get(old.path)
    assert "Surat sudah diganti" in read(answer)
    assert f'href="{new.address}"' in answer.text


def test_an_unknown_code_says_so_and_keeps_the_code_to_be_corrected(web: httpx.Client) -> None:
    code = codes.new()
    answer = web.get(f"/v/{code}")
    assert "Tidak ada surat yang diterbitkan dengan kode ini." in read(answer, 404)
    assert f'value="{codes.grouped(code)}"' in answer.text


def test_a_register_that_cannot_be_read_says_to_try_again(
    web: httpx.Client, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise StorageUnavailable

    letter = issuer.of_class("biasa")
    monkeypatch.setattr("esign.service.checking.letters.by_code", broken)
    answer = web.get(letter.path)
    assert "Catatan belum dapat dibaca" in read(answer, 503)
    assert answer.headers["retry-after"] == "60"


def test_each_page_of_a_long_letter_can_be_reached(web: httpx.Client, issuer: Issuer) -> None:
    letter = issuer.issue(letter_files.big(23), placement='{"kind": "invisible"}')
    first = web.get(letter.path)
    assert re.findall(r"pages/(\d+)\.png\"><img", first.text) == [str(page) for page in range(1, 11)]
    assert first.text.count('loading="lazy"') == 9
    assert f'href="{letter.path}?page=11"' in first.text
    assert f'href="{letter.path}?page=21"' in first.text
    last = web.get(f"{letter.path}?page=23&lang=en")
    assert re.findall(r"pages/(\d+)\.png\"><img", last.text) == ["21", "22", "23"]
    assert f'href="{letter.path}?page=11&amp;lang=en"' in last.text
    for odd in ("0", "-1", "x", "99999999999999999999", "²"):
        assert "Halaman 1 dari 23" in read(web.get(letter.path, params={"page": odd}))


@pytest.mark.parametrize(
    ("pages", "wanted", "shown", "links"),
    [
        (None, "", range(1, 1), ()),
        (1, "", range(1, 2), ()),
        (10, "7", range(1, 11), ()),
        (11, "", range(1, 11), ((11, 11),)),
        (300, "150", range(141, 151), ((131, 140), (151, 160), (291, 300))),
        (300, "999", range(291, 301), ((281, 290),)),
    ],
)
def test_pictures_come_in_stretches_of_ten(
    pages: int | None, wanted: str, shown: range, links: tuple[tuple[int, int], ...]
) -> None:
    assert Pictures.of(pages, wanted) == Pictures(shown, links)


# --- typed codes and wrong addresses -----------------------------------------------------------


def test_a_code_typed_in_any_form_leads_to_its_page(web: httpx.Client, issuer: Issuer) -> None:
    letter = issuer.of_class("biasa")
    for typed in (letter.code, f" {letter.code.lower()} ", letter.address.upper(), f"{letter.address}/?lang=en"):
        answer = web.get("/v", params={"code": typed, "lang": "en"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{letter.path}?lang=en")
    assert web.get("/v").headers["location"] == "/verify"


def test_a_mistyped_code_stays_in_the_form(web: httpx.Client) -> None:
    for answer in (web.get("/v", params={"code": '7KQ2-"><b>XXXX'}), web.get("/v/7KQ2-%22%3E%3Cb%3EXXXX")):
        assert "Kode salah ketik" in read(answer, 422)
        assert 'value="7KQ2-&#34;&gt;&lt;b&gt;XXXX"' in answer.text


@pytest.mark.parametrize("typed", [NIK, f"{NIK[:6]} {NIK[6:12]}-{NIK[12:]}", f"{NIK[:8]}.{NIK[8:]}", f"x{NIK}x"])
def test_a_nik_typed_in_place_of_a_code_is_not_echoed(web: httpx.Client, typed: str) -> None:
    for answer in (web.get("/v", params={"code": typed}), web.get(f"/v/{typed}"), upload(web, b"%PDF-", f"/v/{typed}")):
        assert read(answer, 422)
        assert NIK[12:] not in answer.text
        assert 'name="code" value=""' in answer.text


@pytest.mark.parametrize("path", ["/v/a/b", "/V/A/B", "/verify/x", f"/verify/{NIK}", "/v/x/y/z.png"])
def test_wrong_addresses_for_people_answer_with_a_page(web: httpx.Client, path: str) -> None:
    answer = web.get(path)
    assert "Alamat ini tidak ada" in read(answer, 404)
    assert NIK not in answer.text
    assert "There is no such address" in read(web.get(path, params={"lang": "en"}), 404)


def test_a_slash_too_many_leads_to_the_start(web: httpx.Client) -> None:
    for path in ("/v/", "/V/", "/verify/"):
        assert web.get(path).headers["location"] == "/verify"


def test_addresses_for_programs_still_answer_programs(web: httpx.Client) -> None:
    assert web.get("/v1/nowhere").headers["content-type"] == "application/problem+json"


# --- uploads -----------------------------------------------------------------------------------


def test_a_registered_file_is_green_and_both_proofs_are_told_apart(web: httpx.Client, issuer: Issuer) -> None:
    letter = issuer.of_class("biasa")
    answer = upload(web, letter.pdf)
    shown = read(answer)
    assert "Surat asli dan berlaku" in shown
    assert shown.index("Bukti 1: berkas") < shown.index("Bukti 2: catatan instansi") < shown.index("Tercatat dan berl")
    assert marks(answer) == ["green"] * 4
    assert letter.number in shown


def test_times_are_told_in_the_agencys_zone(web: httpx.Client, issuer: Issuer) -> None:
    letter = issuer.of_class("biasa")
    shown = read(upload(web, letter.pdf))
    assert re.search(r"penanda waktu pada \d+ \w+ \d{4} pukul \d\d\.\d\d WITA", shown)
    assert re.search(r"on \d+ \w+ \d{4} at \d\d:\d\d WITA", read(upload(web, letter.pdf, "/verify?lang=en")))
    foreign = read(upload(web, letter_files.read("signed-pkcs7")))
    assert re.search(r"\d\d\.\d\d\.\d\d WIB", foreign)
    for page in (shown, foreign):
        assert "UTC" not in page


def test_a_file_with_the_code_of_another_letter_is_told_so(web: httpx.Client, issuer: Issuer) -> None:
    one, other = issuer.of_class("biasa"), issuer.of_class("terbatas")
    answer = upload(web, one.pdf, other.path)
    assert "Kode itu milik surat lain, bukan berkas ini." in read(answer)
    assert marks(answer)[0] == "red"
    assert one.number not in read(answer)
    assert f'href="{other.path}"' in answer.text


@pytest.mark.parametrize(
    ("name", "colour", "says"),
    [
        ("typst", "amber", "Tidak ada tanda tangan elektronik"),
        ("signed-pades", "amber", "Penerbit sertifikat tidak dikenal"),
        ("signed-pkcs7", "amber", "Penerbit sertifikat tidak dikenal"),
        ("encrypted-user", "amber", "Berkas ini dikunci dengan kata sandi"),
    ],
)
def test_files_of_others_are_told_what_they_are(web: httpx.Client, name: str, colour: str, says: str) -> None:
    answer = upload(web, letter_files.read(name))
    assert says in read(answer)
    assert marks(answer)[0] == colour
    assert "green" not in marks(answer)


def test_a_changed_file_is_red_and_has_nothing_green(web: httpx.Client, issuer: Issuer) -> None:
    answer = upload(web, altered(issuer.of_class("biasa")))
    assert "Berkas berubah setelah ditandatangani" in read(answer)
    assert marks(answer)[0] == "red"
    assert "green" not in marks(answer)


@pytest.mark.parametrize("content", [b"hello", b"\xff\xd8\xff\xe0 JFIF" + b"x" * 5000, b"PK\x03\x04"])
def test_what_is_no_pdf_is_explained(web: httpx.Client, content: bytes) -> None:
    assert "Foto, hasil pindai, tangkapan layar" in read(upload(web, content), 415)


def test_a_form_without_a_file_asks_for_one(web: httpx.Client) -> None:
    for answer in (upload(web, b""), web.post("/verify", data={"x": "1"}, files={"y": b"z"})):
        assert "Belum ada berkas yang dipilih" in read(answer, 422)


def test_a_file_over_the_limit_is_refused_with_the_limit(web: httpx.Client) -> None:
    answer = upload(web, b"%PDF-" + bytes(2 * 1024 * 1024), "/verify?lang=en")
    assert "Files of at most 2 MB can be checked here." in read(answer, 413)


def test_text_of_a_letter_is_never_markup_and_never_a_nik(web: httpx.Client, issuer: Issuer) -> None:
    long = issuer.signer(issued.LONG_NAME, "Sekretaris Daerah", "a.n. Bupati Tirtamulya")
    subject = f'<script>alert(1)</script> & "x" tentang {NIK_IN_SUBJECT}'
    letter = issuer.issue(None, long, subject=subject)
    for answer in (web.get(letter.path), upload(web, letter.pdf)):
        shown = read(answer)
        assert '<script>alert(1)</script> & "x" tentang 3201************' in shown
        assert "<script" not in answer.text
        assert NIK_IN_SUBJECT not in answer.text
        assert issued.LONG_NAME in shown
    assert "a.n. Bupati Tirtamulya, Sekretaris Daerah" in read(web.get(letter.path))
    assert not re.search(r"\d{16}", read(upload(web, letter.pdf)))


# --- English -----------------------------------------------------------------------------------


def test_every_way_on_from_an_english_page_stays_english(web: httpx.Client, issuer: Issuer) -> None:
    letter = issuer.of_class("biasa")
    pages = [web.get("/verify?lang=en"), web.get(f"{letter.path}?lang=en"), upload(web, letter.pdf, "/verify?lang=en")]
    pages.append(web.get("/v/x?lang=en"))
    for answer in pages:
        assert answer.headers["content-language"] == "en"
        for address in re.findall(r'(?:action|href)="(/[^"]*)"(?! lang="id")', answer.text):
            assert "lang=en" in address or address.endswith((".png", ".svg")) or address == "/v"
        if 'action="/v"' in answer.text:
            assert '<input type="hidden" name="lang" value="en">' in answer.text


# --- refused early -----------------------------------------------------------------------------


def test_pages_and_api_share_the_limits_of_an_address(house: House, issuer: Issuer) -> None:
    letter = issuer.of_class("biasa")
    limits = {"public_lookups_per_minute": 2, "public_uploads_per_minute": 2}
    with serving_pages(house, **limits) as url, httpx.Client(base_url=url, timeout=60) as web:
        assert web.get(letter.path).status_code == 200
        assert web.get(f"/v1/verify/{letter.code}").status_code == 200
        refused = web.get(letter.path)
        assert "Terlalu banyak permintaan" in read(refused, 429)
        assert 0 < int(refused.headers["retry-after"]) <= 60
        assert f"dalam {refused.headers['retry-after']} detik" in read(refused, 429)
        assert upload(web, b"no").status_code == 415
        assert upload(web, b"%PDF-1.7", "/v1/verify").status_code == 200
        again = upload(web, b"%PDF-1.7")
        assert "Terlalu banyak permintaan" in read(again, 429)
        assert int(again.headers["retry-after"]) > 0


def test_where_there_is_no_room_a_page_says_when_to_try_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, go_on = Event(), Event()
    real = checking.upload

    def slow(*given: object) -> FileAnswer:
        inside.set()
        go_on.wait(30)
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(checking, "upload", slow)
    with serving_pages(house, public_uploads_at_once=1) as url, httpx.Client(base_url=url, timeout=60) as web:
        first = Thread(target=upload, args=(web, b"%PDF-1.7"))
        first.start()
        assert inside.wait(30)
        busy = upload(web, b"%PDF-1.7")
        go_on.set()
        first.join()
    assert "Layanan sedang sibuk" in read(busy, 503)
    assert busy.headers["retry-after"] == "5"


# --- the report to print ------------------------------------------------------------------------


def words(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document).replace("\r", "")


def paper(web: httpx.Client, pdf: bytes, path: str = "/verify", **fields: str) -> httpx.Response:
    return web.post(path, data={"report": "pdf", **fields}, files={"file": ("surat.pdf", pdf)})


def test_the_answer_offers_the_report_and_the_form_brings_it(web: httpx.Client, issuer: Issuer) -> None:
    letter = issuer.of_class("biasa")
    shown = web.post(letter.path, files={"file": letter.pdf})
    assert f'action="{letter.path}"' in shown.text
    assert 'name="report" value="pdf"' in shown.text
    answer = paper(web, letter.pdf, letter.path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("attachment")
    text = words(answer.content).replace("\n", " ")
    for expected in (hashlib.sha256(letter.pdf).hexdigest(), letter.number, AGENCY, "WITA", "Surat asli"):
        assert expected in text


def test_the_report_says_no_more_of_a_letter_than_the_page(web: httpx.Client, issuer: Issuer) -> None:
    limited, secret = issuer.of_class("terbatas"), issuer.of_class("rahasia")
    assert "Undangan Rapat Koordinasi" not in words(paper(web, limited.pdf).content)
    assert secret.number not in words(paper(web, secret.pdf).content)


def test_a_changed_letter_gets_its_report_too(web: httpx.Client, issuer: Issuer) -> None:
    text = words(paper(web, altered(issuer.of_class("biasa"))).content)
    assert "HASH_FAILURE" in text
    assert "genuine" not in text


def test_what_can_not_be_checked_is_refused_with_a_page(web: httpx.Client, issuer: Issuer) -> None:
    refused = paper(web, b"no letter")
    assert refused.headers["content-type"].startswith("text/html")
    assert refused.status_code >= 400
    assert web.post("/verify", data={"report": "xml"}, files={"file": b"%PDF-1.7"}).status_code == 422


def test_a_file_under_a_password_is_opened_and_the_password_stands_nowhere(web: httpx.Client) -> None:
    def asked(**fields: str) -> str:
        file = {"file": ("surat.pdf", locked("AES-256"), "application/pdf")}
        answer = web.post("/verify", data=fields, files=file)
        assert PASSWORD not in answer.text
        return read(answer)

    assert "kata sandi" in asked()
    assert "dikunci dengan kata sandi" in asked(password="salah")
    assert "dikunci dengan kata sandi" not in asked(password=PASSWORD)
