"""What goes wrong between the steps of a signature: the letter stays what it was, and the caller is told why."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from itertools import count
from typing import Any

import pytest
from sqlalchemy.orm import Session

from esign import errors
from esign.ca.authority import Consent, Secret
from esign.pades.placement import BoxPlacement
from esign.pades.sign import sign_all as pades_sign_all
from esign.registry import audit, clients
from esign.registry.database import Database
from esign.registry.models import AuditEvent, Scope, Signer
from esign.service import activating, checking, letters, settling, signing
from esign.service.orders import Caller, LetterFields, PlannedSigner, SigningPlan, SignOrder
from esign.service.services import Services
from esign.service.told import Colour
from esign.service.views import LetterView
from tests import letter_files
from tests.integration.authorities import Failing
from tests.integration.conftest import NIKS, OPERATOR, PASSPHRASE, House

NUMBERS = count(1)
SECRET = Consent(Secret(PASSPHRASE))
CLAIM = "c" * 64
OFF_PAGE = BoxPlacement(page=1, x=5000, y=5000, width=200, height=80)


@pytest.fixture
def caller(house: House) -> Caller:
    scopes = frozenset({Scope.LETTERS_SIGN, Scope.LETTERS_READ})
    key = house.key(*scopes)
    with house.services.database.read() as session:
        found = clients.authenticate(session, house.services.keys, key, None)
    return Caller(found.client.id, "uji", house.agency.id, scopes, "request-of-test")


@pytest.fixture
def second(house: House) -> Signer:
    return house.signer(name="Dua")


def fields() -> LetterFields:
    return LetterFields(number=f"G/{next(NUMBERS)}/2026", date=date(2026, 11, 23), subject="Undangan")


def order(signer: Signer, **given: object) -> SignOrder:
    return SignOrder.model_validate({"signer": signer.id} | given)


@pytest.fixture
def made(house: House, caller: Caller, signer: Signer) -> LetterView:
    """A letter that one official has signed."""
    asked = order(signer, profile="B-B")
    return letters.sign_new(house.services, caller, letter_files.read("typst"), fields(), asked, SECRET)


def happened(house: House, letter_id: str) -> list[AuditEvent]:
    with house.services.database.read() as session:
        return audit.of_letter(session, letter_id)


# --- another official of a letter in force -------------------------------------------------------


def test_what_keeps_another_official_from_signing_is_told_and_the_letter_stays_in_force(
    house: House, caller: Caller, made: LetterView, second: Signer
) -> None:
    for asked, consent, error in (
        (order(second), Consent(Secret("salah")), errors.WrongPassphrase),
        (order(second, placement=OFF_PAGE), SECRET, errors.BoxOffPage),
    ):
        with pytest.raises(error):
            letters.sign(house.services, caller, made.id, asked, consent)
        assert happened(house, made.id)[-1].data["reason"] == error.code
    now = letters.get(house.services, caller, made.id)
    assert (now.status, now.file) == ("signed", made.file)
    assert len(letters.sign(house.services, caller, made.id, order(second), SECRET).signatures) == 2


def test_what_is_refused_before_a_letter_is_touched_leaves_its_audit_event(
    house: House, caller: Caller, made: LetterView, signer: Signer
) -> None:
    with pytest.raises(errors.AlreadySignedBy):
        letters.sign(house.services, caller, made.id, order(signer), SECRET)
    last = happened(house, made.id)[-1]
    assert (last.kind, last.data["code"]) == ("letter:refused", "letter.already_signed_by")


def test_who_read_a_letter_before_another_official_signed_it_is_told_to_try_again(
    house: House, caller: Caller, made: LetterView, second: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    third, quick = house.signer(name="Tiga"), threading.Event()
    attempt = activating._attempt

    def overtaken(*given: Any) -> Any:
        if not quick.is_set():
            quick.set()
            letters.sign(house.services, caller, made.id, order(third), SECRET)
        return attempt(*given)

    monkeypatch.setattr(activating, "_attempt", overtaken)
    with pytest.raises(errors.LetterBusy):
        letters.sign(house.services, caller, made.id, order(second), SECRET)
    done = letters.sign(house.services, caller, made.id, order(second), SECRET)
    assert [each.signer.name for each in done.signatures][1:] == ["Tiga", "Dua"]
    assert checking.upload(house.services, house.services.blobs.get(done.file.sha256)).told.colour is Colour.GREEN


def test_a_letter_that_is_being_signed_is_not_withdrawn_under_the_signature(
    house: House, caller: Caller, made: LetterView, second: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []
    sign = pades_sign_all

    def meanwhile(*given: Any, **named: Any) -> Any:
        with pytest.raises(errors.LetterBusy) as busy:
            letters.withdraw(house.services, caller, made.id, "salah alamat")
        refused.append(busy.value.code)
        return sign(*given, **named)

    monkeypatch.setattr(signing, "sign_all", meanwhile)
    letters.sign(house.services, caller, made.id, order(second), SECRET)
    assert refused == ["letter.busy"]
    assert letters.withdraw(house.services, caller, made.id, "salah alamat").status == "withdrawn"
    with pytest.raises(errors.LetterStateForbids):
        letters.sign(house.services, caller, made.id, order(house.signer(name="Tiga")), SECRET)


# --- what others signed before ---------------------------------------------------------------------


def test_a_letter_whose_signature_does_not_hold_is_refused_by_name_before_anything_is_signed(
    house: House, caller: Caller, signer: Signer
) -> None:
    pdf, before = letter_files.read("signed-pades"), house.kept()
    changed = pdf.replace(b"/CreationDate(D:2026", b"/CreationDate(D:2016", 1)
    assert changed != pdf
    with pytest.raises(errors.LetterSignatureBroken):
        letters.sign_new(house.services, caller, changed, fields(), order(signer), SECRET)
    with pytest.raises(errors.LetterSignatureBroken):
        letters.draft(house.services, caller, changed, fields())
    assert house.kept() == before


# --- plans that can't be carried out ---------------------------------------------------------------


def test_an_official_follows_once_and_never_himself(
    house: House, caller: Caller, signer: Signer, second: Signer
) -> None:
    pdf, nik = letter_files.read("typst"), next(NIKS)
    third = house.signer(name="Tiga", nik=nik)
    left, right = (BoxPlacement(page=1, x=x, y=60, width=200, height=80) for x in (40, 300))
    for first, follower, again in ((signer, third.id, nik), (second, second.id, signer.id)):
        followers = (PlannedSigner(signer=follower, placement=left), PlannedSigner(signer=again, placement=right))
        before = house.kept()
        with pytest.raises(errors.RequestInvalid):
            letters.sign_new(
                house.services, caller, pdf, fields(), order(first), SECRET, SigningPlan(followers=followers)
            )
        assert house.kept() == before


# --- a database that fails at the worst moment ---------------------------------------------------


class LosesAnswers(Database):
    """A database whose commits of one kind are done, or not, and whose answer never comes."""

    def __init__(self, database: Database, event: str, *, commits: bool, from_then_on: bool = False) -> None:
        self.__dict__.update(database.__dict__)
        self._event, self._commits, self._stays_away = event, commits, from_then_on
        self._away = False

    @contextmanager
    def write(self) -> Iterator[Session]:
        if self._away:
            raise errors.StorageUnavailable(store="database")
        with super().write() as session:
            yield session
            pending = session.info.get("esign.audit.pending", [])
            fails = any(event.kind == self._event for event in pending)
            if fails and not self._commits:
                self._away = self._stays_away
                raise errors.StorageUnavailable(store="database")
        if fails:
            raise errors.StorageUnavailable(store="database")


def losing(services: Services, event: str, *, commits: bool, from_then_on: bool = False) -> Services:
    return replace(
        services, database=LosesAnswers(services.database, event, commits=commits, from_then_on=from_then_on)
    )


def test_a_letter_whose_release_was_committed_without_an_answer_is_handed_out(
    house: House, caller: Caller, signer: Signer
) -> None:
    services = losing(house.services, "letter:signed", commits=True)
    made = letters.sign_new(services, caller, letter_files.read("typst"), fields(), order(signer), SECRET)
    assert made.status == "signed"
    assert [event.kind for event in happened(house, made.id)][-1] == "letter:signed"


def test_a_release_that_is_not_committed_leaves_nothing_and_the_number_free(
    house: House, caller: Caller, signer: Signer
) -> None:
    letter, pdf = fields(), letter_files.read("typst")
    services = losing(house.services, "letter:signed", commits=False)
    with pytest.raises(errors.StorageUnavailable):
        letters.sign_new(services, caller, pdf, letter, order(signer), SECRET)
    assert letters.sign_new(house.services, caller, pdf, letter, order(signer), SECRET).status == "signed"


def test_why_a_letter_was_not_signed_is_told_even_where_it_can_not_be_put_back(
    house: House, caller: Caller, made: LetterView, second: Signer
) -> None:
    services = losing(house.services, "letter:failed", commits=False)
    with pytest.raises(errors.BoxOffPage):
        letters.sign(services, caller, made.id, order(second, placement=OFF_PAGE), SECRET)
    assert letters.get(house.services, caller, made.id).status == "signed"


# --- the retry of a request that is not over -----------------------------------------------------


def test_the_retry_of_a_request_that_still_signs_or_died_at_it_is_told_to_come_back(
    house: House, caller: Caller, signer: Signer
) -> None:
    letter, pdf = fields(), letter_files.read("typst")
    services = losing(house.services, "letter:signed", commits=False, from_then_on=True)
    with pytest.raises(errors.StorageUnavailable):
        letters.sign_new(services, caller, pdf, letter, order(signer), SECRET, claim=CLAIM)
    with pytest.raises(errors.LetterBusy):
        letters.sign_new(house.services, caller, pdf, letter, order(signer), SECRET, claim=CLAIM)
    settling.settle_after_restart(house.services, OPERATOR)
    again = letters.sign_new(house.services, caller, pdf, letter, order(signer), SECRET, claim=CLAIM)
    assert again.status == "signed"


def test_the_retry_of_a_request_of_unknown_outcome_is_told_so_until_a_person_settles_it(
    house: House, caller: Caller, signer: Signer
) -> None:
    assert house.services.dev_ca is not None
    letter, pdf = fields(), letter_files.read("typst")
    silent = Failing(house.services.dev_ca, silent=True).within(house.services)
    for services in (silent, house.services):
        with pytest.raises(errors.SigningOutcomeUnknown):
            letters.sign_new(services, caller, pdf, letter, order(signer), SECRET, claim=CLAIM)
    waiting = next(each for each in settling.unknown(house.services) if each.number == letter.number)
    settling.resolve(house.services, waiting.id, OPERATOR)
    again = letters.sign_new(house.services, caller, pdf, letter, order(signer), SECRET, claim=CLAIM)
    assert again.status == "signed"
