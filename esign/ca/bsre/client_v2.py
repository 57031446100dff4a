"""Version 2 of the service (contract, section 4): JSON in, JSON out, many letters in one call."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from asn1crypto import x509

from esign.ca.authority import CredentialStatus, Document, IssuedCode, Secret
from esign.ca.bsre.certificates import certificates_in
from esign.ca.bsre.orders import Given, Person
from esign.ca.bsre.refusals import Asked, refused, told_status
from esign.ca.bsre.service import Service
from esign.ca.exchange import Answer
from esign.errors import AuthorityRefused, SigningOutcomeUnknown, WrongCode
from esign.x509.clock import Clock

_SHORT = timedelta(minutes=1)
"""What a code is taken to last whose end isn't told."""


class ClientV2:
    """Calls of one service."""

    def __init__(self, service: Service, clock: Clock) -> None:
        self._service = service
        self._clock = clock

    def status(self, person: Person) -> CredentialStatus:
        """The state of his certificate. Raises `AuthorityUnavailable`, `AuthorityNotAdmitted`, `AuthorityRefused`."""
        answer = self._service.post("v2/user/check/status", person.fields())
        return told_status(answer, self._service.asked(secrets=[person.nik]))

    def certificates(self, person: Person) -> list[x509.Certificate]:
        """His certificate and its issuers, in any order; none where the service does not tell.

        Raises `AuthorityUnavailable`, `AuthorityNotAdmitted`.
        """
        answer = self._service.get(f"v2/user/certificate/chain/{quote(person.identifier.reveal(), safe='')}")
        return certificates_in(answer, self._service.asked())

    def send_code(self, person: Person, signatures: int) -> None:
        """Has a one-time code for that many files sent to him. Raises what `refused` gives, `AuthorityUnavailable`."""
        answer = self._service.post("v2/sign/get/totp", {**person.fields(), "data": signatures})
        self._succeeded(answer, self._service.asked(secrets=[person.nik]))

    def sign(self, person: Person, given: Given, documents: Sequence[Document]) -> list[bytes]:
        """The signed files. Raises what `refused` gives, `AuthorityUnavailable` and `SigningOutcomeUnknown`."""
        return self._signed("v2/sign/pdf", person, given, documents)

    # --- seals

    def request_activation(self, person: Person) -> None:
        """Has the code of an activation sent to the officer of the seal. Raises as `send_code` does."""
        self._succeeded(self._service.post("v2/seal/get/activation", person.fields()), self._service.asked())

    def refresh_activation(self, person: Person, activation: Secret) -> IssuedCode:
        """The activation in force. Raises `WrongCode`, and as `send_code` does."""
        return self._code("v2/seal/get/activation", person, {"totp": activation.reveal()}, activation)

    def revoke_activation(self, person: Person, activation: Secret) -> None:
        """Ends it. Raises as `refresh_activation` does."""
        answer = self._service.post("v2/seal/revoke/activation", {**person.fields(), "totp": activation.reveal()})
        self._succeeded(answer, self._service.asked(coded=True, secrets=[activation]))

    def seal_code(self, person: Person, activation: Secret, signatures: int) -> IssuedCode:
        """A code for that many files. Raises as `refresh_activation` does."""
        fields = {"data": signatures, "totp": activation.reveal()}
        return self._code("v2/seal/get/totp", person, fields, activation)

    def seal(self, person: Person, code: Secret, documents: Sequence[Document]) -> list[bytes]:
        """The sealed files. Raises as `sign` does."""
        return self._signed("v2/seal/pdf", person, Given(code=code), documents)

    # --- parts

    def _signed(self, path: str, person: Person, given: Given, documents: Sequence[Document]) -> list[bytes]:
        service = self._service
        fields = {
            **person.fields(),
            **given.fields(),
            "signatureProperties": [_properties(each) for each in documents],
        }
        answer = service.order(path, fields, [each.pdf for each in documents])
        secrets = [person.nik, given.passphrase, given.code]
        if answer.status != 200 or (answer.told is not None and "error" in answer.told):
            raise refused(answer, service.asked(signing=True, coded=given.code is not None, secrets=secrets))
        files = answer.told.get("file") if answer.told is not None else None
        files = [files] if isinstance(files, str) else files
        if not isinstance(files, list):
            raise SigningOutcomeUnknown(authority=service.name)
        if len(files) != len(documents) or not all(isinstance(each, str) and each for each in files):
            raise AuthorityRefused(authority=service.name, reason="it answered without the signed file")
        try:
            return [base64.b64decode(each) for each in files]
        except binascii.Error as error:
            raise SigningOutcomeUnknown(authority=service.name) from error

    def _succeeded(self, answer: Answer, asked: Asked) -> dict[str, object]:
        """What a call told that has nothing to refuse. Raises what `refused` gives."""
        told = answer.told
        if answer.status != 200 or told is None or "error" in told or told.get("success") is False:
            raise refused(answer, asked)
        return told

    def _code(self, path: str, person: Person, fields: dict[str, object], activation: Secret) -> IssuedCode:
        """A code that comes in the answer itself, flat or under ``data``."""
        asked = self._service.asked(coded=True, secrets=[activation])
        told = self._succeeded(self._service.post(path, {**person.fields(), **fields}), asked)
        inner = told.get("data")
        found = inner if isinstance(inner, dict) else told
        value = found.get("totp")
        if found.get("result") is False:
            raise WrongCode
        if not isinstance(value, str | int) or value == "":
            raise AuthorityRefused(authority=self._service.name, reason="it answered without a code")
        return IssuedCode(Secret(str(value)), self._end(found.get("expires")))

    def _end(self, told: object) -> datetime:
        try:
            end = datetime.fromisoformat(str(told))
        except ValueError:
            return self._clock.now() + _SHORT
        return end if end.tzinfo is not None else self._clock.now() + _SHORT


def _properties(document: Document) -> dict[str, object]:
    """How one file is to be signed. The distance from the top is the page's height less the box's upper edge."""
    picture = document.picture
    shown: dict[str, object] = {"tampilan": "INVISIBLE"}
    if picture is not None:
        left, bottom, right, top = picture.box
        shown = {
            "tampilan": "VISIBLE",
            "imageBase64": base64.b64encode(picture.png).decode("ascii"),
            "page": picture.page,
            "originX": round(left, 2),
            "originY": round(picture.page_height - top, 2),
            "width": round(right - left, 2),
            "height": round(top - bottom, 2),
        }
    words = {"fieldId": document.field, "reason": document.reason, "location": document.location}
    return shown | {name: value for name, value in words.items() if value}
