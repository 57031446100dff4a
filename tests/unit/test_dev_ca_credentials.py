import hashlib
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from esign.ca.authority import Authority, Consent, CredentialStatus, Secret
from esign.ca.dev import DevCa, HolderKind, Subject
from esign.ca.dev.hierarchy import Issuer, Service
from esign.errors import (
    CredentialExists,
    CredentialExpired,
    CredentialNotYetValid,
    CredentialRevoked,
    CredentialSuspended,
    CredentialUnusable,
    EsignError,
    RequestInvalid,
    SignerUnknown,
    WrongPassphrase,
)
from esign.x509 import chains, crl, keys, ocsp
from esign.x509.clock import FixedClock
from esign.x509.keys import KeyAlgorithm
from esign.x509.revocation import RevocationReason, RevocationState
from tests.pki import NOW

URL = "http://ca.test/pki"
BUDI = Subject(name="Budi Santoso", organisation="Dinas Komunikasi dan Informatika", office="Kepala Dinas")
PASSPHRASE = Secret("rahasia123")


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "dev"
    DevCa.create(folder, URL, FixedClock(NOW), hierarchy=KeyAlgorithm.P256).close()
    return folder


@pytest.fixture
def ca(made_once: Path, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[DevCa]:
    """A dev CA of its own for each test, with cheap passphrases."""

    monkeypatch.setattr(keys, "SCRYPT_COST", 2)
    shutil.copytree(made_once, tmp_path / "dev")
    with DevCa.open(tmp_path / "dev", URL, clock) as opened:
        yield opened


def current(ca: DevCa, holder: str = "budi") -> tuple[asn1_x509.Certificate, asn1_x509.Certificate]:
    """The holder's certificate and its issuer's."""
    credential = ca.credential(holder)
    assert credential.certificate is not None
    return credential.certificate, credential.chain[0]


def issue(ca: DevCa, holder: str = "budi", key: KeyAlgorithm = KeyAlgorithm.P256) -> x509.Certificate:
    return x509.load_der_x509_certificate(ca.issue(holder, BUDI, PASSPHRASE, key=key).certificate.dump())


def state(ca: DevCa, holder: str = "budi") -> tuple[RevocationState, RevocationState]:
    """What OCSP and CRL say of the holder's certificate now, both checked."""
    certificate, issuer = current(ca, holder)
    response, revoked = ca.revocation().ocsp(certificate, issuer), ca.revocation().crl(certificate, issuer)
    assert response is not None
    assert revoked is not None
    return ocsp.check(response, certificate, issuer).state, crl.check(revoked, certificate, issuer).state


def test_the_dev_ca_is_an_authority(ca: DevCa) -> None:
    authority: Authority = ca
    assert authority.name == "dev"
    assert authority.problems() == []


@pytest.mark.parametrize("key", list(KeyAlgorithm))
def test_a_signer_s_key_of_each_kind_signs_digests(ca: DevCa, key: KeyAlgorithm) -> None:
    public = issue(ca, key=key).public_key()
    digest = hashlib.sha256(b"surat").digest()
    with ca.activate("budi", Consent(PASSPHRASE)) as activation:
        signature = activation.sign_digests([digest], "sha256")[0]
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(signature, digest, padding.PKCS1v15(), Prehashed(SHA256()))
    else:
        assert isinstance(public, ec.EllipticCurvePublicKey)
        public.verify(signature, digest, ec.ECDSA(Prehashed(SHA256())))


def test_the_certificate_follows_the_profile(ca: DevCa) -> None:
    certificate = issue(ca)
    subject = {attribute.oid: attribute.value for attribute in certificate.subject}
    assert subject == {
        NameOID.COUNTRY_NAME: "ID",
        NameOID.ORGANIZATION_NAME: BUDI.organisation,
        NameOID.TITLE: BUDI.office,
        NameOID.COMMON_NAME: BUDI.name,
        x509.ObjectIdentifier("2.5.4.13"): "budi_Tanda Tangan Elektronik",
    }
    extensions = {extension.oid: extension for extension in certificate.extensions}
    usage = extensions[x509.KeyUsage.oid]
    assert usage.critical
    assert usage.value == x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    purposes = extensions[x509.ExtendedKeyUsage.oid].value
    assert list(purposes) == [x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")]
    assert extensions[x509.BasicConstraints.oid].value == x509.BasicConstraints(ca=False, path_length=None)
    text = certificate.public_bytes(Encoding.DER)
    for address in (b"/ocsp", b"/certs/persons.cer", b"/crl/persons.crl", b"/cps"):
        assert URL.encode() + address in text
    assert certificate.serial_number.bit_length() > 64
    assert isinstance(certificate.signature_hash_algorithm, SHA256)
    assert certificate.not_valid_before_utc == NOW
    assert certificate.not_valid_after_utc == NOW + timedelta(days=730)


def test_seals_come_from_their_own_issuing_ca(ca: DevCa) -> None:
    seal = ca.issue(
        "diskominfo", Subject("Diskominfo", "Pemkab"), PASSPHRASE, kind=HolderKind.SEAL, key=KeyAlgorithm.P256
    )
    credential = ca.credential("diskominfo")
    assert credential.chain[0].sha256 == ca.own_certificate(Issuer.SEALS).sha256
    assert seal.certificate.subject.native["2.5.4.13"] == "diskominfo_Segel Elektronik"
    assert state(ca, "diskominfo") == (RevocationState.GOOD, RevocationState.GOOD)


@pytest.mark.parametrize(
    ("holder", "subject"),
    [
        ("3201010101010001", {"name": "Budi"}),
        ("nik-3201010101010001", {"name": "Budi"}),
        ("budi", {"name": "Budi 3201010101010001"}),
        ("budi", {"name": "Budi", "office": "3201010101010001"}),
        ("", {"name": "Budi"}),
        ("../budi", {"name": "Budi"}),
        ("budi", {"name": ""}),
        ("budi", {"name": "x" * 65}),
        ("budi", {"name": "Budi\n"}),
    ],
)
def test_a_nik_and_what_fits_no_certificate_are_refused(ca: DevCa, holder: str, subject: dict[str, str]) -> None:
    with pytest.raises(RequestInvalid) as refused:
        ca.issue(holder, Subject(organisation="Pemkab", **subject), PASSPHRASE, key=KeyAlgorithm.P256)
    assert "3201010101010001" not in str(refused.value)
    assert ca.certificates() == []


def test_names_of_a_register_are_fitted_into_the_certificate(ca: DevCa) -> None:
    organisation = "Dinas Penanaman Modal dan Pelayanan Terpadu Satu Pintu Provinsi Kalimantan Tengah"
    subject = Subject.fitted("Budi", organisation, office=f"Kepala {organisation}")
    assert subject.organisation == "Dinas Penanaman Modal dan Pelayanan Terpadu Satu Pintu Provinsi…"
    assert (subject.unit, subject.office) == (None, None)
    issued = ca.issue("budi", subject, PASSPHRASE, key=KeyAlgorithm.P256)
    assert issued.certificate.subject.native["organization_name"] == subject.organisation
    assert len(Subject.fitted("Budi", "x" * 100).organisation) == 64
    assert Subject.fitted("Budi", BUDI.organisation, "Sekretariat", BUDI.office) == Subject(
        "Budi", BUDI.organisation, "Sekretariat", BUDI.office
    )
    with pytest.raises(RequestInvalid):
        Subject.fitted("x" * 65, "Pemkab")


def test_a_short_passphrase_is_refused(ca: DevCa) -> None:
    with pytest.raises(RequestInvalid):
        ca.issue("budi", BUDI, Secret("singkat"))


def test_a_wrong_passphrase_opens_nothing_and_is_said_nowhere(ca: DevCa) -> None:
    issue(ca)
    with pytest.raises(WrongPassphrase) as refused, ca.activate("budi", Consent(Secret("sandi-yang-salah"))):
        pass
    assert "sandi-yang-salah" not in repr(refused.value) + str(refused.value.details)


def test_an_unknown_holder_is_not_registered_and_can_not_sign(ca: DevCa) -> None:
    credential = ca.credential("siapa")
    assert (credential.status, credential.certificate, credential.chain) == (CredentialStatus.NOT_REGISTERED, None, ())
    with pytest.raises(SignerUnknown), ca.activate("siapa", Consent(PASSPHRASE)):
        pass
    for change in (ca.suspend, ca.resume, ca.revoke):
        with pytest.raises(SignerUnknown):
            change("siapa")


def test_a_credential_comes_with_its_chain_to_the_root(ca: DevCa) -> None:
    issue(ca)
    credential = ca.credential("budi")
    assert credential.status is CredentialStatus.ISSUE
    chain = chains.build(credential.certificate, ca.trust(), at=NOW)
    assert chain is not None
    assert [found.sha256 for found in chain[1:]] == [found.sha256 for found in credential.chain]
    assert credential.chain[-1].sha256 == ca.roots()[0].sha256


def test_only_whole_digests_are_signed_and_only_while_the_activation_lasts(ca: DevCa) -> None:
    issue(ca)
    with ca.activate("budi", Consent(PASSPHRASE)) as activation:
        with pytest.raises(ValueError, match="digest"):
            activation.sign_digests([bytes(20)], "sha256")
        with pytest.raises(ValueError, match="not signed"):
            activation.sign_digests([bytes(20)], "sha1")
    with pytest.raises(RuntimeError):
        activation.sign_digests([bytes(32)], "sha256")


def test_one_activation_serves_many_signatures_until_the_certificate_is_revoked(ca: DevCa) -> None:
    issue(ca)
    with ca.activate("budi", Consent(PASSPHRASE)) as activation:
        for _ in range(3):
            activation.sign_digests([bytes(32)], "sha256")
        ca.revoke("budi")
        with pytest.raises(CredentialRevoked):
            activation.sign_digests([bytes(32)], "sha256")


def refused_now(ca: DevCa, error: type[EsignError], status: CredentialStatus) -> None:
    assert ca.credential("budi").status is status
    with pytest.raises(error), ca.activate("budi", Consent(PASSPHRASE)):
        pass


def test_a_suspended_certificate_signs_nothing_until_it_is_resumed(ca: DevCa) -> None:
    issue(ca)
    assert state(ca) == (RevocationState.GOOD, RevocationState.GOOD)
    ca.suspend("budi")
    refused_now(ca, CredentialSuspended, CredentialStatus.SUSPEND)
    assert state(ca) == (RevocationState.REVOKED, RevocationState.REVOKED)
    with pytest.raises(CredentialSuspended):
        ca.suspend("budi")
    ca.resume("budi")
    assert state(ca) == (RevocationState.GOOD, RevocationState.GOOD)
    with ca.activate("budi", Consent(PASSPHRASE)):
        pass
    with pytest.raises(CredentialUnusable):
        ca.resume("budi")


def test_a_revocation_is_told_at_once_with_its_reason_and_is_for_good(ca: DevCa, clock: Clock) -> None:
    issue(ca)
    assert state(ca)[1] is RevocationState.GOOD
    clock.moment = at = NOW + timedelta(minutes=5)
    ca.revoke("budi", RevocationReason.KEY_COMPROMISE)
    refused_now(ca, CredentialRevoked, CredentialStatus.REVOKE)
    assert ca.credential("budi").revoked_at == at
    certificate, issuer = current(ca)
    for answer in (
        ocsp.check(ca.revocation().ocsp(certificate, issuer) or b"", certificate, issuer),
        crl.check(ca.revocation().crl(certificate, issuer) or b"", certificate, issuer),
    ):
        assert (answer.revoked_at, answer.reason) == (at, RevocationReason.KEY_COMPROMISE)
    for change in (ca.suspend, ca.resume, ca.revoke):
        with pytest.raises(CredentialRevoked):
            change("budi")
    with pytest.raises(CredentialRevoked):
        ca.renew("budi", PASSPHRASE)


def test_what_was_on_hold_is_revoked_since_then(ca: DevCa, clock: Clock) -> None:
    issue(ca)
    ca.suspend("budi")
    clock.moment = NOW + timedelta(days=1)
    revoked = ca.revoke("budi", RevocationReason.CESSATION_OF_OPERATION)
    assert (revoked.revoked_at, revoked.reason) == (NOW, RevocationReason.CESSATION_OF_OPERATION)


@pytest.mark.parametrize("reason", [RevocationReason.CERTIFICATE_HOLD, RevocationReason.REMOVE_FROM_CRL])
def test_a_reason_that_does_not_revoke_is_refused(ca: DevCa, reason: RevocationReason) -> None:
    issue(ca)
    with pytest.raises(RequestInvalid):
        ca.revoke("budi", reason)


@pytest.mark.parametrize("reason", sorted(set(RevocationReason) - {"certificateHold", "removeFromCRL"}))
def test_every_other_reason_reaches_ocsp_and_crl(ca: DevCa, reason: RevocationReason) -> None:
    issue(ca)
    ca.revoke("budi", reason)
    certificate, issuer = current(ca)
    said = None if reason is RevocationReason.UNSPECIFIED else reason
    assert ocsp.check(ca.revocation().ocsp(certificate, issuer) or b"", certificate, issuer).reason is said
    assert crl.check(ca.revocation().crl(certificate, issuer) or b"", certificate, issuer).reason is said


def test_an_expired_certificate_signs_nothing_and_ocsp_still_answers(ca: DevCa, clock: Clock) -> None:
    ca.issue("budi", BUDI, PASSPHRASE, key=KeyAlgorithm.P256, lifetime=timedelta(days=10))
    clock.moment = NOW + timedelta(days=11)
    refused_now(ca, CredentialExpired, CredentialStatus.EXPIRED)
    assert state(ca)[0] is RevocationState.GOOD
    with pytest.raises(CredentialExpired):
        ca.suspend("budi")
    assert issue(ca).not_valid_before_utc == clock.moment


def test_a_certificate_may_begin_later(ca: DevCa, clock: Clock) -> None:
    ca.issue("budi", BUDI, PASSPHRASE, key=KeyAlgorithm.P256, not_before=NOW + timedelta(days=1))
    refused_now(ca, CredentialNotYetValid, CredentialStatus.NEW)
    clock.moment = NOW + timedelta(days=1)
    assert ca.credential("budi").status is CredentialStatus.ISSUE


def test_a_certificate_in_force_is_not_issued_twice(ca: DevCa) -> None:
    issue(ca)
    with pytest.raises(CredentialExists):
        issue(ca)
    ca.suspend("budi")
    with pytest.raises(CredentialExists):
        issue(ca)
    ca.revoke("budi")
    assert issue(ca).serial_number == current(ca)[0].serial_number


def test_a_renewal_has_a_new_key_and_passphrase_and_the_old_certificate_is_still_answered_for(ca: DevCa) -> None:
    old = ca.issue("budi", BUDI, PASSPHRASE, key=KeyAlgorithm.P384)
    new = ca.renew("budi", Secret("sandi baru 1"))
    assert new.certificate.subject == old.certificate.subject
    assert new.certificate.public_key.curve == ("named", "secp384r1")
    assert new.certificate.public_key.dump() != old.certificate.public_key.dump()
    with pytest.raises(WrongPassphrase), ca.activate("budi", Consent(PASSPHRASE)):
        pass
    with ca.activate("budi", Consent(Secret("sandi baru 1"))) as activation:
        assert activation.certificate.sha256 == new.certificate.sha256
    issuer = ca.own_certificate(Issuer.PERSONS)
    response = ca.revocation().ocsp(old.certificate, issuer)
    assert ocsp.check(response or b"", old.certificate, issuer).state is RevocationState.GOOD
    ca.revoke("budi")
    response = ca.revocation().ocsp(old.certificate, issuer)
    assert ocsp.check(response or b"", old.certificate, issuer).state is RevocationState.REVOKED
    assert [issued.current for issued in ca.certificates("budi")] == [False, True]


def test_no_certificate_outlives_its_issuer(ca: DevCa) -> None:
    issued = ca.issue("budi", BUDI, PASSPHRASE, key=KeyAlgorithm.P256, lifetime=timedelta(days=40 * 365))
    assert issued.certificate.not_valid_after == ca.own_certificate(Issuer.PERSONS).not_valid_after


def test_crl_numbers_rise_with_every_change_and_a_young_list_is_kept(ca: DevCa, clock: Clock) -> None:
    issue(ca)
    first = ca.revocation_lists.current(Issuer.PERSONS)
    assert ca.revocation_lists.current(Issuer.PERSONS).der == first.der
    ca.suspend("budi")
    second = ca.revocation_lists.current(Issuer.PERSONS)
    ca.resume("budi")
    third = ca.revocation_lists.current(Issuer.PERSONS)
    clock.moment += timedelta(hours=1)
    fourth = ca.revocation_lists.current(Issuer.PERSONS)
    assert [found.number for found in (first, second, third, fourth)] == [1, 2, 3, 4]
    assert fourth.this_update == clock.moment
    assert ca.revocation_lists.current(Issuer.ROOT).number == 1


def test_a_response_is_new_for_signers_and_kept_for_cas(ca: DevCa, clock: Clock) -> None:
    issue(ca)
    credential = ca.credential("budi")
    issuing, root = credential.chain
    for certificate, issuer, kept in ((credential.certificate, issuing, False), (issuing, root, True)):
        before = ca.revocation().ocsp(certificate, issuer)
        clock.moment += timedelta(minutes=1)
        assert (ca.revocation().ocsp(certificate, issuer) == before) is kept
    clock.moment += timedelta(hours=3)
    answer = ca.revocation().ocsp(issuing, root)
    assert ocsp.check(answer or b"", issuing, root).this_update == clock.moment


def test_the_root_and_the_responders_have_nobody_to_ask(ca: DevCa) -> None:
    root = ca.roots()[0]
    assert ca.revocation().ocsp(root, root) is None
    assert ca.revocation().crl(root, root) is None

    assert ca.revocation().ocsp(ca.own_certificate(Service.ROOT_OCSP), root) is None
