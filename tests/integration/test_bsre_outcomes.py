"""What goes wrong at a BSrE service, each thing told apart; and files that come back otherwise than they should."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from esign import errors
from esign.ca.authority import Consent, Secret
from esign.pades.page_content import append_content
from esign.pades.placement import BoxPlacement
from esign.pades.spec import PageContent, PlacedDrawing
from esign.pades.stamp import draw
from esign.pades.theme import StampTheme
from esign.registry import clients, signatures
from esign.registry.models import Scope, Signer
from esign.service import letters
from esign.service.orders import Caller, LetterFields, LetterQuery, SignOrder
from tests import letter_files
from tests.bsre_service import Request, Said, Service, blank_500, refusal, signed
from tests.integration.bsre_house import BsreHouse, connected
from tests.integration.conftest import PASSPHRASE, House
from tests.stamped_pages import REGENT

NUMBERS = count(1)
SECRET = Consent(Secret(PASSPHRASE))
LETTER = letter_files.read("typst")
OTHER = letter_files.read("pdftex")
BOX = BoxPlacement(page=1, x=300, y=120, width=210, height=80)
SIGN = {"v2": "/api/v2/sign/pdf", "v1": "/api/sign/pdf"}


@pytest.fixture
def caller(house: House) -> Caller:
    scopes = frozenset({Scope.LETTERS_SIGN, Scope.LETTERS_READ})
    key = house.key(*scopes)
    with house.services.database.read() as session:
        found = clients.authenticate(session, house.services.keys, key, None)
    return Caller(found.client.id, "uji", house.agency.id, scopes, "request-of-test")


@pytest.fixture(scope="module")
def official(house: House) -> Signer:
    return house.signer(name="Ni Luh Sari")


@pytest.fixture(params=["v2", "v1"])
def at(request: pytest.FixtureRequest, house: House, official: Signer, tmp_path: Path) -> Iterator[BsreHouse]:
    """A service of each version."""
    with connected(house, tmp_path, [official], api=request.param, sign_seconds=2) as opened:
        yield opened


@pytest.fixture
def v2(house: House, official: Signer, tmp_path: Path) -> Iterator[BsreHouse]:
    with connected(house, tmp_path, [official], sign_seconds=2) as opened:
        yield opened


def sign(
    at: BsreHouse,
    caller: Caller,
    official: Signer,
    number: str = "",
    consent: Consent = SECRET,
    profile: str = "B-T",
) -> Any:
    fields = LetterFields(number=number or f"GAGAL/{next(NUMBERS)}/2026", date=date(2026, 11, 23), subject="Undangan")
    order = SignOrder.model_validate({"signer": official.id, "placement": BOX, "profile": profile})
    return letters.sign_new(at.services, caller, LETTER, fields, order, consent)


def on_signing(said: Said) -> Callable[[Request], Said | None]:
    return lambda request: said if request.path in SIGN.values() else None


def orders(at: BsreHouse) -> int:
    """How often it was asked to sign."""
    return sum(len(at.service.asked(path)) for path in SIGN.values())


def found(at: BsreHouse, caller: Caller, number: str) -> list[str]:
    """The states of the letters of that number."""
    page = letters.search(at.services, caller, LetterQuery(number=number))
    return [each.status for each in page.items]


# --- before it is asked to sign ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("EXPIRED", errors.CredentialExpired),
        ("RENEW", errors.CredentialUnusable),
        ("WAITING_FOR_VERIFICATION", errors.CredentialUnusable),
        ("NEW", errors.CredentialNotYetValid),
        ("NO_CERTIFICATE", errors.CredentialMissing),
        ("NOT_REGISTERED", errors.CredentialMissing),
        ("SUSPEND", errors.CredentialSuspended),
        ("REVOKE", errors.CredentialRevoked),
    ],
)
def test_who_is_not_in_state_to_sign_is_not_asked_for_a_signature(
    at: BsreHouse, caller: Caller, official: Signer, status: str, error: type[errors.EsignError]
) -> None:
    for person in at.service.people.values():
        person.status, person.status_code = status, 2000
    with pytest.raises(error):
        sign(at, caller, official)
    assert orders(at) == 0


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("EXPIRED", errors.CredentialExpired),
        ("WAITING_FOR_VERIFICATION", errors.CredentialUnusable),
        ("NEW", errors.CredentialNotYetValid),
        ("REVOKE", errors.CredentialRevoked),
    ],
)
def test_why_he_may_not_sign_is_told_also_where_his_certificate_is_not_shown(
    house: House, caller: Caller, official: Signer, tmp_path: Path, status: str, error: type[errors.EsignError]
) -> None:
    with connected(house, tmp_path, [official], chains=False) as opened:
        for person in opened.service.people.values():
            person.status, person.status_code = status, 2000
        with pytest.raises(error):
            sign(opened, caller, official)


def test_a_service_that_does_not_let_us_in_is_told_apart(
    house: House, caller: Caller, official: Signer, tmp_path: Path
) -> None:
    with connected(house, tmp_path, [official]) as opened:
        unauthorised = Said(401, json.dumps({"timestamp": "…", "status": 401, "error": "Unauthorized"}).encode())
        opened.service.instead = lambda _request: unauthorised
        with pytest.raises(errors.AuthorityNotAdmitted):
            sign(opened, caller, official)
        assert opened.authority.problems() == (
            "it does not let this service in: user name, password, network address or switch",
        )


def test_a_service_that_is_not_there_has_signed_nothing(
    house: House, caller: Caller, official: Signer, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    with connected(house, tmp_path, [official], url=f"http://127.0.0.1:{port}") as opened:
        with pytest.raises(errors.AuthorityUnavailable):
            sign(opened, caller, official, "TIDAKADA/1")
        assert opened.authority.problems() == (f"it can't be reached at http://127.0.0.1:{port}",)
        assert found(opened, caller, "TIDAKADA/1") == []


@pytest.mark.parametrize("said", [blank_500(), Said(503, b""), Said(200, b"", silent=True), Said(200, b"{}", cut=1)])
def test_a_status_that_is_not_told_keeps_from_signing(
    house: House, caller: Caller, official: Signer, tmp_path: Path, said: Said
) -> None:
    with connected(house, tmp_path, [official], seconds=1) as opened:
        opened.service.instead = lambda request: said if "status" in request.path else None
        with pytest.raises(errors.AuthorityUnavailable):
            sign(opened, caller, official)
        assert orders(opened) == 0


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (refusal(2011, "User tidak terdaftar"), errors.SignerUnknown),
        (refusal(2021, "User tidak memiliki sertifikat"), errors.CredentialMissing),
        (refusal(2022, "Sertifikat expired"), errors.CredentialExpired),
        (refusal(2024, "Sertifikat ditangguhkan"), errors.CredentialSuspended),
        (refusal(2025, "Sertifikat dicabut"), errors.CredentialRevoked),
        (refusal(2041, "PDF tidak valid"), errors.AuthorityRefused),
        (blank_500(), errors.AuthorityRefused),
        (Said(413, b"<html>"), errors.AuthorityRefused),
        (Said(429, b""), errors.AuthorityUnavailable),
        (Said(503, b""), errors.AuthorityUnavailable),
    ],
)
def test_what_it_refuses_is_told_and_leaves_no_letter(
    at: BsreHouse, caller: Caller, official: Signer, said: Said, error: type[errors.EsignError]
) -> None:
    at.service.instead = on_signing(said)
    number = f"TOLAK/{next(NUMBERS)}"
    with pytest.raises(error) as caught:
        sign(at, caller, official, number)
    assert PASSPHRASE not in str(caught.value)
    assert (orders(at), found(at, caller, number)) == (1, [])


def test_a_wrong_passphrase_is_counted_and_the_letter_is_as_before(
    at: BsreHouse, caller: Caller, official: Signer
) -> None:
    number = f"SALAH/{next(NUMBERS)}"
    with pytest.raises(errors.WrongPassphrase) as caught:
        sign(at, caller, official, number, Consent(Secret("keliru sekali")))
    assert caught.value.details["remaining"] == 4
    assert found(at, caller, number) == []
    assert sign(at, caller, official, number).status == "signed"


# --- an outcome that nobody knows ----------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        Said(200, b"", silent=True),
        Said(200, b'{"time": 1, "file": ["JVBE', cut=20),
        Said(200, b"%PDF-1.7 cut off", cut=4),
        Said(502, b"<html>"),
        Said(504, b"<html>"),
    ],
    ids=["silent", "cut", "cut early", "502", "504"],
)
def test_an_outcome_that_is_not_known_keeps_the_letter_in_doubt_and_is_never_tried_again(
    at: BsreHouse, caller: Caller, official: Signer, said: Said
) -> None:
    at.service.instead = on_signing(said)
    number = f"RAGU/{next(NUMBERS)}"
    with pytest.raises(errors.SigningOutcomeUnknown):
        sign(at, caller, official, number)
    assert (orders(at), found(at, caller, number)) == (1, ["unknown"])
    at.service.instead = lambda _request: None
    with pytest.raises(errors.EsignError):
        sign(at, caller, official, number)
    assert orders(at) == 1


@pytest.mark.parametrize("body", [b"<html>masuk</html>", b"[]", b'{"time": 1}', b'{"file": "x"}', b'{"file": ["A"]}'])
def test_a_success_that_can_not_be_read_is_in_doubt(
    v2: BsreHouse, caller: Caller, official: Signer, body: bytes
) -> None:
    v2.service.instead = on_signing(Said(200, body))
    with pytest.raises(errors.SigningOutcomeUnknown):
        sign(v2, caller, official)


@pytest.mark.parametrize("files", [[], [""], [None], ["JVBERi0=", "JVBERi0="]])
def test_a_success_without_the_file_is_told_as_such(
    v2: BsreHouse, caller: Caller, official: Signer, files: list[object]
) -> None:
    v2.service.instead = on_signing(Said(200, json.dumps({"time": 1, "file": files}).encode()))
    with pytest.raises(errors.AuthorityRefused, match="without the signed file"):
        sign(v2, caller, official)


def test_an_answer_without_end_is_given_up(v2: BsreHouse, caller: Caller, official: Signer) -> None:
    v2.service.instead = on_signing(Said(200, b" " * 12_000_000))
    with pytest.raises(errors.SigningOutcomeUnknown):
        sign(v2, caller, official)


# --- files that are not what they should be ------------------------------------------------------


def _once_more(service: Service, pdf: bytes, holder: str) -> bytes:
    with service.ca.activate(holder, SECRET) as activation:
        return signed(pdf, activation, service, name="kedua")


def _changed(sent: bytes) -> bytes:
    stamp = draw(REGENT, StampTheme(), 200, 80)
    return sent + append_content(sent, PageContent(PlacedDrawing(stamp, 0, 20, 20)))


def _spoilt(case: str, service: Service, official: Signer, stranger: Signer) -> Callable[[bytes, bytes], bytes]:
    def by(holder: str, pdf: bytes) -> bytes:
        with service.ca.activate(holder, SECRET) as activation:
            return signed(pdf, activation, service)

    def value(_sent: bytes, made: bytes) -> bytes:
        at = made.rindex(b"/Contents <") + 600
        return made[:at] + bytes([made[at] ^ 1]) + made[at + 1 :]

    ways: dict[str, Callable[[bytes, bytes], bytes]] = {
        "unsigned": lambda sent, _made: sent,
        "another PDF": lambda _sent, _made: by(official.id, OTHER),
        "no PDF": lambda _sent, _made: b"Berhasil",
        "changed before it was signed": lambda sent, _made: by(official.id, _changed(sent)),
        "changed after it was signed": lambda _sent, made: _changed_after(made),
        "two signatures more": lambda _sent, made: _once_more(service, made, official.id),
        "another signer": lambda sent, _made: by(stranger.id, sent),
        "a spoilt value": value,
        "cut off": lambda _sent, made: made[:-2000],
        "bytes behind it": lambda _sent, made: made + b"9 0 obj\n<</x 1>>\nendobj\n",
        "a byte of ours changed": lambda _sent, made: made.replace(b"%PDF-1.7", b"%PDF-1.6", 1),
    }
    return ways[case]


def _changed_after(made: bytes) -> bytes:
    """The letter signed, and its page content changed behind the signature."""
    number, content = _content_of(made)
    start = len(made) + 1
    body = b"\n%d 0 obj\n<</Length %d>>\nstream\n%b\nendstream\nendobj\n" % (number, len(content), content)
    xref = len(made) + len(body)
    previous = int(re.findall(rb"startxref\s+(\d+)", made)[-1])
    size = max(int(each) for each in re.findall(rb"/Size (\d+)", made))
    table = b"xref\n%d 1\n%010d 00000 n \ntrailer\n<</Size %d/Root %b/Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
    root = re.findall(rb"/Root (\d+ \d+ R)", made)[-1]
    return made + body + table % (number, start, size, root, previous, xref)


def _content_of(pdf: bytes) -> tuple[int, bytes]:
    number = int(re.findall(rb"/Contents (\d+) 0 R", pdf)[0])
    return number, b"BT ET"


CASES = {
    "unsigned": "not a prefix",
    "another PDF": "not a prefix",
    "no PDF": "not a prefix",
    "changed before it was signed": "/Contents of a page changed",
    "changed after it was signed": "was changed",
    "two signatures more": "2 signatures more instead of one",
    "another signer": "certificate",
    "a spoilt value": "",
    "cut off": "0 fields hold the new signature",
    "bytes behind it": "bytes after the last revision",
    "a byte of ours changed": "not a prefix",
}
"""What is spoilt, and what is told of it."""


@pytest.fixture(scope="module")
def stranger(house: House) -> Signer:
    return house.signer(name="Orang Lain")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("chains", [True, False], ids=["certificate told", "certificate not told"])
def test_a_file_that_is_not_the_letter_with_his_signature_is_held_back(
    house: House, caller: Caller, official: Signer, stranger: Signer, tmp_path: Path, case: str, chains: bool
) -> None:
    number = f"PALSU/{next(NUMBERS)}"
    with connected(house, tmp_path, [official], chains=chains) as at:
        at.service.spoil = _spoilt(case, at.service, official, stranger)
        before = _quarantined(house)
        with pytest.raises(errors.SelfCheckFailed):
            sign(at, caller, official, number)
        assert found(at, caller, number) == []
    assert len(_quarantined(house)) == len(before) + 1
    with house.services.database.read() as session:
        told = signatures.quarantined(session)[-1].details
    assert CASES[case] in str(told)


def _quarantined(house: House) -> list[str]:
    with house.services.database.read() as session:
        return [each.sha256 for each in signatures.quarantined(session)]


def test_a_letter_whose_signer_turns_out_to_be_revoked_is_held_back(
    house: House, caller: Caller, tmp_path: Path
) -> None:
    signer = house.signer(name="Ni Luh Sari")
    with connected(house, tmp_path, [signer]) as at:

        def revoked(_sent: bytes, made: bytes) -> bytes:
            at.service.ca.revoke(signer.id)
            return made

        at.service.spoil = revoked
        with pytest.raises(errors.CredentialRevoked):
            sign(at, caller, signer, "CABUT/1", profile="B-LT")
        assert found(at, caller, "CABUT/1") == []
    with house.services.database.read() as session:
        told = signatures.quarantined(session)[-1].details
    assert told == {"problems": ["credential.revoked was found after it was signed"]}


def test_a_service_that_gives_one_file_without_a_list_is_understood(
    house: House, caller: Caller, official: Signer, tmp_path: Path
) -> None:
    with connected(house, tmp_path, [official]) as at:

        def bare(said: Said) -> Said:
            told = json.loads(said.body)
            return Said(200, json.dumps(told | {"file": told["file"][0]}).encode()) if "file" in told else said

        at.service.reshape = bare
        assert sign(at, caller, official).status == "signed"


def test_a_stamp_that_is_drawn_elsewhere_is_held_back_with_the_likely_reason(
    house: House, caller: Caller, official: Signer, tmp_path: Path
) -> None:
    with connected(house, tmp_path, [official], api="v1", v1_rect="corners", rect="size") as at:
        with pytest.raises(errors.SelfCheckFailed):
            sign(at, caller, official)
        with house.services.database.read() as session:
            last = signatures.quarantined(session)[-1]
    assert last.details == {"problems": ["the stamp is not in the box where it was put (v1: is v1_rect right?)"]}


def test_of_several_letters_none_is_released_where_one_comes_back_wrong(
    v2: BsreHouse, caller: Caller, official: Signer
) -> None:
    v2.service.spoil = lambda sent, made: sent if sent.startswith(OTHER) else made
    order = SignOrder.model_validate({"signer": official.id, "profile": "B-T", "placement": {"kind": "invisible"}})
    given = [
        letters.HandedIn(
            pdf, LetterFields(number=f"BANYAK/{next(NUMBERS)}", date=date(2026, 11, 23), subject="Undangan"), order
        )
        for pdf in (LETTER, OTHER)
    ]
    with pytest.raises(errors.SelfCheckFailed):
        letters.sign_all(v2.services, caller, given, SECRET)
    for each in given:
        assert isinstance(each.fields, LetterFields)
        assert found(v2, caller, each.fields.number) == []
