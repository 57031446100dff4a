from dataclasses import replace
from pathlib import Path

import pytest

from esign.ca.authority import Consent, Secret
from esign.errors import ConfigurationError, RequestInvalid
from esign.registry.agencies import AgencyChanges
from esign.service import authority_file, parties, readiness, signers, trying
from tests import letter_files
from tests.integration.authorities import Failing
from tests.integration.conftest import OPERATOR, PASSPHRASE, House


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[authorities", "authorities.toml"),
        ("authority = 1", "nothing named 'authority'"),
        ("authorities = 1", "tables"),
        ("[authorities.Dinas]\nkind = 'csc'", "no name"),
        ("[authorities.dev]\nkind = 'csc'", "no name"),
        ("default = 'bsre'", "not among"),
    ],
)
def test_a_file_of_authorities_that_is_wrong_stops_the_start_with_the_variable(
    tmp_path: Path, text: str, reason: str
) -> None:
    file = tmp_path / "authorities.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        authority_file.read(file)
    assert caught.value.details["variable"] == "ESIGN_AUTHORITIES"
    assert reason in str(caught.value.details["reason"])


def test_there_need_not_be_a_file(tmp_path: Path) -> None:
    assert authority_file.read(None).tables == {}
    with pytest.raises(ConfigurationError):
        authority_file.read(tmp_path / "none.toml")


def test_an_authority_is_chosen_by_agency_and_by_signer(house: House) -> None:
    services, signer = house.services, house.signer()
    with services.database.read() as session:
        assert signers.holding(services, session, signer) == ("dev", signer.id)
    with pytest.raises(RequestInvalid):
        parties.change_agency(services, house.agency.slug, AgencyChanges(authority="entah"), OPERATOR)
    with pytest.raises(RequestInvalid):
        signers.choose(services, signer, "entah", OPERATOR)
    seen = signers.choose(services, signer, "dev", OPERATOR)
    assert seen is not None
    assert (seen.authority, seen.status, seen.may_sign) == ("dev", "ISSUE", True)


def test_an_authority_that_works_is_told_so_part_by_part(house: House) -> None:
    signer = house.signer()
    assert house.services.dev_ca is not None
    found = list(trying.trial(house.services, house.services.dev_ca))
    assert not [each for each in found if each.word == "wrong"]
    told = "\n".join(each.text for each in found)
    assert "trusted root" in told
    assert "gives time-stamps" in told
    assert f"{signer.id} ({signer.name}): may sign" in told


@pytest.mark.parametrize(
    ("ways", "said"), [({"down": True}, "it does not answer"), ({"timestamps_down": True}, "gives no time-stamp")]
)
def test_what_does_not_work_is_told_in_plain_words(house: House, ways: dict[str, bool], said: str) -> None:
    assert house.services.dev_ca is not None
    failing = Failing(house.services.dev_ca, **ways)
    found = list(trying.trial(failing.within(house.services), failing))
    assert any(each.word == "wrong" and said in each.text for each in found)


def test_an_authority_of_another_house_that_is_down_keeps_nobody_from_having_letters_checked(house: House) -> None:
    assert house.services.dev_ca is not None
    services = replace(Failing(house.services.dev_ca, down=True).within(house.services), dev_ca=None)
    for pool in services.pools().values():
        pool.wait_ready()
    found = readiness.check(services)
    assert [each.name for each in found.checks if not each.ok] == ["authority:dev"]
    assert found.ready


def test_a_trial_signature_is_made_checked_and_thrown_away(house: House) -> None:
    services, signer = house.services, house.signer()
    assert services.dev_ca is not None
    before = house.kept()
    pdf = letter_files.read("typst")
    found = list(trying.signature(services, services.dev_ca, signer, pdf, Consent(Secret(PASSPHRASE)), OPERATOR))
    assert [each.word for each in found] == ["ok", "ok"]
    assert "genuine: PAdES B-LT, by Ni Luh Sari" in found[-1].text
    assert house.kept() == before


def test_a_trial_signature_that_fails_says_why(house: House) -> None:
    services, signer = house.services, house.signer()
    assert services.dev_ca is not None
    pdf, wrong = letter_files.read("typst"), Consent(Secret("salah sekali"))
    (said,) = trying.signature(services, services.dev_ca, signer, pdf, wrong, OPERATOR)
    assert said.word == "wrong"
    assert "passphrase is wrong" in said.text
    spoilt = Failing(services.dev_ca, spoils=True)
    found = list(trying.signature(spoilt.within(services), spoilt, signer, pdf, Consent(Secret(PASSPHRASE)), OPERATOR))
    assert found[-1].word == "wrong"
