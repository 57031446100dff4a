"""A CSC provider as the rest of the service sees it."""

import base64
import binascii
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from types import TracebackType
from typing import Literal, Self

from asn1crypto import x509

from esign.ca.authority import Consent, Credential, CredentialStatus, SealActivations, Secret
from esign.ca.csc import algorithms
from esign.ca.csc.client import CscClient
from esign.ca.csc.config import CscConfig
from esign.ca.csc.messages import CredentialInfo, Info
from esign.ca.csc.oauth import Invitation
from esign.ca.csc.terms import Factor, Kind, Terms
from esign.ca.csc.timestamps import CscTimestamps
from esign.ca.surroundings import Surroundings
from esign.errors import (
    AuthorityRefused,
    AuthorityUnavailable,
    ConfigurationError,
    CredentialExpired,
    CredentialMissing,
    CredentialNotYetValid,
    CredentialRevoked,
    CredentialSuspended,
    EsignError,
    SignerUnknown,
)
from esign.x509 import chains
from esign.x509.http import HttpTimestamps
from esign.x509.rejection import UNREADABLE, Rejected
from esign.x509.sources import RevocationSource, TimestampSource
from esign.x509.trust import TrustStore, read_certificates

_INFO_SECONDS = 300.0
"""How long it is believed what the provider offers, and that all is well."""
_PROBLEM_SECONDS = 30.0
"""How long a problem is believed: readiness is asked for by anybody, the provider is not."""
_MOST_CERTIFICATES = 16
_DIGEST_OCTETS = {"sha256": 32, "sha384": 48, "sha512": 64}


@dataclass(frozen=True)
class Found:
    """A credential at the provider."""

    identifier: str
    """Its ``credentialID``."""
    info: CredentialInfo
    certificate: x509.Certificate | None
    others: tuple[x509.Certificate, ...]


@dataclass(frozen=True)
class BrowserConsent:
    """A consent that a signer is to give in his browser, for these digests alone."""

    invitation: Invitation
    found: Found
    digests: tuple[bytes, ...]
    digest_algorithm: str


class CscAuthority:
    """Implements `esign.ca.authority.Authority`. Safe in threads. Close it, or use it in ``with``."""

    def __init__(self, name: str, config: CscConfig, surroundings: Surroundings, trust: TrustStore) -> None:
        """For `open`."""
        self.name = name
        self.client = CscClient(name, config, surroundings.client)
        self._config = config
        self._surroundings = surroundings
        self._trust = trust
        self._lock = Lock()
        self._info: tuple[Info | None, float] | None = None
        self._problems: tuple[list[str], float] | None = None
        self._issuers: dict[bytes, x509.Certificate] = {}
        self._timestamps: TimestampSource = (
            CscTimestamps(self.client, trust, surroundings.clock)
            if config.timestamps_url is None
            else HttpTimestamps(surroundings.client, config.timestamps_url, trust, surroundings.clock)
        )

    @classmethod
    def open(cls, name: str, config: CscConfig, surroundings: Surroundings) -> Self:
        """The provider of that name. Nothing is asked of it yet.

        Raises `ConfigurationError` for files that can't be read.
        """
        config.secret(name)
        trust = surroundings.trust
        if config.trust_files:
            try:
                own = TrustStore.from_pem(*(path.read_bytes() for path in config.trust_files))
            except (OSError, ValueError) as error:
                reason = "a file of trust_files can't be read"
                raise ConfigurationError(variable=f"authorities.{name}", reason=reason) from error
            trust = TrustStore(own.anchors, (*own.intermediates, *surroundings.trust.intermediates))
        return cls(name, config, surroundings, trust)

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
        """The state of the holder's credential now.

        Raises `AuthorityUnavailable`, `AuthorityNotAdmitted`, `AuthorityRefused`.
        """
        try:
            found = self.found(holder)
        except SignerUnknown:
            return Credential(self.name, holder, CredentialStatus.NOT_REGISTERED, None, ())
        status = self._status(found)
        if found.certificate is None:
            return Credential(self.name, holder, status, None, ())
        return Credential(self.name, holder, status, found.certificate, self._chain(found))

    @contextmanager
    def activate(self, holder: str, consent: Consent) -> Iterator["CscActivation"]:
        """Opens an activation. The consent is tried when it signs, since it is bound to digests.

        Raises `SignerUnknown`, the `CredentialUnusable` that fits, `ConsentIncomplete`, `AuthorityRefused`,
        `AuthorityNotAdmitted`, `AuthorityUnavailable`.
        """
        found = self.found(holder)
        certificate = self._refuse_unusable(found)
        factors = Terms.of(found.info).answered(consent, self.name)
        activation = CscActivation(self, found, certificate, self._chain(found), factors)
        try:
            yield activation
        finally:
            activation.end()

    def codes(self) -> "CscCodes":
        """The one-time codes that the provider sends."""
        return CscCodes(self)

    def seals(self) -> SealActivations | None:
        """None: a seal is opened as any signer's key is."""
        return None

    def roots(self) -> Sequence[x509.Certificate]:
        """The configured roots, else all that are trusted here."""
        return self._trust.anchors

    def own_certificates(self) -> Sequence[x509.Certificate]:
        """The issuers in the chains that were seen so far, and the time-stamp authority's; nothing is asked."""
        with self._lock:
            issuers = tuple(self._issuers.values())
        return (*issuers, *self._timestamps.certificates())

    def timestamps(self) -> TimestampSource | None:
        """The configured time-stamp authority, else the provider's own; None where it has none, or can't be asked."""
        if self._config.timestamps_url is not None:
            return self._timestamps
        try:
            offered = "signatures/timestamp" in self._offer().methods
        except EsignError:
            return None
        return self._timestamps if offered else None

    def revocation(self) -> RevocationSource:
        """The addresses in the certificates."""
        return self._surroundings.revocation

    def problems(self) -> Sequence[str]:
        """What keeps it from being ready, in plain English; asked anew every few minutes, sooner after a problem."""
        with self._lock:
            kept = self._problems
        if kept is not None and time.monotonic() < kept[1]:
            return kept[0]
        found = self._asked_for_problems()
        with self._lock:
            self._problems = found, time.monotonic() + (_PROBLEM_SECONDS if found else _INFO_SECONDS)
        return found

    def _asked_for_problems(self) -> list[str]:
        try:
            offer = self._offer()
        except EsignError as error:
            return [f"the provider's info can't be had: {error.code}"]
        try:
            self.client.admitted()
        except EsignError as error:
            why = error.__cause__.sentence("en") if isinstance(error.__cause__, ConfigurationError) else error.code
            return [f"the provider does not let this service in: {why}"]
        needed = ("credentials/info", "signatures/signHash")
        return [f"the provider does not offer {each}" for each in needed if offer.methods and each not in offer.methods]

    # --- a signer who agrees in his browser

    def ask_in_browser(self, holder: str, digests: Sequence[bytes], digest_algorithm: str) -> BrowserConsent:
        """Where the signer is to be sent so that he agrees, at the provider, to signatures over these digests.

        Raises as `activate` does.
        """
        found = self.found(holder)
        self._refuse_unusable(found)
        _refuse_unfit(digests, digest_algorithm)
        invitation = self.client.oauth2.credential_invitation(found.identifier, digests, digest_algorithm)
        return BrowserConsent(invitation, found, tuple(digests), digest_algorithm)

    def signed_in_browser(self, asked: BrowserConsent, code: Secret) -> Sequence[bytes]:
        """The signature values, with the code that came back from the signer's browser.

        Whoever calls has compared the ``state`` that came with it. Raises as `CscActivation.sign_digests` does.
        """
        sad = self.client.oauth2.redeem(asked.invitation, code).access_token
        certificate = self._refuse_unusable(asked.found)
        activation = CscActivation(self, asked.found, certificate, (), [])
        return activation.signed(asked.digests, asked.digest_algorithm, Secret(sad.get_secret_value()))

    # --- what stands behind

    def found(self, holder: str) -> Found:
        """The holder's credential at the provider. Raises `SignerUnknown`, and what asking raises."""
        identifier = self._identifier(holder)
        info = self.client.credential(identifier)
        try:
            certificates = [
                read_certificates(base64.b64decode("".join(text.split()), validate=True))[0]
                for text in info.cert.certificates[:_MOST_CERTIFICATES]
            ]
        except (binascii.Error, *UNREADABLE) as error:
            raise AuthorityRefused(authority=self.name, reason="its certificates can't be read") from error
        return Found(identifier, info, certificates[0] if certificates else None, tuple(certificates[1:]))

    def _identifier(self, holder: str) -> str:
        if holder in self._config.credentials:
            return self._config.credentials[holder]
        if self._config.user is None:
            return holder
        user: Secret | None = Secret(holder)
        if self._config.user != "holder":
            identity = self._surroundings.identify(holder)
            email = Secret(identity.email) if identity.email is not None else None
            user = identity.nik if self._config.user == "nik" else email
        if user is None:
            raise SignerUnknown
        identifiers = self.client.credentials(user)
        if not identifiers:
            raise SignerUnknown
        if len(identifiers) > 1:
            reason = "the signer has several credentials; name his in the settings"
            raise AuthorityRefused(authority=self.name, reason=reason)
        return identifiers[0]

    def _status(self, found: Found) -> CredentialStatus:
        if found.certificate is None:
            return CredentialStatus.NO_CERTIFICATE
        said = (found.info.cert.status or "valid").lower()
        now = self._surroundings.clock.now()
        if said == "revoked":
            return CredentialStatus.REVOKE
        if now > found.certificate.not_valid_after or said == "expired":
            return CredentialStatus.EXPIRED
        if said != "valid" or found.info.key.status.lower() != "enabled":
            return CredentialStatus.SUSPEND
        if now < found.certificate.not_valid_before:
            return CredentialStatus.NEW
        return CredentialStatus.ISSUE

    def _refuse_unusable(self, found: Found) -> x509.Certificate:
        """The certificate, which may sign now. Raises the `CredentialUnusable` that fits."""
        certificate, status = found.certificate, self._status(found)
        if certificate is None:
            raise CredentialMissing
        match status:
            case CredentialStatus.REVOKE:
                raise CredentialRevoked
            case CredentialStatus.EXPIRED:
                raise CredentialExpired(not_after=certificate.not_valid_after.date().isoformat())
            case CredentialStatus.SUSPEND:
                raise CredentialSuspended
            case CredentialStatus.NEW:
                raise CredentialNotYetValid(not_before=certificate.not_valid_before.date().isoformat())
        return certificate

    def _chain(self, found: Found) -> tuple[x509.Certificate, ...]:
        """The issuers of the certificate up to a trusted root. Raises `AuthorityRefused` where it leads to none."""
        if found.certificate is None:
            return ()
        chain = chains.build(found.certificate, self._trust, found.others)
        if chain is None:
            raise AuthorityRefused(authority=self.name, reason="the signer's certificate leads to no trusted root")
        with self._lock:
            self._issuers.update((issuer.sha256, issuer) for issuer in chain[1:])
        return chain[1:]

    def _offer(self) -> Info:
        """What the provider offers, asked for again when it was long ago. Raises as `CscClient.info` does."""
        with self._lock:
            kept = self._info
        if kept is not None and time.monotonic() < kept[1]:
            if kept[0] is None:
                raise AuthorityUnavailable(authority=self.name)
            return kept[0]
        offer: Info | None = None
        try:
            offer = self.client.info()
        finally:
            with self._lock:
                self._info = offer, time.monotonic() + (_INFO_SECONDS if offer is not None else _PROBLEM_SECONDS)
        return offer


class CscActivation:
    """A signer's consent at a provider; implements `esign.ca.authority.LateActivation`."""

    tried_late: Literal[True] = True

    def __init__(
        self,
        authority: CscAuthority,
        found: Found,
        certificate: x509.Certificate,
        chain: Sequence[x509.Certificate],
        factors: Sequence[tuple[Factor, Secret]],
    ) -> None:
        self.certificate = certificate
        self.chain = chain
        self._authority = authority
        self._found = found
        self._factors: Sequence[tuple[Factor, Secret]] | None = factors

    def sign_digests(self, digests: Sequence[bytes], digest_algorithm: str) -> Sequence[bytes]:
        """The signature values over digests: one authorisation that is bound to them, and one signing.

        More digests than the credential signs with one authorisation are authorised in parts, where no code is needed,
        which would be spent by the first. Raises `WrongPassphrase`, `WrongCode`, the `CredentialUnusable` that fits,
        `AuthorityRefused`, `AuthorityNotAdmitted`, `AuthorityUnavailable`, `SigningOutcomeUnknown`; ValueError for
        what is no digest, RuntimeError after the end of the activation.
        """
        if self._factors is None:
            raise RuntimeError("this activation has ended")
        _refuse_unfit(digests, digest_algorithm)
        most = self._found.info.multisign
        if len(digests) > most and any(factor.kind is Kind.CODE for factor, _ in self._factors):
            raise AuthorityRefused(authority=self._authority.name, reason=f"one code is good for {most} signatures")
        algorithm = self._algorithm(digest_algorithm)
        values: list[bytes] = []
        for start in range(0, len(digests), most):
            part = digests[start : start + most]
            sad = self._authority.client.authorize(self._found.identifier, part, algorithm, self._factors)
            values.extend(self.signed(part, digest_algorithm, sad))
        return values

    def signed(self, digests: Sequence[bytes], digest_algorithm: str, sad: Secret) -> list[bytes]:
        """The signature values that activation data lets have; none of them is given out before all are right."""
        name, key = self._authority.name, self._key()
        values = self._authority.client.sign_hash(
            self._found.identifier, sad, digests, self._algorithm(digest_algorithm)
        )
        if len(values) != len(digests):
            raise AuthorityRefused(authority=name, reason="it answered another number of signatures")
        try:
            return [
                algorithms.checked(key, digest, digest_algorithm, value)
                for digest, value in zip(digests, values, strict=True)
            ]
        except Rejected as error:
            raise AuthorityRefused(authority=name, reason=error.reason) from error

    def end(self) -> None:
        """Forgets the consent."""
        self._factors = None

    def _key(self) -> algorithms.PublicKey:
        try:
            return algorithms.public_key(self.certificate)
        except Rejected as error:
            raise AuthorityRefused(authority=self._authority.name, reason=error.reason) from error

    def _algorithm(self, digest_algorithm: str) -> algorithms.SignatureAlgorithm:
        try:
            return algorithms.choose(self._key(), self._found.info.key.algo, digest_algorithm)
        except Rejected as error:
            raise AuthorityRefused(authority=self._authority.name, reason=error.reason) from error


class CscCodes:
    """Implements `esign.ca.authority.OneTimeCodes`."""

    def __init__(self, authority: CscAuthority) -> None:
        self._authority = authority

    def send(self, holder: str, signatures: int) -> None:  # noqa: ARG002 a code is for one authorisation
        """Has a code sent to the holder. Raises `CodesUnsupported` too, where his credential has none."""
        found = self._authority.found(holder)
        factor = Terms.of(found.info).code(self._authority.name)
        self._authority.client.send_code(found.identifier, factor)


def _refuse_unfit(digests: Sequence[bytes], digest_algorithm: str) -> None:
    octets = _DIGEST_OCTETS.get(digest_algorithm)
    if not digests or any(len(digest) != octets for digest in digests):
        raise ValueError(f"not a {digest_algorithm} digest")
