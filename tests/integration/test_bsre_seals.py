"""Seals and one-time codes at BSrE's API, mailed by a real mail server; and seals at our own API."""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pypdfium2
import pytest

from esign import settings
from esign.api import server
from esign.api.app import create_app
from esign.ca.authority import Secret
from esign.registry import audit
from esign.registry.agencies import NewAgency
from esign.registry.models import Event, Scope, Signer, SignerKind
from esign.registry.signers import NewSigner, SignerChanges
from esign.service import parties, signers
from esign.service.services import Services
from tests import mail
from tests.bsre import Application, nik_of, refused
from tests.integration.authorities import Failing
from tests.integration.conftest import OPERATOR, PASSPHRASE, House
from tests.integration.test_api_codes import Ahead
from tests.integration.test_api_signing import sign
from tests.issued import serving_pages

Order = Callable[..., dict[str, str]]

OFFICER = "pejabat.segel@example.go.id"
INVISIBLE = [{"tampilan": "INVISIBLE"}]


@pytest.fixture(scope="module")
def clock() -> Ahead:
    return Ahead()


@pytest.fixture(scope="module")
def post() -> Iterator[mail.Server]:
    with mail.serving() as opened:
        yield opened


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, clock: Ahead, post: mail.Server) -> Iterator[House]:
    """A service that sends by mail."""
    folder = tmp_path_factory.mktemp("seals")
    values = settings.Settings(
        data_dir=folder,
        ca_dir=folder / "ca",
        public_url="https://surat.example.go.id",
        pki_url="http://127.0.0.1:8000/pki",
        sandbox_workers=1,
        report_seal="",
        smtp_url=f"smtp://{post.host}:{post.port}",
        smtp_starttls=False,
        mail_from="tte@example.go.id",
        bsre_replay_seconds=0,
        log_format="json",
    )
    with Services.open(values, clock=clock) as services:
        new = NewAgency(slug="dinkes", name="Dinas Kesehatan", domain="surat.example.go.id")
        agency = parties.add_agency(services, new, OPERATOR)
        app = create_app(services)
        with server.running(app, values, port=0) as url:
            yield House(services, agency, folder, url, app)


_numbers = iter(range(7000, 8000))


@pytest.fixture
def seal(own: House) -> Signer:
    """A seal of its own for each test: codes are sent to one at most every half minute."""
    new = NewSigner(
        agency_id=own.agency.id,
        kind=SignerKind.SEAL,
        name="Dinas Kesehatan Kabupaten Contoh",
        subscriber=str(next(_numbers)),
        email=OFFICER,
    )
    return signers.enrol(own.services, new, own.agency.name, Secret(PASSPHRASE), OPERATOR)


@pytest.fixture(scope="module")
def application(own: House) -> Application:
    return Application(own)


@pytest.fixture
def app(application: Application) -> Iterator[httpx.Client]:
    with application.client() as client:
        yield client


def asked(client: httpx.Client, path: str, **body: object) -> dict[str, Any]:
    answer = client.post(f"/api/v2/{path}", json=body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    assert "error" not in told
    return told


def code_in(post: mail.Server, to: str = OFFICER) -> str:
    newest = post.mails[-1]
    assert newest.to == [to]
    found: set[str] = set(re.findall(r"\b\d{6}\b", mail.text_of(newest.message)))
    assert len(found) == 1
    return found.pop()


def activated(client: httpx.Client, post: mail.Server, seal: Signer) -> str:
    """The code of an activation, as its officer got it."""
    told = asked(client, "seal/get/activation", idSubscriber=seal.subscriber)
    assert told == {"success": True, "message": "TOTP Aktivasi berhasil dikirim", "data": None}
    return code_in(post)


def files(*pdfs: bytes) -> list[str]:
    return [b64encode(each).decode() for each in pdfs]


def another(code: str) -> str:
    """Another code than that."""
    return f"{(int(code) + 1) % 1_000_000:06}"


def events(house: House, kind: Event, signer: Signer) -> list[dict[str, Any]]:
    with house.services.database.read() as session:
        return [dict(each.data) for each in audit.of_kind(session, kind) if each.signer_id == signer.id]


def test_a_seal_is_opened_by_its_officer_and_seals_batches_without_him(
    own: House, app: httpx.Client, post: mail.Server, seal: Signer, pdf: bytes
) -> None:
    totp = activated(app, post, seal)
    told = asked(app, "seal/get/activation", idSubscriber=seal.subscriber, totp=totp)
    assert (told["success"], told["message"]) == (True, None)
    data = told["data"]
    assert (data["message"], data["totp"], data["result"]) == ("TOTP Aktivasi masih berlaku", totp, True)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", data["expires"])
    ends = datetime.strptime(data["expires"], "%Y-%m-%dT%H:%M:%S.%f%z")
    assert timedelta(hours=23) < ends - own.services.clock.now() <= timedelta(hours=24)

    batch = asked(app, "seal/get/totp", idSubscriber=seal.subscriber, data="2", totp=totp)
    assert (list(batch), batch["message"]) == (["message", "totp", "expires", "result"], "TOTP berhasil dibuat")
    assert batch["totp"] != totp
    one = {
        "tampilan": "VISIBLE",
        "page": 1,
        "originX": 40,
        "originY": 700,
        "width": 240,
        "height": 90,
        "reason": "Segel",
    }
    body = {"idSubscriber": seal.subscriber, "totp": batch["totp"], "signatureProperties": [one]}
    sealed = asked(app, "seal/pdf", **body, file=files(pdf, pdf))
    assert (list(sealed), type(sealed["time"]), len(sealed["file"])) == (["time", "file"], int, 2)
    for each in sealed["file"]:
        assert b64decode(each).startswith(pdf)
        found = asked(app, "verify/pdf", file=each)
        assert found["conclusion"] == "VALID"
        (signature,) = found["signatureInformations"]
        assert signature["signerName"] == "Dinas Kesehatan Kabupaten Contoh"
        assert (signature["reason"], signature["ltv"]) == ("Segel", True)
    more = app.post("/api/v2/seal/pdf", json={
        "idSubscriber": seal.subscriber, "totp": batch["totp"], "signatureProperties": INVISIBLE, "file": files(pdf)
    })  # fmt: skip
    assert "TOTP" in str(refused(more)["error"])
    assert events(own, Event.SEAL_CODE_MADE, seal) == [{"authority": "dev", "signatures": 2}]
    assert totp not in str(events(own, Event.SEAL_ACTIVATION_REQUESTED, seal) + events(own, Event.CODE_SENT, seal))


def test_a_revoked_activation_opens_nothing_and_its_batch_neither(
    own: House, app: httpx.Client, post: mail.Server, seal: Signer, pdf: bytes
) -> None:
    totp = activated(app, post, seal)
    batch = asked(app, "seal/get/totp", idSubscriber=int(seal.subscriber or 0), data=1, otp=totp)["totp"]
    told = asked(app, "seal/revoke/activation", idSubscriber=seal.subscriber, totp=totp)
    assert (list(told), told["success"], told["data"]) == (["success", "message", "data"], True, None)
    assert len(events(own, Event.SEAL_ACTIVATION_REVOKED, seal)) == 1
    for path, body in (
        ("seal/get/activation", {"totp": totp}),
        ("seal/get/totp", {"totp": totp, "data": 1}),
        ("seal/revoke/activation", {"totp": totp}),
        ("seal/pdf", {"totp": batch, "signatureProperties": INVISIBLE, "file": files(pdf)}),
    ):
        answer = app.post(f"/api/v2/{path}", json={"idSubscriber": seal.subscriber, **body})
        assert "TOTP" in str(refused(answer)["error"])


def test_an_activation_ends_after_a_day(app: httpx.Client, post: mail.Server, seal: Signer, clock: Ahead) -> None:
    totp = activated(app, post, seal)
    clock.by += timedelta(hours=23, minutes=58)
    asked(app, "seal/get/activation", idSubscriber=seal.subscriber, totp=totp)
    clock.by += timedelta(minutes=4)
    refused(app.post("/api/v2/seal/get/activation", json={"idSubscriber": seal.subscriber, "totp": totp}))


def test_wrong_codes_are_counted_and_lock_the_seal(app: httpx.Client, post: mail.Server, seal: Signer) -> None:
    totp = activated(app, post, seal)
    wrong = {"idSubscriber": seal.subscriber, "totp": another(totp), "data": 1}
    paths = ["seal/get/activation", "seal/get/totp", "seal/revoke/activation", "seal/get/totp", "seal/get/totp"]
    for path in paths:
        assert "TOTP" in str(refused(app.post(f"/api/v2/{path}", json=wrong))["error"])
    for path in paths[:3]:
        locked = refused(app.post(f"/api/v2/{path}", json=wrong | {"totp": totp}))
        assert locked["status_code"] == 2031
        assert "dikunci" in str(locked["error"])
    assert (
        refused(app.post("/api/v2/seal/get/activation", json={"idSubscriber": seal.subscriber}))["status_code"] == 2031
    )


def test_activations_are_not_sent_one_upon_the_other(
    app: httpx.Client, post: mail.Server, seal: Signer, clock: Ahead
) -> None:
    first = activated(app, post, seal)
    again = app.post("/api/v2/seal/get/activation", json={"idSubscriber": seal.subscriber})
    assert refused(again, 429)["status_code"] == 429
    assert 1 <= int(again.headers["retry-after"]) <= 30
    clock.by += timedelta(seconds=31)
    second = activated(app, post, seal)
    asked(app, "seal/get/activation", idSubscriber=seal.subscriber, totp=second)
    if first != second:
        refused(app.post("/api/v2/seal/get/activation", json={"idSubscriber": seal.subscriber, "totp": first}))


@pytest.mark.parametrize(
    ("path", "body", "number", "word"),
    [
        ("seal/get/activation", {}, 400, "idSubscriber"),
        ("seal/get/activation", {"idSubscriber": ""}, 400, "idSubscriber"),
        ("seal/get/activation", {"idSubscriber": "no-such"}, 2011, "tidak terdaftar"),
        ("seal/get/activation", {"idSubscriber": ["1"]}, 400, "idSubscriber"),
        ("seal/get/activation", {"idSubscriber": "\ud800"}, 400, "idSubscriber"),
        ("seal/get/activation", {"idSubscriber": "1\0"}, 400, "idSubscriber"),
        ("seal/get/activation", {"idSubscriber": "x" * 5000}, 2011, "tidak terdaftar"),
        ("seal/get/totp", {"idSubscriber": "1"}, 400, "totp"),
        ("seal/get/totp", {"totp": "123456"}, 400, "idSubscriber"),
        ("seal/get/totp", {"idSubscriber": "1", "totp": "123456", "data": "banyak"}, 400, "data"),
        ("seal/get/totp", {"idSubscriber": "1", "totp": "123456", "data": 0}, 400, "data"),
        ("seal/get/totp", {"idSubscriber": "1", "totp": "123456", "data": 10001}, 400, "data"),
        ("seal/get/totp", {"idSubscriber": "1", "totp": "123456", "data": -1}, 400, "data"),
        ("seal/get/totp", {"idSubscriber": "1", "totp": "123456", "data": 1.5}, 400, "data"),
        ("seal/get/totp", {"idSubscriber": "1", "totp": "123456", "data": "9" * 5000}, 400, "data"),
        ("seal/get/totp", {"idSubscriber": "1", "totp": "123456"}, 2011, "tidak terdaftar"),
        ("seal/revoke/activation", {"idSubscriber": "1"}, 400, "totp"),
        ("seal/revoke/activation", {"idSubscriber": "1", "totp": "1"}, 2011, "tidak terdaftar"),
        ("seal/pdf", {"idSubscriber": "1"}, 400, "totp"),
        ("seal/pdf", {"totp": "1"}, 400, "idSubscriber"),
        ("seal/pdf", {"idSubscriber": "1", "totp": "1"}, 400, "file"),
        ("sign/get/totp", {}, 4014, "NIK atau email"),
        ("sign/get/totp", {"nik": "3299999999999999"}, 2011, "tidak terdaftar"),
        ("sign/get/totp", {"email": "x@y.z", "data": "nol"}, 400, "data"),
    ],
)
def test_what_is_missing_or_wrong_is_told(
    app: httpx.Client, path: str, body: dict[str, object], number: int, word: str
) -> None:
    told = refused(app.post(f"/api/v2/{path}", content=json.dumps(body).encode()))
    assert told["status_code"] == number
    assert word in str(told["error"])


def test_a_file_that_can_not_be_sealed_is_refused_and_costs_no_code(
    app: httpx.Client, post: mail.Server, seal: Signer, pdf: bytes
) -> None:
    totp = activated(app, post, seal)
    batch = asked(app, "seal/get/totp", idSubscriber=seal.subscriber, data=1, totp=totp)["totp"]
    body = {"idSubscriber": seal.subscriber, "totp": batch, "signatureProperties": INVISIBLE}
    for wrong in ([], ["%%"], files(b"no PDF"), files(pdf, b"no PDF")):
        refused(app.post("/api/v2/seal/pdf", json=body | {"file": wrong}))
    refused(app.post("/api/v2/seal/pdf", json=body | {"file": files(pdf), "signatureProperties": [{}]}))
    assert len(asked(app, "seal/pdf", **body, file=files(pdf))["file"]) == 1


def test_a_seal_without_a_usable_certificate_opens_nothing(own: House, app: httpx.Client, seal: Signer) -> None:
    ca = own.services.dev_ca
    assert ca is not None
    body = {"idSubscriber": seal.subscriber, "totp": "123456", "data": 1}
    ca.suspend(seal.id)
    for path in ("seal/get/activation", "seal/get/totp", "seal/revoke/activation"):
        assert refused(app.post(f"/api/v2/{path}", json=body))["status_code"] == 2024
    ca.revoke(seal.id)
    assert refused(app.post("/api/v2/seal/get/activation", json=body))["status_code"] == 2025
    parties.change_signer(own.services, own.agency.id, seal.id, SignerChanges(enabled=False), OPERATOR)
    assert refused(app.post("/api/v2/seal/get/activation", json=body))["status_code"] == 2011


def test_a_person_is_no_seal_and_a_seal_no_person(own: House, app: httpx.Client, seal: Signer, pdf: bytes) -> None:
    person = own.signer(email="budi@example.go.id", subscriber="42")
    refused(app.post("/api/v2/seal/get/activation", json={"idSubscriber": "42"}))
    refused(app.post("/api/v2/sign/get/totp", json={"email": OFFICER}))
    assert asked(app, "user/check/status", email=OFFICER)["status_code"] == 2011
    own_api = own.key(Scope.LETTERS_SIGN)
    with own.client(own_api) as client:
        answer = client.post(f"/v1/signers/{seal.id}/codes", json={})
        assert (answer.status_code, answer.json()["code"]) == (422, "authority.no_codes")
    assert person.kind is SignerKind.PERSON
    chain = app.get(f"/api/v2/user/certificate/chain/{seal.subscriber}").json()["data"]
    assert len(chain) == 3


def test_a_person_signs_with_the_code_that_he_was_mailed(
    own: House, app: httpx.Client, post: mail.Server, pdf: bytes
) -> None:
    person = own.signer(email="wayan@example.go.id")
    told = asked(app, "sign/get/totp", nik=nik_of(own, person), data="2")
    assert told == {"success": True, "message": "TOTP berhasil dikirim", "data": None}
    code = code_in(post, "wayan@example.go.id")
    signed = asked(
        app, "sign/pdf", email="Wayan@example.go.id", totp=code, signatureProperties=INVISIBLE, file=files(pdf, pdf)
    )
    assert len(signed["file"]) == 2
    soon = app.post("/api/v2/sign/get/totp", json={"email": "wayan@example.go.id"})
    refused(soon, 429)
    nobody = own.signer()
    refused(app.post("/api/v2/sign/get/totp", json={"nik": nik_of(own, nobody)}))  # he has no address


def test_each_call_needs_its_scope(own: House, seal: Signer) -> None:
    body = {"idSubscriber": seal.subscriber, "totp": "1", "nik": "3299999999999999", "data": 1}
    with Application(own, Scope.SIGNERS_READ).client() as client:
        for path in ("seal/get/activation", "seal/get/totp", "seal/revoke/activation", "seal/pdf", "sign/get/totp"):
            refused(client.post(f"/api/v2/{path}", json=body), 403)


def test_trouble_that_is_not_the_clients_is_told_as_that(
    own: House, application: Application, post: mail.Server, seal: Signer
) -> None:
    body = {"idSubscriber": seal.subscriber}
    post.refuse_data = "451 later"
    try:
        with application.client() as client:
            assert int(str(refused(client.post("/api/v2/seal/get/activation", json=body), 503)["status_code"])) == 503
    finally:
        post.refuse_data = None
    assert own.services.dev_ca is not None
    down = Failing(own.services.dev_ca, down=True).within(own.services)
    with own.serving(down) as url, application.client(url) as client:
        refused(client.post("/api/v2/seal/get/activation", json=body), 503)


# --- at our own API ---


def test_a_seal_signs_letters_with_passphrase_or_code_and_is_told_as_a_seal(
    own: House, app: httpx.Client, post: mail.Server, seal: Signer, order: Order, pdf: bytes
) -> None:
    key = own.key(Scope.LETTERS_SIGN, Scope.LETTERS_READ)
    stamp = '{"kind": "box", "page": 1, "x": 40, "y": 60, "width": 240, "height": 100}'
    with own.client(key) as client:
        given = order(signer=seal.id, placement=stamp, footer="true", profile="B-T")
        signed = sign(client, pdf, given)
        assert signed.status_code == 201, signed.text
        batch = asked(app, "seal/get/totp", idSubscriber=seal.subscriber, totp=activated(app, post, seal))["totp"]
        coded = sign(client, pdf, order(signer=seal.id, passphrase=None, code=batch))
        assert coded.status_code == 201, coded.text
        assert sign(client, pdf, order(signer=seal.id, passphrase="salah sekali")).status_code == 403
        record = client.get(f"/v1/letters/{signed.headers['letter-id']}").json()
    (signature,) = record["signatures"]
    assert (signature["signer"]["kind"], signature["signer"]["office"]) == ("seal", None)
    text = printed(signed.content)
    assert "Disegel secara elektronik oleh:" in text
    assert "Dinas Kesehatan Kabupaten Contoh" in text
    assert "telah disegel secara elektronik" in text
    assert text.count("itandatangani") == printed(pdf).count("itandatangani")
    assert text.count("NIP") == printed(pdf).count("NIP")
    with serving_pages(own) as url, httpx.Client(base_url=url, timeout=60) as public:
        page = public.get(f"/v/{record['code']}").text
        assert "Disegel oleh" in page
        assert "Ditandatangani oleh" not in page
        assert "Sealed by" in public.get(f"/v/{record['code']}?lang=en").text
        checked = public.post("/v1/verify", files={"file": signed.content}).json()
        shown = public.post("/verify", files={"file": signed.content}).text
    assert (checked["told"]["colour"], checked["letter"]["signatures"][0]["kind"]) == ("green", "seal")
    found = checked["report"]["signatures"][0]
    assert found["signer"]["seal"] is True
    assert found["sentence"]["id"].startswith("Disegel oleh Dinas Kesehatan Kabupaten Contoh, terbukti")
    assert "tidak berubah sejak disegel" in found["sentence"]["id"]
    assert found["sentence"]["en"].startswith("Sealed by Dinas Kesehatan Kabupaten Contoh")
    assert "Segel milik" in shown
    assert "Ditandatangani oleh" not in shown


def printed(pdf: bytes) -> str:
    """What the first page shows, widgets included."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        document.init_forms()
        page = document[0]
        if document.formenv is not None:
            page.flatten()
            page.close()
            page = document[0]
        return " ".join(page.get_textpage().get_text_range().split())
    finally:
        document.close()
