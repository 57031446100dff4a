"""A small authority that does what no honest one would: weak keys, weak digests, certificates for anything."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Holder:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def asn1(self) -> asn1_x509.Certificate:
        return asn1_x509.Certificate.load(self.der)

    def sign(self, data: bytes, digest: hashes.HashAlgorithm) -> bytes:
        """A PKCS #1 v1.5 or ECDSA signature."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), digest)
        return self.key.sign(data, ec.ECDSA(digest))


@cache
def rsa_key(bits: int = 2048, name: str = "") -> rsa.RSAPrivateKey:
    """The same key for the same size and name."""
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(name: str = "") -> ec.EllipticCurvePrivateKey:
    """The same P-256 key for the same name."""
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Authority:
    """A root that issues directly."""

    name: str = "Otoritas Uji"
    valid: tuple[datetime, datetime] = (NOW - 3650 * DAY, NOW + 3650 * DAY)
    root: Holder = field(init=False)
    serial: int = 1000

    def __post_init__(self) -> None:
        key = ec_key(self.name)
        self.root = Holder(self._certificate(self.name, key.public_key(), self.name, key, self.valid, ca=True), key)

    def issue(
        self,
        name: str = "Pejabat Uji",
        key: Key | None = None,
        valid: tuple[datetime, datetime] = (NOW - 30 * DAY, NOW + 365 * DAY),
        purposes: tuple[x509.ObjectIdentifier, ...] = (),
        *,
        serial: int | None = None,
        critical: bool = True,
    ) -> Holder:
        """A new certificate."""
        key = key or ec_key(f"{self.name} {name}")
        issuer_key = self.root.key
        certificate = self._certificate(
            name, key.public_key(), self.name, issuer_key, valid, purposes=purposes, serial=serial, critical=critical
        )
        return Holder(certificate, key)

    def time_stamper(self, valid: tuple[datetime, datetime] = (NOW - 30 * DAY, NOW + 365 * DAY)) -> Holder:
        """A time-stamp authority."""
        return self.issue("Penanda Waktu Uji", valid=valid, purposes=(ExtendedKeyUsageOID.TIME_STAMPING,))

    def crl(
        self,
        this_update: datetime = NOW - timedelta(hours=1),
        life: timedelta = 7 * DAY,
        revoked: dict[int, datetime] | None = None,
        reason: x509.ReasonFlags | None = None,
    ) -> bytes:
        """A complete list (DER)."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(_name(self.name))
            .last_update(this_update)
            .next_update(this_update + life)
            .add_extension(x509.CRLNumber(1), critical=False)
        )
        for number, moment in (revoked or {}).items():
            row = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(moment)
            if reason is not None:
                row = row.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(row.build())
        return builder.sign(self.root.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def _certificate(
        self,
        name: str,
        public_key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
        issuer: str,
        issuer_key: Key,
        valid: tuple[datetime, datetime],
        *,
        ca: bool = False,
        purposes: tuple[x509.ObjectIdentifier, ...] = (),
        serial: int | None = None,
        critical: bool = True,
    ) -> x509.Certificate:
        self.serial += 1
        usage = x509.KeyUsage(
            digital_signature=not ca,
            content_commitment=not ca and not purposes,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=ca,
            crl_sign=ca,
            encipher_only=False,
            decipher_only=False,
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(issuer))
            .public_key(public_key)
            .serial_number(serial or self.serial)
            .not_valid_before(valid[0])
            .not_valid_after(valid[1])
            .add_extension(x509.BasicConstraints(ca, None), critical=True)
            .add_extension(usage, critical=True)
        )
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=critical)
        return builder.sign(issuer_key, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "ID"), x509.NameAttribute(NameOID.COMMON_NAME, text)])
