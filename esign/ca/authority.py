"""The port to whoever holds keys and makes signatures.

An authority knows credentials and opens activations for them. What an activation signs is digests, so that only
those leave the building: so do the dev CA, a CSC provider and an HSM. BSrE's eSign Client Service takes whole
documents instead. What an authority can do besides (one-time codes, activations of seals) it offers as a port of
its own, or not at all.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol, runtime_checkable

from asn1crypto import x509

from esign.x509.sources import RevocationSource, TimestampSource


class CredentialStatus(StrEnum):
    """The state of a signer's certificate, in the words of BSrE's service (contract, section 4.4)."""

    ISSUE = "ISSUE"
    """Active: the only state that may sign."""
    EXPIRED = "EXPIRED"
    """Its validity is over."""
    RENEW = "RENEW"
    """A renewal is in progress."""
    WAITING_FOR_VERIFICATION = "WAITING_FOR_VERIFICATION"
    """The application is being verified."""
    NEW = "NEW"
    """Issued, not yet activated (or not yet valid)."""
    NO_CERTIFICATE = "NO_CERTIFICATE"
    """Registered, without a certificate."""
    NOT_REGISTERED = "NOT_REGISTERED"
    """Unknown to the authority."""
    SUSPEND = "SUSPEND"
    """On hold."""
    REVOKE = "REVOKE"
    """Revoked."""


@dataclass(frozen=True)
class Credential:
    """A signer's certificate at an authority, and its state when it was asked for."""

    authority: str
    holder: str
    """The authority's own name for the holder (at the dev CA: the holder id given at issuance; never a NIK)."""
    status: CredentialStatus
    certificate: x509.Certificate | None
    """The current certificate; None without one."""
    chain: tuple[x509.Certificate, ...]
    """The issuers of ``certificate``, nearest first, the root included; empty without a certificate."""
    revoked_at: datetime | None = None


class Secret:
    """A passphrase or one-time code: shown to nobody, by no repr, str, format, pickle or comparison.

    ``reveal`` is called once, at the place where the authority is asked.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is never pickled")


@dataclass(frozen=True)
class Consent:
    """What a signer hands over so that signatures are made in his name, and for how many."""

    passphrase: Secret | None = None
    """His passphrase or PIN."""
    code: Secret | None = None
    """A one-time code; for a seal at BSrE, the code of its activation."""
    signatures: int = 1
    """How many signatures it is meant for. An authority that counts them refuses more."""


@dataclass(frozen=True)
class IssuedCode:
    """A code that an authority hands over itself instead of sending it to a person."""

    value: Secret
    expires: datetime


@runtime_checkable
class Activation(Protocol):
    """A signer's consent at work, for digests, while its context is open."""

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate whose key signs."""
        ...

    @property
    def chain(self) -> Sequence[x509.Certificate]:
        """The issuers of the certificate, nearest first, the root included."""
        ...

    def sign_digests(self, digests: Sequence[bytes], digest_algorithm: str) -> Sequence[bytes]:
        """The signature values over digests, in their order: PKCS #1 v1.5 for RSA keys, DER ECDSA-Sig-Value for EC.

        ``digest_algorithm`` is an asn1crypto name (``sha256``, ``sha384``, ``sha512``). One call is one authorisation,
        where the authority binds those to digests. Raises `AuthorityUnavailable` if surely nothing was signed,
        `SigningOutcomeUnknown` if that is not known, and the `CredentialUnusable` that fits.
        """
        ...


@runtime_checkable
class LateActivation(Activation, Protocol):
    """An activation whose secrets are tried only when it signs, since the authority binds the consent to digests."""

    tried_late: Literal[True]


@dataclass(frozen=True)
class Picture:
    """A picture that the authority draws for a signature."""

    png: bytes
    page: int
    """From 1."""
    box: tuple[float, float, float, float]
    """Left, bottom, right, top in displayed space (points)."""
    page_height: float
    """Of the page as displayed, in points: what a distance from its top is reckoned from."""


@dataclass(frozen=True)
class Document:
    """A whole PDF for an authority that signs no digests."""

    pdf: bytes
    picture: Picture | None = None
    """None: an invisible signature."""
    field: str | None = None
    """The empty signature field in the picture's place that it should fill, if the authority can; else it adds one."""
    reason: str | None = None
    location: str | None = None


@runtime_checkable
class DocumentActivation(Protocol):
    """A signer's consent at work, for whole documents, while its context is open.

    Whether the secret is right is known only when it signs.
    """

    @property
    def certificate(self) -> x509.Certificate | None:
        """The certificate that is expected in the signatures; None where the authority tells it only by signing."""
        ...

    @property
    def chain(self) -> Sequence[x509.Certificate]:
        """The issuers of the certificate, nearest first, the root included; empty where it is not known."""
        ...

    @property
    def pictures(self) -> bool:
        """Whether the authority is to draw our stamps; else they are page content, and signatures are invisible."""
        ...

    def sign_documents(self, documents: Sequence[Document]) -> Sequence[bytes]:
        """The signed PDFs, in their order: all of them or none. Nothing of them is believed before it is examined.

        Raises `WrongPassphrase`, `WrongCode`, the `CredentialUnusable` that fits, `AuthorityRefused`,
        `AuthorityNotAdmitted`, `AuthorityUnavailable` if surely nothing was signed, `SigningOutcomeUnknown` if that is
        not known.
        """
        ...


class OneTimeCodes(Protocol):
    """One-time codes that an authority sends to signers."""

    def send(self, holder: str, signatures: int) -> None:
        """Has a code for that many signatures sent to the holder, by the authority's own way (mail, an app).

        Raises `SignerUnknown`, the `CredentialUnusable` that fits, `TooManyRequests`, `AuthorityRefused`,
        `AuthorityUnavailable`.
        """
        ...


class SealActivations(Protocol):
    """The activations of seals as BSrE has them (contract, section 4.3).

    An officer opens one by a code that is sent to him, and while it lasts, codes for batches of signatures are had
    without him.
    """

    def request(self, holder: str) -> None:
        """Has the activation's code sent to the officer of the seal. Raises as `OneTimeCodes.send` does."""
        ...

    def refresh(self, holder: str, activation: Secret) -> IssuedCode:
        """The activation that is in force, with its end. Raises `WrongCode`, and as `OneTimeCodes.send` does."""
        ...

    def revoke(self, holder: str, activation: Secret) -> None:
        """Ends the activation. Raises as `refresh` does."""
        ...

    def code(self, holder: str, activation: Secret, signatures: int) -> IssuedCode:
        """A code for that many signatures of the seal. Raises as `refresh` does."""
        ...


@runtime_checkable
class Warns(Protocol):
    """An authority with something to be known that keeps nothing from working."""

    def warnings(self) -> Sequence[str]:
        """In plain English."""
        ...


class Authority(Protocol):
    """Whoever vouches for signers and makes their signatures."""

    @property
    def name(self) -> str:
        """Its name in settings and in the register."""
        ...

    def credential(self, holder: str) -> Credential:
        """The state of the holder's credential now. Never raises for an unknown holder: NOT_REGISTERED.

        Raises `AuthorityUnavailable`, `AuthorityNotAdmitted`, `AuthorityRefused`.
        """
        ...

    def activate(self, holder: str, consent: Consent) -> AbstractContextManager[Activation | DocumentActivation]:
        """Opens an activation; the key is usable while the context is open.

        Raises `WrongPassphrase`, `WrongCode`, `ConsentIncomplete` where it asks for more than was given, the
        `CredentialUnusable` that fits, `SignerUnknown`, `AuthorityRefused`, `AuthorityNotAdmitted`,
        `AuthorityUnavailable`.
        """
        ...

    def codes(self) -> OneTimeCodes | None:
        """Its one-time codes; None where it has none."""
        ...

    def seals(self) -> SealActivations | None:
        """The activations of its seals; None where a seal is opened as any signer's key is."""
        ...

    def roots(self) -> Sequence[x509.Certificate]:
        """The trust anchors of its certificates and time-stamps."""
        ...

    def own_certificates(self) -> Sequence[x509.Certificate]:
        """The certificates of its own, of CAs, OCSP responders and time-stamps, as far as they are known.

        Where one ends, so does a part of its work. Raises `AuthorityUnavailable`.
        """
        ...

    def timestamps(self) -> TimestampSource | None:
        """Its time-stamp authority; None without one."""
        ...

    def revocation(self) -> RevocationSource:
        """Where the revocation data of its certificates comes from."""
        ...

    def problems(self) -> Sequence[str]:
        """What keeps it from being ready, in plain English; empty when it is ready."""
        ...
