"""Certificates, OCSP answers and CRLs of strangers, made with cryptography's own builders and not with ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""What FixedClocks of tests show."""

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Holder:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @cached_property
    def asn1(self) -> asn1.Certificate:
        return asn1.Certificate.load(self.der)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


def p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def certificate(
    name: str,
    issuer: Holder | None = None,
    *,
    key: Key | None = None,
    ca: bool = False,
    path_length: int | None = None,
    purposes: Sequence[str] = (),
    critical_purposes: bool = False,
    ocsp_url: str | None = None,
    crl_url: str | None = None,
    begin: datetime = NOW - timedelta(days=30),
    end: datetime = NOW + timedelta(days=365),
    usage: x509.KeyUsage | None = None,
    pss: bool = False,
) -> Holder:
    """A certificate of that common name, self-signed without an issuer."""
    key = key or p256()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if usage is not None:
        builder = builder.add_extension(usage, critical=True)
    if purposes:
        extension = x509.ExtendedKeyUsage([x509.ObjectIdentifier(purpose) for purpose in purposes])
        builder = builder.add_extension(extension, critical=critical_purposes)
    if ocsp_url is not None:
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(ocsp_url))
        builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    if crl_url is not None:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl_url)], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
    chosen = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if pss else None
    return Holder(builder.sign(signer, hashes.SHA256(), rsa_padding=chosen), key)


def ocsp_answer(
    subject: Holder,
    issuer: Holder,
    responder: Holder,
    *,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    revoked_at: datetime | None = None,
    reason: x509.ReasonFlags | None = None,
    this_update: datetime = NOW,
    next_update: datetime | None = NOW + timedelta(hours=1),
    nonce: bytes | None = None,
    by_key: bool = False,
    include: bool = True,
    digest: hashes.HashAlgorithm | None = None,
) -> bytes:
    """An OCSPResponse about ``subject``, signed by ``responder``."""
    encoding = ocsp.OCSPResponderEncoding.HASH if by_key else ocsp.OCSPResponderEncoding.NAME
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            subject.certificate,
            issuer.certificate,
            digest or hashes.SHA1(),
            status,
            this_update,
            next_update,
            revoked_at,
            reason,
        )
        .responder_id(encoding, responder.certificate)
    )
    if include:
        builder = builder.certificates([responder.certificate])
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.sign(responder.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def crl(
    issuer: Holder,
    revoked: Sequence[x509.RevokedCertificate] = (),
    *,
    this_update: datetime = NOW,
    next_update: datetime = NOW + timedelta(hours=1),
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> bytes:
    """A CertificateList of ``issuer``."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(this_update)
        .next_update(next_update)
    )
    for entry in revoked:
        builder = builder.add_revoked_certificate(entry)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def revoked(
    serial: int,
    at: datetime = NOW - timedelta(days=1),
    reason: x509.ReasonFlags | None = None,
    critical: x509.ExtensionType | None = None,
) -> x509.RevokedCertificate:
    """An entry of a CRL."""
    builder = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
    if reason is not None:
        builder = builder.add_extension(x509.CRLReason(reason), critical=False)
    if critical is not None:
        builder = builder.add_extension(critical, critical=True)
    return builder.build()
