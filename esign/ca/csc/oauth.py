"""Access tokens (CSC API v1, 8.3; v2, 8.4; RFC 6749), and the way through a browser (RFC 7636)."""

import base64
import hashlib
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Protocol
from urllib.parse import urlencode

import httpx

from esign.ca.authority import Secret
from esign.ca.csc import exchange
from esign.ca.csc.config import CscConfig, read_secret
from esign.ca.csc.messages import MalformedError, Token, read
from esign.ca.csc.refusals import good
from esign.ca.exchange import Unanswered, Unreached
from esign.errors import AuthorityNotAdmitted, AuthorityUnavailable, ConfigurationError
from esign.x509.der import DIGEST_OIDS

_EARLY = 60.0
"""Seconds before its end at which a token is renewed; of one that lives shorter, half its life."""


class Tokens(Protocol):
    """Where access tokens come from."""

    def current(self) -> Secret | None:
        """A token that holds for now; None where none is needed.

        Raises `AuthorityUnavailable`, `AuthorityNotAdmitted`, `ConfigurationError`.
        """
        ...

    def refused(self, token: Secret) -> bool:
        """Tells that the provider refused it; whether another one is worth a try."""
        ...


class NoTokens:
    """For providers that know us by the network or by TLS."""

    def current(self) -> Secret | None:
        """None."""
        return None

    def refused(self, token: Secret) -> bool:  # noqa: ARG002
        """Never."""
        return False


class GrantedTokens:
    """Tokens of one grant, each kept until shortly before its end. Safe in threads."""

    def __init__(self, grant: Callable[[], Token]) -> None:
        self._grant = grant
        self._lock = Lock()
        self._kept: tuple[Secret, float] | None = None

    def current(self) -> Secret | None:
        """See `Tokens.current`."""
        with self._lock:
            if self._kept is None or time.monotonic() >= self._kept[1]:
                granted = self._grant()
                life = granted.expires_in - min(_EARLY, granted.expires_in / 2)
                self._kept = Secret(granted.access_token.get_secret_value()), time.monotonic() + life
            return self._kept[0]

    def refused(self, token: Secret) -> bool:
        """See `Tokens.refused`. A token that another thread has renewed meanwhile stays."""
        with self._lock:
            if self._kept is not None and self._kept[0] is token:
                self._kept = None
        return True


@dataclass(frozen=True)
class Invitation:
    """An address for a person's browser; what comes back from there is redeemed with it."""

    address: str
    state: str
    """What the provider hands back beside the code."""
    verifier: Secret
    """Of PKCE: only who made the invitation can redeem its code."""


class OAuth2:
    """The provider's OAuth 2.0 server, as one client sees it."""

    def __init__(self, name: str, config: CscConfig, client: httpx.Client, server: Callable[[], str]) -> None:
        """``server`` gives the base address of its endpoints."""
        self._name = name
        self._config = config
        self._client = client
        self._server = server

    def tokens(self) -> Tokens:
        """Tokens for the service, by the configured grant."""
        match self._config.grant:
            case "client_credentials":
                return GrantedTokens(lambda: self._asked({"grant_type": "client_credentials", "scope": "service"}))
            case "refresh_token":
                return GrantedTokens(self._refreshed)
            case "none":
                return NoTokens()

    def service_invitation(self) -> Invitation:
        """Where a person lets this program use the service in his name."""
        return self._invitation({"scope": "service"})

    def credential_invitation(self, credential: str, digests: Sequence[bytes], digest_algorithm: str) -> Invitation:
        """Where a signer agrees to signatures over these digests, and no others."""
        hashes = ",".join(base64.urlsafe_b64encode(digest).rstrip(b"=").decode() for digest in digests)
        bound = {"hash": hashes}
        if self._config.api == "v2":
            bound = {"hashes": hashes, "hashAlgorithmOID": DIGEST_OIDS[digest_algorithm]}
        asked = {"scope": "credential", "credentialID": credential, "numSignatures": str(len(digests)), **bound}
        return self._invitation(asked)

    def redeem(self, invitation: Invitation, code: Secret) -> Token:
        """The token for a code that came back: for the service, or the authorisation of a credential.

        Raises `AuthorityUnavailable`, `AuthorityNotAdmitted` (also for a code that is wrong or over).
        """
        fields = {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "code_verifier": invitation.verifier.reveal(),
        }
        if self._config.redirect_uri is not None:
            fields["redirect_uri"] = self._config.redirect_uri
        return self._asked(fields)

    def keep(self, token: Token) -> None:
        """Keeps the refresh token of a service authorisation in the configured file.

        Raises `AuthorityNotAdmitted` where the provider gave none, `ConfigurationError` where it can't be kept.
        """
        if token.refresh_token is None:
            raise AuthorityNotAdmitted(authority=self._name)
        self._write(token.refresh_token.get_secret_value())

    def _invitation(self, asked: Mapping[str, str]) -> Invitation:
        state, verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        fields = {
            "response_type": "code",
            "client_id": self._config.client_id or "",
            **({"redirect_uri": self._config.redirect_uri} if self._config.redirect_uri else {}),
            **asked,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "state": state,
        }
        return Invitation(f"{self._server()}/oauth2/authorize?{urlencode(fields)}", state, Secret(verifier))

    def _refreshed(self) -> Token:
        path = self._file()
        token = self._asked({"grant_type": "refresh_token", "refresh_token": read_secret(path, self._name)})
        if token.refresh_token is not None:
            self._write(token.refresh_token.get_secret_value())
        return token

    def _asked(self, fields: Mapping[str, str]) -> Token:
        form = {**fields, "client_id": self._config.client_id or ""}
        secret = self._config.secret(self._name)
        if secret is not None:
            form["client_secret"] = secret.reveal()
        try:
            answer = exchange.post(
                self._client,
                f"{self._server()}/oauth2/token",
                urlencode(form).encode(),
                {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
                self._config.seconds,
            )
        except (Unreached, Unanswered) as error:
            raise AuthorityUnavailable(authority=self._name) from error
        if answer.status >= 500 or answer.status == 429:
            raise AuthorityUnavailable(authority=self._name)
        if not good(answer):
            raise AuthorityNotAdmitted(authority=self._name)
        try:
            return read(answer, Token)
        except MalformedError as error:
            raise AuthorityUnavailable(authority=self._name) from error

    def _file(self) -> Path:
        if self._config.refresh_token_file is None:
            raise ConfigurationError(variable=f"authorities.{self._name}", reason="a refresh_token_file is needed")
        return self._config.refresh_token_file

    def _write(self, token: str) -> None:
        """Puts the token into its file, for the owner alone: the old or the new one is there, never a part."""
        path = self._file()
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
                file.write(f"{token}\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise ConfigurationError(variable=f"authorities.{self._name}", reason=f"{path} can't be written") from error
