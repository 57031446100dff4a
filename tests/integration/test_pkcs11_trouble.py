"""What goes wrong with tokens: wrong and locked PINs, tokens that vanish, modules that fail in the midst of it."""

import hashlib
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from esign.ca.authority import Consent, CredentialStatus, Secret
from esign.ca.dev import HolderKind
from esign.ca.pkcs11 import Pkcs11Authority, values
from esign.ca.pkcs11 import module as module_file
from esign.errors import (
    AuthorityNotAdmitted,
    AuthorityRefused,
    AuthorityUnavailable,
    ConfigurationError,
    PinLocked,
    RevocationUnavailable,
    WrongPassphrase,
)
from tests.hsm_officials import HsmHouse, hsm_house
from tests.officials import dev_ca

DIGEST = hashlib.sha256(b"surat").digest()
WRONG = Consent(Secret("9999"))

DEVICE_ERROR, DEVICE_REMOVED, TOKEN_NOT_PRESENT = 0x030, 0x032, 0x0E0
SESSION_HANDLE_INVALID, NOT_INITIALIZED, PIN_EXPIRED, GENERAL_ERROR = 0x0B3, 0x190, 0x0A3, 0x005


@pytest.fixture
def house(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HsmHouse]:
    with hsm_house(tmp_path / "hsm", tmp_path_factory.getbasetemp()) as opened:
        yield opened


def signs(authority: Pkcs11Authority, consent: Consent, holder: str = "sekda") -> bool:
    with authority.activate(holder, consent) as activation:
        (made,) = activation.sign_digests([DIGEST], "sha256")
        return values.is_by(activation.certificate.public_key, made, DIGEST, "sha256")


def refuses(authority: Pkcs11Authority, consent: Consent, error: type[Exception], holder: str = "sekda") -> None:
    with pytest.raises(error), authority.activate(holder, consent):
        pass


def test_a_wrong_pin_is_told_and_leaves_no_session_behind(house: HsmHouse) -> None:
    consent = house.official("sekda")
    authority = house.authority(sessions=1)
    assert signs(authority, consent)
    opened = house.faulty.calls("C_OpenSession")
    for _ in range(5):
        refuses(authority, WRONG, WrongPassphrase)
    assert house.faulty.calls("C_OpenSession") - opened <= 5
    assert signs(authority, consent)


def test_a_pin_that_is_no_pin_is_a_wrong_one(house: HsmHouse) -> None:
    house.official("sekda")
    authority = house.authority()
    for pin in ("", "x" * 1000, "12\x0034", "☂"):
        refuses(authority, Consent(Secret(pin)), WrongPassphrase)


def test_a_locked_pin_is_told_apart_from_a_wrong_one(house: HsmHouse) -> None:
    consent = house.official("sekda")
    authority = house.authority()
    house.faulty.lock_after(3)
    for _ in range(3):
        refuses(authority, WRONG, WrongPassphrase)
    refuses(authority, consent, PinLocked)
    house.faulty.behave()
    assert signs(authority, consent)


def test_a_pin_that_must_be_changed_is_told(house: HsmHouse) -> None:
    consent = house.official("sekda")
    authority = house.authority()
    house.faulty.fail("C_Login", PIN_EXPIRED)
    refuses(authority, consent, AuthorityRefused)


def test_the_services_own_pin_is_not_tried_again_once_it_was_refused(house: HsmHouse) -> None:
    house.official("setda", token="segel", kind=HolderKind.SEAL)
    pin = house.folder / "pin"
    pin.write_text("salah sekali")
    authority = house.authority(token="segel", seals=True, pin_file=str(pin), keys={"setda": "setda"})
    for _ in range(3):
        refuses(authority, Consent(), AuthorityNotAdmitted, "setda")
    assert house.faulty.calls("C_Login") - before_of(house) == 1
    assert authority.problems() == [f"the PIN of label segel: the token refuses the PIN in {pin}"]
    pin.write_text(house.hsm.pins["segel"])
    assert authority.problems() == []
    assert signs(authority, Consent(), "setda")


def before_of(house: HsmHouse) -> int:
    """Logins that `HsmHouse.official` made: one."""
    return len(house.hsm.pins)


@pytest.mark.parametrize("answer", [SESSION_HANDLE_INVALID, DEVICE_REMOVED, TOKEN_NOT_PRESENT, NOT_INITIALIZED])
@pytest.mark.parametrize(
    "function", ["C_GetSlotList", "C_GetTokenInfo", "C_GetSessionInfo", "C_OpenSession", "C_Login"]
)
def test_what_is_lost_before_anything_is_signed_is_opened_anew(house: HsmHouse, function: str, answer: int) -> None:
    consent = house.official("sekda")
    authority = house.authority()
    assert signs(authority, consent)
    house.faulty.fail(function, answer)
    assert signs(authority, consent)
    with authority.activate("sekda", consent) as activation:
        house.faulty.fail(function, answer)
        (made,) = activation.sign_digests([DIGEST], "sha256")
    assert values.is_by(activation.certificate.public_key, made, DIGEST, "sha256")


@pytest.mark.parametrize("answer", [SESSION_HANDLE_INVALID, DEVICE_REMOVED, GENERAL_ERROR])
@pytest.mark.parametrize("good", [0, 2])
def test_a_token_that_fails_while_it_signs_has_signed_nothing(house: HsmHouse, answer: int, good: int) -> None:
    """However many values it gave before: they are dropped, and it is not asked again by itself."""
    consent = house.official("sekda")
    authority = house.authority()
    with authority.activate("sekda", consent) as activation:
        before = house.faulty.calls("C_Sign")
        house.faulty.fail("C_Sign", answer, after=good)
        with pytest.raises(AuthorityUnavailable):
            activation.sign_digests([DIGEST] * 4, "sha256")
        assert house.faulty.calls("C_Sign") - before == good + 1
        assert len(activation.sign_digests([DIGEST] * 4, "sha256")) == 4


def test_a_token_that_stays_away_is_an_authority_that_can_not_be_reached(house: HsmHouse) -> None:
    consent = house.official("sekda")
    authority = house.authority()
    assert signs(authority, consent)
    house.faulty.fail("C_GetTokenInfo", TOKEN_NOT_PRESENT, times=1000)
    with pytest.raises(AuthorityUnavailable):
        authority.credential("sekda")
    refuses(authority, consent, AuthorityUnavailable)
    house.faulty.behave()
    assert signs(authority, consent)


def test_a_token_that_is_plugged_in_again_is_found(house: HsmHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module_file, "_BETWEEN_RESTARTS", 0.0)
    consent = house.official("sekda")
    authority = house.authority(tokens={"sekda": "sekda"})
    assert signs(authority, consent)
    house.hsm.hide()
    house.faulty.fail("C_GetSessionInfo", DEVICE_REMOVED, times=100)
    with pytest.raises(AuthorityUnavailable):
        authority.credential("sekda")
    assert authority.problems() == ["there is no token with label sekda"]
    house.hsm.show()
    house.faulty.behave()
    assert signs(authority, consent)
    assert authority.problems() == []


def test_a_new_officials_token_is_found_without_a_restart(house: HsmHouse) -> None:
    house.hsm.token("lain")
    authority = house.authority()
    assert authority.problems() == []
    house.hsm.token("sekda")
    assert authority.credential("sekda").status is CredentialStatus.NO_CERTIFICATE


def test_a_token_initialised_anew_between_two_signatures_signs_no_more(house: HsmHouse) -> None:
    consent = house.official("sekda")
    authority = house.authority()
    assert signs(authority, consent)
    with authority.activate("sekda", consent) as activation:
        house.hsm.wipe("sekda", "another pin")
        with pytest.raises((AuthorityUnavailable, AuthorityRefused, WrongPassphrase)):
            activation.sign_digests([DIGEST], "sha256")


def test_a_module_finalised_by_others_is_initialised_again(house: HsmHouse) -> None:
    consent = house.official("sekda")
    authority = house.authority()
    assert signs(authority, consent)
    authority._module._calls.finalize(None)
    assert signs(authority, consent)


def test_a_module_unfit_for_threads_is_used_by_one_at_a_time(house: HsmHouse) -> None:
    house.faulty.cannot_lock()
    consents = {holder: house.official(holder) for holder in ("bupati", "sekda")}
    authority = house.authority(patience_seconds=60)
    with ThreadPoolExecutor(8) as threads:
        holders = ["bupati", "sekda"] * 16
        assert all(threads.map(lambda holder: signs(authority, consents[holder], holder), holders))
    assert authority._module._serial is not None


def test_a_token_whose_key_is_anothers_signs_nothing_that_is_given_out(house: HsmHouse) -> None:
    """A certificate in the folder that belongs to the key of another token."""
    consent = house.official("sekda")
    house.official("bupati")
    certificate = house.authority().credential("bupati").certificate
    assert certificate is not None
    folder = house.folder / "certificates"
    folder.mkdir()
    (folder / "sekda.der").write_bytes(certificate.dump())
    refuses(house.authority(certificates=str(folder)), consent, AuthorityRefused)


def test_a_value_that_is_not_the_keys_is_not_given_out(house: HsmHouse) -> None:
    consent = house.official("sekda")
    with house.authority().activate("sekda", consent) as activation:
        house.faulty.spoil()
        with pytest.raises(AuthorityRefused):
            activation.sign_digests([DIGEST], "sha256")


def test_a_module_that_is_not_there_stops_the_start(house: HsmHouse) -> None:
    for path in (house.folder / "no.so", Path("/etc/hosts"), Path(sys.executable)):
        with pytest.raises(ConfigurationError) as refusal:
            house.authority(module=str(path))
        assert refusal.value.details["variable"] == "authorities.hsm.module"


def test_a_pin_file_that_is_not_there_stops_the_start(house: HsmHouse) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        house.authority(token="segel", seals=True, pin_file=str(house.folder / "pin"), keys={"setda": "setda"})
    assert "No such file" in str(refusal.value.details["reason"])


def test_a_module_that_does_not_begin_is_a_problem_and_no_crash(house: HsmHouse) -> None:
    consent = house.official("sekda")
    house.faulty.fail("C_Initialize", GENERAL_ERROR, times=2)
    authority = house.authority()
    (problem,) = authority.problems()
    assert "C_Initialize answers 0x005" in problem
    refuses(authority, consent, AuthorityUnavailable)
    assert signs(authority, consent)


class _Silent:
    """A responder that does not answer."""

    def ocsp(self, certificate: object, issuer: object) -> bytes | None:
        raise RevocationUnavailable(profile="B-LT")

    crl = ocsp


def test_a_state_that_nobody_tells_is_not_taken_for_a_good_one(house: HsmHouse) -> None:
    consent = house.official("sekda")
    authority = house.authority(house.surroundings(revocation=_Silent()))
    with pytest.raises(AuthorityUnavailable):
        authority.credential("sekda")
    refuses(authority, consent, AuthorityUnavailable)
    assert dev_ca().roots()[0] in authority.roots()
    assert signs(house.authority(house.surroundings(revocation=_Silent()), check_revocation=False), consent)


def test_no_pin_reaches_a_log_or_an_error(house: HsmHouse, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    consent = house.official("sekda")
    marked = Secret("pin-rahasia-sekali")
    authority = house.authority()
    for answer in (DEVICE_REMOVED, GENERAL_ERROR, 0):
        house.faulty.fail("C_Login", answer, times=2 if answer else 0)
        with pytest.raises((AuthorityUnavailable, WrongPassphrase)) as refusal:
            signs(authority, Consent(marked))
        error: BaseException | None = refusal.value
        while error is not None:
            assert marked.reveal() not in repr(error) + str(error)
            error = error.__cause__ or error.__context__
    assert signs(authority, consent)
    assert marked.reveal() not in caplog.text
    assert house.hsm.pins["sekda"] not in caplog.text
