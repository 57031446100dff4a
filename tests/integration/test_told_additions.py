"""Files that go beyond what is on record, or fall behind it: what their holders are told."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from esign.ca.authority import Consent, Secret
from esign.pades import stamp
from esign.pades.profile import Profile
from esign.pades.sign import SignRequest, sign
from esign.pades.spec import NewField
from esign.pades.theme import StampTheme
from esign.registry.models import Signer
from esign.service import checking, told
from esign.service.told import Colour, RegisterStatus
from esign.web.texts import text
from tests.integration.conftest import PASSPHRASE, House
from tests.issued import Issuer

Adding = Callable[..., bytes]


@pytest.fixture(scope="module")
def issuer(house: House) -> Issuer:
    return Issuer(house, "additions")


@pytest.fixture(scope="module")
def stranger(house: House) -> Signer:
    """Somebody with a certificate of a trusted root, of whom the agency knows nothing."""
    return house.signer(name="Orang Lain", office="Bupati")


@pytest.fixture
def adding(house: House, stranger: Signer) -> Adding:
    """Adds the stranger's signature to a file, with his stamp or without."""

    def add(pdf: bytes, *, stamped: bool) -> bytes:
        ca = house.services.dev_ca
        assert ca is not None
        content = stamp.StampContent(
            address="HTTPS://LAIN.EXAMPLE/V/1", code="1", name=stranger.name, office="Bupati", agency="Lain", date="-"
        )
        request = SignRequest(
            profile=Profile.B_T,
            field=NewField(0, (60, 60, 260, 140) if stamped else (0, 0, 0, 0)),
            signing_time=datetime.now(UTC),
            appearance=stamp.draw(content, StampTheme(), 200, 80) if stamped else None,
        )
        with ca.activate(stranger.id, Consent(Secret(PASSPHRASE))) as activation:
            return sign(
                pdf,
                request,
                activation,
                timestamps=ca.timestamps(),
                revocation=ca.revocation(),
                runner=house.services.parse,
                clock=house.services.clock,
            ).pdf

    return add


def test_a_stamp_that_is_not_on_record_is_never_green(house: House, issuer: Issuer, adding: Adding) -> None:
    letter = issuer.issue()
    answer = checking.upload(house.services, adding(letter.pdf, stamped=True))
    assert answer.report.genuine, "the file is sound, whoever signed"
    assert (answer.register_status, answer.told.colour) == (RegisterStatus.EXTENDED, Colour.AMBER)
    assert "halaman 1" in answer.told.sentence["id"]
    assert answer.letter is not None
    assert answer.letter.number == letter.number
    issuer.withdraw(letter)
    assert checking.upload(house.services, adding(letter.pdf, stamped=True)).told.colour is Colour.RED


def test_a_signature_without_a_stamp_changes_no_colour_and_is_told(
    house: House, issuer: Issuer, adding: Adding
) -> None:
    answer = checking.upload(house.services, adding(issuer.issue().pdf, stamped=False))
    assert (answer.register_status, answer.told.colour) == (RegisterStatus.IN_FORCE, Colour.GREEN)
    assert told.OTHER_SIGNATURE.id in answer.told.sentence["id"]


def test_who_holds_an_earlier_file_is_told_that_there_is_a_newer_one(house: House, issuer: Issuer) -> None:
    second = issuer.signer("Wayan Dua", "Sekretaris Dinas")
    letter = issuer.issue(None, second)
    with house.services.database.read() as session:
        query = "SELECT revision_sha256 FROM signature WHERE letter_id = ? ORDER BY ordinal"
        hashes = list(session.connection().exec_driver_sql(query, (letter.id,)).scalars())
    earlier, newest = (checking.upload(house.services, house.services.blobs.get(each)).told for each in hashes)
    assert {earlier.colour, newest.colour} == {Colour.GREEN}
    assert told.NEWER_FILE.id in earlier.sentence["id"]
    assert told.NEWER_FILE.id not in newest.sentence["id"]


@pytest.mark.parametrize("status", list(RegisterStatus))
def test_every_status_has_its_words_on_the_page(status: RegisterStatus) -> None:
    assert text(f"register.{status}", "id") != text(f"register.{status}", "en")
