"""Letters signed through a BSrE service over a real socket, by the way of a letter from the order to the release."""

import logging
from collections.abc import Iterator
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pyhanko.sign.fields import SigSeedSubFilter

from esign.ca.authority import Consent, Secret
from esign.errors import (
    CodesUnsupported,
    ConsentIncomplete,
    LetterCertifiedWithoutRoom,
    TimestampUnavailable,
    WrongCode,
)
from esign.pades.letter import Limits, examine
from esign.pades.placement import BoxPlacement, InvisiblePlacement
from esign.registry import audit, clients
from esign.registry import signers as registry
from esign.registry.models import Scope, Signer
from esign.service import checking, letters, trying
from esign.service.letters import HandedIn
from esign.service.orders import Caller, LetterFields, PlannedSigner, SigningPlan, SignOrder
from esign.service.told import Colour
from esign.service.views import LetterView
from tests import letter_files
from tests.bsre_service import ACTIVATION, TOTP
from tests.integration.bsre_house import BsreHouse, connected
from tests.integration.conftest import PASSPHRASE, House
from tests.stamped_pages import codes, picture

NUMBERS = count(1)
SECRET = Consent(Secret(PASSPHRASE))
LETTER = letter_files.read("typst")
FIRST = BoxPlacement(page=1, x=300, y=120, width=210, height=80)
SECOND = BoxPlacement(page=1, x=70, y=120, width=210, height=80)


@pytest.fixture
def caller(house: House) -> Caller:
    scopes = frozenset({Scope.LETTERS_SIGN, Scope.LETTERS_READ})
    key = house.key(*scopes)
    with house.services.database.read() as session:
        found = clients.authenticate(session, house.services.keys, key, None)
    return Caller(found.client.id, "uji", house.agency.id, scopes, "request-of-test")


@pytest.fixture(scope="module")
def official(house: House) -> Signer:
    """One whose key is at the service."""
    return house.signer(name="Ni Luh Sari")


@pytest.fixture(scope="module")
def deputy(house: House) -> Signer:
    """Another."""
    return house.signer(name="Drs. I Made Contoh, M.Si.", office="Sekretaris Dinas")


@pytest.fixture
def at(house: House, official: Signer, deputy: Signer, tmp_path: Path) -> Iterator[BsreHouse]:
    with connected(house, tmp_path, [official, deputy]) as opened:
        yield opened


def fields() -> LetterFields:
    return LetterFields(number=f"BSRE/{next(NUMBERS)}/2026", date=date(2026, 11, 23), subject="Undangan")


def order(signer: Signer, **given: object) -> SignOrder:
    return SignOrder.model_validate({"signer": signer.id, "placement": FIRST, "profile": "B-T", **given})


def signed(at: BsreHouse, caller: Caller, asked: SignOrder, consent: Consent = SECRET) -> LetterView:
    return letters.sign_new(at.services, caller, LETTER, fields(), asked, consent)


def content(at: BsreHouse, caller: Caller, letter: LetterView) -> bytes:
    return letters.file(at.services, caller, letter.id).content


def colour(at: BsreHouse, pdf: bytes) -> Colour:
    return checking.upload(at.services, pdf).told.colour


def boxes(pdf: bytes) -> list[Any]:
    """Where its signatures are shown."""
    found = [each for each in examine(pdf, Limits()).fields if each.filled]
    return [None if each.box is None else tuple(round(side) for side in each.box) for each in found]


def levels(letter: LetterView) -> list[str]:
    return [each.level for each in letter.signatures]


@pytest.mark.parametrize("api", ["v2", "v1"])
@pytest.mark.parametrize("stamp", ["picture", "page"])
@pytest.mark.parametrize("name", ["typst", "cropped-rotated"])
def test_a_letter_is_signed_stamped_released_and_green(
    house: House, caller: Caller, official: Signer, tmp_path: Path, api: str, stamp: str, name: str
) -> None:
    pdf = letter_files.read(name)
    with connected(house, tmp_path, [official], api=api, stamp=stamp) as at:
        made = letters.sign_new(at.services, caller, pdf, fields(), order(official, footer=True), SECRET)
        out = content(at, caller, made)
        assert colour(at, out) is Colour.GREEN
    assert out.startswith(pdf)
    assert (made.status, levels(made)) == ("signed", ["B-T"])
    assert boxes(out) == [(300, 120, 510, 200) if stamp == "picture" else None]
    (code,) = codes(picture(out, 0, dpi=150))
    assert code.endswith(str(made.code).replace("-", ""))


@pytest.mark.parametrize("rect", ["corners", "size"])
def test_v1_services_of_both_kinds_put_the_stamp_into_its_box(
    house: House, caller: Caller, official: Signer, tmp_path: Path, rect: str
) -> None:
    with connected(house, tmp_path, [official], api="v1", v1_rect=rect, rect=rect) as at:
        assert signed(at, caller, order(official)).status == "signed"


@pytest.mark.parametrize(
    ("settings", "reached"),
    [
        ({}, "B-LT"),
        ({"stamped": False}, "B-B"),
        ({"stamped": False, "timestamps_url": "{}/pki/tsa"}, "B-LTA"),
        ({"timestamps_url": "{}/pki/tsa"}, "B-LTA"),
        ({"sub_filter": SigSeedSubFilter.ADOBE_PKCS7_DETACHED}, "PKCS7-LT"),
        ({"sub_filter": SigSeedSubFilter.ADOBE_PKCS7_DETACHED, "stamped": False}, "PKCS7-B"),
        ({"sub_filter": SigSeedSubFilter.ADOBE_PKCS7_DETACHED, "timestamps_url": "{}/pki/tsa"}, "PKCS7-LT"),
    ],
)
def test_what_the_service_gives_is_raised_as_far_as_it_goes_and_told(
    house: House, caller: Caller, official: Signer, tmp_path: Path, settings: dict[str, Any], reached: str
) -> None:
    given: dict[str, Any] = {
        name: value.format(house.url) if isinstance(value, str) else value for name, value in settings.items()
    }
    with connected(house, tmp_path, [official], **given) as at:
        made = signed(at, caller, order(official, profile="B-LTA", may_lower=True))
        assert levels(made) == [reached]
        assert colour(at, content(at, caller, made)) is Colour.GREEN
    assert bool(made.warnings) is (reached != "B-LTA")


def test_a_level_that_can_not_be_reached_is_refused_before_anything_is_signed(
    at: BsreHouse, caller: Caller, official: Signer
) -> None:
    with pytest.raises(TimestampUnavailable):
        signed(at, caller, order(official, profile="B-LTA"))
    assert at.service.asked("/api/v2/sign") == []


def test_a_level_that_turns_out_lower_than_asked_for_is_told_and_the_letter_released(
    house: House, caller: Caller, official: Signer, tmp_path: Path
) -> None:
    with connected(house, tmp_path, [official], stamped=False) as at:
        made = signed(at, caller, order(official, profile="B-LT"))
    assert (levels(made), made.warnings) == (["B-B"], ("signature 1 reached B-B and not B-LT",))


@pytest.mark.parametrize("api", ["v2", "v1"])
def test_several_letters_are_signed_with_one_consent(
    house: House, caller: Caller, official: Signer, tmp_path: Path, api: str
) -> None:
    pdfs = [letter_files.read(name) for name in ("typst", "pdftex", "libreoffice-odt")]
    with connected(house, tmp_path, [official], api=api) as at:
        given = [HandedIn(pdf, fields(), order(official)) for pdf in pdfs]
        made = letters.sign_all(at.services, caller, given, SECRET)
        files = [content(at, caller, each) for each in made]
        calls = len(at.service.asked("/api/v2/sign/pdf" if api == "v2" else "/api/sign/pdf"))
        assert [colour(at, each) for each in files] == [Colour.GREEN] * 3
    assert calls == (1 if api == "v2" else 3)
    assert all(file.startswith(pdf) for file, pdf in zip(files, pdfs, strict=True))


@pytest.mark.parametrize("stamp", ["picture", "page"])
def test_a_second_official_signs_beside_the_first(
    house: House, caller: Caller, official: Signer, deputy: Signer, tmp_path: Path, stamp: str
) -> None:
    with connected(house, tmp_path, [official, deputy], stamp=stamp) as at:
        made = signed(at, caller, order(official, footer=True))
        both = letters.sign(at.services, caller, made.id, order(deputy, placement=SECOND, footer=True), SECRET)
        out = content(at, caller, both)
        assert colour(at, out) is Colour.GREEN
    assert out.startswith(content(at, caller, made)[: len(LETTER)])
    assert len(both.signatures) == 2
    assert len(codes(picture(out, 0, dpi=150))) == 2


@pytest.mark.parametrize("fills", [True, False], ids=["fills it", "adds its own"])
def test_who_follows_by_plan_signs_where_his_place_was_kept(
    house: House, caller: Caller, official: Signer, deputy: Signer, tmp_path: Path, fills: bool
) -> None:
    plan = SigningPlan(followers=(PlannedSigner(signer=deputy.id, placement=SECOND),))
    with connected(house, tmp_path, [official, deputy], fills=fills) as at:
        made = letters.sign_new(at.services, caller, LETTER, fields(), order(official), SECRET, plan)
        both = letters.sign(at.services, caller, made.id, order(deputy, placement=None), SECRET)
        out = content(at, caller, both)
        assert colour(at, out) is Colour.GREEN
    assert sorted(boxes(out), reverse=True) == [(300, 120, 510, 200), (70, 120, 280, 200)]
    assert len(codes(picture(out, 0, dpi=150))) == 2
    empty = [each for each in examine(out, Limits()).fields if not each.filled]
    assert len(empty) == (0 if fills else 1)


def test_a_certified_letter_has_no_room_for_a_field_of_the_services_own(
    at: BsreHouse, caller: Caller, official: Signer
) -> None:
    certified = letter_files.read("certified-fields")
    with pytest.raises(LetterCertifiedWithoutRoom):
        letters.sign_new(at.services, caller, certified, fields(), order(official, placement=None), SECRET)
    assert at.service.asked("/api/v2/sign") == []


def test_an_invisible_signature_shows_nothing(at: BsreHouse, caller: Caller, official: Signer) -> None:
    made = signed(at, caller, order(official, placement=InvisiblePlacement()))
    assert boxes(content(at, caller, made)) == [None]
    (asked,) = at.service.asked("/api/v2/sign/pdf")
    assert asked.fields["signatureProperties"] == [{"tampilan": "INVISIBLE"}]


@pytest.mark.parametrize("by", ["nik", "email"])
def test_a_one_time_code_signs_as_a_passphrase_does(
    house: House, caller: Caller, official: Signer, tmp_path: Path, by: str
) -> None:
    with connected(house, tmp_path, [official], by=by) as at:
        codes_ = at.authority.codes()
        assert codes_ is not None
        codes_.send(official.id, 3)
        (asked,) = at.service.asked("/api/v2/sign/get/totp")
        assert (asked.fields["data"], by in asked.fields) == (3, True)
        made = signed(at, caller, order(official), Consent(code=Secret(TOTP)))
        assert colour(at, content(at, caller, made)) is Colour.GREEN
        with pytest.raises(WrongCode):
            signed(at, caller, order(official), Consent(code=Secret("000000")))


def test_a_seal_is_activated_and_seals_with_codes_for_each_batch(house: House, caller: Caller, tmp_path: Path) -> None:
    seal = house.signer(name="Dinas Kesehatan")
    with connected(house, tmp_path, [seal], seals={seal.id: "subscriber-77"}) as at:
        seals, codes_ = at.authority.seals(), at.authority.codes()
        assert seals is not None
        assert codes_ is not None
        seals.request(seal.id)
        assert seals.refresh(seal.id, Secret(ACTIVATION)).value.reveal() == ACTIVATION
        assert seals.code(seal.id, Secret(ACTIVATION), 2).expires.year == 2099
        with pytest.raises(WrongCode):
            seals.refresh(seal.id, Secret("1"))
        with pytest.raises(CodesUnsupported):
            codes_.send(seal.id, 1)
        with pytest.raises(ConsentIncomplete):
            signed(at, caller, order(seal))
        pdfs = [LETTER, letter_files.read("pdftex")]
        given = [HandedIn(pdf, fields(), order(seal)) for pdf in pdfs]
        made = letters.sign_all(at.services, caller, given, Consent(code=Secret(ACTIVATION)))
        assert [colour(at, content(at, caller, each)) for each in made] == [Colour.GREEN] * 2
        (asked,) = at.service.asked("/api/v2/seal/pdf")
        assert (asked.fields["idSubscriber"], asked.fields["totp"]) == ("subscriber-77", f"{TOTP}:2")
        seals.revoke(seal.id, Secret(ACTIVATION))


def test_v1_asks_for_a_passphrase_and_has_no_codes(
    house: House, caller: Caller, official: Signer, tmp_path: Path
) -> None:
    with connected(house, tmp_path, [official], api="v1") as at:
        assert (at.authority.codes(), at.authority.seals()) == (None, None)
        with pytest.raises(ConsentIncomplete):
            signed(at, caller, order(official), Consent(code=Secret(TOTP)))


@pytest.mark.parametrize("api", ["v2", "v1"])
def test_a_service_that_tells_no_certificate_shows_it_by_signing(
    house: House, caller: Caller, official: Signer, tmp_path: Path, api: str
) -> None:
    with connected(house, tmp_path, [official], api=api, chains=False) as at:
        assert at.authority.credential(official.id).certificate is None
        made = signed(at, caller, order(official, footer=True, profile="B-LT"))
        assert levels(made) == ["B-LT"]
        assert colour(at, content(at, caller, made)) is Colour.GREEN


@pytest.mark.parametrize("api", ["v2", "v1"])
def test_nobodys_number_and_no_passphrase_reaches_a_log_or_the_audit_trail(
    house: House, caller: Caller, official: Signer, tmp_path: Path, api: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    nik = registry.nik(house.services.keys, official)
    assert nik is not None
    with connected(house, tmp_path, [official], api=api) as at:
        made = signed(at, caller, order(official))
        assert any(nik.get_secret_value() in each.path for each in at.service.requests)
        with at.services.database.read() as session:
            told = "\n".join(str(each.data) for each in audit.of_letter(session, made.id))
    assert at.service.url.removeprefix("http://") in caplog.text
    for secret in (nik.get_secret_value(), PASSPHRASE, "sandi aplikasi"):
        assert secret not in caplog.text
        assert secret not in told


def test_the_connection_is_told_to_work_and_what_is_to_be_known_of_it(at: BsreHouse, official: Signer) -> None:
    told = list(trying.trial(at.services, at.authority))
    assert not [each for each in told if each.word == "wrong"]
    said = "\n".join(each.text for each in told)
    assert "it answers, and lets this service in" in said
    assert "its address is http: NIK and passphrase travel in clear to it" in said
    assert f"{official.id} ({official.name}): may sign" in said
