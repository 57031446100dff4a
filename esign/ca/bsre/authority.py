"""An eSign Client Service of BSrE as the rest of the service sees it: an authority that signs whole documents."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from types import TracebackType
from typing import Self

from asn1crypto import x509

from esign.ca.authority import (
    Consent,
    Credential,
    CredentialStatus,
    Document,
    OneTimeCodes,
    SealActivations,
    Secret,
)
from esign.ca.bsre.certificates import issuers_of, own_of
from esign.ca.bsre.client_v1 import ClientV1
from esign.ca.bsre.client_v2 import ClientV2
from esign.ca.bsre.codes import BsreCodes, BsreSeals
from esign.ca.bsre.config import BsreConfig
from esign.ca.bsre.orders import Given, Person, person
from esign.ca.bsre.refusals import unusable
from esign.ca.bsre.service import Service
from esign.ca.surroundings import Surroundings
from esign.errors import (
    AuthorityNotAdmitted,
    AuthorityRefused,
    AuthorityUnavailable,
    ConfigurationError,
    ConsentIncomplete,
    EsignError,
    SignerUnknown,
)
from esign.x509.http import HttpTimestamps
from esign.x509.sources import RevocationSource, TimestampSource
from esign.x509.trust import TrustStore

_FRESH = 30.0
"""Seconds for which a signer's status, and the service's own, are taken to be what they were."""
_MOST_KEPT = 1024


@dataclass(frozen=True)
class _Seen:
    """What the service said of a signer, and when."""

    credential: Credential
    at: float


class BsreAuthority:
    """Implements `esign.ca.authority.Authority`. Safe in threads. Close it, or use it in ``with``."""

    def __init__(
        self, name: str, config: BsreConfig, surroundings: Surroundings, trust: TrustStore, password: Secret
    ) -> None:
        """For `open`."""
        self.name = name
        self._config = config
        self._surroundings = surroundings
        self._trust = trust
        service = Service(name, config, surroundings.client, password)
        self._v2 = ClientV2(service, surroundings.clock) if config.api == "v2" else None
        self._client = self._v2 or ClientV1(service)
        self._lock = Lock()
        self._seen: dict[str, _Seen] = {}
        self._issuers: dict[bytes, x509.Certificate] = {}
        self._probed: tuple[tuple[str, ...], float] | None = None
        self._timestamps: TimestampSource | None = None
        if config.timestamps_url is not None:
            self._timestamps = HttpTimestamps(surroundings.client, config.timestamps_url, trust, surroundings.clock)

    @classmethod
    def open(cls, name: str, config: BsreConfig, surroundings: Surroundings) -> Self:
        """The service of that name. Nothing is asked of it yet.

        Raises `ConfigurationError` for files that can't be read.
        """
        password = config.password(name)
        trust = surroundings.trust
        if config.trust_files:
            try:
                own = TrustStore.from_pem(*(path.read_bytes() for path in config.trust_files))
            except (OSError, ValueError) as error:
                reason = "a file of trust_files can't be read"
                raise ConfigurationError(variable=f"authorities.{name}.trust_files", reason=reason) from error
            trust = TrustStore(own.anchors, (*own.intermediates, *trust.intermediates), trust.scopes)
        return cls(name, config, surroundings, trust, password)

    def close(self) -> None:
        """Nothing is open: the client belongs to the surroundings."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # --- the port

    def credential(self, holder: str) -> Credential:
        """The state of the holder's credential now, his certificate where the service tells it.

        A seal has no status of its own there: it counts as active until the service says otherwise.
        Raises `AuthorityUnavailable`, `AuthorityNotAdmitted`, `AuthorityRefused`.
        """
        try:
            called = self._person(holder)
        except SignerUnknown:
            return Credential(self.name, holder, CredentialStatus.NOT_REGISTERED, None, ())
        seal = called.subscriber is not None
        status = CredentialStatus.ISSUE if seal else self._client.status(called)
        certificate, chain = None, ()
        if status not in (CredentialStatus.NOT_REGISTERED, CredentialStatus.NO_CERTIFICATE):
            certificate, chain = self._certificate(called)
        if seal and certificate is not None and certificate.not_valid_after < self._surroundings.clock.now():
            status = CredentialStatus.EXPIRED
        credential = Credential(self.name, holder, status, certificate, chain)
        with self._lock:
            while len(self._seen) >= _MOST_KEPT:
                self._seen.pop(next(iter(self._seen)))
            self._seen[holder] = _Seen(credential, time.monotonic())
        return credential

    @contextmanager
    def activate(self, holder: str, consent: Consent) -> Iterator["BsreActivation"]:
        """Opens an activation. The consent is tried when it signs, with the letters.

        Raises `SignerUnknown`, the `CredentialUnusable` that fits, `ConsentIncomplete`, `AuthorityRefused`,
        `AuthorityNotAdmitted`, `AuthorityUnavailable`.
        """
        called = self._person(holder)
        self._refuse_incomplete(called, consent)
        with self._lock:
            seen = self._seen.get(holder)
        fresh = seen is not None and time.monotonic() - seen.at < _FRESH
        credential = seen.credential if seen is not None and fresh else self.credential(holder)
        self._refuse_unusable(credential)
        activation = BsreActivation(self, called, consent, credential)
        try:
            yield activation
        finally:
            activation.end()

    def codes(self) -> OneTimeCodes | None:
        """Of v2: sent by mail or shown in BSrE's own app."""
        return None if self._v2 is None else BsreCodes(self.name, self._v2, self._person)

    def seals(self) -> SealActivations | None:
        """Of v2."""
        return None if self._v2 is None else BsreSeals(self.name, self._v2, self._person)

    def roots(self) -> Sequence[x509.Certificate]:
        """Those of `trust_files`, else all that are trusted here."""
        return self._trust.anchors

    def own_certificates(self) -> Sequence[x509.Certificate]:
        """The issuers of the signers' certificates that were seen, and the time-stamp authority's where it is set."""
        with self._lock:
            issuers = tuple(self._issuers.values())
        return (*issuers, *(self._timestamps.certificates() if self._timestamps is not None else ()))

    def timestamps(self) -> TimestampSource | None:
        """That of `timestamps_url`; the service's own time-stamps come with its signatures."""
        return self._timestamps

    def revocation(self) -> RevocationSource:
        """From the addresses in certificates."""
        return self._surroundings.revocation

    def problems(self) -> Sequence[str]:
        """What keeps it from being ready, in plain English; asked of the service every half minute at most."""
        now = time.monotonic()
        with self._lock:
            if self._probed is not None and now - self._probed[1] < _FRESH:
                return self._probed[0]
        found = tuple(self._problems())
        with self._lock:
            self._probed = (found, now)
        return found

    def warnings(self) -> Sequence[str]:
        """What should be known and keeps nothing from working."""
        found = []
        if self._config.url.startswith("http://"):
            found.append("its address is http: NIK and passphrase travel in clear to it")
        if self._v2 is None:
            found.append(
                "v1 has no one-time codes and no seals, and its answers are PKCS#7, not PAdES, in old services"
            )
        return found

    def _problems(self) -> Iterator[str]:
        if not self._trust.anchors:
            yield "no root is trusted for it"
        try:
            # Nobody has this number: a service that lets us in says so.
            self._client.status(Person(nik=Secret("0" * 16)))
        except AuthorityNotAdmitted:
            yield "it does not let this service in: user name, password, network address or switch"
        except AuthorityUnavailable:
            yield f"it can't be reached at {self._config.url}"
        except AuthorityRefused as error:
            yield f"it does not answer as the service does: {error.details.get('reason')}"
        except EsignError:
            return

    # --- parts

    def _person(self, holder: str) -> Person:
        """Whom the service is told. Raises `SignerUnknown`, also for one of whom it is told nothing it could know."""
        found = person(self._surroundings.identify(holder), self._config.by, self._config.api)
        if not found.known:
            raise SignerUnknown
        return found

    def _certificate(self, called: Person) -> tuple[x509.Certificate | None, tuple[x509.Certificate, ...]]:
        """His certificate and its issuers, as the service tells them; neither where it does not."""
        found = self._client.certificates(called)
        own = own_of(found)
        if own is None:
            return None, ()
        issuers = issuers_of(own, self._trust, found) or ()
        with self._lock:
            self._issuers.update((each.subject.dump(), each) for each in issuers)
        return own, issuers

    def _refuse_incomplete(self, called: Person, consent: Consent) -> None:
        if called.subscriber is not None:
            missing = "one-time code of the seal's activation" if consent.code is None else None
        elif self._v2 is None:
            missing = "passphrase" if consent.passphrase is None else None
        else:
            missing = "passphrase" if consent.passphrase is None and consent.code is None else None
        if missing is not None:
            raise ConsentIncomplete(authority=self.name, missing=missing)

    def _refuse_unusable(self, credential: Credential) -> None:
        certificate = credential.certificate
        if credential.status is not CredentialStatus.ISSUE:
            if certificate is None:
                raise unusable(credential.status)
            begin, end = (
                each.date().isoformat() for each in (certificate.not_valid_before, certificate.not_valid_after)
            )
            raise unusable(credential.status, begin, end)
        if certificate is not None and not credential.chain:
            reason = "the signer's certificate leads to no root that is trusted here"
            raise AuthorityRefused(authority=self.name, reason=reason)

    def signed(self, called: Person, consent: Consent, documents: Sequence[Document]) -> list[bytes]:
        """The signed files; for activations."""
        if called.subscriber is None or self._v2 is None:
            given = Given(passphrase=consent.passphrase) if self._v2 is None else Given.of(consent)
            return self._client.sign(called, given, documents)
        activation = consent.code if consent.code is not None else Secret("")
        code = self._v2.seal_code(called, activation, len(documents))
        return self._v2.seal(called, code.value, documents)

    @property
    def pictures(self) -> bool:
        """Whether the service is to draw our stamps."""
        return self._config.stamp == "picture"


class BsreActivation:
    """A signer's consent, for letters; implements `esign.ca.authority.DocumentActivation`."""

    def __init__(self, authority: BsreAuthority, called: Person, consent: Consent, credential: Credential) -> None:
        self.certificate = credential.certificate
        self.chain: Sequence[x509.Certificate] = credential.chain
        self.pictures = authority.pictures
        self._authority = authority
        self._called = called
        self._consent: Consent | None = consent

    def sign_documents(self, documents: Sequence[Document]) -> Sequence[bytes]:
        """The signed PDFs, in their order: at v2 in one call, at v1 one after the other.

        Raises `WrongPassphrase`, `WrongCode`, `SignerUnknown`, the `CredentialUnusable` that fits, `AuthorityRefused`,
        `AuthorityNotAdmitted`, `AuthorityUnavailable`, `SigningOutcomeUnknown`; RuntimeError after its end.
        """
        if self._consent is None:
            raise RuntimeError("this activation has ended")
        return self._authority.signed(self._called, self._consent, documents)

    def end(self) -> None:
        """Forgets the consent."""
        self._consent = None
