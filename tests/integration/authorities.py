"""The dev CA as an authority that fails in one way: what it does not do itself is done by the real one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from asn1crypto import x509

from esign.ca.authority import Activation, Consent, Credential, OneTimeCodes, SealActivations
from esign.ca.dev import DevCa
from esign.errors import (
    AuthorityNotAdmitted,
    AuthorityUnavailable,
    RevocationUnavailable,
    SigningOutcomeUnknown,
    TimestampUnavailable,
)
from esign.service.authorities import Authorities
from esign.service.services import Services
from esign.x509.sources import RevocationSource, TimestampSource


@dataclass
class Failing:
    """Everything is the dev CA's, but for what fails."""

    real: DevCa
    down: bool = False
    """It does not answer at all."""
    closed: bool = False
    """It does not let this service in."""
    timestamps_down: bool = False
    revocation_down: bool = False
    silent: bool = False
    """It is asked to sign and does not answer."""
    spoils: bool = False
    """Its signature values are wrong."""

    @property
    def name(self) -> str:
        return self.real.name

    def credential(self, holder: str) -> Credential:
        if self.down:
            raise AuthorityUnavailable(authority=self.name)
        if self.closed:
            raise AuthorityNotAdmitted(authority=self.name)
        return self.real.credential(holder)

    @contextmanager
    def activate(self, holder: str, consent: Consent) -> Iterator[Activation]:
        if self.down:
            raise AuthorityUnavailable(authority=self.name)
        with self.real.activate(holder, consent) as activation:
            yield _Hand(activation, self)

    def codes(self) -> OneTimeCodes | None:
        return self.real.codes()

    def seals(self) -> SealActivations | None:
        return self.real.seals()

    def roots(self) -> Sequence[x509.Certificate]:
        return self.real.roots()

    def own_certificates(self) -> Sequence[x509.Certificate]:
        return self.real.own_certificates()

    def timestamps(self) -> TimestampSource:
        return _Clock(self.real.timestamps()) if self.timestamps_down else self.real.timestamps()

    def revocation(self) -> RevocationSource:
        return _Desk() if self.revocation_down else self.real.revocation()

    def problems(self) -> Sequence[str]:
        return ["it does not answer"] if self.down else self.real.problems()

    def within(self, services: Services) -> Services:
        """The services with this authority in the dev CA's place."""
        return replace(services, authorities=Authorities({self.name: self}, default=self.name))


@dataclass
class _Hand:
    opened: Activation
    ways: Failing

    @property
    def certificate(self) -> x509.Certificate:
        return self.opened.certificate

    @property
    def chain(self) -> Sequence[x509.Certificate]:
        return self.opened.chain

    def sign_digests(self, digests: Sequence[bytes], digest_algorithm: str) -> Sequence[bytes]:
        if self.ways.silent:
            raise SigningOutcomeUnknown(authority=self.ways.name)
        values = self.opened.sign_digests(digests, digest_algorithm)
        return [value[:-1] + bytes([value[-1] ^ 1]) if self.ways.spoils else value for value in values]


@dataclass
class _Clock:
    real: TimestampSource

    def token(self, digest: bytes, digest_algorithm: str) -> bytes:
        raise TimestampUnavailable

    def certificates(self) -> Sequence[x509.Certificate]:
        return self.real.certificates()


class _Desk:
    def ocsp(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        raise RevocationUnavailable(profile="B-LT")

    def crl(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        raise RevocationUnavailable(profile="B-LT")
