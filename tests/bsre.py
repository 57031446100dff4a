"""Applications written for BSrE's service, as tests play them."""

import io
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import httpx
import pikepdf
from PIL import Image
from pydantic import JsonValue

from esign.ca.authority import Secret
from esign.registry import signers
from esign.registry.clients import NewClient
from esign.registry.models import Scope, Signer
from esign.service import applications, parties
from tests import sheets
from tests.integration.conftest import OPERATOR, House

ALL = (Scope.LETTERS_SIGN, Scope.LETTERS_READ, Scope.SIGNERS_READ, Scope.SIGNERS_REGISTER)
SECRET = "kata sandi aplikasi é"

_numbers = count()


class Application:
    """A program of the house's agency, with a username and a password, and perhaps a manner of its own."""

    def __init__(
        self,
        house: House,
        *scopes: Scope,
        networks: tuple[str, ...] | None = None,
        classification: str | None = None,
        **manner: JsonValue,
    ) -> None:
        self.house = house
        new = NewClient(agency_id=house.agency.id, name="SIMPEG", scopes=frozenset(scopes or ALL), networks=networks)
        client, self.key = parties.add_client(house.services, new, OPERATOR)
        self.id = client.id
        self.username = f"aplikasi-{next(_numbers)}"
        applications.admit(house.services, house.agency.id, self.id, self.username, Secret(SECRET), OPERATOR)
        if manner or classification:
            applications.settle(house.services, house.agency.id, self.id, manner, classification, OPERATOR)

    @property
    def authorization(self) -> str:
        """The header that shows who it is."""
        return "Basic " + b64encode(f"{self.username}:{SECRET}".encode()).decode()

    def client(self, url: str | None = None) -> httpx.Client:
        """An HTTP client of it."""
        return httpx.Client(base_url=url or self.house.url, headers={"Authorization": self.authorization}, timeout=60)


@contextmanager
def quick(house: House, **settings: object) -> Iterator[House]:
    """The house with a server that signs at B-B, and perhaps other settings."""
    changed = house.services.settings.model_copy(update={"profile": "B-B", **settings})
    services = replace(house.services, settings=changed)
    with house.serving(services) as url:
        yield replace(house, services=services, url=url)


def refused(answer: httpx.Response, status: int = 400) -> dict[str, object]:
    """The body of a refusal, which has the form that every client reads."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, object] = answer.json()
    assert isinstance(body["error"], str)
    assert body["error"]
    assert type(body["status_code"]) is int
    return body


def nik_of(house: House, signer: Signer) -> str:
    """The official's NIK."""
    nik = signers.nik(house.services.keys, signer)
    assert nik is not None
    return nik.get_secret_value()


def written_page(tag: str, x: float, y: float, *more: tuple[str, float, float]) -> bytes:
    """A page of 612 x 936 points with tags, each with the start of its baseline; as the letter that was measured."""
    content = sheets.text(60, 880, "Surat keterangan") + "".join(
        sheets.text(x, y, tag) for tag, x, y in ((tag, x, y), *more)
    )
    return sheets.saved(sheets.sheet(content, media=(0, 0, 612, 936)))


def picture_png(width: int = 60, height: int = 60) -> bytes:
    """A picture of a signature: a red square with a white middle."""
    picture = Image.new("RGB", (width, height), (200, 0, 0))
    picture.paste((255, 255, 255), (width // 4, height // 4, width * 3 // 4, height * 3 // 4))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


@dataclass(frozen=True)
class Widget:
    """A signature's widget as the file has it."""

    name: str
    rect: list[float]
    flags: int
    page: int
    """From 1."""
    image: tuple[float, float, float, float]
    """Left, bottom, right and top of the picture in the appearance; zeros without one."""
    value: dict[str, Any]


def widget(pdf: bytes, which: int = -1) -> Widget:
    """A signature's widget, the newest unless another is asked for."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        fields = [field for field in document.Root.AcroForm.Fields if field.get("/FT") == "/Sig" and "/V" in field]
        found = fields[which]
        pages = [page.obj.objgen for page in document.pages]
        drawn = found.AP.N.read_bytes().decode("latin-1")
        image = re.search(r"q ([\d.]+) 0 0 ([\d.]+) ([\d.]+) ([\d.]+) cm /Picture Do Q", drawn)
        wide, high, left, bottom = (float(each) for each in image.groups()) if image else (0.0, 0.0, 0.0, 0.0)
        return Widget(
            name=str(found.T),
            rect=[float(each) for each in found.Rect],
            flags=int(found.F),
            page=pages.index(found.P.objgen) + 1,
            image=(left, bottom, left + wide, bottom + high),
            value={key: str(value) for key, value in found.V.items() if key not in ("/Contents", "/ByteRange")},
        )
