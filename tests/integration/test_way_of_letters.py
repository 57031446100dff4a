"""The way of a letter through the use cases: what fails leaves no trace but its audit event, and nothing is lost."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import count

import pytest
import sqlalchemy as sa

from esign import errors
from esign.ca.authority import Consent, Secret
from esign.ca.dev import DevCa
from esign.pades.placement import BoxPlacement, TagPlacement
from esign.registry import audit, clients
from esign.registry.blobs import FolderBlobs
from esign.registry.models import AuditEvent, Level, LevelReached, Scope, Signer
from esign.service import checking, inspection, letters, settling
from esign.service.orders import Caller, LetterFields, LetterQuery, PlannedSigner, SigningPlan, SignOrder
from esign.service.services import Services
from esign.service.told import Colour, RegisterStatus
from esign.service.views import LetterView
from esign.x509.clock import FixedClock
from esign.x509.revocation import RevocationReason
from tests import letter_files
from tests.integration.authorities import Failing
from tests.integration.conftest import OPERATOR, PASSPHRASE, House

NUMBERS = count(1)
SECRET = Consent(Secret(PASSPHRASE))


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
def dev_ca(house: House) -> DevCa:
    assert house.services.dev_ca is not None
    return house.services.dev_ca


def fields(**given: object) -> LetterFields:
    values = {"number": f"W/{next(NUMBERS)}/2026", "date": date(2026, 11, 23), "subject": "Undangan"}
    return LetterFields.model_validate(values | given)


def order(signer: Signer, **given: object) -> SignOrder:
    return SignOrder.model_validate({"signer": signer.id} | given)


def events(services: Services, letter_id: str | None = None) -> list[str]:
    with services.database.read() as session:
        if letter_id is not None:
            return [event.kind for event in audit.of_letter(session, letter_id)]
        return list(session.scalars(sa.select(AuditEvent.kind).order_by(AuditEvent.seq)))  # type: ignore[call-overload]


@pytest.fixture
def leaves_nothing(house: House) -> Iterator[None]:
    """What runs in between leaves no letter, blob or number, and at least one audit event."""
    before, told = (house.kept(), numbers(house)), len(events(house.services))
    yield
    assert (house.kept(), numbers(house)) == before
    assert len(events(house.services)) > told


def numbers(house: House) -> int:
    with house.services.database.read() as session:
        return int(session.connection().exec_driver_sql("SELECT count(*) FROM letter_number").scalar_one())


# --- several officials -------------------------------------------------------------------------


def test_officials_who_follow_fill_the_fields_that_the_first_signature_certified(house: House, caller: Caller) -> None:
    first, second, third = house.signer(name="Satu"), house.signer(name="Dua"), house.signer(name="Tiga")
    box = {"page": 1, "width": 200, "height": 80, "y": 60}
    plan = SigningPlan(
        followers=(
            PlannedSigner(signer=second.id, placement=BoxPlacement(x=40, **box)),  # type: ignore[arg-type]
            PlannedSigner(signer=third.id, placement=BoxPlacement(x=300, **box)),  # type: ignore[arg-type]
        )
    )
    pdf = letter_files.read("libreoffice-docx")
    made = letters.sign_new(house.services, caller, pdf, fields(), order(first), SECRET, plan)
    assert [each.name for each in made.awaited] == ["Dua", "Tiga"]
    letters.sign(house.services, caller, made.id, order(third), SECRET)
    done = letters.sign(house.services, caller, made.id, order(second), SECRET)
    assert done.awaited == ()
    assert [each.signer.name for each in done.signatures] == ["Satu", "Tiga", "Dua"]
    assert {each.level for each in done.signatures} == {LevelReached.B_LT}
    answer = checking.upload(house.services, letters.file(house.services, caller, made.id).content)
    assert answer.told.colour is Colour.GREEN
    assert [each.certification for each in answer.report.signatures] == [2, None, None]


def test_officials_sign_one_after_the_other_without_a_plan(house: House, caller: Caller) -> None:
    first, second = house.signer(name="Satu"), house.signer(name="Dua")
    made = letters.sign_new(
        house.services, caller, letter_files.read("typst"), fields(), order(first, profile="B-LTA"), SECRET
    )
    done = letters.sign(house.services, caller, made.id, order(second), SECRET)
    assert [each.level for each in done.signatures] == [LevelReached.B_LTA, LevelReached.B_LT]
    answer = checking.upload(house.services, letters.file(house.services, caller, made.id).content)
    assert answer.told.colour is Colour.GREEN
    earlier = house.services.blobs.get(done.signatures[0].revision_sha256)
    assert checking.upload(house.services, earlier).register_status is RegisterStatus.IN_FORCE


def test_an_official_signs_a_letter_once(house: House, caller: Caller, signer: Signer) -> None:
    made = letters.sign_new(house.services, caller, letter_files.read("typst"), fields(), order(signer), SECRET)
    with pytest.raises(errors.AlreadySignedBy):
        letters.sign(house.services, caller, made.id, order(signer), SECRET)


def test_a_letter_that_strangers_signed_keeps_their_signature_and_gets_ours(
    house: House, caller: Caller, signer: Signer
) -> None:
    pdf = letter_files.read("signed-pades")
    made = letters.sign_new(house.services, caller, pdf, fields(), order(signer), SECRET)
    signed = letters.file(house.services, caller, made.id).content
    assert signed.startswith(pdf)
    report = checking.upload(house.services, signed).report
    assert len(report.signatures) == 2
    assert all(each.integrity.holds for each in report.signatures)


# --- authorities that fail ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ways", "error"),
    [
        ({"down": True}, errors.AuthorityUnavailable),
        ({"timestamps_down": True}, errors.TimestampUnavailable),
        ({"revocation_down": True}, errors.RevocationUnavailable),
    ],
)
@pytest.mark.usefixtures("leaves_nothing")
def test_an_authority_that_is_down_signs_nothing_and_says_when_to_come_back(
    house: House,
    caller: Caller,
    signer: Signer,
    dev_ca: DevCa,
    ways: dict[str, bool],
    error: type[errors.EsignError],
) -> None:
    services = Failing(dev_ca, **ways).within(house.services)
    with pytest.raises(error) as refused:
        letters.sign_new(services, caller, letter_files.read("typst"), fields(), order(signer), SECRET)
    assert refused.value.retry_after


@pytest.mark.parametrize(
    ("ways", "reached"), [({"timestamps_down": True}, LevelReached.B_B), ({"revocation_down": True}, LevelReached.B_T)]
)
def test_a_level_that_can_not_be_reached_is_lowered_where_the_order_lets_it_and_told(
    house: House, caller: Caller, signer: Signer, dev_ca: DevCa, ways: dict[str, bool], reached: LevelReached
) -> None:
    services = Failing(dev_ca, **ways).within(house.services)
    services = replace(services, evidence=type(services.evidence)())
    asked = order(signer, may_lower=True)
    made = letters.sign_new(services, caller, letter_files.read("typst"), fields(), asked, SECRET)
    assert made.signatures[0].level is reached
    assert made.signatures[0].profile is Level.B_LT
    assert any(reached.value in warning for warning in made.warnings)


def test_an_authority_that_does_not_answer_leaves_the_outcome_to_a_person(
    house: House, caller: Caller, signer: Signer, dev_ca: DevCa
) -> None:
    services = Failing(dev_ca, silent=True).within(house.services)
    letter, pdf = fields(), letter_files.read("typst")
    with pytest.raises(errors.SigningOutcomeUnknown):
        letters.sign_new(services, caller, pdf, letter, order(signer), SECRET)
    with pytest.raises(errors.NumberTaken):
        letters.sign_new(house.services, caller, pdf, letter, order(signer), SECRET)
    waiting = next(each for each in settling.unknown(house.services) if each.number == letter.number)
    settling.resolve(house.services, waiting.id, OPERATOR)
    assert letters.sign_new(house.services, caller, pdf, letter, order(signer), SECRET).status == "signed"


@pytest.mark.usefixtures("leaves_nothing")
def test_a_dead_time_stamp_after_the_signature_frees_the_number(
    house: House, caller: Caller, signer: Signer, dev_ca: DevCa
) -> None:
    letter, pdf = fields(), letter_files.read("typst")
    with pytest.raises(errors.TimestampUnavailable):
        letters.sign_new(
            Failing(dev_ca, timestamps_down=True).within(house.services), caller, pdf, letter, order(signer), SECRET
        )


def test_a_signature_that_is_not_sound_is_held_back_and_kept(
    house: House, caller: Caller, signer: Signer, dev_ca: DevCa
) -> None:
    services = Failing(dev_ca, spoils=True).within(house.services)
    letter = fields()
    with pytest.raises(errors.SelfCheckFailed):
        letters.sign_new(services, caller, letter_files.read("typst"), letter, order(signer), SECRET)
    with house.services.database.read() as session:
        rows = session.connection().exec_driver_sql("SELECT sha256 FROM quarantined_file ORDER BY id").scalars()
        held = list(rows)[-1]
    assert checking.upload(house.services, house.services.blobs.get(held)).register_status is RegisterStatus.UNKNOWN
    assert "letter:quarantined" in events(house.services)
    assert letters.search(house.services, caller, LetterQuery(number=letter.number)).items == ()


# --- passphrases, credentials, clocks ----------------------------------------------------------


def test_a_certificate_that_may_not_sign_is_refused_by_its_state(house: House, caller: Caller, dev_ca: DevCa) -> None:
    official = house.signer(name="Ganti")
    pdf = letter_files.read("typst")
    dev_ca.suspend(official.id)
    with pytest.raises(errors.CredentialSuspended):
        letters.sign_new(house.services, caller, pdf, fields(), order(official), SECRET)
    dev_ca.resume(official.id)
    assert letters.sign_new(house.services, caller, pdf, fields(), order(official), SECRET).status == "signed"
    dev_ca.revoke(official.id, RevocationReason.KEY_COMPROMISE)
    with pytest.raises(errors.CredentialRevoked):
        letters.sign_new(house.services, caller, pdf, fields(), order(official), SECRET)


def test_twenty_letters_of_one_official_at_once_are_all_signed(house: House, caller: Caller) -> None:
    official, pdf = house.signer(name="Sibuk"), letter_files.read("typst")
    made: list[LetterView] = []
    failed: list[Exception] = []

    def sign() -> None:
        try:
            asked = order(official, profile="B-B", placement={"kind": "invisible"})
            made.append(letters.sign_new(house.services, caller, pdf, fields(), asked, SECRET))
        except Exception as error:  # noqa: BLE001 told below
            failed.append(error)

    threads = [threading.Thread(target=sign) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len({each.id for each in made}) == 20


def test_of_many_that_want_one_number_one_gets_it(house: House, caller: Caller, signer: Signer) -> None:
    letter, pdf = fields(), letter_files.read("typst")
    outcomes: list[object] = []

    def sign() -> None:
        asked = order(signer, profile="B-B", placement={"kind": "invisible"})
        try:
            outcomes.append(letters.sign_new(house.services, caller, pdf, letter, asked, SECRET).id)
        except errors.NumberTaken as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=sign) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(str(each) for each in outcomes).count(str(errors.NumberTaken)) == 4


def test_a_clock_that_went_back_behind_the_audit_trail_refuses_to_sign(
    house: House, caller: Caller, signer: Signer
) -> None:
    early = FixedClock(house.services.clock.now() - timedelta(hours=2))
    with pytest.raises(errors.ClockWrong):
        letters.sign_new(
            replace(house.services, clock=early), caller, letter_files.read("typst"), fields(), order(signer), SECRET
        )


# --- storage, and processes that die -----------------------------------------------------------


class FullDisk(FolderBlobs):
    """A disk on which nothing more can be put."""

    def put(self, content: bytes) -> str:
        raise errors.StorageUnavailable(store="blobs")


@pytest.mark.usefixtures("leaves_nothing")
def test_a_full_disk_releases_nothing(house: House, caller: Caller, signer: Signer) -> None:
    services = replace(house.services, blobs=FullDisk(house.folder / "blobs"))
    with pytest.raises(errors.StorageUnavailable):
        letters.sign_new(services, caller, letter_files.read("typst"), fields(), order(signer), SECRET)


class Died(BaseException):
    """The process is gone: nothing after it runs in it."""


def test_a_process_that_dies_while_it_signs_is_settled_by_the_next_start(
    house: House, caller: Caller, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter, pdf = fields(), letter_files.read("typst")

    def die(*_: object, **__: object) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr("esign.service.signing.sign_all", die)
        patched.setattr("esign.service.signing._ended", lambda *_, **__: None)
        with pytest.raises(Died):
            letters.sign_new(house.services, caller, pdf, letter, order(signer), SECRET)
    with pytest.raises(errors.NumberTaken):
        letters.sign_new(house.services, caller, pdf, letter, order(signer), SECRET)
    settled = settling.settle_after_restart(house.services, OPERATOR)
    assert len(settled.undone) == 1
    assert letters.sign_new(house.services, caller, pdf, letter, order(signer), SECRET).status == "signed"


def test_a_retry_gets_the_letter_that_its_dead_predecessor_released(
    house: House, caller: Caller, signer: Signer
) -> None:
    letter, pdf = fields(), letter_files.read("typst")
    made = letters.sign_new(house.services, caller, pdf, letter, order(signer), SECRET, claim="c" * 64)
    again = letters.sign_new(house.services, caller, pdf, letter, order(signer), SECRET, claim="c" * 64)
    assert again.id == made.id
    assert again.file.sha256 == made.file.sha256
    with pytest.raises(errors.NumberTaken):
        letters.sign_new(house.services, caller, pdf, letter, order(signer), SECRET, claim="d" * 64)


def test_everything_that_is_kept_holds_together(house: House) -> None:
    found = list(inspection.files(house.services))
    assert found
    assert {each.state for each in found} == {"whole"}
    assert inspection.audit_trail(house.services).whole


# --- what the public is told -------------------------------------------------------------------


def test_a_code_of_a_letter_that_is_not_signed_answers_as_an_unknown_one(house: House, caller: Caller) -> None:
    made = letters.draft(house.services, caller, letter_files.read("typst"), fields())
    assert made.code is None
    with house.services.database.read() as session:
        query = sa.text("SELECT code FROM letter WHERE id = :id")
        code = str(session.execute(query, {"id": made.id}).scalar_one())
    assert checking.by_code(house.services, code).status is RegisterStatus.UNKNOWN


@pytest.mark.parametrize(
    ("classification", "shows_number", "shows_subject", "shows_pages"),
    [
        ("biasa", True, True, True),
        ("terbatas", True, False, False),
        ("rahasia", False, False, False),
        ("sangat_rahasia", False, False, False),
    ],
)
def test_a_scan_shows_what_the_classification_lets_it(
    house: House,
    caller: Caller,
    signer: Signer,
    classification: str,
    shows_number: bool,
    shows_subject: bool,
    shows_pages: bool,
) -> None:
    letter = fields(classification=classification, subject="Rahasia perusahaan")
    made = letters.sign_new(house.services, caller, letter_files.read("typst"), letter, order(signer), SECRET)
    assert made.code is not None
    answer = checking.by_code(house.services, made.code)
    assert answer.status is RegisterStatus.IN_FORCE
    text = answer.model_dump_json()
    assert (str(made.number) in text) == shows_number
    assert ("Rahasia perusahaan" in text) == shows_subject
    if shows_pages:
        assert checking.page_picture(house.services, made.code, 1).startswith(b"\x89PNG")
    else:
        with pytest.raises(errors.CodeUnknown):
            checking.page_picture(house.services, made.code, 1)


def test_a_file_under_another_letters_code_is_red(house: House, caller: Caller, signer: Signer) -> None:
    pdf = letter_files.read("typst")
    one = letters.sign_new(house.services, caller, pdf, fields(), order(signer), SECRET)
    other = letters.sign_new(house.services, caller, pdf, fields(), order(signer), SECRET)
    content = letters.file(house.services, caller, one.id).content
    answer = checking.upload(house.services, content, code=other.code)
    assert answer.register_status is RegisterStatus.OTHER_FILE
    assert answer.told.colour is Colour.RED
    assert checking.upload(house.services, content, code=one.code).told.colour is Colour.GREEN


def test_a_tag_is_hidden_by_the_stamp_that_takes_its_place(house: House, caller: Caller, signer: Signer) -> None:
    pdf = letter_files.read("libreoffice-docx")
    asked = order(signer, placement=TagPlacement(tag="${ttd}").model_dump())
    made = letters.sign_new(house.services, caller, pdf, fields(), asked, SECRET)
    place = made.signatures[0].place
    assert place is not None
    assert place.right - place.left > 100
