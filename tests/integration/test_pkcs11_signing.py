"""Letters signed with keys in an HSM: SoftHSM2, the dev CA's certificates, our own verification."""

import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from esign.ca.authority import Consent, CredentialStatus, Secret
from esign.ca.dev import HolderKind
from esign.ca.pkcs11 import values
from esign.errors import (
    AuthorityRefused,
    ConsentIncomplete,
    CredentialExpired,
    CredentialMissing,
    CredentialRevoked,
    RequestInvalid,
    SignerUnknown,
    WrongPassphrase,
)
from esign.pades.profile import Profile
from esign.pades.sign import sign, sign_all
from esign.pdf.sandbox import InProcess
from esign.verify.online import examine
from esign.verify.report import Verdict
from esign.x509.clock import FixedClock, SystemClock
from esign.x509.keys import KeyAlgorithm
from esign.x509.trust import TrustStore
from tests import letter_files
from tests.hsm_officials import HsmHouse, hsm_house
from tests.live_pki import serving
from tests.officials import dev_ca, request

DIGEST = hashlib.sha256(b"surat").digest()


@pytest.fixture
def house(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HsmHouse]:
    with hsm_house(tmp_path / "hsm", tmp_path_factory.getbasetemp()) as opened:
        yield opened


def verdict(pdf: bytes) -> Verdict:
    return examine(pdf, dev_ca().trust(), SystemClock(), InProcess(), dev_ca().revocation(), timeout=60).verdict


@pytest.mark.parametrize("algorithm", [KeyAlgorithm.RSA_2048, KeyAlgorithm.P256, KeyAlgorithm.P384])
@pytest.mark.parametrize("profile", [Profile.B_B, Profile.B_LT])
def test_a_letter_signed_by_a_token_is_genuine(house: HsmHouse, algorithm: KeyAlgorithm, profile: Profile) -> None:
    consent = house.official("sekda", algorithm)
    authority = house.authority()
    with authority.activate("sekda", consent) as activation:
        signed = sign(
            letter_files.read("typst"),
            request(profile),
            activation,
            timestamps=dev_ca().timestamps(),
            revocation=authority.revocation(),
            runner=InProcess(),
            clock=SystemClock(),
        )
    assert signed.level is profile
    assert verdict(signed.pdf) is Verdict.GENUINE
    credential = authority.credential("sekda")
    assert credential.status is CredentialStatus.ISSUE
    assert credential.certificate is not None
    assert credential.certificate.dump() == signed.certificate.dump()
    assert credential.chain[-1] in dev_ca().roots()
    assert set(credential.chain) <= set(authority.own_certificates())


def test_several_letters_are_one_login(house: HsmHouse) -> None:
    consent = house.official("sekda")
    authority = house.authority()
    with authority.activate("sekda", consent) as activation:
        before = house.faulty.calls("C_Login")
        letters = [(letter_files.read(name), request()) for name in ("typst", "chromium", "libreoffice-f4")]
        signed = sign_all(
            letters,
            activation,
            timestamps=None,
            revocation=None,
            runner=InProcess(),
            clock=SystemClock(),
        )
        assert house.faulty.calls("C_Login") - before == 1
    assert [verdict(each.pdf) for each in signed] == [Verdict.GENUINE] * 3


@pytest.mark.parametrize("algorithm", [KeyAlgorithm.RSA_2048, KeyAlgorithm.P256])
@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_each_digest_is_signed_for_each_kind_of_key(house: HsmHouse, algorithm: KeyAlgorithm, digest: str) -> None:
    consent = house.official("sekda", algorithm)
    value = hashlib.new(digest, b"surat").digest()
    with house.authority().activate("sekda", consent) as activation:
        (made,) = activation.sign_digests([value], digest)
        assert values.is_by(activation.certificate.public_key, made, value, digest)
        with pytest.raises(ValueError, match="sha1"):
            activation.sign_digests([hashlib.sha1(b"surat").digest()], "sha1")
    with pytest.raises(RuntimeError):
        activation.sign_digests([value], digest)


def test_a_seal_is_opened_by_the_service_and_takes_no_passphrase(house: HsmHouse) -> None:
    for seal in ("setda", "dinkes"):
        house.official(seal, token="segel", kind=HolderKind.SEAL)
    pin = house.folder / "pin"
    pin.write_text(house.hsm.pins["segel"] + "\n")
    keys = {"setda": "setda", "dinkes": "dinkes"}
    authority = house.authority(token="segel", seals=True, pin_file=str(pin), keys=keys)
    assert authority.problems() == []
    with authority.activate("setda", Consent()) as first, authority.activate("dinkes", Consent()) as second:
        for activation in (first, second, first):
            (made,) = activation.sign_digests([DIGEST], "sha256")
            assert values.is_by(activation.certificate.public_key, made, DIGEST, "sha256")
    with pytest.raises(RequestInvalid), authority.activate("setda", Consent(Secret("rahasia"))):
        pass
    assert authority.credential("kominfo").status is CredentialStatus.NOT_REGISTERED


def test_a_seal_whose_pin_the_service_does_not_have_is_opened_by_its_passphrase(house: HsmHouse) -> None:
    consent = house.official("setda", token="segel", kind=HolderKind.SEAL)
    authority = house.authority(token="segel", seals=True, keys={"setda": "setda"})
    with authority.activate("setda", consent) as activation:
        activation.sign_digests([DIGEST], "sha256")
    with pytest.raises(WrongPassphrase), authority.activate("setda", Consent(Secret("9999"))):
        pass
    with pytest.raises(ConsentIncomplete), authority.activate("setda", Consent()):
        pass


def test_a_shared_token_serves_many_threads_with_one_login(house: HsmHouse) -> None:
    house.official("setda", token="segel", kind=HolderKind.SEAL)
    pin = house.folder / "pin"
    pin.write_text(house.hsm.pins["segel"])
    authority = house.authority(
        token="segel", seals=True, pin_file=str(pin), keys={"setda": "setda"}, sessions=3, patience_seconds=60
    )

    def once(number: int) -> bool:
        digest = hashlib.sha256(str(number).encode()).digest()
        with authority.activate("setda", Consent()) as activation:
            (made,) = activation.sign_digests([digest], "sha256")
        return values.is_by(activation.certificate.public_key, made, digest, "sha256")

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(once, range(80)))


def test_a_certificate_may_lie_in_a_folder(house: HsmHouse) -> None:
    consent = house.official("sekda")
    certificate = house.authority().credential("sekda").certificate
    assert certificate is not None
    folder = house.folder / "certificates"
    folder.mkdir()
    (folder / "sekda.der").write_bytes(certificate.dump())
    authority = house.authority(certificates=str(folder))
    with authority.activate("sekda", consent) as activation:
        assert activation.certificate.dump() == certificate.dump()
        activation.sign_digests([DIGEST], "sha256")
    (folder / "sekda.der").unlink()
    assert authority.credential("sekda").status is CredentialStatus.NO_CERTIFICATE


def test_the_newest_of_two_certificates_signs_with_its_own_key(house: HsmHouse) -> None:
    consent = house.official("sekda")
    authority = house.authority()
    first = authority.credential("sekda").certificate
    time.sleep(1.1)  # certificates begin at whole seconds
    house.official("sekda")
    with authority.activate("sekda", consent) as activation:
        assert first is not None
        assert activation.certificate.dump() != first.dump()
        activation.sign_digests([DIGEST], "sha256")


def test_one_holders_pin_never_opens_anothers_key(house: HsmHouse) -> None:
    """Eight threads, two officials, one module: each time the PIN was judged, and each value is the holder's own."""
    consents = {holder: house.official(holder) for holder in ("bupati", "sekda")}
    authority = house.authority(patience_seconds=60)
    wrong = {"bupati": consents["sekda"], "sekda": consents["bupati"]}

    def once(number: int) -> str:
        holder = ("bupati", "sekda")[number % 2]
        digest = hashlib.sha256(str(number).encode()).digest()
        try:
            with authority.activate(holder, (wrong if number % 5 == 0 else consents)[holder]) as activation:
                (made,) = activation.sign_digests([digest], "sha256")
        except WrongPassphrase:
            return "refused"
        return "own" if values.is_by(activation.certificate.public_key, made, digest, "sha256") else "another's"

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(once, range(100)))
    assert outcomes == ["refused" if number % 5 == 0 else "own" for number in range(100)]


def test_a_wrong_pin_is_refused_while_the_right_one_is_at_work_on_the_same_token(house: HsmHouse) -> None:
    """A token at which somebody is logged in doesn't look at PINs (CKR_USER_ALREADY_LOGGED_IN)."""
    consent = house.official("sekda")
    authority = house.authority(patience_seconds=60)

    def once(number: int) -> bool:
        try:
            with authority.activate("sekda", Consent(Secret("9999")) if number % 2 else consent) as activation:
                activation.sign_digests([DIGEST], "sha256")
        except WrongPassphrase:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(once, range(60))) == [number % 2 == 0 for number in range(60)]


def test_a_login_left_behind_is_nobodys_consent(house: HsmHouse) -> None:
    consent = house.official("sekda")
    authority = house.authority()
    pin = consent.passphrase
    assert pin is not None
    with house.token("sekda") as other, other.alone(pin) as left:
        # Another part of the process is logged in, past our locks: as after a logout that failed.
        assert left.is_logged_in()
        module = other._module
        module.login_lock(left.sight.slot.slot_id).release()
        with pytest.raises(WrongPassphrase), authority.activate("sekda", Consent(Secret("9999"))):
            pass
        assert module.login_lock(left.sight.slot.slot_id).acquire(timeout=1)


def test_who_has_no_token_no_certificate_or_no_pin_is_told_so(house: HsmHouse) -> None:
    pin = house.hsm.token("baru")
    authority = house.authority()
    assert authority.credential("nobody").status is CredentialStatus.NOT_REGISTERED
    assert authority.credential("n" * 33).status is CredentialStatus.NOT_REGISTERED
    with pytest.raises(SignerUnknown), authority.activate("nobody", Consent(Secret("1234"))):
        pass
    assert authority.credential("baru").status is CredentialStatus.NO_CERTIFICATE
    with pytest.raises(CredentialMissing), authority.activate("baru", Consent(Secret(pin))):
        pass
    with pytest.raises(ConsentIncomplete), authority.activate("baru", Consent()):
        pass


def test_a_certificate_that_leads_to_no_trusted_root_counts_as_none(house: HsmHouse) -> None:
    house.official("sekda")
    stranger = house.authority(replace(house.surroundings(), trust=TrustStore()), tokens={"sekda": "sekda"})
    assert stranger.credential("sekda").status is CredentialStatus.NO_CERTIFICATE
    assert stranger.problems() == ["sekda: the certificate leads to no trusted root"]


def test_states_of_certificates_are_told(house: HsmHouse) -> None:
    consent = house.official("sekda")
    authority = house.authority()
    certificate = authority.credential("sekda").certificate
    assert certificate is not None
    issued = next(each for each in dev_ca().certificates() if each.certificate.dump() == certificate.dump())
    later = house.authority(house.surroundings(clock=FixedClock(datetime.now(UTC) + timedelta(days=4000))))
    assert later.credential("sekda").status is CredentialStatus.EXPIRED
    with pytest.raises(CredentialExpired), later.activate("sekda", consent):
        pass
    dev_ca().suspend(issued.holder)
    assert house.authority().credential("sekda").status is CredentialStatus.SUSPEND
    dev_ca().revoke(issued.holder)
    revoked = house.authority().credential("sekda")
    assert revoked.status is CredentialStatus.REVOKE
    assert revoked.revoked_at is not None
    with pytest.raises(CredentialRevoked), house.authority().activate("sekda", consent):
        pass


def test_a_key_that_is_gone_or_another_is_told_apart(house: HsmHouse) -> None:
    consent = house.official("sekda")
    authority = house.authority()
    pin = consent.passphrase
    assert pin is not None
    with house.token("sekda") as token, token.alone(pin, writing=True) as session:
        for key in session.private_keys("sekda"):
            key.object.destroy()
    with pytest.raises(AuthorityRefused) as refusal, authority.activate("sekda", consent):
        pass
    assert refusal.value.details["reason"] == "the key of the certificate is not on the token"


def test_a_key_that_wants_its_pin_each_time_gets_it(house: HsmHouse) -> None:
    consent = house.official("sekda", each_time=True)
    with house.authority().activate("sekda", consent) as activation:
        for made in activation.sign_digests([DIGEST] * 3, "sha256"):
            assert values.is_by(activation.certificate.public_key, made, DIGEST, "sha256")


def test_time_stamps_come_from_the_address_in_the_settings(house: HsmHouse, tmp_path: Path) -> None:
    consent = house.official("sekda")
    with serving(tmp_path / "tsa") as (other, url):
        trust = dev_ca().trust().merged(other.trust())
        authority = house.authority(house.surroundings(trust=trust), timestamps_url=f"{url}/tsa")
        with authority.activate("sekda", consent) as activation:
            signed = sign(
                letter_files.read("typst"),
                request(Profile.B_T),
                activation,
                timestamps=authority.timestamps(),
                revocation=None,
                runner=InProcess(),
                clock=SystemClock(),
            )
        assert signed.level is Profile.B_T
        assert other.roots()[0].dump() in {each.dump() for each in authority.own_certificates()}


def test_a_forked_process_may_not_use_the_module(house: HsmHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = house.authority()
    with monkeypatch.context() as forked:
        forked.setattr(authority._module, "_process", -1)
        with pytest.raises(RuntimeError, match="forked"):
            authority.problems()
    assert authority.problems() == ["the PKCS #11 module " + str(house.module) + " shows no token"]
