import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from esign.ca.authority import Consent, CredentialStatus, Secret
from esign.ca.dev import DevCa, HolderKind
from esign.ca.dev.hierarchy import Issuer
from esign.errors import (
    CredentialExists,
    CredentialSuspended,
    KeyElsewhere,
    RequestInvalid,
)
from esign.x509 import chains, crl, keys, ocsp
from esign.x509.clock import FixedClock
from esign.x509.keys import KeyAlgorithm
from esign.x509.revocation import RevocationReason, RevocationState
from tests.pki import NOW
from tests.unit.test_dev_ca_codes import DINAS
from tests.unit.test_dev_ca_credentials import BUDI, PASSPHRASE, URL, Clock

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
LIE = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bupati"), x509.NameAttribute(NameOID.COUNTRY_NAME, "ID")])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("requests") / "dev"
    DevCa.create(folder, URL, FixedClock(NOW), hierarchy=KeyAlgorithm.P256).close()
    return folder


@pytest.fixture
def ca(made_once: Path, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[DevCa]:
    monkeypatch.setattr(keys, "SCRYPT_COST", 2)
    shutil.copytree(made_once, tmp_path / "dev")
    with DevCa.open(tmp_path / "dev", URL, clock) as opened:
        yield opened


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def requested(
    key: Key | dsa.DSAPrivateKey | ed25519.Ed25519PrivateKey,
    digest: hashes.SHA256 | hashes.SHA512 | hashes.SHA1 | None = None,
    *,
    encoding: serialization.Encoding = serialization.Encoding.DER,
) -> bytes:
    """A request in which somebody wants to be the regent, and a CA."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(LIE)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    plain = isinstance(key, ed25519.Ed25519PrivateKey)
    return builder.sign(key, None if plain else digest or hashes.SHA256()).public_bytes(encoding)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "encoding"),
    [*((kind, serialization.Encoding.DER) for kind in KeyAlgorithm), (KeyAlgorithm.P256, serialization.Encoding.PEM)],
)
def test_a_request_brings_its_key_and_nothing_else(
    ca: DevCa, kind: KeyAlgorithm, encoding: serialization.Encoding
) -> None:
    asked = keys.generate(kind)
    issued = ca.certify("hsm-1", requested(asked, encoding=encoding), BUDI)
    certificate = x509.load_der_x509_certificate(issued.certificate.dump())
    assert certificate.public_key() == asked.public_key()
    names = {attribute.value for attribute in certificate.subject}
    assert BUDI.name in names
    assert "Bupati" not in names
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_what_is_certified_is_vouched_for_as_any_other(ca: DevCa, key: ec.EllipticCurvePrivateKey) -> None:
    certificate = ca.certify("hsm-1", requested(key), BUDI).certificate
    credential = ca.credential("hsm-1")
    assert credential.status is CredentialStatus.ISSUE
    assert credential.certificate is not None
    assert chains.build(certificate, ca.trust(), at=NOW) is not None
    issuer = ca.own_certificate(Issuer.PERSONS)

    def states() -> set[RevocationState]:
        response, revoked = ca.revocation().ocsp(certificate, issuer), ca.revocation().crl(certificate, issuer)
        assert response is not None
        assert revoked is not None
        return {ocsp.check(response, certificate, issuer).state, crl.check(revoked, certificate, issuer).state}

    assert states() == {RevocationState.GOOD}
    ca.revoke("hsm-1")
    assert states() == {RevocationState.REVOKED}


def test_a_seal_is_certified_by_the_issuer_of_seals(ca: DevCa, key: ec.EllipticCurvePrivateKey) -> None:
    issued = ca.certify("dinkes", requested(key), DINAS, kind=HolderKind.SEAL)
    assert issued.kind is HolderKind.SEAL
    assert issued.certificate.issuer == ca.own_certificate(Issuer.SEALS).subject


def test_nobody_signs_here_with_a_key_that_is_elsewhere(ca: DevCa, key: ec.EllipticCurvePrivateKey) -> None:
    ca.certify("hsm-1", requested(key), BUDI)
    for consent in (Consent(PASSPHRASE), Consent(code=Secret("123456"))):
        with pytest.raises(KeyElsewhere, match="elsewhere"), ca.activate("hsm-1", consent):
            pass
    with pytest.raises(KeyElsewhere):
        ca.renew("hsm-1", PASSPHRASE)


def test_a_request_that_was_not_signed_with_its_key_is_refused(ca: DevCa, key: ec.EllipticCurvePrivateKey) -> None:
    csr = bytearray(requested(key))
    csr[-1] ^= 1
    with pytest.raises(RequestInvalid, match="own key"):
        ca.certify("hsm-1", bytes(csr), BUDI)


@pytest.mark.parametrize(
    "weak",
    [
        lambda: rsa.generate_private_key(65537, 1024),
        lambda: rsa.generate_private_key(3, 2048),
        lambda: rsa.generate_private_key(65537, 2056),
        lambda: ec.generate_private_key(ec.SECP256K1()),
        lambda: ec.generate_private_key(ec.SECP521R1()),
        lambda: ec.generate_private_key(ec.SECP224R1()),
        lambda: ed25519.Ed25519PrivateKey.generate(),
        lambda: dsa.generate_private_key(2048),
    ],
    ids=["rsa-1024", "exponent 3", "rsa-2056", "secp256k1", "p521", "p224", "ed25519", "dsa"],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_key_of_another_kind_is_refused(ca: DevCa, weak: object) -> None:
    with pytest.raises(RequestInvalid, match="one of these kinds"):
        ca.certify("hsm-1", requested(weak()), BUDI)  # type: ignore[operator]
    assert ca.certificates() == []


@pytest.mark.parametrize("csr", [b"", b"0", b"x" * 100_000, b"-----BEGIN CERTIFICATE REQUEST-----\n", bytes(500)])
def test_what_is_no_request_is_refused(ca: DevCa, csr: bytes) -> None:
    with pytest.raises(RequestInvalid, match="csr"):
        ca.certify("hsm-1", csr, BUDI)


def test_without_a_name_it_is_the_last_one_and_never_the_request_s(
    ca: DevCa, clock: Clock, key: ec.EllipticCurvePrivateKey
) -> None:
    with pytest.raises(RequestInvalid, match="subject"):
        ca.certify("hsm-1", requested(key))
    first = ca.certify("hsm-1", requested(key), BUDI)
    second = ca.certify("hsm-1", requested(ec.generate_private_key(ec.SECP384R1())))
    assert second.certificate.subject == first.certificate.subject
    assert [each.current for each in ca.certificates("hsm-1")] == [False, True]
    with pytest.raises(RequestInvalid, match="subject"):
        ca.certify("hsm-1", requested(ec.generate_private_key(ec.SECP256R1())), kind=HolderKind.SEAL)


def test_a_holder_whose_key_is_here_is_not_certified_for_another(ca: DevCa, key: ec.EllipticCurvePrivateKey) -> None:
    ca.issue("budi", BUDI, PASSPHRASE, key=KeyAlgorithm.P256)
    with pytest.raises(CredentialExists):
        ca.certify("budi", requested(key), BUDI)
    ca.revoke("budi")
    assert ca.certify("budi", requested(key), BUDI).status is CredentialStatus.ISSUE


def test_a_suspended_holder_gets_no_certificate(ca: DevCa, key: ec.EllipticCurvePrivateKey) -> None:
    ca.certify("hsm-1", requested(key), BUDI)
    ca.suspend("hsm-1")
    with pytest.raises(CredentialSuspended):
        ca.certify("hsm-1", requested(ec.generate_private_key(ec.SECP256R1())), BUDI)


def test_a_key_that_is_another_s_or_was_revoked_is_refused(ca: DevCa, key: ec.EllipticCurvePrivateKey) -> None:
    ca.certify("hsm-1", requested(key), BUDI)
    with pytest.raises(RequestInvalid, match="another's"):
        ca.certify("hsm-2", requested(key), BUDI)
    ca.revoke("hsm-1", RevocationReason.KEY_COMPROMISE)
    with pytest.raises(RequestInvalid, match="revoked"):
        ca.certify("hsm-1", requested(key), BUDI)


def test_moving_the_ca_issues_it_anew_too(ca: DevCa, key: ec.EllipticCurvePrivateKey) -> None:
    before = ca.certify("hsm-1", requested(key), BUDI).certificate
    assert DevCa.reissue(ca.folder.path, "http://other.test/pki", FixedClock(NOW)) == 1
    with DevCa.open(ca.folder.path, "http://other.test/pki", FixedClock(NOW)) as moved:
        after = moved.credential("hsm-1").certificate
        assert isinstance(after, asn1.Certificate)
        assert after.public_key.dump() == before.public_key.dump()
        assert after.serial_number != before.serial_number
        assert b"http://other.test/pki" in after.dump()
