"""What of other authorities' habits goes into the store."""

from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import x509
from cryptography import x509 as pyca
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from esign.errors import RevocationUnavailable
from esign.pades.evidence import Evidence, collect
from esign.pades.token import TimestampToken
from tests.officials import dev_ca

NOW = datetime.now(UTC).replace(microsecond=0)
_KEYS = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("root", "signer", "responder")}


def certificate(name: str, *, ca: bool = False, purpose: pyca.ObjectIdentifier | None = None) -> pyca.Certificate:
    """One that ``root`` issued."""

    def named(common_name: str) -> pyca.Name:
        return pyca.Name([pyca.NameAttribute(NameOID.COMMON_NAME, common_name)])

    builder = (
        pyca.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named("root"))
        .public_key(_KEYS[name].public_key())
        .serial_number(pyca.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(pyca.BasicConstraints(ca, None), critical=True)
    )
    if purpose is not None:
        builder = builder.add_extension(pyca.ExtendedKeyUsage([purpose]), critical=False)
    return builder.sign(_KEYS["root"], hashes.SHA256())


ROOT, SIGNER = certificate("root", ca=True), certificate("signer")
RESPONDER = certificate("responder", purpose=ExtendedKeyUsageOID.OCSP_SIGNING)


def der(value: pyca.Certificate) -> bytes:
    return value.public_bytes(serialization.Encoding.DER)


class Responder:
    """A responder without ocsp-nocheck answers for the signer; the dev CA answers for its own."""

    def __init__(self, *, age: timedelta = timedelta(), with_list: bool = True) -> None:
        self.age = age
        self.with_list = with_list

    def ocsp(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        if issuer.dump() != der(ROOT):
            return dev_ca().revocation().ocsp(certificate, issuer)
        if certificate.dump() != der(SIGNER):
            return None
        answer = ocsp.OCSPResponseBuilder().add_response(
            SIGNER,
            ROOT,
            hashes.SHA256(),
            ocsp.OCSPCertStatus.GOOD,
            NOW - self.age,
            NOW + timedelta(hours=1),
            None,
            None,
        )
        answer = answer.responder_id(ocsp.OCSPResponderEncoding.NAME, RESPONDER).certificates([RESPONDER])
        return answer.sign(_KEYS["responder"], hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def crl(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        if not self.with_list:
            return None
        builder = pyca.CertificateRevocationListBuilder().issuer_name(ROOT.subject)
        made = builder.last_update(NOW).next_update(NOW + timedelta(days=1)).sign(_KEYS["root"], hashes.SHA256())
        return made.public_bytes(serialization.Encoding.DER)


def collected(source: Responder) -> Evidence:
    token = TimestampToken(dev_ca().timestamps().token(bytes(32), "sha256"))
    chain = [x509.Certificate.load(der(each)) for each in (SIGNER, ROOT)]
    stamps = dev_ca().timestamps().certificates()
    return collect(chain, token, stamps, source=source, not_before=NOW, now=NOW, profile="B-LT")


def test_a_responder_that_must_be_checked_brings_its_own_status_along() -> None:
    evidence = collected(Responder())
    assert {der(ROOT), der(SIGNER), der(RESPONDER)} <= set(evidence.certificates)
    assert len(evidence.crls) == 1


def test_a_responder_whose_status_is_not_to_be_had_is_not_believed() -> None:
    with pytest.raises(RevocationUnavailable):
        collected(Responder(with_list=False))


def test_a_fresh_list_serves_where_the_responder_lags_behind() -> None:
    evidence = collected(Responder(age=timedelta(hours=1)))
    assert len(evidence.crls) == 1
    assert der(RESPONDER) not in evidence.certificates


def test_a_token_without_a_way_to_a_root_is_no_evidence() -> None:
    token = TimestampToken(dev_ca().timestamps().token(bytes(32), "sha256"))
    chain = [x509.Certificate.load(der(each)) for each in (SIGNER, ROOT)]
    with pytest.raises(RevocationUnavailable):
        collect(chain, token, [], source=Responder(), not_before=NOW, now=NOW, profile="B-LT")
