"""Who is who at the dev CA: its own certificates, their names and where each is published."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.x509.oid import NameOID

DEVELOPMENT = "esign development - not for official letters"
"""The organisation in the names of all of the CA's own certificates."""


class Issuer(StrEnum):
    """Those who issue certificates and CRLs."""

    ROOT = "root"
    PERSONS = "persons"
    SEALS = "seals"


class Service(StrEnum):
    """Those who sign answers: one delegated OCSP responder an issuer, and the time-stamp authority."""

    ROOT_OCSP = "root-ocsp"
    PERSONS_OCSP = "persons-ocsp"
    SEALS_OCSP = "seals-ocsp"
    TIMESTAMPS = "timestamps"


Role = Issuer | Service
"""Every holder of a key of the CA itself."""

ROLES: tuple[Role, ...] = (*Issuer, *Service)

RESPONDERS = {
    Issuer.ROOT: Service.ROOT_OCSP,
    Issuer.PERSONS: Service.PERSONS_OCSP,
    Issuer.SEALS: Service.SEALS_OCSP,
}

ISSUED_BY: dict[Role, Issuer] = {
    Issuer.ROOT: Issuer.ROOT,
    Issuer.PERSONS: Issuer.ROOT,
    Issuer.SEALS: Issuer.ROOT,
    Service.ROOT_OCSP: Issuer.ROOT,
    Service.PERSONS_OCSP: Issuer.PERSONS,
    Service.SEALS_OCSP: Issuer.SEALS,
    Service.TIMESTAMPS: Issuer.PERSONS,
}
"""As at BSrE, the time-stamp authority stands under the issuing CA of persons."""

LIFETIMES: dict[Role, timedelta] = {
    Issuer.ROOT: timedelta(days=20 * 365),
    Issuer.PERSONS: timedelta(days=10 * 365),
    Issuer.SEALS: timedelta(days=10 * 365),
    Service.ROOT_OCSP: timedelta(days=90),
    Service.PERSONS_OCSP: timedelta(days=90),
    Service.SEALS_OCSP: timedelta(days=90),
    Service.TIMESTAMPS: timedelta(days=3 * 365),
}
"""A responder can't be revoked (id-pkix-ocsp-nocheck), so it lives shortly (RFC 6960, 4.2.2.2.1)."""

_COMMON_NAMES: dict[Role, str] = {
    Issuer.ROOT: "esign Development Root CA DS",
    Issuer.PERSONS: "esign Development CA DS",
    Issuer.SEALS: "esign Development CA Seal",
    Service.ROOT_OCSP: "esign Development OCSP Root",
    Service.PERSONS_OCSP: "esign Development OCSP DS",
    Service.SEALS_OCSP: "esign Development OCSP Seal",
    Service.TIMESTAMPS: "esign Development Timestamp Authority",
}


def name(role: Role, tag: str) -> x509.Name:
    """The distinguished name of a role; ``tag`` tells this CA from other dev CAs."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, DEVELOPMENT),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{_COMMON_NAMES[role]} {tag}"),
        ]
    )


@dataclass(frozen=True)
class Addresses:
    """Where the CA is reached from outside, as its certificates say."""

    pki_url: str
    """The address of the service's ``/pki``, without a slash at its end."""

    @property
    def ocsp(self) -> str:
        """The OCSP responder of all issuers."""
        return f"{self.pki_url}/ocsp"

    @property
    def timestamps(self) -> str:
        """The time-stamp authority."""
        return f"{self.pki_url}/tsa"

    @property
    def practice_statement(self) -> str:
        """What this CA is and is not."""
        return f"{self.pki_url}/cps"

    def certificate(self, issuer: Issuer) -> str:
        """The certificate of an issuer, DER."""
        return f"{self.pki_url}/certs/{issuer}.cer"

    def crl(self, issuer: Issuer) -> str:
        """The CRL of an issuer, DER."""
        return f"{self.pki_url}/crl/{issuer}.crl"
