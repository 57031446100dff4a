"""The profiles of the dev CA's certificates: which extensions each kind carries (RFC 5280, section 4.2)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from esign.ca.dev.hierarchy import ISSUED_BY, Addresses, Issuer, Role, Service
from esign.ca.dev.subject import HolderKind
from esign.errors import AuthorityUnavailable
from esign.x509.keys import PrivateKey

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""id-kp-documentSigning (RFC 9336)."""

ANY_POLICY = x509.ObjectIdentifier("2.5.29.32.0")
_POLICY_ARC = "2.25.68151366818610490459847971396171161717"
"""An arc of our own, from a UUID (X.667)."""
POLICIES: dict[HolderKind | Service, x509.ObjectIdentifier] = {
    HolderKind.PERSON: x509.ObjectIdentifier(f"{_POLICY_ARC}.1"),
    HolderKind.SEAL: x509.ObjectIdentifier(f"{_POLICY_ARC}.2"),
    Service.TIMESTAMPS: x509.ObjectIdentifier(f"{_POLICY_ARC}.3"),
}
TIMESTAMP_POLICY = POLICIES[Service.TIMESTAMPS].dotted_string
"""The policy under which time-stamps are made (RFC 3161, 2.4.2)."""


@dataclass(frozen=True)
class IssuerKey:
    """What signs a certificate."""

    name: x509.Name
    key: PrivateKey
    issuer: Issuer


@dataclass(frozen=True)
class Validity:
    """From when to when, both included. An empty one raises `AuthorityUnavailable`: the issuer's own time is over."""

    not_before: datetime
    not_after: datetime

    def __post_init__(self) -> None:
        if self.not_before >= self.not_after:
            raise AuthorityUnavailable(authority="dev")


def role_certificate(
    role: Role, name: x509.Name, public_key: PublicKey, signer: IssuerKey, validity: Validity, addresses: Addresses
) -> bytes:
    """The certificate (DER) of one of the CA's own: root, issuing CA, OCSP responder or time-stamp authority."""
    builder = _builder(name, public_key, signer, validity)
    match role:
        case Issuer():
            path_length = 1 if role is Issuer.ROOT else 0
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
            builder = builder.add_extension(_key_usage("key_cert_sign", "crl_sign"), critical=True)
            if role is not Issuer.ROOT:
                builder = _published(builder, ISSUED_BY[role], addresses)
                builder = builder.add_extension(_policies(ANY_POLICY, addresses), critical=False)
        case Service.TIMESTAMPS:
            builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            builder = builder.add_extension(_key_usage("digital_signature"), critical=True)
            # RFC 3161, 2.3: critical, and the only purpose.
            purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(purpose, critical=True)
            builder = _published(builder, ISSUED_BY[role], addresses)
            builder = builder.add_extension(_policies(POLICIES[role], addresses), critical=False)
        case _:
            builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            builder = builder.add_extension(_key_usage("digital_signature"), critical=True)
            purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
            builder = builder.add_extension(purpose, critical=False)
            # RFC 6960, 4.2.2.2.1: nobody asks whether the responder is revoked.
            builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def signer_certificate(
    kind: HolderKind,
    name: x509.Name,
    public_key: PublicKey,
    signer: IssuerKey,
    validity: Validity,
    addresses: Addresses,
) -> bytes:
    """The certificate (DER) of a person or a seal."""
    builder = _builder(name, public_key, signer, validity)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_key_usage("digital_signature", "content_commitment"), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([DOCUMENT_SIGNING]), critical=False)
    builder = _published(builder, signer.issuer, addresses)
    builder = builder.add_extension(_policies(POLICIES[kind], addresses), critical=False)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def key_identifier(public_key: PublicKey) -> bytes:
    """160 bits of SHA-256 over the SubjectPublicKeyInfo (RFC 7093, section 2, method 4); RFC 5280's own is SHA-1."""
    encoded = public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(encoded).digest()[:20]


def _builder(name: x509.Name, public_key: PublicKey, signer: IssuerKey, validity: Validity) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .subject_name(name)
        .issuer_name(signer.name)
        .public_key(public_key)
        .not_valid_before(validity.not_before)
        .not_valid_after(validity.not_after)
        .add_extension(x509.SubjectKeyIdentifier(key_identifier(public_key)), critical=False)
        .add_extension(_authority_key(signer.key), critical=False)
    )


def _authority_key(key: PrivateKey) -> x509.AuthorityKeyIdentifier:
    # Without issuer and serial, so that a CA certificate issued anew over the same key still fits.
    return x509.AuthorityKeyIdentifier(key_identifier(key.public_key()), None, None)


def _published(builder: x509.CertificateBuilder, issuer: Issuer, addresses: Addresses) -> x509.CertificateBuilder:
    access = [
        (AuthorityInformationAccessOID.OCSP, addresses.ocsp),
        (AuthorityInformationAccessOID.CA_ISSUERS, addresses.certificate(issuer)),
    ]
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(addresses.crl(issuer))], None, None, None)
    return builder.add_extension(
        x509.AuthorityInformationAccess(
            [x509.AccessDescription(method, x509.UniformResourceIdentifier(address)) for method, address in access]
        ),
        critical=False,
    ).add_extension(x509.CRLDistributionPoints([point]), critical=False)


def _policies(policy: x509.ObjectIdentifier, addresses: Addresses) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(policy, [addresses.practice_statement])])


def _key_usage(*usages: str) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in usages for name in names})
