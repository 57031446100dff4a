"""The port to whoever holds keys and makes signatures.

An authority knows credentials, opens activations for them, and signs digests: only a digest ever
crosses this port. The dev CA, a CSC provider and an HSM all fit behind it.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

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


class Activation(Protocol):
    """A signer's consent to one or several signatures, while its context is open."""

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate whose key signs."""
        ...

    @property
    def chain(self) -> Sequence[x509.Certificate]:
        """The issuers of the certificate, nearest first, the root included."""
        ...

    def sign_digest(self, digest: bytes, digest_algorithm: str) -> bytes:
        """The signature value over a digest: PKCS #1 v1.5 for RSA keys, DER ECDSA-Sig-Value for EC keys.

        ``digest_algorithm`` is an asn1crypto name (``sha256``, ``sha384``, ``sha512``). Raises
        `AuthorityUnavailable` if surely nothing was signed, `SigningOutcomeUnknown` if that is not known.
        """
        ...


class Authority(Protocol):
    """Whoever vouches for signers and makes their signatures."""

    @property
    def name(self) -> str:
        """Its name in settings and in the register."""
        ...

    def credential(self, holder: str) -> Credential:
        """The state of the holder's credential now. Never raises for an unknown holder: NOT_REGISTERED.

        Raises `AuthorityUnavailable`.
        """
        ...

    def activate(self, holder: str, secret: Secret) -> AbstractContextManager[Activation]:
        """Opens an activation; the key is usable while the context is open.

        Raises `WrongPassphrase`, the `CredentialUnusable` that fits, `SignerUnknown`, `AuthorityUnavailable`.
        """
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
