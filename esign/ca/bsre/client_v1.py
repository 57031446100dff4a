"""Version 1 of the service (contract, section 3): forms in, a PDF out, one letter a call, by passphrase."""

import base64
import binascii
import time
from collections.abc import Sequence
from urllib.parse import quote

from asn1crypto import x509

from esign.ca.authority import CredentialStatus, Document
from esign.ca.bsre.certificates import certificates_in
from esign.ca.bsre.orders import Given, Person
from esign.ca.bsre.refusals import refused, told_status
from esign.ca.bsre.service import Files, Service
from esign.errors import AuthorityRefused, SigningOutcomeUnknown

_ALL_SECONDS = 480.0
"""For all letters of an authorisation: whose process is silent for ten minutes is taken to be dead."""


class ClientV1:
    """Calls of one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def status(self, person: Person) -> CredentialStatus:
        """The state of his certificate. Raises `AuthorityUnavailable`, `AuthorityNotAdmitted`, `AuthorityRefused`."""
        answer = self._service.get(f"user/status/{quote(person.identifier.reveal(), safe='')}")
        return told_status(answer, self._service.asked(secrets=[person.nik]))

    def certificates(self, person: Person) -> list[x509.Certificate]:
        """His certificate and its issuers, in any order; none where the service does not tell: few do.

        Raises `AuthorityUnavailable`, `AuthorityNotAdmitted`.
        """
        answer = self._service.get(f"user/certificate/chain/{quote(person.identifier.reveal(), safe='')}")
        return certificates_in(answer, self._service.asked())

    def sign(self, person: Person, given: Given, documents: Sequence[Document]) -> list[bytes]:
        """The signed files, one call each: where one fails, what was signed before is given to nobody.

        Raises what `refused` gives, `AuthorityUnavailable` and `SigningOutcomeUnknown`; `AuthorityRefused` where the
        letters are too many for the time.
        """
        until, signed = time.monotonic() + _ALL_SECONDS, []
        for each in documents:
            left = until - time.monotonic()
            if left <= 0:
                raise AuthorityRefused(authority=self._service.name, reason=f"{len(documents)} letters take too long")
            signed.append(self._signed(person, given, each, left))
        return signed

    def _signed(self, person: Person, given: Given, document: Document, seconds: float) -> bytes:
        service = self._service
        passphrase = given.passphrase.reveal() if given.passphrase is not None else ""
        fields = {"nik": person.identifier.reveal(), "passphrase": passphrase, **self._shown(document)}
        files: Files = {"file": ("surat.pdf", document.pdf, "application/pdf")}
        if document.picture is not None:
            files = {**files, "imageTTD": ("ttd.png", document.picture.png, "image/png")}
        answer = service.order_form("sign/pdf", fields, files, seconds)
        told = None if answer.body.startswith(b"%PDF-") else answer.told
        if answer.status != 200 or (told is not None and "error" in told):
            raise refused(answer, service.asked(signing=True, secrets=[person.nik, given.passphrase]))
        if not answer.body:
            raise AuthorityRefused(authority=service.name, reason="it answered without the signed file")
        if told is None:
            return answer.body
        try:
            return base64.b64decode(str(told["base64_signed_file"]))
        except (KeyError, binascii.Error) as error:
            raise SigningOutcomeUnknown(authority=service.name) from error

    def _shown(self, document: Document) -> dict[str, str]:
        """What is to be seen, and where: from the lower left of the page, y upwards."""
        words = {"reason": document.reason, "location": document.location}
        told = {name: value for name, value in words.items() if value}
        picture = document.picture
        if picture is None:
            return {"tampilan": "invisible", **told}
        left, bottom, right, top = picture.box
        corners = self._service.config.v1_rect == "corners"
        return {
            "tampilan": "visible",
            "image": "true",
            "page": str(picture.page),
            "xAxis": _number(left),
            "yAxis": _number(bottom),
            "width": _number(right if corners else right - left),
            "height": _number(top if corners else top - bottom),
            **told,
        }


def _number(value: float) -> str:
    """To the hundredth of a point, and without decimals where there are none."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
