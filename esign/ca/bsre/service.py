"""The service at its address: questions, and orders to sign. Whoever asks says what it would be to be refused."""

import json
from collections.abc import Mapping, Sequence
from math import inf

import httpx

from esign.ca.authority import Secret
from esign.ca.bsre.config import BsreConfig
from esign.ca.bsre.exchange import JsonWithFiles, within
from esign.ca.bsre.refusals import Asked
from esign.ca.exchange import Answer, Unanswered, Unreached, exchanged
from esign.errors import AuthorityUnavailable, SigningOutcomeUnknown

LARGEST = 256 * 1024
"""Octets of an answer without files."""

Files = Mapping[str, tuple[str, bytes, str]]
"""Of a form: by field, the name, the content and its type."""


class Service:
    """One eSign Client Service, called by HTTP Basic. Safe in threads."""

    def __init__(self, name: str, config: BsreConfig, client: httpx.Client, password: Secret) -> None:
        self.name = name
        self.config = config
        self._client = client
        self._auth = httpx.BasicAuth(config.username, password.reveal())

    def get(self, path: str) -> Answer:
        """The answer to a question. Raises `AuthorityUnavailable`."""
        return self._question(self._client.build_request("GET", self._url(path)))

    def post(self, path: str, fields: Mapping[str, object]) -> Answer:
        """The answer to a question in JSON. Raises `AuthorityUnavailable`."""
        content, headers = json.dumps(fields).encode(), {"Content-Type": "application/json"}
        return self._question(self._client.build_request("POST", self._url(path), content=content, headers=headers))

    def order(self, path: str, fields: dict[str, object], files: Sequence[bytes]) -> Answer:
        """The answer to an order to sign, in JSON. Raises `AuthorityUnavailable`, `SigningOutcomeUnknown`."""
        body = JsonWithFiles(fields, files)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        request = self._client.build_request("POST", self._url(path), content=body, headers=headers)
        return self._ordered(request, within(files))

    def order_form(self, path: str, fields: Mapping[str, str], files: Files, seconds: float) -> Answer:
        """The answer to an order to sign, in a form, within that time and that of the settings.

        Raises `AuthorityUnavailable`, `SigningOutcomeUnknown`.
        """
        request = self._client.build_request("POST", self._url(path), data=fields, files=files)
        return self._ordered(request, within(content for _, content, _ in files.values()), seconds)

    def asked(self, *, signing: bool = False, coded: bool = False, secrets: Sequence[Secret | None] = ()) -> Asked:
        """What was asked, for `refusals.refused`."""
        return Asked(self.name, signing, coded, tuple(each for each in secrets if each is not None))

    def _question(self, request: httpx.Request) -> Answer:
        try:
            return self._exchanged(request, self.config.seconds, LARGEST)
        except (Unreached, Unanswered) as error:
            raise AuthorityUnavailable(authority=self.name) from error

    def _ordered(self, request: httpx.Request, largest: int, seconds: float = inf) -> Answer:
        try:
            return self._exchanged(request, min(seconds, self.config.sign_seconds), largest)
        except Unreached as error:
            raise AuthorityUnavailable(authority=self.name) from error
        except Unanswered as error:
            raise SigningOutcomeUnknown(authority=self.name) from error

    def _exchanged(self, request: httpx.Request, seconds: float, largest: int) -> Answer:
        return exchanged(self._client, request, seconds, largest, self._auth)

    def _url(self, path: str) -> str:
        return f"{self.config.url}/api/{path}"
