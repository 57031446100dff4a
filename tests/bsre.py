"""Applications written for BSrE's service, as tests play them."""

from base64 import b64encode
from itertools import count

import httpx
from pydantic import JsonValue

from esign.ca.authority import Secret
from esign.registry.clients import NewClient
from esign.registry.models import Scope
from esign.service import applications, parties
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
        self.id = parties.add_client(house.services, new, OPERATOR)[0].id
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


def refused(answer: httpx.Response, status: int = 400) -> dict[str, object]:
    """The body of a refusal, which has the form that every client reads."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, object] = answer.json()
    assert isinstance(body["error"], str)
    assert body["error"]
    assert type(body["status_code"]) is int
    return body
