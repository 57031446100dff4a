"""Users at BSrE's API: how their certificates stand, who they are, and who is entered."""

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from asn1crypto import x509

from esign.ca.authority import Secret
from esign.ca.dev import Subject
from esign.registry import audit, credentials
from esign.registry import signers as registered
from esign.registry.agencies import NewAgency
from esign.registry.models import Event, Scope, Signer
from esign.registry.signers import NewSigner
from esign.service import parties, signers
from esign.x509.keys import KeyAlgorithm
from tests.bsre import Application, refused
from tests.integration.authorities import Failing
from tests.integration.conftest import NIKS, OPERATOR, PASSPHRASE, House

ISSUE = {
    "status_code": 1111,
    "status": "ISSUE",
    "message": "User sudah terdaftar dan memiliki sertifikat dengan status ISSUE",
}
NOBODY = {"status_code": 2011, "status": "NOT_REGISTERED", "message": "User tidak terdaftar"}
DAY = timedelta(days=1)
UNKNOWN = "3299999999999999"


@pytest.fixture(scope="module")
def application(house: House) -> Application:
    return Application(house)


@pytest.fixture
def app(application: Application) -> Iterator[httpx.Client]:
    with application.client() as client:
        yield client


@pytest.fixture(scope="module")
def person(house: House) -> tuple[Signer, str]:
    """An official with a certificate, and his NIK."""
    nik = next(NIKS)
    return house.signer(nik=nik, email="Ni.Luh@Example.go.id", nip="197402061998031008"), nik


def status(client: httpx.Client, **body: object) -> object:
    answer = client.post("/api/v2/user/check/status", content=json.dumps(body).encode())
    assert answer.status_code == 200
    return answer.json()


def test_a_person_is_known_by_nik_or_by_email_and_may_sign(app: httpx.Client, person: tuple[Signer, str]) -> None:
    _, nik = person
    first = app.get(f"/api/user/status/{nik}")
    assert (first.status_code, first.headers["content-type"], first.json()) == (200, "application/json", ISSUE)
    assert status(app, nik=nik) == ISSUE
    assert status(app, email="ni.luh@example.go.id") == ISSUE
    assert status(app, nik=nik, email="x@y.z") == ISSUE, "the NIK counts"
    assert status(app, nik=int(nik), further=[1]) == ISSUE
    assert status(app, nik="null", email="ni.luh@example.go.id") == ISSUE


@pytest.mark.parametrize(
    "path",
    [
        "/api/v2/user/check-status",
        "/api/v2/user/check-status/",
        "//api/v2/user/check/status",
        "/api/v2/user/check/status/",
    ],
)
def test_the_status_goes_by_several_addresses(
    house: House, app: httpx.Client, person: tuple[Signer, str], path: str
) -> None:
    assert app.post(house.url + path, json={"nik": person[1]}).json() == ISSUE


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"nik": ""},
        {"nik": None},
        {"nik": UNKNOWN},
        {"nik": UNKNOWN[:-1]},
        {"nik": "٣٢٠١٠١٩٩٨٨٧٧٦٦٥٥"},
        {"nik": ["3201"]},
        {"nik": True},
        {"nik": {"a": 1}},
        {"nik": "x" * 5000},
        {"email": "nobody@example.go.id"},
        {"email": "' OR 1=1 --"},
        {"email": "\ud800@example.go.id"},
        {"email": "a\0@example.go.id"},
        {"nik": 3.2},
        {"nik": -(10**400)},
    ],
)
def test_whoever_is_not_there_is_an_answer_too(app: httpx.Client, body: dict[str, object]) -> None:
    assert status(app, **body) == NOBODY


@pytest.mark.parametrize("nik", ["", UNKNOWN, "123", "a/b", "%20", "ABC%2F", "%ff%fe", "x" * 3000])
def test_the_older_address_answers_always(app: httpx.Client, nik: str) -> None:
    answer = app.get(f"/api/user/status/{nik}")
    assert (answer.status_code, answer.json()) == (200, NOBODY)


def test_what_is_no_json_is_refused(app: httpx.Client) -> None:
    for content in (b"", b"nik=1", b"[]", b'{"nik": '):
        refused(app.post("/api/v2/user/check/status", content=content))


def test_every_state_of_a_certificate_has_its_number(house: House, app: httpx.Client) -> None:
    ca = house.services.dev_ca
    assert ca is not None
    nik = next(NIKS)
    signer = house.signer(nik=nik)
    ca.suspend(signer.id)
    assert status(app, nik=nik) == {
        "status_code": 2024,
        "status": "SUSPEND",
        "message": "Sertifikat tidak aktif: sedang ditangguhkan",
    }
    ca.resume(signer.id)
    assert status(app, nik=nik) == ISSUE
    ca.revoke(signer.id)
    told = status(app, nik=nik)
    assert told == {"status_code": 2025, "status": "REVOKE", "message": "Sertifikat tidak aktif: sudah dicabut"}
    with house.services.database.write() as session:
        session.get_one(Signer, signer.id).enabled = False
    assert status(app, nik=nik) == NOBODY


@pytest.mark.parametrize(
    ("begin", "number", "word"), [(-3 * DAY, 2022, "EXPIRED"), (3 * DAY, 2021, "NEW")], ids=["expired", "new"]
)
def test_a_certificate_that_is_over_or_has_not_begun_is_told_as_that(
    house: House, app: httpx.Client, begin: timedelta, number: int, word: str
) -> None:
    ca, nik = house.services.dev_ca, next(NIKS)
    assert ca is not None
    new = NewSigner.model_validate({"agency_id": house.agency.id, "nik": nik, "name": f"Ibu {word.title()}"})
    signer, _ = signers.register(house.services, new, OPERATOR)
    start = house.services.clock.now() + begin
    subject = Subject(new.name, house.agency.name)
    ca.issue(signer.id, subject, Secret(PASSPHRASE), key=KeyAlgorithm.P256, not_before=start, lifetime=2 * DAY)
    told = status(app, nik=nik)
    assert isinstance(told, dict)
    assert (told["status_code"], told["status"]) == (number, word)
    listed = [each["nama"] for each in app.get("/api/entity/cert/expired").json()["data"]]
    assert (new.name in listed) == (word == "EXPIRED")


def test_where_nothing_is_known_and_the_authority_is_down_nobody_has_a_certificate(
    house: House, application: Application
) -> None:
    nik = next(NIKS)
    new = NewSigner.model_validate({"agency_id": house.agency.id, "nik": nik, "name": "Ibu Baru"})
    with house.services.database.write() as session:
        registered.add(session, house.services.keys, new, house.services.clock.now())
    assert house.services.dev_ca is not None
    down = Failing(house.services.dev_ca, down=True).within(house.services)
    with house.serving(down) as url, application.client(url) as client:
        told = client.get(f"/api/user/status/{nik}").json()
    assert (told["status_code"], told["status"]) == (2021, "NO_CERTIFICATE")


def test_a_question_that_brings_nothing_new_writes_nothing(
    house: House, app: httpx.Client, person: tuple[Signer, str]
) -> None:
    def checked() -> object:
        with house.services.database.read() as session:
            (credential,) = credentials.all_of_signer(session, person[0].id)
            return credential.checked_at

    status(app, nik=person[1])
    before = checked()
    status(app, nik=person[1])
    assert checked() == before


@pytest.mark.parametrize("trouble", ["down", "closed"])
def test_while_the_authority_does_not_answer_the_last_known_state_is_told_as_such(
    house: House, application: Application, person: tuple[Signer, str], trouble: str
) -> None:
    assert house.services.dev_ca is not None
    with application.client() as client:
        assert client.get(f"/api/user/status/{person[1]}").json() == ISSUE
    down = Failing(house.services.dev_ca, **{trouble: True}).within(house.services)
    with house.serving(down) as url, application.client(url) as client:
        answer = client.get(f"/api/user/status/{person[1]}")
        assert (answer.status_code, answer.json()["status_code"]) == (200, 1111)
        assert "menurut catatan terakhir" in answer.json()["message"]
        assert refused(client.get(f"/api/v2/user/certificate/chain/{person[1]}"), 503)["status_code"] == 503


def test_a_program_that_asks_for_many_strangers_has_to_wait_and_no_other(
    house: House, application: Application, person: tuple[Signer, str]
) -> None:
    other = Application(house)
    with house.serving(house.services) as url, application.client(url) as client, other.client(url) as neighbour:
        for _ in range(70):  # known ones cost nothing
            assert client.get(f"/api/user/status/{person[1]}").status_code == 200
        asked = [client.get(f"/api/user/status/{3299000000000000 + number}").status_code for number in range(70)]
        assert asked[:60] == [200] * 60
        assert 429 in asked[60:]
        ways = [
            lambda: client.get(f"/api/user/status/{person[1]}"),
            lambda: client.get(f"/api/v2/user/certificate/chain/{person[1]}"),
            lambda: client.post("/api/v2/sign/get/totp", json={"nik": person[1]}),
        ]
        for ask in ways:
            held_up = next(answer for _ in range(20) if (answer := after_strangers(client, ask)).status_code == 429)
            assert refused(held_up, 429)["status_code"] == 429
            assert int(held_up.headers["retry-after"]) >= 1
        assert neighbour.get(f"/api/user/status/{person[1]}").json() == ISSUE


def after_strangers(client: httpx.Client, ask: Callable[[], httpx.Response]) -> httpx.Response:
    """The answer right after strangers were asked for until that was refused: a token comes each second."""
    while client.get(f"/api/user/status/{UNKNOWN}").status_code == 200:
        pass
    return ask()


def test_the_chain_leads_from_the_person_to_the_root(app: httpx.Client, person: tuple[Signer, str]) -> None:
    signer, nik = person
    for path in (f"/api/v2/user/certificate/chain/{nik}", "/api/v2/user/certificate/chain/ni.luh@example.go.id",
                 f"/api/user/certificate/chain/{nik}"):  # fmt: skip
        told = app.get(path).json()
        assert told["success"] is True
        leaf, issuer, root = (x509.Certificate.load(b64decode(each)) for each in told["data"])
        assert leaf.subject.native["common_name"] == signer.name
        assert leaf.issuer == issuer.subject
        assert issuer.issuer == root.subject == root.issuer


def test_a_chain_of_nobody_is_refused_in_json(house: House, app: httpx.Client) -> None:
    for reference in (UNKNOWN, "x@y.z", "a/b", "%00"[:-2] + "x"):
        assert refused(app.get(f"/api/v2/user/certificate/chain/{reference}"))["status_code"] == 2011
    nik = next(NIKS)
    new = NewSigner.model_validate({"agency_id": house.agency.id, "nik": nik, "name": "Belum Ada"})
    signers.register(house.services, new, OPERATOR)
    assert refused(app.get(f"/api/v2/user/certificate/chain/{nik}"))["status_code"] == 2021


def test_a_profile_has_what_the_agency_knows_and_not_the_nik(
    house: House, app: httpx.Client, person: tuple[Signer, str]
) -> None:
    answer = app.get(f"/api/user/profile/{person[1]}")
    assert person[1] not in answer.text
    told = answer.json()["data"]
    assert (told["nama"], told["jabatan"], told["status"]) == ("Ni Luh Sari", "Kepala Dinas", "ISSUE")
    assert (told["nip"], told["unit_kerja"]) == ("197402061998031008", house.agency.name)
    assert refused(app.get(f"/api/user/profile/{UNKNOWN}"))["status_code"] == 2011
    assert app.get("/api/entity/cert/expired").json()["success"] is True


def test_each_question_needs_its_scope(house: House, person: tuple[Signer, str]) -> None:
    with Application(house, Scope.LETTERS_SIGN).client() as client:
        refused(client.get(f"/api/user/status/{person[1]}"), 403)
        refused(client.post("/api/v2/user/check/status", json={"nik": person[1]}), 403)
        refused(client.get(f"/api/user/profile/{person[1]}"), 403)
        refused(client.get("/api/entity/cert/expired"), 403)
        refused(client.post("/api/v2/user/registration", json={"nama": "X", "email": "x@y.id"}), 403)


def test_people_of_other_agencies_are_nobody(house: House, app: httpx.Client) -> None:
    new = NewAgency(slug="bpkad", name="BPKAD", domain="surat.example.go.id")
    other = parties.add_agency(house.services, new, OPERATOR)
    nik = next(NIKS)
    there = replace(house, agency=other)
    there.signer(nik=nik)
    assert status(app, nik=nik) == NOBODY
    with Application(there).client() as client:
        assert status(client, nik=nik) == ISSUE


# --- who is entered ---


def test_a_person_who_is_entered_waits_for_his_certificate(house: House, app: httpx.Client) -> None:
    given = {"nama": "Komang Ayu", "email": "Komang@Example.go.id", "telepon": "0812", "jabatan": "Arsiparis"}
    entered = app.post("/api/v2/user/registration", json=given)
    assert (entered.status_code, entered.json()) == (
        200,
        {"success": True, "message": "Pendaftaran berhasil", "data": None},
    )
    assert status(app, email="komang@example.go.id") == {
        "status_code": 2021,
        "status": "WAITING_FOR_VERIFICATION",
        "message": "User tidak memiliki sertifikat aktif: pendaftarannya menunggu verifikasi",
    }
    with house.services.database.read() as session:
        signer = registered.by_email(session, house.agency.id, "komang@example.go.id")
        (event,) = [each for each in audit.of_kind(session, Event.SIGNER_CREATED) if each.signer_id == signer.id]
    assert (signer.name, signer.office, signer.nik_hmac) == ("Komang Ayu", "Arsiparis", None)
    assert event.actor == "SIMPEG"
    signers.certify(house.services, signer, Secret(PASSPHRASE), OPERATOR)
    assert status(app, email="komang@example.go.id") == ISSUE


@pytest.mark.parametrize("path", ["/api/v2/user/register", "/api/v2/user/register/", "/api/v2/user/registration/"])
def test_the_registration_goes_by_several_addresses(app: httpx.Client, path: str) -> None:
    nik = next(NIKS)
    assert app.post(path, json={"nama": "Wayan", "email": f"{nik}@example.go.id", "nik": nik}).status_code == 200
    assert refused(app.post(path, json={"nama": "W", "email": "w@example.go.id", "nik": nik}))["status_code"] == 4024
    assert refused(app.post(path, json={"nama": "W", "email": f"{nik}@Example.go.id"}))["status_code"] == 4024


@pytest.mark.parametrize(
    ("body", "number", "word"),
    [
        ({}, 400, "email harus diisi"),
        ({"email": "a@b.id"}, 400, "nama harus diisi"),
        ({"nama": "A"}, 400, "email harus diisi"),
        ({"nama": " ", "email": "a@b.id"}, 400, "nama"),
        ({"nama": "A", "email": "a b"}, 400, "email tidak valid"),
        ({"nama": "A", "email": "a@b.id", "nik": "123"}, 4014, "16 angka"),
        ({"nama": "A", "email": "a@b.id", "nip": "123"}, 400, "nip"),
        ({"nama": ["A"], "email": "a@b.id"}, 400, "nama"),
        ({"nama": "A\u202e", "email": "a@b.id"}, 400, "nama"),
        ({"nama": "A" * 501, "email": "a@b.id"}, 400, "nama"),
        ({"nama": "\ud800", "email": "a@b.id"}, 400, "nama"),
        ({"nama": "A", "email": "a\0@b.id"}, 400, "email"),
    ],
)
def test_what_is_missing_or_wrong_is_told(app: httpx.Client, body: dict[str, object], number: int, word: str) -> None:
    told = refused(app.post("/api/v2/user/registration", content=json.dumps(body).encode()))
    assert told["status_code"] == number
    assert word in str(told["error"])


def test_the_older_form_takes_pictures_and_keeps_none(house: House, app: httpx.Client) -> None:
    nik = next(NIKS)
    picture = b"\x89PNG\r\n\x1a\n" + b"kartu tanda penduduk" * 1000
    fields = {"nik": nik, "nama": "Putu Oka", "nip": "19740206 199803 1 008", "jabatan": "Camat", "kota": "Bangli",
              "email": "oka@example.go.id", "nomor_telepon": "0812", "unit_kerja": "Dinkes"}  # fmt: skip
    files = {"ktp": ("ktp.png", picture), "surat_rekomendasi": ("a.pdf", b"%PDF-1.4"), "image_ttd": ("t.jpg", b"")}
    before = house.kept()
    entered = app.post("/api/user/registrasi", data=fields, files=files)
    assert (entered.status_code, entered.json()) == (200, {"message": "Pendaftaran berhasil"})
    assert house.kept() == before
    assert not [path for path in house.folder.rglob("*") if path.is_file() and picture[:60] in path.read_bytes()]
    assert status(app, nik=nik) == status(app, email="oka@example.go.id")
    with house.services.database.read() as session:
        signer = registered.by_email(session, house.agency.id, "oka@example.go.id")
    assert (signer.nip, signer.office) == ("197402061998031008", "Camat")
    again = refused(app.post("/api/user/registrasi", data=fields))
    assert again["status_code"] == 4024
    assert refused(app.post("/api/user/registrasi", data={"nama": "X"}))["status_code"] == 4014
    other = {**fields, "nik": next(NIKS), "email": "lain@example.go.id"}
    wrong = refused(app.post("/api/user/registrasi", data=other, files={"ktp": ("ktp.png", b"<html>")}))
    assert "ktp" in str(wrong["error"])
    assert refused(app.post("/api/user/registrasi", content=b"nik=1"))["status_code"] == 400
