"""One-time codes over the whole way: asked for by API, mailed to a real mail server, and signed with."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import httpx
import pytest
from typer.testing import CliRunner

from esign import settings
from esign.api import server
from esign.api.app import create_app
from esign.ca.authority import Secret
from esign.ca.dev import HolderKind, Subject
from esign.cli.outbox import app as outbox
from esign.errors import SignerUnknown, WrongCode
from esign.registry import audit
from esign.registry import signers as registered
from esign.registry.agencies import NewAgency
from esign.registry.models import Event, Scope, Signer
from esign.registry.signers import SignerChanges
from esign.service import parties
from esign.service.services import Services
from esign.x509.clock import SystemClock
from esign.x509.keys import KeyAlgorithm
from tests import mail
from tests.integration.authorities import Failing
from tests.integration.conftest import OPERATOR, PASSPHRASE, House
from tests.integration.test_api_signing import sign

Order = Callable[..., dict[str, str]]


class Ahead:
    """A clock that a test sets forward: with the machine's, and some time more."""

    def __init__(self) -> None:
        self.by = timedelta()

    def now(self) -> datetime:
        return SystemClock().now() + self.by


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, mail.Server, Ahead]]:
    """A service that sends by mail, and the server that it sends to."""
    folder = tmp_path_factory.mktemp("posted")
    clock = Ahead()
    with mail.serving() as post:
        values = settings.Settings(
            data_dir=folder,
            ca_dir=folder / "ca",
            public_url="https://surat.example.go.id",
            pki_url="http://127.0.0.1:8000/pki",
            sandbox_workers=1,
            report_seal="",
            smtp_url=f"smtp://{post.host}:{post.port}",
            smtp_starttls=False,
            smtp_seconds=5,
            mail_from="tte@contoh.go.id",
        )
        with Services.open(values, clock=clock) as services:
            agency = parties.add_agency(
                services,
                NewAgency(slug="dinkes", name="Dinas Kesehatan", domain="contoh.go.id", timezone="Asia/Makassar"),
                OPERATOR,
            )
            app = create_app(services)
            with server.running(app, values, port=0) as url:
                yield House(services, agency, folder, url, app), post, clock


@pytest.fixture
def own(posted: tuple[House, mail.Server, Ahead]) -> House:
    return posted[0]


@pytest.fixture
def post(posted: tuple[House, mail.Server, Ahead]) -> mail.Server:
    posted[1].mails.clear()
    posted[1].refuse_recipient = posted[1].refuse_data = None
    return posted[1]


@pytest.fixture
def clock(posted: tuple[House, mail.Server, Ahead]) -> Ahead:
    return posted[2]


@pytest.fixture
def official(own: House) -> Signer:
    return own.signer(email="sari@contoh.go.id")


@pytest.fixture
def caller(own: House) -> Iterator[httpx.Client]:
    with own.client(own.key(Scope.LETTERS_SIGN)) as client:
        yield client


def ask(client: httpx.Client, signer: Signer, **wish: object) -> httpx.Response:
    return client.post(f"/v1/signers/{signer.id}/codes", json=wish)


def code_in(post: mail.Server) -> str:
    found = re.findall(r"\b\d{6}\b", mail.text_of(post.mails[-1].message))
    assert len(found) == 2  # once in each language
    assert len(set(found)) == 1
    return str(found[0])


def with_code(order: Order, signer: Signer, code: str, **given: str | None) -> dict[str, str]:
    return order(signer=signer.id, passphrase=None, code=code, **given)


def events(house: House, kind: Event, signer: Signer) -> list[dict[str, object]]:
    with house.services.database.read() as session:
        return [dict(each.data) for each in audit.of_kind(session, kind) if each.signer_id == signer.id]


def test_an_official_signs_with_the_code_that_he_was_mailed(
    own: House, post: mail.Server, caller: httpx.Client, official: Signer, order: Order, pdf: bytes
) -> None:
    answer = ask(caller, official, signatures=2)
    assert answer.status_code == 202
    assert answer.json()["signer"]["id"] == official.id
    assert (answer.json()["authority"], answer.json()["signatures"]) == ("dev", 2)
    code = code_in(post)
    assert code not in answer.text
    for _ in range(2):
        signed = sign(caller, pdf, with_code(order, official, code))
        assert signed.status_code == 201, signed.text
        assert signed.content.startswith(pdf)
    refused = sign(caller, pdf, with_code(order, official, code))
    assert (refused.status_code, refused.json()["code"]) == (403, "signer.wrong_code")
    (sent,) = events(own, Event.CODE_SENT, official)
    (asked,) = events(own, Event.CODE_REQUESTED, official)
    assert (sent["purpose"], sent["signatures"], asked["signatures"]) == ("signing", 2, 2)
    assert code not in str(sent) + str(asked)


def test_a_draft_is_signed_with_a_code(
    post: mail.Server, caller: httpx.Client, official: Signer, order: Order, pdf: bytes
) -> None:
    fields = {name: order()[name] for name in ("number", "date", "subject")}
    draft = caller.post("/v1/letters", data=fields, files={"file": ("surat.pdf", pdf)})
    ask(caller, official)
    body = {"signer": official.id, "code": code_in(post), "profile": "B-B", "placement": {"kind": "invisible"}}
    assert caller.post(f"{draft.headers['location']}/signatures", json=body).status_code == 201


def test_the_mail_says_what_it_is_for_in_the_agency_s_time_and_has_no_link(
    post: mail.Server, caller: httpx.Client, official: Signer
) -> None:
    ask(caller, official, signatures=3)
    (received,) = post.mails
    assert received.to == ["sari@contoh.go.id"]
    text = mail.text_of(received.message)
    assert text.startswith("Kode: ")
    assert f"Untuk menandatangani 3 surat atas nama {official.name}." in text
    assert re.search(r"Berlaku sampai \d\d-\d\d-\d{4} pukul \d\d\.\d\d WITA\.", text)
    assert f"For signing 3 letters in the name of {official.name}." in text
    assert not re.search(r"https?:|www\.|contoh\.go\.id", text)
    assert not re.search(r"\d{6}", received.message["Subject"])


def test_a_wrong_code_is_counted_as_a_wrong_passphrase_is(
    own: House, post: mail.Server, caller: httpx.Client, official: Signer, order: Order, pdf: bytes
) -> None:
    ask(caller, official)
    wrong = f"{(int(code_in(post)) + 1) % 10**6:06}"
    statuses = [sign(caller, pdf, with_code(order, official, wrong)).status_code for _ in range(6)]
    assert statuses == [403] * 5 + [423]
    locked = ask(caller, official)
    assert (locked.status_code, locked.json()["code"]) == (423, "signer.locked")
    assert int(locked.headers["retry-after"]) > 60


def test_a_refused_code_leaves_its_idempotency_key_free(
    post: mail.Server, caller: httpx.Client, official: Signer, order: Order, pdf: bytes
) -> None:
    ask(caller, official)
    code = code_in(post)
    fields = with_code(order, official, f"{(int(code) + 1) % 10**6:06}")
    assert sign(caller, pdf, fields, idempotency_key=official.id).status_code == 403
    assert sign(caller, pdf, fields | {"code": code}, idempotency_key=official.id).status_code == 201
    again = sign(caller, pdf, fields | {"code": code}, idempotency_key=official.id)
    assert again.headers["idempotency-replayed"] == "true"


def test_one_of_passphrase_and_code_has_to_be_there(
    post: mail.Server, caller: httpx.Client, official: Signer, order: Order, pdf: bytes
) -> None:
    neither = sign(caller, pdf, order(signer=official.id, passphrase=None))
    assert neither.status_code == 422
    assert [each["field"] for each in neither.json()["errors"]] == ["passphrase"]
    ask(caller, official)
    both = order(signer=official.id, passphrase=PASSPHRASE, code=code_in(post))
    assert sign(caller, pdf, both).status_code == 201
    assert sign(caller, pdf, order(signer=official.id, passphrase=PASSPHRASE, code="000000")).status_code == 403


def test_a_second_code_is_sent_after_a_pause_through_whichever_client(
    own: House, post: mail.Server, caller: httpx.Client, official: Signer, clock: Ahead
) -> None:
    assert ask(caller, official).status_code == 202
    with own.client(own.key(Scope.LETTERS_SIGN)) as other:
        refused = ask(other, official)
        assert (refused.status_code, refused.json()["code"]) == (429, "signer.code_too_soon")
        assert 1 <= int(refused.headers["retry-after"]) <= 30
        clock.by += timedelta(seconds=31)
        assert ask(other, official).status_code == 202
    assert len(post.mails) == 2


@pytest.mark.parametrize("wish", [{"signatures": 0}, {"signatures": "many"}, {"signatures": 10_001}, {"sum": 1}])
def test_a_wish_that_is_none_is_refused(
    post: mail.Server, caller: httpx.Client, official: Signer, wish: dict[str, object]
) -> None:
    assert ask(caller, official, **wish).json()["code"] == "request.invalid"
    assert post.mails == []


def test_who_may_not_ask_or_is_not_there_is_refused(
    own: House, post: mail.Server, caller: httpx.Client, official: Signer
) -> None:
    with own.client(own.key(Scope.LETTERS_READ, Scope.SIGNERS_READ)) as reader:
        assert ask(reader, official).status_code == 403
    with own.client() as nobody:
        assert ask(nobody, official).status_code == 401
    assert caller.post("/v1/signers/nobody/codes", json={}).json()["code"] == "signer.unknown"
    assert caller.post("/v1/signers/3201014000000001/codes", json={}).status_code == 422
    assert caller.post(f"/v1/signers/{official.id}/codes", content=b"x").status_code == 415
    other = parties.add_agency(
        own.services, NewAgency(slug=f"a{official.id[:8].lower()}", name="Lain", domain="contoh.go.id"), OPERATOR
    )
    with own.client(own.key(Scope.LETTERS_SIGN, agency=other)) as stranger:
        assert ask(stranger, official).json()["code"] == "signer.unknown"
    assert post.mails == []


def test_without_a_usable_address_or_server_the_answer_says_so(
    own: House, post: mail.Server, caller: httpx.Client, official: Signer
) -> None:
    assert ask(caller, own.signer()).json()["code"] == "mail.refused"
    post.refuse_recipient = "450 later"
    answer = ask(caller, official)
    assert (answer.status_code, answer.json()["code"]) == (503, "mail.unavailable")
    assert answer.headers["retry-after"] == "30"
    post.refuse_recipient = "550 unknown"
    assert ask(caller, official).json()["code"] == "mail.refused"
    post.refuse_recipient = None
    assert ask(caller, official).status_code == 202  # what was never sent makes nobody wait


def test_a_suspended_official_is_sent_no_code(own: House, post: mail.Server, caller: httpx.Client) -> None:
    official = own.signer(email="budi@contoh.go.id")
    assert own.services.dev_ca is not None
    own.services.dev_ca.suspend(official.id)
    assert ask(caller, official).json()["code"] == "credential.suspended"
    assert post.mails == []


def test_a_seal_s_activation_goes_to_its_officer(own: House, post: mail.Server) -> None:
    officer = own.signer(name="Segel Dinas Kesehatan", email="petugas@contoh.go.id")
    ca = own.services.dev_ca
    assert ca is not None
    ca.revoke(officer.id)
    ca.issue(
        officer.id,
        Subject(name="Dinas Kesehatan", organisation="Pemkab"),
        Secret(PASSPHRASE),
        kind=HolderKind.SEAL,
        key=KeyAlgorithm.P256,
    )
    ca.seals().request(officer.id)
    (received,) = post.mails
    assert received.to == ["petugas@contoh.go.id"]
    assert "mengaktifkan segel elektronik Segel Dinas Kesehatan" in mail.text_of(received.message)
    activation = Secret(code_in(post))
    assert ca.seals().refresh(officer.id, activation).expires > own.services.clock.now() + timedelta(hours=23)
    ca.seals().revoke(officer.id, activation)
    with pytest.raises(WrongCode):
        ca.seals().refresh(officer.id, activation)
    (sent,) = events(own, Event.CODE_SENT, officer)
    assert (sent["purpose"], sent["signatures"]) == ("activation", None)


def test_an_official_who_is_switched_off_is_sent_nothing(own: House, post: mail.Server, caller: httpx.Client) -> None:
    official = own.signer(email="lama@contoh.go.id")
    with own.services.database.write() as session:
        registered.change(session, official, SignerChanges(enabled=False), own.services.clock.now())
    assert ask(caller, official).json()["code"] == "signer.unknown"
    assert own.services.dev_ca is not None
    with pytest.raises(SignerUnknown):
        own.services.dev_ca.codes().send(official.id, 1)
    assert post.mails == []


def test_no_code_is_left_in_the_service_s_files(
    own: House, post: mail.Server, caller: httpx.Client, official: Signer
) -> None:
    ask(caller, official)
    code = code_in(post).encode()
    held = [path for path in own.folder.rglob("*") if path.is_file() and path.stat().st_size < 10_000_000]
    assert any(path.name == "ca.sqlite" for path in held)
    # Six digits turn up by chance in long hexadecimal: what would hold the code holds it as text of its own.
    pattern = re.compile(rb"(?<![0-9a-fA-F])" + code + rb"(?![0-9a-fA-F])")
    assert not [
        path for path in held if path.suffix in {".db", ".eml", ".log", ".json"} and pattern.search(path.read_bytes())
    ]


def test_in_development_without_a_mail_server_the_code_lies_in_the_outbox(
    house: House, order: Order, pdf: bytes
) -> None:
    official = house.signer(email="sari@contoh.go.id")
    environment = {"ESIGN_DATA_DIR": str(house.folder)}
    with house.client(house.key(Scope.LETTERS_SIGN)) as client:
        assert ask(client, official).status_code == 202
        settings.load.cache_clear()
        listed = CliRunner().invoke(outbox, ["list"], env=environment).stdout
        shown = CliRunner().invoke(outbox, ["show"], env=environment).stdout
        settings.load.cache_clear()
        told = [line for line in listed.splitlines() if "request_id" not in line]  # the server logs here too
        assert "sari@contoh.go.id  Kode tanda tangan elektronik" in told[0]
        code = re.search(r"^Kode: (\d{6})$", shown, re.MULTILINE)
        assert code is not None
        assert sign(client, pdf, with_code(order, official, code[1])).status_code == 201
    refused = CliRunner().invoke(
        outbox, ["list"], env=environment | {"ESIGN_SMTP_URL": "smtp://x", "ESIGN_MAIL_FROM": "a@b.id"}
    )
    settings.load.cache_clear()
    assert refused.exit_code == 1
    assert "ESIGN_SMTP_URL" in refused.stderr


class Plain(Failing):
    """The dev CA without codes."""

    def codes(self) -> None:
        return None


def test_an_authority_without_codes_says_so(house: House) -> None:
    assert house.services.dev_ca is not None
    official = house.signer(email="sari@contoh.go.id")
    services = Plain(house.services.dev_ca).within(house.services)
    with house.serving(services) as url, house.client(house.key(Scope.LETTERS_SIGN), url) as client:
        assert ask(client, official).json()["code"] == "authority.no_codes"
