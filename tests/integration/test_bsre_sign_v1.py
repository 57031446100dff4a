"""``POST /api/sign/pdf`` as the clients of BSrE's service call it: every tolerance, and where pictures come to lie."""

import io
import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import httpx
import pytest
import zxingcpp
from PIL import Image

from esign.pdf.render import page_image
from esign.registry.models import Signer
from tests import letter_files
from tests.bsre import Application, nik_of, picture_png, quick, refused, widget, written_page
from tests.integration.conftest import PASSPHRASE, House


@pytest.fixture(scope="session")
def house(house: House) -> Iterator[House]:
    with quick(house) as changed:
        yield changed


@pytest.fixture(scope="module")
def application(house: House) -> Application:
    return Application(house)


@pytest.fixture
def client(application: Application) -> Iterator[httpx.Client]:
    with application.client() as opened:
        yield opened


@pytest.fixture(scope="module")
def nik(house: House, signer: Signer) -> str:
    return nik_of(house, signer)


Fields = Callable[..., dict[str, str]]


@pytest.fixture
def fields(nik: str) -> Fields:
    """Fields that sign with a picture in a box; others may be given, None leaves one out."""

    def made(**given: str | None) -> dict[str, str]:
        common: dict[str, str | None] = {
            "nik": nik,
            "passphrase": PASSPHRASE,
            "tampilan": "visible",
            "image": "true",
            "page": "1",
            "xAxis": "0",
            "yAxis": "0",
            "width": "120",
            "height": "120",
        }
        return {name: value for name, value in (common | given).items() if value is not None}

    return made


PAGE = written_page("#", 441.75, 172.45)
"""612 x 936 points, as the letter that was measured."""
PNG = picture_png()


def sign(
    client: httpx.Client, fields: dict[str, str], pdf: bytes = PAGE, picture: bytes | None = PNG
) -> httpx.Response:
    files = {"file": ("surat.pdf", pdf, "application/pdf")}
    if picture is not None:
        files["imageTTD"] = ("ttd.png", picture, "image/png")
    return client.post("/api/sign/pdf", data=fields, files=files)


def good(answer: httpx.Response, pdf: bytes = PAGE) -> bytes:
    """The signed file of an answer that has all that a client looks for."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["id_dokumen"])
    assert answer.headers["signing_time"].isdigit()
    assert "date" in answer.headers
    assert answer.content.startswith(pdf)
    return answer.content


def codes(pdf: bytes, page: int = 1) -> dict[str, tuple[float, float]]:
    """The texts of the QR codes that are seen on a page, each with its middle in points from the lower left."""
    image = Image.open(io.BytesIO(page_image(pdf, page, 200)))
    found = {}
    for code in zxingcpp.read_barcodes(image.convert("L")):
        corners = [code.position.top_left, code.position.bottom_right]
        x, y = (sum(getattr(each, axis) for each in corners) / 2 * 72 / 200 for axis in "xy")
        found[code.text] = (x, image.height * 72 / 200 - y)
    return found


def test_with_coordinates_the_widget_is_the_box_of_two_corners(client: httpx.Client, fields: Fields) -> None:
    signed = good(sign(client, fields()))
    found = widget(signed)
    assert found.rect == [0, 0, 120, 120]
    assert found.flags == 132
    assert re.fullmatch(r"sig_[0-9]{13}", found.name)
    assert found.image == pytest.approx((2, 2, 118, 118))


def test_at_a_tag_it_is_centred_on_the_start_of_the_baseline(client: httpx.Client, fields: Fields) -> None:
    given = fields(tag_koordinat="#", width="100", height="195", page=None, xAxis=None, yAxis=None)
    found = widget(good(sign(client, given)))
    assert found.rect == [391.75, 74.95, 491.75, 269.95]
    assert found.image == pytest.approx((2, 49.5, 98, 145.5))


@pytest.mark.parametrize(
    ("given", "rect"),
    [
        ({"xAxis": "410.2", "yAxis": "141.9", "width": "552.2", "height": "191.1"}, [410.2, 141.9, 552.2, 191.1]),
        ({"xAxis": "150", "yAxis": "150", "width": "100", "height": "100"}, [100, 100, 150, 150]),
        ({"xAxis": "100", "yAxis": "100", "width": "150", "height": "50"}, [100, 50, 150, 100]),
        ({"xAxis": "10,5", "yAxis": " 20 ", "width": "110,5", "height": "60"}, [10.5, 20, 110.5, 60]),
        ({"xAxis": "-50", "yAxis": "50", "width": "350", "height": "150"}, [-50, 50, 350, 150]),
        ({"xAxis": "300", "yAxis": "850", "width": "360", "height": "940"}, [300, 850, 360, 940]),
    ],
)
def test_corners_may_come_in_any_order(
    client: httpx.Client, fields: Fields, given: dict[str, str], rect: list[float]
) -> None:
    assert widget(good(sign(client, fields(**given)))).rect == rect


def test_an_application_that_thinks_of_sizes_has_them(house: House, fields: Fields) -> None:
    with Application(house, v1_rect="size").client() as client:
        given = fields(xAxis="100", yAxis="110", width="150", height="50")
        assert widget(good(sign(client, given))).rect == [100, 110, 250, 160]
        given = fields(xAxis="250", yAxis="160", width="-150", height="-50")
        assert widget(good(sign(client, given))).rect == [100, 110, 250, 160]


def test_pages_are_told_by_number_or_as_first_and_last(client: httpx.Client, fields: Fields) -> None:
    three = letter_files.big(3)
    said: list[tuple[dict[str, str | None], int]] = [
        ({"page": "2"}, 2),
        ({"page": "3.0"}, 3),
        ({"page": None, "halaman": "TERAKHIR"}, 3),
        ({"page": None, "halaman": "pertama"}, 1),
        ({"page": "2", "halaman": "terakhir"}, 2),
    ]
    for given, page in said:
        signed = good(sign(client, fields(xAxis="10", yAxis="10", width="60", height="60", **given), three), three)
        assert widget(signed).page == page


@pytest.mark.parametrize("image", ["false", "False", "0", "", None])
def test_a_link_becomes_a_plain_code(client: httpx.Client, fields: Fields, image: str | None) -> None:
    link = "https://surat.example.go.id/cek?id=12&x=é"
    given = fields(image=image, linkQR=link, xAxis="100", yAxis="300", width="200", height="495")
    signed = good(sign(client, given, picture=None))
    assert widget(signed).rect == [100, 300, 200, 495]
    ((text, (x, y)),) = codes(signed).items()
    assert text == link
    assert (x, y) == pytest.approx((150, 397.5), abs=1)
    page = Image.open(io.BytesIO(page_image(signed, 1, 72))).convert("L")
    assert all(page.getpixel((150, 936 - y)) == 255 for y in (305, 340, 448, 490))


def test_a_picture_wins_where_image_is_missing_and_a_code_where_php_sent_false(
    client: httpx.Client, fields: Fields
) -> None:
    both = {"linkQR": "teks biasa, bukan alamat", "xAxis": "100", "yAxis": "300", "width": "300", "height": "500"}
    assert not codes(good(sign(client, fields(image=None, **both))))
    assert codes(good(sign(client, fields(image="", **both))))
    assert not codes(good(sign(client, fields(image="1", **both))))


@pytest.mark.parametrize("tag", ["#", "[qr_bsre]", "${ttd_pengirim1}"])
def test_a_tag_alone_gets_the_code_of_our_own_page(client: httpx.Client, fields: Fields, tag: str) -> None:
    page = written_page(tag, 300, 400)
    bare = fields(image=None, page=None, xAxis=None, yAxis=None, width=None, height=None, tag_koordinat=tag)
    signed = good(sign(client, bare, page, picture=None), page)
    assert widget(signed).rect == [250, 350, 350, 450]
    ((text, middle),) = codes(signed).items()
    assert text.startswith("HTTPS://SURAT.EXAMPLE.GO.ID/V/")
    assert middle == pytest.approx((300, 400), abs=1)


def test_the_first_place_of_a_tag_counts(client: httpx.Client, fields: Fields) -> None:
    page = written_page("#", 300, 700, ("#", 200, 400))
    given = fields(tag_koordinat="#", width="60", height="60")
    assert widget(good(sign(client, given, page), page)).rect == [270, 670, 330, 730]


@pytest.mark.parametrize("word", ["invisible", "INVISIBLE", "Invisible"])
def test_an_invisible_signature_needs_no_place(client: httpx.Client, fields: Fields, word: str) -> None:
    nothing = dict.fromkeys(("image", "page", "xAxis", "yAxis", "width", "height"))
    signed = good(sign(client, fields(tampilan=word, **nothing), picture=None))
    assert widget(signed).rect == [0, 0, 0, 0]


def test_reason_and_location_stand_in_the_signature(client: httpx.Client, fields: Fields) -> None:
    given = fields(reason="  Dokumen\nini disetujui ", location="Mangupura", text="apa saja")
    found = widget(good(sign(client, given)))
    assert found.value["/Reason"] == "Dokumen ini disetujui"
    assert found.value["/Location"] == "Mangupura"
    assert len(str(widget(good(sign(client, fields(reason="x" * 900)))).value["/Reason"])) == 200


@pytest.mark.parametrize("word", ["BASE64", "base64"])
def test_the_file_comes_in_json_where_it_is_asked_for_so(client: httpx.Client, fields: Fields, word: str) -> None:
    answer = sign(client, fields(jenis_response=word))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert b64decode(body["base64_signed_file"]).startswith(PAGE)
    assert body["id_dokumen"] == answer.headers["id_dokumen"]
    assert "error" not in body
    good(sign(client, fields(jenis_response="BYTE")))


def test_texts_may_stand_in_the_address_and_only_files_in_the_body(client: httpx.Client, fields: Fields) -> None:
    query = urlencode(fields(reason="lewat alamat") | {"tidak_dikenal": "x"})
    files = {"file": ("surat.pdf", PAGE), "imageTTD": ("ttd.png", PNG)}
    signed = good(client.post(f"/api/sign/pdf?{query}", files=files))
    assert widget(signed).value["/Reason"] == "lewat alamat"
    again = client.post(f"/api/sign/pdf?{query}", data=fields(reason="lewat alamat"), files=files)
    assert again.status_code == 200
    twice = client.post(f"/api/sign/pdf?{query}", data=fields(reason="lain"), files=files)
    assert "reason" in str(refused(twice)["error"])


def multipart(parts: list[tuple[str, bytes]], boundary: str = "----batas") -> tuple[bytes, dict[str, str]]:
    """A body of parts with headers as they are given."""
    body = b"".join(f"--{boundary}\r\n{head}\r\n\r\n".encode() + data + b"\r\n" for head, data in parts)
    body += f"--{boundary}--\r\n".encode()
    return body, {"content-type": f"multipart/form-data; boundary={boundary}"}


@pytest.mark.parametrize(
    "of_file",
    [
        'Content-Disposition: form-data; name="file"',
        'Content-Disposition: form-data; name="file"; filename="file"\r\nContent-Type: application/octet-stream',
        "Content-Disposition: form-data; name=file; filename=\"a.pdf\"; filename*=UTF-8''a.pdf",
        'content-disposition: form-data; name="file"; filename=""\r\nContent-Length: 5\r\nX-Other: y',
    ],
)
def test_a_file_is_one_whatever_its_part_says(client: httpx.Client, fields: Fields, of_file: str) -> None:
    texts = [
        (f'Content-Disposition: form-data; name="{name}"\r\nContent-Length: {len(value)}', value.encode())
        for name, value in (fields(nomor="1", perihal="y", info="z", jenis_dokumen="SK", tujuan="t")).items()
    ]
    picture = ('Content-Disposition: form-data; name="imageTTD"; filename="ttd.png"', PNG)
    for parts in ([(of_file, PAGE), *texts, picture], [*texts, picture, (of_file, PAGE)]):
        body, headers = multipart(parts)
        good(client.post("/api/sign/pdf", content=body, headers=headers))


def test_our_own_stamp_takes_the_place_of_a_picture(house: House, client: httpx.Client, fields: Fields) -> None:
    given = fields(xAxis="100", yAxis="300", width="300", height="400")
    with Application(house, our_qr=True).client() as ours:
        first = good(sign(ours, given))
    assert widget(first).rect == [100, 300, 300, 400]
    second = good(sign(client, given | {"esignQr": "true"}))
    for signed in (first, second):
        (text,) = codes(signed)
        assert text.startswith("HTTPS://SURAT.EXAMPLE.GO.ID/V/")
    assert not codes(good(sign(client, given)))


def test_what_it_signs_is_in_the_register_and_nothing_of_it_public(
    house: House, application: Application, client: httpx.Client, fields: Fields, public: httpx.Client
) -> None:
    answer = sign(client, fields())
    good(answer)
    with house.client(application.key) as own:
        letter = own.get(f"/v1/letters/{answer.headers['letter-id']}").json()
    assert letter["status"] == "signed"
    assert letter["number"] is letter["subject"] is None
    assert letter["classification"] == "terbatas"
    assert letter["signatures"][0]["signer"]["name"] == "Ni Luh Sari"
    told = public.post("/v1/verify", files={"file": ("a.pdf", answer.content)}).json()
    assert told["told"]["colour"] == "green"
    assert told["letter"]["subject"] is told["letter"]["pages"] is None
    with Application(house, classification="biasa").client() as open_:
        answer = sign(open_, fields())
    told = public.post("/v1/verify", files={"file": ("a.pdf", good(answer))}).json()
    assert told["letter"]["classification"] == "biasa"


def test_page_after_page_is_signed_and_all_signatures_hold(
    client: httpx.Client, fields: Fields, public: httpx.Client
) -> None:
    pdf = letter_files.big(3)
    ids = set()
    for page in ("1", "2", "3"):
        before = pdf
        answer = sign(client, fields(page=page, xAxis="5", yAxis="5", width="65", height="65"), pdf)
        pdf = good(answer, before)
        ids.add(answer.headers["letter-id"])
    assert len(ids) == 1
    report = public.post("/v1/verify", files={"file": ("a.pdf", pdf)}).json()
    assert [each["verdict"] for each in report["report"]["signatures"]] == ["genuine"] * 3
    assert report["told"]["colour"] == "green"
    assert not report["report"]["findings"]


def test_a_second_official_at_a_signed_tag_gets_his_picture_beside_it(
    house: House, client: httpx.Client, fields: Fields, public: httpx.Client
) -> None:
    page = written_page("#", 150, 300, ("$", 420, 300))
    first = good(sign(client, fields(tag_koordinat="#", width="80", height="80"), page), page)
    other = nik_of(house, house.signer())
    second = good(sign(client, fields(nik=other, tag_koordinat="$", width="80", height="80"), first), first)
    left, bottom, right, top = widget(second, -1).rect
    assert (right - left, top - bottom) == pytest.approx((80, 80), abs=0.01)
    assert left > 300
    report = public.post("/v1/verify", files={"file": ("a.pdf", second)}).json()
    assert [each["verdict"] for each in report["report"]["signatures"]] == ["genuine"] * 2


def test_a_download_works_once_and_for_its_client_alone(house: House, client: httpx.Client, fields: Fields) -> None:
    answer = sign(client, fields())
    address = f"/api/sign/download/{answer.headers['id_dokumen']}"
    with Application(house).client() as other:
        assert refused(other.get(address), 404)["status_code"] == 4044
    found = client.get(address)
    assert found.content == answer.content
    assert found.headers["content-type"] == "application/pdf"
    gone = refused(client.get(address), 404)
    assert gone["status_code"] == 4044
    assert gone["error"] == "File tidak tersedia, pastikan bahwa dokumen belum di download"


def test_a_file_that_is_found_to_be_encrypted_for_its_owner_alone_is_signed(
    client: httpx.Client, fields: Fields
) -> None:
    pdf = letter_files.read("encrypted-aes-256")
    nothing = dict.fromkeys(("image", "page", "xAxis", "yAxis", "width", "height"))
    good(sign(client, fields(tampilan="invisible", **nothing), pdf, picture=None), pdf)


def test_json_of_a_refusal_is_one_that_old_clients_read(client: httpx.Client, fields: Fields) -> None:
    answer = sign(client, fields(passphrase="salah"))
    assert json.loads(answer.content)["error"] == "Passphrase anda salah"
    assert refused(answer)["status_code"] == 2031


def test_pictures_of_every_kind_are_drawn_as_they_look(client: httpx.Client, fields: Fields) -> None:
    def made(mode: str, colour: object, kind: str = "PNG", **how: object) -> bytes:
        out = io.BytesIO()
        Image.new(mode, (40, 20), colour).save(out, kind, **how)  # type: ignore[arg-type]
        return out.getvalue()

    half = Image.new("RGBA", (40, 20), (255, 0, 0, 0))
    half.paste((0, 0, 255, 255), (0, 0, 20, 20))
    out = io.BytesIO()
    half.save(out, "PNG")
    exif = Image.Exif()
    exif[0x0112] = 6
    cases: list[tuple[bytes, tuple[int, int, int]]] = [
        (out.getvalue(), (0, 0, 255)),
        (made("I;16", 65535), (255, 255, 255)),
        (made("I;16", 32768), (127, 127, 127)),
        (made("L", 100), (100, 100, 100)),
        (made("1", 0), (0, 0, 0)),
        (made("P", 0), (0, 0, 0)),
        (made("LA", (50, 255)), (50, 50, 50)),
        (made("CMYK", (0, 255, 255, 0), "JPEG"), (255, 0, 0)),
        (made("RGB", (0, 128, 0), "JPEG"), (0, 128, 0)),
        (made("RGB", (0, 128, 0), "JPEG", exif=exif), (0, 128, 0)),
    ]
    for number, (picture, colour) in enumerate(cases):
        given = fields(xAxis="100", yAxis="300", width="300", height="400", reason=f"gambar {number}")
        signed = good(sign(client, given, picture=picture))
        page = Image.open(io.BytesIO(page_image(signed, 1, 72))).convert("RGB")
        x = 150 if number == 0 else 200
        seen = page.getpixel((x, 936 - 350))
        assert seen == pytest.approx(colour, abs=12), (number, seen)
        high = widget(signed).image
        assert (high[3] - high[1] > high[2] - high[0]) == (number == len(cases) - 1)
    assert b"/SMask" not in signed
    given = fields(xAxis="100", yAxis="300", width="300", height="400")
    clear = page_image(good(sign(client, given, picture=cases[0][0])), 1, 72)
    assert Image.open(io.BytesIO(clear)).convert("RGB").getpixel((280, 936 - 350)) == (255, 255, 255)
