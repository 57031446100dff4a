"""The methods of the API, one function each; an error of ours for every way in which they fail."""

import base64
import binascii
import json
import logging
from collections.abc import Mapping, Sequence
from threading import Lock
from urllib.parse import urlsplit

import httpx
from pydantic import JsonValue

from esign.ca.authority import Secret
from esign.ca.csc import exchange
from esign.ca.csc.algorithms import SignatureAlgorithm
from esign.ca.csc.config import CscConfig
from esign.ca.csc.messages import (
    Authorized,
    CredentialInfo,
    CredentialList,
    Info,
    M,
    MalformedError,
    Signed,
    Stamped,
    read,
    refusal,
)
from esign.ca.csc.oauth import OAuth2
from esign.ca.csc.refusals import concerns_credential, good, outcome_is_open, refused, token_is_bad
from esign.ca.csc.terms import Factor, Kind
from esign.ca.exchange import Answer, Unanswered, Unreached
from esign.errors import (
    AuthorityNotAdmitted,
    AuthorityRefused,
    AuthorityUnavailable,
    ConfigurationError,
    SignerUnknown,
    SigningOutcomeUnknown,
    TooManyRequests,
)

_log = logging.getLogger("esign.ca.csc")

_MOST_SECONDS = 3600


class CscClient:
    """One provider. Secrets are in the requests and nowhere else. Safe in threads."""

    def __init__(self, name: str, config: CscConfig, client: httpx.Client) -> None:
        self.name = name
        self._config = config
        self._client = client
        self._lock = Lock()
        self._server: str | None = None
        self.oauth2 = OAuth2(name, config, client, self._oauth2_server)
        self._tokens = self.oauth2.tokens()

    # --- what may be asked at any time: AuthorityUnavailable, AuthorityNotAdmitted, AuthorityRefused

    def info(self) -> Info:
        """What the provider offers. Needs no token."""
        try:
            answer = self._sent("info", b"{}", None, self._config.seconds)
        except (Unreached, Unanswered) as error:
            raise AuthorityUnavailable(authority=self.name) from error
        return self._read(answer, Info)

    def admitted(self) -> None:
        """Has a token, if one is needed."""
        self._token()

    def credentials(self, user: Secret) -> tuple[str, ...]:
        """The ``credentialID`` of each credential of a user; none where he is not known."""
        body: dict[str, JsonValue] = {"userID": user.reveal()}
        if self._config.api == "v1":
            body["maxResults"] = 10
        answer = self._asked("credentials/list", body)
        if answer.status == 404 or "userID" in refusal(answer).error_description:
            return ()
        return self._read(answer, CredentialList).identifiers

    def credential(self, identifier: str) -> CredentialInfo:
        """The credential. Raises `SignerUnknown` too."""
        body: dict[str, JsonValue] = {
            "credentialID": identifier,
            "certificates": "chain",
            "certInfo": True,
            "authInfo": True,
        }
        answer = self._asked("credentials/info", body)
        if concerns_credential(answer):
            raise SignerUnknown
        return self._read(answer, CredentialInfo)

    def send_code(self, identifier: str, factor: Factor) -> None:
        """Has a one-time code sent to the signer. Raises `TooManyRequests` too."""
        if self._config.api == "v1":
            answer = self._asked("credentials/sendOTP", {"credentialID": identifier})
        else:
            body: dict[str, JsonValue] = {"credentialID": identifier, "authObjectID": factor.id}
            answer = self._asked("credentials/getChallenge", body)
        if answer.status == 429:
            raise TooManyRequests(seconds=min(answer.retry_after or 60, _MOST_SECONDS))
        self._refuse(answer)
        if self._config.api == "v2" and b'"challenge"' in answer.body:
            raise AuthorityRefused(authority=self.name, reason="it asks a question that can't be passed on")

    def timestamp(self, digest: bytes, digest_oid: str, nonce: int) -> bytes:
        """A TimeStampToken (DER), as it came."""
        body: dict[str, JsonValue] = {"hash": _base64(digest), "hashAlgo": digest_oid, "nonce": f"{nonce:x}"}
        stamped = self._read(self._asked("signatures/timestamp", body), Stamped)
        return self._octets(stamped.timestamp)

    # --- signing

    def authorize(
        self,
        identifier: str,
        digests: Sequence[bytes],
        algorithm: SignatureAlgorithm,
        factors: Sequence[tuple[Factor, Secret]],
    ) -> Secret:
        """Signature activation data for these digests, and no others.

        Raises `WrongPassphrase`, `WrongCode`, `CredentialUnusable`, `AuthorityRefused`, `AuthorityNotAdmitted`,
        `AuthorityUnavailable`: the key was not used yet, whatever happens here.
        """
        hashes: list[JsonValue] = [_base64(digest) for digest in digests]
        body: dict[str, JsonValue] = {"credentialID": identifier, "numSignatures": len(digests)}
        if self._config.api == "v1":
            body["hash"] = hashes
            body |= {factor.id: secret.reveal() for factor, secret in factors}
        else:
            body |= {"hashes": hashes, "hashAlgorithmOID": algorithm.digest_oid}
            body["authData"] = [{"id": factor.id, "value": secret.reveal()} for factor, secret in factors]
        answer = self._asked("credentials/authorize", body, self._config.sign_seconds)
        authorized = self._read(answer, Authorized, given=[factor.kind for factor, _ in factors])
        if authorized.sad is None:
            reason = "it asks the signer on another device" if authorized.handle else "its answer can't be read"
            raise AuthorityRefused(authority=self.name, reason=reason)
        return Secret(authorized.sad.get_secret_value())

    def sign_hash(
        self, identifier: str, sad: Secret, digests: Sequence[bytes], algorithm: SignatureAlgorithm
    ) -> list[bytes]:
        """The signature values over digests, in their order, as they came.

        Raises `AuthorityUnavailable` where the provider was surely not asked or says that it did nothing,
        `SigningOutcomeUnknown` where it was asked and did not answer, and what `authorize` raises.
        """
        hashes: list[JsonValue] = [_base64(digest) for digest in digests]
        body: dict[str, JsonValue] = {"credentialID": identifier, "SAD": sad.reveal(), "signAlgo": algorithm.oid}
        if self._config.api == "v1":
            body |= {"hash": hashes, "hashAlgo": algorithm.digest_oid}
        else:
            body |= {"hashes": hashes, "hashAlgorithmOID": algorithm.digest_oid, "operationMode": "S"}
        try:
            answer = self._exchanged("signatures/signHash", body, self._config.sign_seconds)
        except Unreached as error:
            raise AuthorityUnavailable(authority=self.name) from error
        except Unanswered as error:
            raise SigningOutcomeUnknown(authority=self.name) from error
        if outcome_is_open(answer):
            raise SigningOutcomeUnknown(authority=self.name)
        signed = self._read(answer, Signed)
        if signed.signatures is None:
            reason = "it signs later, which is not waited for" if signed.response else "its answer can't be read"
            raise AuthorityRefused(authority=self.name, reason=reason)
        return [self._octets(value) for value in signed.signatures]

    # --- exchanges

    def _asked(self, method: str, body: Mapping[str, JsonValue], seconds: float | None = None) -> Answer:
        """The answer. Raises `AuthorityUnavailable`."""
        try:
            return self._exchanged(method, body, seconds or self._config.seconds)
        except (Unreached, Unanswered) as error:
            raise AuthorityUnavailable(authority=self.name) from error

    def _exchanged(self, method: str, body: Mapping[str, JsonValue], seconds: float) -> Answer:
        """The answer, with another token where the first one was refused. Raises `Unreached` and `Unanswered`."""
        content = json.dumps(body).encode()
        token = self._token()
        answer = self._sent(method, content, token, seconds)
        if token is not None and token_is_bad(answer) and self._tokens.refused(token):
            answer = self._sent(method, content, self._token(), seconds)
        return answer

    def _token(self) -> Secret | None:
        """An access token. Raises `AuthorityUnavailable`, and `AuthorityNotAdmitted` also where a setting is why."""
        try:
            return self._tokens.current()
        except ConfigurationError as error:
            _log.error("%s: %s", self.name, error.sentence("en"))
            raise AuthorityNotAdmitted(authority=self.name) from error

    def _sent(self, method: str, content: bytes, token: Secret | None, seconds: float) -> Answer:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        try:
            answer = exchange.post(self._client, f"{self._config.url}/{method}", content, headers, seconds)
        except (Unreached, Unanswered) as error:
            _log.warning("%s: %s failed: %s (%s)", self.name, method, type(error).__name__, error)
            raise
        if not good(answer):
            _log.info("%s: %s was answered with %s", self.name, method, answer.status)
        return answer

    def _read(self, answer: Answer, kind: type[M], given: Sequence[Kind] = ()) -> M:
        """The message. Raises what `refusals.refused` says, and `AuthorityRefused` for what can't be read."""
        self._refuse(answer, given)
        try:
            return read(answer, kind)
        except MalformedError as error:
            raise AuthorityRefused(authority=self.name, reason="its answer can't be read") from error

    def _refuse(self, answer: Answer, given: Sequence[Kind] = ()) -> None:
        if answer.status == 202:
            raise AuthorityRefused(authority=self.name, reason="it asks the signer on another device")
        if not good(answer):
            raise refused(answer, self.name, given)

    def _octets(self, text: str) -> bytes:
        try:
            return base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            raise AuthorityRefused(authority=self.name, reason="its answer can't be read") from None

    def _oauth2_server(self) -> str:
        """The base of the OAuth 2.0 endpoints: as configured, else as the provider says, on its own host alone.

        Raises `AuthorityUnavailable`, `ConfigurationError`.
        """
        if self._config.oauth2_url is not None:
            return self._config.oauth2_url
        with self._lock:
            if self._server is None:
                told = (self.info().oauth2 or self._config.url).rstrip("/").removesuffix("/oauth2")
                if _origin(told) != _origin(self._config.url):
                    raise ConfigurationError(
                        variable=f"authorities.{self.name}",
                        reason="the provider's OAuth 2.0 server is on another host; name it as oauth2_url",
                    )
                self._server = told
            return self._server


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()
