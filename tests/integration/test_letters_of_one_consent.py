"""Several letters of one official, signed with one consent: all of them or none; and a letter signed page by page."""

import pytest

from esign import errors
from esign.ca.authority import Consent, Secret
from esign.ca.dev import DevCa
from esign.registry import clients
from esign.registry.models import Disclosure, Scope, Signer
from esign.service import checking, letters, settling
from esign.service.letters import HandedIn
from esign.service.orders import Caller, SignOrder, UnnumberedFields
from esign.service.told import RegisterStatus
from tests import letter_files
from tests.integration.authorities import Failing
from tests.integration.conftest import PASSPHRASE, House

CONSENT = Consent(Secret(PASSPHRASE), signatures=3)
PRODUCERS = ("typst", "chromium", "libreoffice-odt")


@pytest.fixture
def caller(house: House) -> Caller:
    key = house.key(Scope.LETTERS_SIGN, Scope.LETTERS_READ)
    with house.services.database.read() as session:
        found = clients.authenticate(session, house.services.keys, key, None)
    return Caller(
        client_id=found.client.id,
        client_name="uji",
        agency_id=house.agency.id,
        scopes=frozenset({Scope.LETTERS_SIGN, Scope.LETTERS_READ}),
        request_id="request-of-test",
    )


@pytest.fixture
def signer(house: House) -> Signer:
    return house.signer()


@pytest.fixture
def dev_ca(house: House) -> DevCa:
    assert house.services.dev_ca is not None
    return house.services.dev_ca


def handed_in(signer: Signer, pdf: bytes, **placement: object) -> HandedIn:
    order = SignOrder.model_validate({"signer": signer.id, "placement": placement or {"kind": "invisible"}})
    return HandedIn(pdf, UnnumberedFields(), order)


def three(signer: Signer) -> list[HandedIn]:
    return [handed_in(signer, letter_files.read(producer)) for producer in PRODUCERS]


def test_several_letters_are_signed_with_one_consent_and_released_together(
    house: House, caller: Caller, signer: Signer
) -> None:
    made = letters.sign_all(house.services, caller, three(signer), CONSENT)
    assert [letter.status for letter in made] == ["signed"] * 3
    assert len({letter.id for letter in made}) == 3
    for letter in made:
        answer = checking.upload(house.services, letters.file(house.services, caller, letter.id).content)
        assert answer.register_status is RegisterStatus.IN_FORCE


def test_a_letter_without_number_says_so_and_nothing_of_it_is_public(
    house: House, caller: Caller, signer: Signer
) -> None:
    (made,) = letters.sign_all(house.services, caller, three(signer)[:1], CONSENT)
    assert (made.number, made.date, made.subject, made.classification) == (None, None, None, "terbatas")
    assert made.disclosure is Disclosure.LIMITED
    assert letters.file(house.services, caller, made.id).filename.endswith(".pdf")
    assert made.warnings == ()
    assert made.code is not None
    shown = checking.by_code(house.services, made.code).letter
    assert shown is not None
    assert (shown.number, shown.date, shown.subject, shown.signatures) == (None, None, None, None)
    assert shown.registered_at.date() == made.created_at.date()


def test_one_letter_that_can_not_be_signed_keeps_all_back(house: House, caller: Caller, signer: Signer) -> None:
    before = house.kept()
    bad = handed_in(signer, letter_files.read("typst"), kind="box", x=5000, y=0, width=150, height=80)
    with pytest.raises(errors.BoxOffPage):
        letters.sign_all(house.services, caller, [*three(signer), bad], CONSENT)
    with pytest.raises(errors.NotAPdf):
        letters.sign_all(house.services, caller, [*three(signer), handed_in(signer, b"rubbish")], CONSENT)
    with pytest.raises(errors.WrongPassphrase):
        letters.sign_all(house.services, caller, three(signer), Consent(Secret("salah sekali")))
    assert house.kept() == before


def test_an_authority_that_does_not_answer_leaves_all_of_them_to_a_person(
    house: House, caller: Caller, signer: Signer, dev_ca: DevCa
) -> None:
    services = Failing(dev_ca, silent=True).within(house.services)
    with pytest.raises(errors.SigningOutcomeUnknown):
        letters.sign_all(services, caller, three(signer), CONSENT)
    waiting = settling.unknown(house.services)
    assert len([letter for letter in waiting if letter.client_id == caller.client_id]) == 3


def test_a_letter_is_signed_page_by_page_by_the_same_official_call_after_call(
    house: House, caller: Caller, signer: Signer
) -> None:
    first = handed_in(signer, letter_files.read("typst"), kind="box", page=1, x=60, y=40, width=170, height=80)
    (made,) = letters.sign_all(house.services, caller, [first], CONSENT)
    file = letters.file(house.services, caller, made.id).content
    second = handed_in(signer, file, kind="box", page=1, x=330, y=40, width=170, height=80)
    (again,) = letters.sign_all(house.services, caller, [second], CONSENT)
    assert again.id == made.id
    assert [each.signer.id for each in again.signatures] == [signer.id, signer.id]
    answer = checking.upload(house.services, letters.file(house.services, caller, again.id).content)
    assert answer.register_status is RegisterStatus.IN_FORCE
    assert all(each.verdict.good for each in answer.report.signatures)
