"""The dev CA's own keys and certificates, as a running process uses them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import x509

from esign.ca.dev.database import Database, Writer
from esign.ca.dev.folder import Folder
from esign.ca.dev.hierarchy import ISSUED_BY, LIFETIMES, Addresses, Issuer, Role, Service, name
from esign.ca.dev.profiles import IssuerKey, Validity, role_certificate
from esign.errors import AuthorityUnavailable
from esign.x509 import keys
from esign.x509.clock import Clock
from esign.x509.keys import PrivateKey


@dataclass(frozen=True)
class OwnCertificate:
    """A certificate of the CA's own, with what answers take from it."""

    certificate: x509.Certificate
    der: bytes
    subject: bytes
    """The distinguished name (DER)."""
    issuer_name: bytes
    serial: int
    not_after: datetime
    renew_at: datetime
    """After two thirds of its life, when a service gets a new one."""

    @classmethod
    def load(cls, der: bytes) -> "OwnCertificate":
        """From the certificate (DER)."""
        certificate = x509.Certificate.load(der)
        begin, end = certificate.not_valid_before, certificate.not_valid_after
        return cls(
            certificate=certificate,
            der=der,
            subject=certificate.subject.dump(),
            issuer_name=certificate.issuer.dump(),
            serial=certificate.serial_number,
            not_after=end,
            renew_at=begin + (end - begin) * 2 / 3,
        )


class Authorities:
    """Keys and current certificates by role."""

    def __init__(self, folder: Folder, database: Database, addresses: Addresses, tag: str, clock: Clock) -> None:
        self.addresses = addresses
        self.clock = clock
        self._folder = folder
        self._database = database
        self._tag = tag
        self._keys: dict[Role, PrivateKey] = {}
        self._certificates: dict[Role, OwnCertificate] = {}

    def now(self) -> datetime:
        """The present in whole seconds, as certificates, CRLs, OCSP answers and time-stamps tell it."""
        return self.clock.now().replace(microsecond=0)

    def key(self, role: Role) -> PrivateKey:
        """The private key of a role. Raises `AuthorityUnavailable` where it can't be read."""
        key = self._keys.get(role)
        if key is None:
            try:
                key = keys.decode(self._folder.key_file(role).read_bytes())
            except (OSError, ValueError, TypeError) as error:
                raise AuthorityUnavailable(authority="dev") from error
            self._keys[role] = key
        return key

    def own(self, role: Role) -> OwnCertificate:
        """The current certificate of a role; that of a service is renewed, over the same key, when it is due."""
        own = self._certificates.get(role)
        if own is None:
            with self._database.reading() as register:
                own = OwnCertificate.load(register.of_role(role).der)
        if isinstance(role, Service) and self.clock.now() >= own.renew_at:
            own = self._renewed(role)
        self._certificates[role] = own
        return own

    def signer(self, issuer: Issuer) -> IssuerKey:
        """What signs the certificates of an issuer."""
        return IssuerKey(name(issuer, self._tag), self.key(issuer), issuer)

    def chain(self, issuer: Issuer) -> tuple[x509.Certificate, ...]:
        """The certificates above those of an issuer, nearest first, the root included."""
        if issuer is Issuer.ROOT:
            return (self.own(Issuer.ROOT).certificate,)
        return (self.own(issuer).certificate, self.own(Issuer.ROOT).certificate)

    def missing_keys(self) -> Sequence[Role]:
        """The roles whose private key can't be read."""
        missing: list[Role] = []
        for role in (*Issuer, *Service):
            try:
                self.key(role)
            except AuthorityUnavailable:
                missing.append(role)
        return missing

    def _renewed(self, role: Role) -> OwnCertificate:
        with self._database.writing() as register:
            # Another process may have done it.
            own = OwnCertificate.load(register.of_role(role).der)
            if self.clock.now() < own.renew_at:
                return own
            issuer = ISSUED_BY[role]
            issuer_end = OwnCertificate.load(register.of_role(issuer).der).not_after
            if issuer_end <= max(own.not_after, self.now()):
                return own
            validity = _validity(role, self.now(), issuer_end)
            public_key = self.key(role).public_key()
            renewed = OwnCertificate.load(
                role_certificate(role, name(role, self._tag), public_key, self.signer(issuer), validity, self.addresses)
            )
            register.add_role(role, issuer, renewed.der)
        return renewed


def issue_roles(
    register: Writer, roles: Sequence[Role], role_keys: dict[Role, PrivateKey], tag: str, url: str, now: datetime
) -> None:
    """Issues certificates to the CA's own roles, the root first where it is among them."""
    addresses = Addresses(url)
    for role in roles:
        issuer = ISSUED_BY[role]
        end = None if role is Issuer.ROOT else OwnCertificate.load(register.of_role(issuer).der).not_after
        signer = IssuerKey(name(issuer, tag), role_keys[issuer], issuer)
        public_key = role_keys[role].public_key()
        certificate = role_certificate(role, name(role, tag), public_key, signer, _validity(role, now, end), addresses)
        register.add_role(role, issuer, certificate)


def _validity(role: Role, now: datetime, issuer_end: datetime | None) -> Validity:
    end = now + LIFETIMES[role]
    return Validity(now, end if issuer_end is None else min(end, issuer_end))
