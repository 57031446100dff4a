"""``POST /api/v2/sign/pdf`` as the clients of BSrE's service call it, and what it can do besides."""

import io
import json
import re
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator

import httpx
import pytest
import zxingcpp
from PIL import Image
from pydantic import JsonValue

from esign.pdf.render import page_image
from esign.registry import idempotency
from esign.registry.models import Signer
from tests import letter_files
from tests.bsre import Application, nik_of, picture_png, quick, refused, widget, written_page
from tests.integration.conftest import PASSPHRASE, House

PAGE = written_page("#", 441.75, 172.45)
PNG = b64encode(picture_png()).decode()
VISIBLE: dict[str, JsonValue] = {
    "tampilan": "VISIBLE", "imageBase64": PNG, "page": 1, "originX": 100, "originY": 50, "width": 120, "height": 60,
    "location": "null", "reason": None, "contactInfo": "null",
}  # fmt: skip
INVISIBLE: dict[str, JsonValue] = {"tampilan": "INVISIBLE"}


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


def body(
    nik: str, *properties: dict[str, JsonValue], pdfs: tuple[bytes, ...] = (PAGE,), **given: JsonValue
) -> dict[str, JsonValue]:
    """A request; None leaves a field out."""
    files: list[JsonValue] = [b64encode(pdf).decode() for pdf in pdfs]
    common: dict[str, JsonValue] = {
        "nik": nik, "passphrase": PASSPHRASE, "signatureProperties": list(properties), "file": files,
    }  # fmt: skip
    return {name: value for name, value in (common | given).items() if value is not None}


def good(answer: httpx.Response, *pdfs: bytes) -> list[bytes]:
    """The signed files of an answer that has all that a client looks for."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()
    assert type(found["time"]) is int
    assert "error" not in found
    signed = [b64decode(each) for each in found["file"]]
    for pdf, each in zip(pdfs or (PAGE,), signed, strict=True):
        assert each.startswith(pdf)
        assert len(each) > len(pdf)
    return signed


def codes(pdf: bytes, page: int = 1) -> list[str]:
    image = Image.open(io.BytesIO(page_image(pdf, page, 200)))
    return sorted(code.text for code in zxingcpp.read_barcodes(image.convert("L")))


def test_the_origin_is_the_upper_left_corner_from_the_top_of_the_page(client: httpx.Client, nik: str) -> None:
    (signed,) = good(client.post("/api/v2/sign/pdf", json=body(nik, VISIBLE)))
    found = widget(signed)
    assert found.rect == [100, 936 - 50 - 60, 220, 936 - 50]
    assert found.image == pytest.approx((32, 2, 88, 58))
    assert "/Reason" not in found.value
    assert "/ContactInfo" not in found.value
    given = VISIBLE | {"reason": "setuju", "location": "Indonesia", "contactInfo": "tte@kab.go.id", "page": "1"}
    (signed,) = good(client.post("/api/v2/sign/pdf", json=body(nik, given)))
    value = widget(signed).value
    assert (value["/Reason"], value["/Location"], value["/ContactInfo"]) == ("setuju", "Indonesia", "tte@kab.go.id")


@pytest.mark.parametrize("name", ["tag", "tag_koordinat"])
def test_a_tag_goes_by_either_name(client: httpx.Client, nik: str, name: str) -> None:
    given = {**VISIBLE, name: "#", "width": 100, "height": 195, "originX": None, "originY": "null"}
    (signed,) = good(client.post("/api/v2/sign/pdf", json=body(nik, given)))
    assert widget(signed).rect == [391.75, 74.95, 491.75, 269.95]


def test_an_application_may_have_other_rules_for_tags_and_origins(house: House, nik: str) -> None:
    with Application(house, v2_origin="bottom-left", v2_tag="top-left").client() as client:
        (signed,) = good(client.post("/api/v2/sign/pdf", json=body(nik, VISIBLE)))
        assert widget(signed).rect == [100, 50, 220, 110]
        given = VISIBLE | {"tag": "#"}
        (signed,) = good(client.post("/api/v2/sign/pdf", json=body(nik, given)))
        left, bottom, right, top = widget(signed).rect
        assert (left, right - left, top - bottom) == pytest.approx((441.75, 120, 60), abs=1)
        assert bottom < 172.45 - 40


def test_files_come_back_in_their_order_each_with_its_own_properties(client: httpx.Client, nik: str) -> None:
    pdfs = (PAGE, letter_files.read("typst"), written_page("$", 100, 100))
    signed = good(client.post("/api/v2/sign/pdf", json=body(nik, INVISIBLE, pdfs=pdfs)), *pdfs)
    assert [widget(each).rect for each in signed] == [[0, 0, 0, 0]] * 3
    boxes = [VISIBLE | {"originX": x} for x in (10, 20, 30)]
    signed = good(client.post("/api/v2/sign/pdf", json=body(nik, *boxes, pdfs=pdfs)), *pdfs)
    assert [widget(each).rect[0] for each in signed] == [10, 20, 30]


def test_all_are_signed_or_none(house: House, client: httpx.Client, nik: str) -> None:
    before = house.kept()
    pdfs = (PAGE, b"%PDF-1.7 rusak", letter_files.read("typst"))
    answer = refused(client.post("/api/v2/sign/pdf", json=body(nik, INVISIBLE, pdfs=pdfs)))
    assert answer["status_code"] == 2041
    boxes = [VISIBLE, VISIBLE | {"originX": 5000}]
    refused(client.post("/api/v2/sign/pdf", json=body(nik, *boxes, pdfs=(PAGE, PAGE))))
    assert house.kept() == before


def test_what_php_and_postman_make_of_json_is_understood(client: httpx.Client, nik: str) -> None:
    given = body(
        nik, VISIBLE | {"imageBase64": f"data:image/png;base64,{PNG}"}, email="null", totp="", tidak_dikenal=[1]
    )
    given["file"] = [f"data:application/pdf;base64,{b64encode(PAGE).decode()}"]
    escaped = json.dumps(given).replace("/", "\\/")
    answer = client.post("/api/v2/sign/pdf", content=escaped.encode(), headers={"content-type": "application/json"})
    (signed,) = good(answer)
    assert widget(signed).image != (0, 0, 0, 0)
    bare = client.post("/api/v2/sign/pdf", content=json.dumps(given | {"nik": nik + " "}).encode())
    good(bare)
    single = body(nik) | {"signatureProperties": INVISIBLE, "file": b64encode(PAGE).decode()}
    good(client.post("/api/v2/sign/pdf", json=single))
    lines = b64encode(PAGE).decode()
    lines = "\r\n".join(lines[at : at + 76] for at in range(0, len(lines), 76)).rstrip("=")
    good(client.post("/api/v2/sign/pdf", json=body(nik, INVISIBLE, file=[lines])))


def test_a_person_is_named_by_nik_or_by_mail_and_the_nik_counts(house: House, client: httpx.Client) -> None:
    known = house.signer(email="ayu@dinkes.example.go.id", name="Ayu")
    nik = nik_of(house, known)
    said: list[dict[str, JsonValue]] = [
        {"nik": None, "email": "Ayu@Dinkes.example.go.id"},
        {"nik": nik, "email": "siapa@example.go.id"},
        {"nik": "", "email": known.email},
    ]
    for given in said:
        (signed,) = good(client.post("/api/v2/sign/pdf", json=body(nik, INVISIBLE) | given))
        assert widget(signed).value["/Name"] == "Ayu"
    nobody: dict[str, JsonValue] = {"nik": None, "email": "siapa@example.go.id"}
    answer = refused(client.post("/api/v2/sign/pdf", json=body(nik, INVISIBLE) | nobody))
    assert (answer["status_code"], answer["error"]) == (2011, "User tidak terdaftar")


@pytest.mark.parametrize("name", ["totp", "otp"])
def test_a_code_signs_as_many_files_as_it_was_asked_for(house: House, client: httpx.Client, name: str) -> None:
    official = house.signer(email=f"{name}@dinkes.example.go.id")
    nik, pdfs = nik_of(house, official), (PAGE, letter_files.read("typst"))
    answer = client.post("/api/v2/sign/get/totp", json={"nik": nik, "data": 2})
    assert answer.status_code == 200, answer.text
    newest = max((house.folder / "outbox").glob("*.eml"))
    code = re.findall(r"\b[0-9]{6}\b", newest.read_text("utf-8"))[-1]
    request = body(nik, INVISIBLE, pdfs=pdfs, passphrase=None, **{name: code})
    good(client.post("/api/v2/sign/pdf", json=request), *pdfs)
    wrong = refused(client.post("/api/v2/sign/pdf", json=body(nik, INVISIBLE, passphrase=None, **{name: code})))
    assert "TOTP" in str(wrong["error"])


def test_what_came_of_many_files_is_kept_too(house: House, nik: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "LARGEST_INLINE", 100)
    with Application(house).client() as client:
        request = body(nik, INVISIBLE | {"reason": "banyak"})
        assert good(client.post("/api/v2/sign/pdf", json=request)) == good(
            client.post("/api/v2/sign/pdf", json=request)
        )


def test_several_stamps_of_one_call_are_signed_with_it(client: httpx.Client, nik: str, public: httpx.Client) -> None:
    pdf = letter_files.big(3)
    stamps: list[JsonValue] = [
        {"page": 1, "originX": 500, "originY": 780},
        {"page": 2, "originX": 500, "originY": 780, "width": 50, "height": 50},
    ]
    own: dict[str, JsonValue] = {
        "tampilan": "VISIBLE",
        "esignQr": True,
        "page": 3,
        "originX": 500,
        "originY": 780,
        "width": 55,
        "height": 55,
    }
    (signed,) = good(client.post("/api/v2/sign/pdf", json=body(nik, own | {"esignStamps": stamps}, pdfs=(pdf,))), pdf)
    assert widget(signed).page == 3
    (code,) = codes(signed, 3)
    assert code.startswith("HTTPS://SURAT.EXAMPLE.GO.ID/V/")
    assert codes(signed, 1) == codes(signed, 2) == [code]
    told = public.post("/v1/verify", files={"file": ("a.pdf", signed)}).json()
    assert told["told"]["colour"] == "green"
    assert len(told["report"]["signatures"]) == 1
    assert not told["report"]["findings"]
    again = client.post(
        "/api/v2/sign/pdf", json=body(nik, own | {"esignStamps": stamps, "originX": 400}, pdfs=(signed,))
    )
    assert "sudah bertanda tangan" in str(refused(again)["error"])


def test_a_wish_without_a_picture_gets_our_own_stamp(client: httpx.Client, nik: str) -> None:
    given = {**VISIBLE, "imageBase64": None, "width": 220, "height": 100}
    (signed,) = good(client.post("/api/v2/sign/pdf", json=body(nik, given)))
    assert codes(signed)[0].startswith("HTTPS://SURAT.EXAMPLE.GO.ID/V/")


def test_the_same_request_in_flight_is_done_once(
    house: House, client: httpx.Client, application: Application, nik: str
) -> None:
    request = body(nik, VISIBLE | {"reason": "sekali saja"})
    letters = house.kept()[0]
    answers: list[httpx.Response] = []

    def send() -> None:
        with application.client() as other:
            answers.append(other.post("/api/v2/sign/pdf", json=request))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({good(answer)[0] for answer in answers}) == 1
    assert house.kept()[0] == letters + 1
    assert good(client.post("/api/v2/sign/pdf", json=request)) == good(answers[0])
    other = good(client.post("/api/v2/sign/pdf", json=body(nik, VISIBLE | {"reason": "lain"})))
    assert other != good(answers[0])
    wrong = client.post("/api/v2/sign/pdf", json=request | {"passphrase": "salah"})
    assert refused(wrong)["status_code"] == 2031
    with Application(house).client() as stranger:
        assert good(stranger.post("/api/v2/sign/pdf", json=request)) != good(answers[0])


def test_a_wrong_passphrase_in_flight_costs_one_try(house: House, application: Application) -> None:
    nik = nik_of(house, house.signer())
    request = body(nik, INVISIBLE, passphrase="salah")
    answers: list[httpx.Response] = []

    def send() -> None:
        with application.client() as other:
            answers.append(other.post("/api/v2/sign/pdf", json=request))

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {refused(answer)["remaining"] for answer in answers} == {4}


def test_a_repetition_ends_when_it_is_told_to(house: House, nik: str) -> None:
    with quick(house, bsre_replay_seconds=0) as changed, Application(changed).client() as client:
        request = body(nik, INVISIBLE)
        assert good(client.post("/api/v2/sign/pdf", json=request)) != good(
            client.post("/api/v2/sign/pdf", json=request)
        )


def test_field_names_are_the_time_and_never_the_same(client: httpx.Client, nik: str) -> None:
    pdfs = tuple(written_page("#", 100, number) for number in range(100, 104))
    signed = good(client.post("/api/v2/sign/pdf", json=body(nik, INVISIBLE, pdfs=pdfs)), *pdfs)
    names = [widget(each).name for each in signed]
    assert len(set(names)) == 4
    assert all(name.startswith("sig_") and len(name) == 17 for name in names)
