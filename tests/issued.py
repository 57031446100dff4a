"""Letters issued through the API by an agency in the middle time zone, and a server of pages that shows them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count

import httpx

from esign.api import server
from esign.ca.authority import Secret
from esign.cli import serve
from esign.registry.agencies import NewAgency
from esign.registry.models import Scope, Signer
from esign.registry.signers import NewSigner
from esign.service import parties, signers
from tests import letter_files
from tests.integration.conftest import NIKS, OPERATOR, PASSPHRASE, House

AGENCY = "Dinas Kependudukan dan Pencatatan Sipil Kabupaten Tirtamulya"
OFFICE = "Kepala Dinas Kependudukan dan Pencatatan Sipil"
LONG_NAME = "Ida Bagus Gede Nyoman Raharjaputrawidyasasmita, S.T., M.T."
NIK_IN_SUBJECT = "3201010101800099"
_NUMBERS = count(1)


@dataclass(frozen=True)
class Issued:
    """A letter that is signed and registered."""

    id: str
    code: str
    """In groups."""
    address: str
    """As the QR code holds it, but for its capitals."""
    number: str
    pdf: bytes

    @property
    def path(self) -> str:
        """Where its page is."""
        return f"/v/{self.code.replace('-', '')}"


class Issuer:
    """An agency with one official, who signs what is handed in."""

    def __init__(self, house: House, slug: str = "disdukcapil") -> None:
        self.house = house
        new = NewAgency(slug=slug, name=AGENCY, domain="surat.example.go.id", timezone="Asia/Makassar")
        self.agency = parties.add_agency(house.services, new, OPERATOR)
        self.official = self.signer("Sri Wahyuningsih, S.Sos., M.Si.", OFFICE)
        self._key = house.key(Scope.LETTERS_SIGN, Scope.LETTERS_READ, agency=self.agency)
        self._kept: dict[str, Issued] = {}

    def signer(self, name: str, office: str, capacity: str | None = None) -> Signer:
        """One more official of the agency."""
        new = NewSigner.model_validate(
            {"agency_id": self.agency.id, "nik": next(NIKS), "name": name, "office": office, "capacity": capacity}
        )
        return signers.enrol(self.house.services, new, self.agency.name, Secret(PASSPHRASE), OPERATOR)

    def issue(self, pdf: bytes | None = None, *followers: Signer, **given: str) -> Issued:
        """A letter with a stamp in free space, signed by the official and then by the ``followers``."""
        fields = {
            "number": f"400.12/{next(_NUMBERS)}/DISDUKCAPIL/2026",
            "date": "2026-11-20",
            "subject": "Undangan Rapat Koordinasi",
            "profile": "B-T",
            **given,
        }
        with self.house.client(self._key) as client:
            file = {"file": ("surat.pdf", letter_files.read("typst") if pdf is None else pdf)}
            order = {"signer": self.official.id, "passphrase": PASSPHRASE}
            record = _record(client.post("/v1/letters/sign", data=fields | order, files=file, headers=_JSON))
            for follower in followers:
                order = {"signer": follower.id, "passphrase": PASSPHRASE, "profile": "B-T"}
                record = _record(client.post(f"/v1/letters/{record['id']}/signatures", data=order, headers=_JSON))
            signed = client.get(f"/v1/letters/{record['id']}/file").content
        return Issued(str(record["id"]), str(record["code"]), str(record["address"]), fields["number"], signed)

    def of_class(self, classification: str) -> Issued:
        """The one letter of that classification that tests share; they never change it."""
        if classification not in self._kept:
            self._kept[classification] = self.issue(classification=classification)
        return self._kept[classification]

    def withdraw(self, letter: Issued) -> None:
        """Takes the letter back."""
        with self.house.client(self._key) as client:
            answer = client.post(f"/v1/letters/{letter.id}/withdrawal", json={"reason": "Salah ketik"})
        assert answer.is_success, answer.text


def altered(letter: Issued) -> bytes:
    """Its file with one bit of its first page's content turned."""
    changed = bytearray(letter.pdf)
    changed[200] ^= 1
    return bytes(changed)


@contextmanager
def serving_pages(house: House, **changes: object) -> Iterator[str]:
    """The whole application, pages included, on a socket of its own; gives its address."""
    settings = house.services.settings.model_copy(update=changes)
    services = replace(house.services, settings=settings)
    with server.running(serve.build(services), settings, port=0) as url:
        yield url


_JSON = {"Accept": "application/json"}


def _record(answer: httpx.Response) -> dict[str, object]:
    assert answer.is_success, answer.text
    record: dict[str, object] = json.loads(answer.content)
    return record
