"""Every refusal of signing through BSrE's API: HTTP 400 with a sentence and a number, never 5xx; nothing is left."""

import io
import json
import zlib
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from PIL import Image
from pydantic import JsonValue

from esign.ca.dev.authority import DevCa
from esign.registry.models import Scope, Signer
from esign.registry.signers import SignerChanges
from esign.service import letters, parties
from tests import letter_files
from tests.bsre import Application, nik_of, picture_png, quick, refused, written_page
from tests.integration.authorities import Failing
from tests.integration.conftest import OPERATOR, PASSPHRASE, House

V1, V2 = "/api/sign/pdf", "/api/v2/sign/pdf"
PAGE = written_page("#", 441.75, 172.45)
PNG = picture_png()
BOX: dict[str, Any] = {"page": "1", "xAxis": "10", "yAxis": "10", "width": "110", "height": "110"}
VISIBLE: dict[str, JsonValue] = {
    "tampilan": "VISIBLE", "imageBase64": b64encode(PNG).decode(), "page": 1,
    "originX": 10, "originY": 10, "width": 100, "height": 100,
}  # fmt: skip


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


def v1(
    client: httpx.Client, nik: str, /, *, pdf: bytes | None = PAGE, picture: bytes | None = PNG, **given: Any
) -> httpx.Response:
    """A v1 call with other fields; None leaves one out."""
    common = {"nik": nik, "passphrase": PASSPHRASE, "tampilan": "visible", "image": "true", **BOX}
    data = {name: value for name, value in (common | given).items() if value is not None}
    files = {"file": ("a.pdf", pdf)} if pdf is not None else {}
    if picture is not None:
        files["imageTTD"] = ("ttd.png", picture)
    return client.post(V1, data=data, files=files or {"kosong": b""})


def v2(client: httpx.Client, nik: str, properties: JsonValue = None, /, **given: JsonValue) -> httpx.Response:
    """A v2 call with other members; `LEFT_OUT` leaves one out."""
    common: dict[str, JsonValue] = {
        "nik": nik, "passphrase": PASSPHRASE, "file": [b64encode(PAGE).decode()],
        "signatureProperties": [VISIBLE] if properties is None else properties,
    }  # fmt: skip
    content = json.dumps({name: value for name, value in (common | given).items() if value != LEFT_OUT})
    return client.post(V2, content=content, headers={"content-type": "application/json"})


LEFT_OUT = "(left out)"


@pytest.mark.parametrize(
    ("given", "number", "words"),
    [
        ({"nik": None}, 4014, "NIK"),
        ({"nik": "null"}, 4014, "NIK"),
        ({"nik": "3201010000000000"}, 2011, "User tidak terdaftar"),
        ({"nik": "bukan nik"}, 2011, "User tidak terdaftar"),
        ({"passphrase": None}, 400, "passphrase"),
        ({"passphrase": ""}, 400, "passphrase"),
        ({"passphrase": "salah"}, 2031, "Passphrase anda salah"),
        ({"tampilan": None}, 400, "tampilan"),
        ({"tampilan": "terlihat"}, 400, "tampilan"),
        ({"image": "mungkin"}, 400, "image"),
        ({"image": "false"}, 400, "linkQR"),
        ({"page": None}, 400, "page"),
        ({"page": "0"}, 400, "page"),
        ({"page": "-1"}, 400, "page"),
        ({"page": "1.5"}, 400, "page"),
        ({"page": "satu"}, 400, "page"),
        ({"page": "9"}, 400, "Halaman 9 tidak ada"),
        ({"page": None, "halaman": "tengah"}, 400, "halaman"),
        ({"xAxis": None}, 400, "xAxis"),
        ({"yAxis": "atas"}, 400, "yAxis"),
        ({"width": "nan"}, 400, "width"),
        ({"height": "1e99"}, 400, "height"),
        ({"width": "10"}, 400, "luas"),
        ({"width": "12"}, 400, "terlalu kecil"),
        ({"width": "1300"}, 400, "keluar dari halaman"),
        ({"xAxis": "5000", "width": "5100"}, 400, "keluar dari halaman"),
        ({"xAxis": "-40"}, 400, "keluar dari halaman"),
        ({"tag_koordinat": "$"}, 400, "Penanda $ tidak ada"),
        ({"tag_koordinat": "x" * 200}, 400, "tag"),
        ({"image": "false", "linkQR": "x" * 4000}, 400, "linkQR"),
        ({"linkQR": "x" * 70_000}, 400, "linkQR"),
        ({"jenis_response": "XML"}, 400, "jenis_response"),
    ],
)  # fmt: skip
def test_v1_fields(
    house: House, client: httpx.Client, nik: str, given: dict[str, Any], number: int, words: str
) -> None:
    before = house.kept()
    body = refused(v1(client, nik, **given))
    assert body["status_code"] == number, body
    assert words in str(body["error"])
    assert (given.get("nik") or nik) not in str(body)
    assert house.kept() == before


def bomb() -> bytes:
    """A small PNG of very many pixels."""
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    return out.getvalue()


def of_a_lie() -> bytes:
    """A PNG that says it is far larger than its data."""
    raw = bytearray(PNG)
    raw[16:24] = (4000).to_bytes(4, "big") * 2
    raw[29:33] = zlib.crc32(raw[12:29]).to_bytes(4, "big")
    return bytes(raw)


def gif() -> bytes:
    out = io.BytesIO()
    Image.new("P", (9, 9)).save(out, "GIF")
    return out.getvalue()


PICTURES = {
    "no picture": b"ini bukan gambar",
    "cut off": PNG[:-30],
    "a beginning": PNG[:40],
    "another kind": gif(),
    "a bomb": bomb(),
    "a lie": of_a_lie(),
    "a PDF": PAGE,
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures(house: House, client: httpx.Client, nik: str, name: str, caplog: pytest.LogCaptureFixture) -> None:
    before = house.kept()
    body = refused(v1(client, nik, picture=PICTURES[name]))
    assert body["code"] == ("picture.too_large" if name == "a bomb" else "picture.unreadable")
    assert "Gambar tanda tangan" in str(body["error"])
    encoded = b64encode(PICTURES[name]).decode()
    body = refused(v2(client, nik, [VISIBLE | {"imageBase64": encoded}]))
    assert "Gambar tanda tangan" in str(body["error"])
    assert house.kept() == before
    assert "broke the format" not in caplog.text  # the worker that read it lives on


@pytest.mark.parametrize("letter", [one for one in letter_files.letters() if one.refusal], ids=str)
def test_letters_that_can_not_be_signed(
    house: House, client: httpx.Client, nik: str, letter: letter_files.Letter
) -> None:
    before = house.kept()
    for answer in (
        v1(client, nik, pdf=letter.pdf, tampilan="invisible"),
        v2(client, nik, [{"tampilan": "INVISIBLE"}], file=[b64encode(letter.pdf).decode()]),
    ):
        body = refused(answer)
        assert (body["status_code"], body["code"]) == (2041, letter.refusal)
    assert house.kept() == before


def test_a_locked_letter_stays_locked_and_a_password_for_an_open_one_is_passed_over(
    client: httpx.Client, nik: str
) -> None:
    wish: dict[str, JsonValue] = {"tampilan": "INVISIBLE", "pdfPassword": "rahasia"}
    locked, opened = (b64encode(letter_files.read(name)).decode() for name in ("encrypted-user", "encrypted-aes-256"))
    body = refused(v2(client, nik, [wish], file=[locked]))
    assert (body["status_code"], body["code"]) == (2041, "letter.encrypted")
    assert "kata sandi" in str(body["error"])
    assert v2(client, nik, [wish], file=[opened]).status_code == 200


@pytest.mark.parametrize("pdf", [b"", b"bukan PDF", b"%PDF-1.7\n%%EOF", PAGE[:300], b"%PDF-" + bytes(5000)])
def test_what_is_no_letter(house: House, client: httpx.Client, nik: str, pdf: bytes) -> None:
    before = house.kept()
    body = refused(v1(client, nik, pdf=pdf, tampilan="invisible"))
    assert body["status_code"] == (2041 if pdf else 400)
    body = refused(v2(client, nik, [{"tampilan": "INVISIBLE"}], file=[b64encode(pdf).decode()]))
    assert body["status_code"] == 2041
    assert house.kept() == before


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"nik": LEFT_OUT}, "NIK"),
        ({"nik": "3201010000000000"}, "User tidak terdaftar"),
        ({"nik": ["1"]}, "nik"),
        ({"nik": {"a": 1}}, "nik"),
        ({"passphrase": LEFT_OUT}, "passphrase"),
        ({"passphrase": ["x"]}, "passphrase"),
        ({"passphrase": "\ud800"}, "passphrase"),
        ({"passphrase": LEFT_OUT, "totp": "123456"}, ""),
        ({"file": LEFT_OUT}, "file"),
        ({"file": []}, "file"),
        ({"file": [None]}, "file[0]"),
        ({"file": [{"a": "b"}]}, "file[0]"),
        ({"file": ["bukan base64!"]}, "base64"),
        ({"file": ["a"]}, "base64"),
        ({"file": [b64encode(PAGE).decode()] * 3, "signatureProperties": [VISIBLE, VISIBLE]}, "signatureProperties"),
        ({"signatureProperties": [VISIBLE, VISIBLE]}, "signatureProperties"),
        ({"signatureProperties": LEFT_OUT}, "signatureProperties"),
        ({"signatureProperties": []}, "signatureProperties"),
        ({"signatureProperties": ["x"]}, "signatureProperties[0]"),
        ({"signatureProperties": [{}]}, "tampilan"),
        ({"signatureProperties": [VISIBLE | {"tampilan": 1}]}, "tampilan"),
        ({"signatureProperties": [VISIBLE | {"originX": None}]}, "originX"),
        ({"signatureProperties": [VISIBLE | {"width": "lebar"}]}, "width"),
        ({"signatureProperties": [VISIBLE | {"width": -5}]}, "luas"),
        ({"signatureProperties": [VISIBLE | {"width": True}]}, "width"),
        ({"signatureProperties": [VISIBLE | {"originY": 900}]}, "keluar dari halaman"),
        ({"signatureProperties": [VISIBLE | {"page": 7}]}, "Halaman 7"),
        ({"signatureProperties": [VISIBLE | {"tag": "~"}]}, "Penanda ~"),
        ({"signatureProperties": [VISIBLE | {"imageBase64": "!!!"}]}, "imageBase64"),
        ({"signatureProperties": [VISIBLE | {"imageBase64": 7}]}, ""),
        ({"signatureProperties": [VISIBLE | {"esignStamps": "x"}]}, "esignStamps"),
        ({"signatureProperties": [VISIBLE | {"esignStamps": ["x"]}]}, "esignStamps[0]"),
        ({"signatureProperties": [VISIBLE | {"esignQr": "mungkin"}]}, "esignQr"),
    ],
)  # fmt: skip
def test_v2_members(house: House, client: httpx.Client, nik: str, given: dict[str, JsonValue], words: str) -> None:
    before = house.kept()
    body = refused(v2(client, nik, **given))
    assert words in str(body["error"])
    assert house.kept() == before


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'"x"', b"nik=1&passphrase=x", b"\xff\xfe{}", b"[" * 100_000, b'{"nik": NaN'],
)
def test_what_is_no_json_object(client: httpx.Client, content: bytes) -> None:
    for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x", ""):
        body = refused(client.post(V2, content=content, headers={"content-type": kind}))
        assert "JSON" in str(body["error"])


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data"),
        (b"sampah", "multipart/form-data; boundary=x"),
        (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition: form-data; name=nik\r\n\r\n1", "multipart/form-data; boundary=x"),
        (b"--x\r\n" + b"A: b\r\n" * 100 + b"\r\n\r\n--x--\r\n", "multipart/form-data; boundary=x"),
        (b"{}", "application/json"),
        (PAGE, "application/pdf"),
        (b"nik=1&passphrase=x&tampilan=invisible", "application/x-www-form-urlencoded"),
        (b"", ""),
    ],
)
def test_what_is_no_form(client: httpx.Client, content: bytes, kind: str) -> None:
    refused(client.post(V1, content=content, headers={"content-type": kind}))


def test_what_is_too_large(house: House, nik: str) -> None:
    small = {"max_letter_bytes": 20_000, "bsre_body_bytes": 64 * 1024, "bsre_files": 2}
    with quick(house, **small) as changed, Application(changed).client() as client:
        large = PAGE + b"\n" * 30_000
        for answer in (v1(client, nik, pdf=large), v2(client, nik, file=[b64encode(large).decode()])):
            assert refused(answer, 413)["code"] == "letter.too_large"
        for answer in (v1(client, nik, pdf=large * 3), v2(client, nik, file=[b64encode(large).decode()] * 3)):
            refused(answer, 413)
        assert "paling banyak 2" in str(refused(v2(client, nik, file=["", "", ""]))["error"])

        def endless() -> Iterator[bytes]:
            for _ in range(100):
                yield b" " * 4096

        refused(client.post(V2, content=endless(), headers={"content-type": "application/json"}), 413)


def test_who_may_not_sign(house: House, nik: str) -> None:
    with Application(house, Scope.SIGNERS_READ).client() as client:
        for answer in (v1(client, nik), v2(client, nik)):
            assert refused(answer, 403)["error"] == "Forbidden"
    with httpx.Client(base_url=house.url) as client:
        for answer in (v1(client, nik), v2(client, nik)):
            assert refused(answer, 401)["error"] == "Unauthorized"


@pytest.mark.parametrize(
    ("state", "number", "words"),
    [
        ("revoked", 2025, "Sertifikat tidak aktif"),
        ("suspended", 2024, "Sertifikat tidak aktif"),
        ("off", 2011, "tidak terdaftar"),
    ],
)
def test_whose_certificate_is_not_active(
    house: House, client: httpx.Client, state: str, number: int, words: str
) -> None:
    official = house.signer()
    ca = house.services.dev_ca
    assert ca is not None
    spoil(house, ca, official, state)
    for answer in (v1(client, nik_of(house, official)), v2(client, nik_of(house, official))):
        body = refused(answer)
        assert body["status_code"] == number
        assert words in str(body["error"])


def spoil(house: House, ca: DevCa, official: Signer, state: str) -> None:
    match state:
        case "revoked":
            ca.revoke(official.id)
        case "suspended":
            ca.suspend(official.id)
        case _:
            parties.change_signer(house.services, house.agency.id, official.id, SignerChanges(enabled=False), OPERATOR)


def test_a_lock_is_told_with_its_seconds(house: House, client: httpx.Client) -> None:
    nik = nik_of(house, house.signer())
    left = [refused(v1(client, nik, passphrase=f"salah {number}"))["remaining"] for number in range(5)]
    assert left == [4, 3, 2, 1, 0]
    answer = v1(client, nik)
    body = refused(answer)
    assert body["status_code"] == 2031
    assert "Passphrase" in str(body["error"])
    assert isinstance(body["seconds"], int)
    assert answer.headers["retry-after"] == str(body["seconds"])


def test_a_picture_over_what_was_signed_is_refused(client: httpx.Client, nik: str) -> None:
    first = v1(client, nik, **(BOX | {"image": "false", "linkQR": "https://example.go.id"}), picture=None)
    assert first.status_code == 200
    body = refused(v1(client, nik, pdf=first.content))
    assert body["code"] == "placement.occupied"
    body = refused(v1(client, nik, pdf=first.content, xAxis="50", yAxis="860", width="200", height="900"))
    assert body["code"] == "placement.covers_signed"
    assert "menutupi isi yang sudah ditandatangani" in str(body["error"])


def test_our_own_trouble_is_told_as_such(house: House, nik: str) -> None:
    ca = house.services.dev_ca
    assert ca is not None
    for trouble, status in (
        (Failing(ca, down=True), 503),
        (Failing(ca, silent=True), 500),
        (Failing(ca, spoils=True), 500),
    ):
        services = trouble.within(house.services)
        with house.serving(services) as url, Application(house).client(url) as client:
            answer = v2(client, nik, [{"tampilan": "INVISIBLE", "reason": str(trouble)}])
            body = refused(answer, status)
            assert ("retry-after" in answer.headers) == (status == 503)
            if trouble.silent:
                assert "Jangan kirim ulang" in str(body["error"])
                again = v2(client, nik, [{"tampilan": "INVISIBLE", "reason": str(trouble)}])
                assert refused(again, 500)["error"] == body["error"]


def test_a_crash_is_told_as_spring_tells_it(house: House, nik: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError(PASSPHRASE)

    monkeypatch.setattr(letters, "sign_all", crash)
    with Application(house).client() as client:
        for answer in (v1(client, nik), v2(client, nik)):
            body = refused(answer, 500)
            assert body["error"] == "Internal Server Error"
            assert body["status"] == 500
            assert PASSPHRASE not in json.dumps(body)
