"""Keys in an HSM or on tokens as the rest of the service sees them."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from asn1crypto import x509

from esign.ca.authority import Consent, Credential, CredentialStatus, OneTimeCodes, SealActivations, Secret
from esign.ca.pkcs11 import values
from esign.ca.pkcs11.certificates import Certificates, Held, Statuses, distinct, unfit
from esign.ca.pkcs11.config import KeyName, Pkcs11Config, TokenName
from esign.ca.pkcs11.operator import OperatorPin, PinUnusable
from esign.ca.pkcs11.token import OpensSession, Token
from esign.ca.pkcs11.trouble import PinBlocked, PinUnset, PinWrong, TokenAbsent, TokenTrouble
from esign.ca.surroundings import Surroundings
from esign.errors import (
    AuthorityNotAdmitted,
    AuthorityRefused,
    AuthorityUnavailable,
    ConfigurationError,
    ConsentIncomplete,
    CredentialExpired,
    CredentialMissing,
    CredentialNotYetValid,
    CredentialRevoked,
    CredentialSuspended,
    PinLocked,
    RequestInvalid,
    SignerUnknown,
    WrongPassphrase,
)
from esign.x509.http import HttpTimestamps
from esign.x509.sources import RevocationSource

if TYPE_CHECKING:  # what needs the binding
    from esign.ca.pkcs11.module import Module
    from esign.ca.pkcs11.session import Session, StoredKey

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_LOOKED_AT = 50
"""Holders whose certificates `Pkcs11Authority.problems` reads."""
_LONGEST_LABEL = 32
"""Octets: CK_TOKEN_INFO."""


class Pkcs11Authority:
    """Certificates of any trusted CA whose keys lie in an HSM; implements `esign.ca.authority.Authority`.

    Safe in threads. Close it, or use it in ``with``.
    """

    def __init__(
        self, name: str, config: Pkcs11Config, surroundings: Surroundings, module: "Module", opens: OpensSession
    ) -> None:
        """For `open`."""
        self.name = name
        self._config = config
        self._surroundings = surroundings
        self._module = module
        self._opens = opens
        self._certificates = Certificates(surroundings.trust)
        asked = surroundings.revocation if config.check_revocation else None
        self._statuses = Statuses(name, asked, surroundings.clock)
        self._operator = None if config.pin_file is None else OperatorPin(config.pin_file)
        self._tokens: dict[TokenName, Token] = {}
        self._seen: set[str] = set()
        self._issuers: dict[bytes, x509.Certificate] = {}
        self._timestamps = (
            None
            if config.timestamps_url is None
            else HttpTimestamps(surroundings.client, str(config.timestamps_url), surroundings.trust, surroundings.clock)
        )

    # --- opening and closing

    @classmethod
    def open(cls, name: str, config: Pkcs11Config, surroundings: Surroundings) -> Self:
        """The authority of that name. Whether its tokens are there is for `problems` to say.

        Raises `ConfigurationError` where the module can't be loaded, the binding is not installed, or the PIN file
        can't be read.
        """
        module, opens = load(config.module, f"authorities.{name}.module")
        try:
            authority = cls(name, config, surroundings, module, opens)
            if authority._operator is not None:
                authority._operator.read()
        except PinUnusable as error:
            module.close()
            raise ConfigurationError(variable=f"authorities.{name}.pin_file", reason=str(error)) from error
        return authority

    def close(self) -> None:
        """Ends its sessions."""
        for token in list(self._tokens.values()):
            token.forget()
        self._module.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # --- the port

    def credential(self, holder: str) -> Credential:
        """The state of the holder's credential now, his certificate being read anew.

        A certificate that leads to no trusted root counts as none. Raises `AuthorityUnavailable`, `Busy`.
        """
        try:
            held = self._held(holder)
        except SignerUnknown:
            return Credential(self.name, holder, CredentialStatus.NOT_REGISTERED, None, ())
        if held is None:
            return Credential(self.name, holder, CredentialStatus.NO_CERTIFICATE, None, ())
        status, revoked_at = self._statuses.of(held)
        return Credential(self.name, holder, status, held.certificate, held.chain, revoked_at)

    @contextmanager
    def activate(self, holder: str, consent: Consent) -> Iterator["TokenActivation"]:
        """Tries the holder's PIN, and whether the key of his certificate is there.

        The token is not kept logged in: `sign_digests` logs in again, for as long as it signs.

        Raises `SignerUnknown`, the `CredentialUnusable` that fits, `ConsentIncomplete`, `WrongPassphrase`, `PinLocked`,
        `AuthorityRefused`, `AuthorityNotAdmitted`, `AuthorityUnavailable`, `Busy`; `RequestInvalid` for a passphrase
        where the seal's key needs none.
        """
        pin = self._pin(consent)
        held = self._held(holder)
        if held is None:
            raise CredentialMissing
        self._refuse_unusable(held)
        activation = TokenActivation(self, holder, held, pin)
        self._with_key(holder, held, pin, lambda *_: None)
        try:
            yield activation
        finally:
            activation.end()

    def codes(self) -> OneTimeCodes | None:
        """None: tokens send no codes."""
        return None

    def seals(self) -> SealActivations | None:
        """None: a seal's key is opened as any other, or by the service."""
        return None

    def roots(self) -> Sequence[x509.Certificate]:
        """All that are trusted here: an HSM has no root of its own."""
        return self._surroundings.trust.anchors

    def own_certificates(self) -> Sequence[x509.Certificate]:
        """The issuers of the certificates that were looked at, and of the time-stamps."""
        stamps = () if self._timestamps is None else tuple(self._timestamps.certificates())
        return distinct((*list(self._issuers.values()), *stamps))

    def timestamps(self) -> HttpTimestamps | None:
        """The time-stamp authority of the settings."""
        return self._timestamps

    def revocation(self) -> RevocationSource:
        """What the addresses in the certificates give."""
        return self._surroundings.revocation

    def problems(self) -> Sequence[str]:
        """What keeps it from being ready, in plain English. Tries no PIN."""
        try:
            with self._module.using():
                there = self._module.tokens()
        except TokenTrouble as trouble:
            return [f"the PKCS #11 module {self._config.module} can't be used: {trouble.reason}"]
        named = dict.fromkeys([self._config.token] if self._config.token else self._config.tokens.values())
        found = [f"there is no token with {name}" for name in named if not any(each.is_called(name) for each in there)]
        if not there and not found:
            found.append(f"the PKCS #11 module {self._config.module} shows no token")
        if self._operator is not None:
            try:
                self._operator.usable()
            except PinUnusable as error:
                found.append(f"the PIN of {self._config.token}: {error}")
        holders = () if found else sorted({*self._config.keys, *self._config.tokens})[:_LOOKED_AT]
        return [*found, *(each for holder in holders for each in self._wrong_with(holder))]

    # --- holders

    def _token_of(self, holder: str) -> Token:
        """Where the holder's key lies. Raises `SignerUnknown` for one who can't have any."""
        config = self._config
        if config.token is not None:
            if holder not in config.keys:
                raise SignerUnknown
            name = config.token
        elif holder in config.tokens:
            name = config.tokens[holder]
        elif 0 < len(holder.encode()) <= _LONGEST_LABEL:
            name = TokenName(label=holder)
        else:
            raise SignerUnknown
        token = Token(self._module, name, self._opens, sessions=config.sessions, patience=config.patience_seconds)
        return self._tokens.setdefault(name, token)

    def _key_of(self, holder: str) -> KeyName:
        return self._config.keys.get(holder) or KeyName(label=holder)

    def _held(self, holder: str) -> Held | None:
        """The holder's certificate; None without one that leads to a trusted root.

        Raises `SignerUnknown` where there never was a token of his, `AuthorityUnavailable` where there is none now.
        """
        token = self._token_of(holder)
        try:
            known = holder in self._seen or self._config.token is not None or holder in self._config.tokens
            held = self._retried(token, lambda: self._read(holder, token))
        except _Failed as failure:
            if isinstance(failure.trouble, TokenAbsent) and not known:
                raise SignerUnknown from failure.trouble
            raise self._unavailable(token, failure.trouble) from failure.trouble
        self._seen.add(holder)
        if held is None or not held.chain or unfit(held.certificate) is not None:
            return None
        for issuer in held.chain:
            self._issuers.setdefault(issuer.dump(), issuer)
        return held

    def _read(self, holder: str, token: Token) -> Held | None:
        now = self._surroundings.clock.now()
        if self._config.certificates is not None:
            token.look()
            try:
                return self._certificates.in_folder(self._config.certificates, holder, now)
            except (OSError, ValueError) as error:
                raise TokenTrouble(f"the certificate of {holder} can't be read: {error}") from error
        key = self._key_of(holder)
        with token.reading() as session:
            return self._certificates.on_token(session, key.label, key.octets, now)

    def _refuse_unusable(self, held: Held) -> None:
        status, revoked_at = self._statuses.of(held)
        match status:
            case CredentialStatus.EXPIRED:
                raise CredentialExpired(not_after=held.certificate.not_valid_after.date().isoformat())
            case CredentialStatus.NEW:
                raise CredentialNotYetValid(not_before=held.certificate.not_valid_before.date().isoformat())
            case CredentialStatus.SUSPEND:
                raise CredentialSuspended
            case CredentialStatus.REVOKE:
                raise CredentialRevoked(revoked_at=revoked_at.date().isoformat() if revoked_at else None)

    def _wrong_with(self, holder: str) -> Iterator[str]:
        try:
            token = self._token_of(holder)
            held = self._read(holder, token)
        except TokenTrouble as trouble:
            yield f"{holder}: {trouble.reason}"
            return
        if held is None:
            yield f"{holder}: there is no certificate"
        elif (reason := unfit(held.certificate)) is not None:
            yield f"{holder}: the certificate can't be used: {reason}"
        elif not held.chain:
            yield f"{holder}: the certificate leads to no trusted root"
        elif self._surroundings.clock.now() > held.certificate.not_valid_after:
            yield f"{holder}: the certificate expired on {held.certificate.not_valid_after:%Y-%m-%d}"

    # --- signing

    def _pin(self, consent: Consent) -> Secret | None:
        """The PIN of the holder; None where the service has it."""
        if self._operator is None:
            if consent.passphrase is None:
                raise ConsentIncomplete(authority=self.name, missing="passphrase")
            return consent.passphrase
        if consent.passphrase is not None:
            # It would consent to nothing: whoever gives it must not believe that it does.
            raise RequestInvalid(field="passphrase", reason="this seal's key is opened by the service and has none")
        return None

    def sign(
        self, holder: str, held: Held, pin: Secret | None, digests: Sequence[bytes], digest_algorithm: str
    ) -> Sequence[bytes]:
        """For `TokenActivation`: the signature values, all of one login, each checked against the certificate."""
        public = held.certificate.public_key
        asked = [values.to_be_signed(public, digest, digest_algorithm) for digest in digests]
        self._refuse_unusable(held)

        def work(session: "Session", key: "StoredKey", opened_by: Secret) -> list[bytes]:
            made: list[bytes] = []
            for digest, data in zip(digests, asked, strict=True):
                try:
                    value = values.value(public, session.sign(key, data, opened_by))
                except TokenTrouble as trouble:
                    # No value left the token, or it is dropped here: nothing is released. But not tried anew.
                    raise TokenTrouble(trouble.reason) from trouble
                if not values.is_by(public, value, digest, digest_algorithm):
                    raise AuthorityRefused(authority=self.name, reason="the key is not the certificate's")
                made.append(value)
            return made

        return self._with_key(holder, held, pin, work)

    def _with_key(
        self, holder: str, held: Held, pin: Secret | None, work: Callable[["Session", "StoredKey", Secret], _T]
    ) -> _T:
        """What ``work`` does with the holder's key while its PIN holds the token open."""
        token = self._token_of(holder)

        def once() -> _T:
            with self._opened(token, pin) as (session, opened_by):
                return work(session, self._key_in(session, holder, held), opened_by)

        try:
            return self._retried(token, once)
        except PinWrong:
            if pin is not None:
                raise WrongPassphrase from None
            raise AuthorityNotAdmitted(authority=self.name) from None
        except PinBlocked:
            if pin is not None:
                raise PinLocked from None
            raise AuthorityNotAdmitted(authority=self.name) from None
        except PinUnset:
            raise AuthorityRefused(authority=self.name, reason="the token wants its PIN changed first") from None
        except PinUnusable as error:
            _log.error("authority %s: its PIN: %s", self.name, error)
            raise AuthorityNotAdmitted(authority=self.name) from error
        except _Failed as failure:
            raise self._unavailable(token, failure.trouble) from failure.trouble

    @contextmanager
    def _opened(self, token: Token, pin: Secret | None) -> Iterator[tuple["Session", Secret]]:
        if pin is not None:
            with token.alone(pin) as session:
                yield session, pin
        elif self._operator is not None:
            own = self._operator.usable()
            opening: AbstractContextManager[Session] = token.together(own)
            with self._operator.judged(own), opening as session:
                yield session, own

    def _key_in(self, session: "Session", holder: str, held: Held) -> "StoredKey":
        """The private key of the certificate. Raises `AuthorityRefused`."""
        name = self._key_of(holder)
        wanted = held.certificate.public_key.dump()
        found = session.private_keys(name.label if held.id is None else None, held.id or name.octets)
        fitting = [key for key in found if key.public is None or key.public.dump() == wanted]
        if not fitting:
            reason = "the key is not the certificate's" if found else "the key of the certificate is not on the token"
            raise AuthorityRefused(authority=self.name, reason=reason)
        return fitting[0]

    def _retried(self, token: Token, work: Callable[[], _T]) -> _T:
        """What ``work`` gives; where token or session were lost before it signed, once more over a new session.

        Also a token that nobody saw yet is looked for anew: modules don't show one that came after them.
        Raises `_Failed`, and what else ``work`` raises.
        """
        try:
            return work()
        except TokenTrouble as trouble:
            if not trouble.lost:
                raise _Failed(trouble) from trouble
            _log.info("authority %s: the token with %s is looked for anew: %s", self.name, token.name, trouble.reason)
        token.forget()
        self._module.renew()
        try:
            return work()
        except TokenTrouble as trouble:
            raise _Failed(trouble) from trouble

    def _unavailable(self, token: Token, trouble: TokenTrouble) -> AuthorityUnavailable:
        _log.warning("authority %s: the token with %s: %s", self.name, token.name, trouble.reason)
        return AuthorityUnavailable(authority=self.name)


class TokenActivation:
    """A holder's consent; implements `esign.ca.authority.Activation`."""

    def __init__(self, authority: Pkcs11Authority, holder: str, held: Held, pin: Secret | None) -> None:
        self.certificate = held.certificate
        self.chain: Sequence[x509.Certificate] = held.chain
        self._authority = authority
        self._holder = holder
        self._held = held
        self._pin = pin
        self._ended = False

    def sign_digests(self, digests: Sequence[bytes], digest_algorithm: str) -> Sequence[bytes]:
        """The signature values over digests, made in one login.

        Raises as `Pkcs11Authority.activate` does; ValueError for a digest that isn't SHA-256, SHA-384 or SHA-512;
        RuntimeError after the end of the activation. `AuthorityUnavailable` also where the token fails between two
        signatures: what it made until then is dropped, and nobody else ever had it.
        """
        if self._ended:
            raise RuntimeError("this activation has ended")
        return self._authority.sign(self._holder, self._held, self._pin, digests, digest_algorithm)

    def end(self) -> None:
        """Forgets the PIN."""
        self._pin = None
        self._ended = True


class _Failed(Exception):  # noqa: N818
    """The token failed for good."""

    def __init__(self, trouble: TokenTrouble) -> None:
        super().__init__(trouble.reason)
        self.trouble = trouble


def load(path: Path, setting: str) -> tuple["Module", OpensSession]:
    """A module, and what opens sessions with its tokens. Close the module.

    Raises `ConfigurationError`, naming ``setting``, where the module can't be loaded or the binding is not installed.
    """
    try:
        from esign.ca.pkcs11.module import Module  # noqa: PLC0415 an optional extra
        from esign.ca.pkcs11.session import Session  # noqa: PLC0415
    except ImportError as error:
        reason = "PKCS #11 needs the extra esign[pkcs11], which is not installed"
        raise ConfigurationError(variable=setting, reason=reason) from error
    try:
        return Module.open(path), Session
    except OSError as error:
        raise ConfigurationError(variable=setting, reason=f"{path} can't be loaded: {error}") from error
