"""One real service for the tests of a folder: SQLite, a folder of blobs, the dev CA, sandbox workers, a real socket."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from esign.api import server
from esign.api.app import create_app
from esign.ca.authority import Secret
from esign.registry.agencies import NewAgency
from esign.registry.audit import Actor
from esign.registry.clients import NewClient
from esign.registry.models import Agency, Scope, Signer
from esign.registry.signers import NewSigner
from esign.service import parties, signers
from esign.service.services import Services
from esign.settings import Settings
from tests import letter_files

PASSPHRASE = "lima kuda besi 27"
OPERATOR = Actor(name="tests", request_id="tests-setup")
NIKS = iter(f"320101{4000000000 + number}" for number in range(1000))


class DocumentedTransport(httpx.HTTPTransport):
    """Checks of every problem that it brings that OpenAPI lists its code for that endpoint and status."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__()
        self._document = app.openapi()
        self._routes = list(self._document["paths"])

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        if response.headers.get("content-type") == "application/problem+json":
            response.read()
            self._check(request, response)
        return response

    def _check(self, request: httpx.Request, response: httpx.Response) -> None:
        problem = response.json()
        assert problem["status"] == response.status_code
        if "idempotency-replayed" not in response.headers:  # which tells of the request that was worked on
            assert problem["request_id"] == response.headers["x-request-id"]
        operation = next(
            (
                self._document["paths"][template].get(request.method.lower())
                for template in self._routes
                if _fits(template, request.url.path)
            ),
            None,
        )
        if operation is None or problem["code"] == "request.not_found":  # of the address, not of the operation
            return
        documented = operation["responses"].get(str(problem["status"]), {}).get("content", {})
        examples = documented.get("application/problem+json", {}).get("examples", {})
        assert problem["code"] in examples, (
            f"{request.method} {request.url.path} may answer {problem['code']}, says who?"
        )


def _fits(template: str, path: str) -> bool:
    pieces, given = template.split("/"), path.split("/")
    return len(pieces) == len(given) and all(
        piece == there or piece.startswith("{") for piece, there in zip(pieces, given, strict=True)
    )


@dataclass
class House:
    """The service, an agency in it, and ways to it."""

    services: Services
    agency: Agency
    folder: Path
    """Where database and blobs are."""
    url: str
    app: FastAPI

    def signer(self, **given: str) -> Signer:
        """One more official, with the common passphrase."""
        new = NewSigner.model_validate(
            {"agency_id": self.agency.id, "nik": next(NIKS), "name": "Ni Luh Sari", "office": "Kepala Dinas", **given}
        )
        return signers.enrol(self.services, new, self.agency.name, Secret(PASSPHRASE), OPERATOR)

    def key(self, *scopes: Scope, networks: tuple[str, ...] | None = None, agency: Agency | None = None) -> str:
        """A new API key."""
        new = NewClient(
            agency_id=(agency or self.agency).id, name="Aplikasi Uji", scopes=frozenset(scopes), networks=networks
        )
        return parties.add_client(self.services, new, OPERATOR)[1]

    def client(self, key: str | None = None, url: str | None = None, app: FastAPI | None = None) -> httpx.Client:
        """An HTTP client, with that key."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(
            base_url=url or self.url, headers=headers, timeout=60, transport=DocumentedTransport(app or self.app)
        )

    @contextmanager
    def with_settings(self, **changes: object) -> Iterator[str]:
        """Another server over the same services with other settings; gives its address."""
        changed = self.services.settings.model_copy(update=changes)
        with self.serving(replace(self.services, settings=changed)) as url:
            yield url

    @contextmanager
    def serving(self, services: Services) -> Iterator[str]:
        """Another server over services that differ from ours; gives its address."""
        with server.running(create_app(services), services.settings, port=0) as url:
            yield url

    def kept(self) -> tuple[int, int]:
        """How many letters and blobs there are."""
        with self.services.database.read() as session:
            letters = session.connection().exec_driver_sql("SELECT count(*) FROM letter").scalar_one()
        blobs = sum(1 for path in (self.folder / "blobs").rglob("*") if path.is_file())
        return letters, blobs


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    settings = Settings(
        data_dir=folder,
        ca_dir=folder / "ca",
        public_url="https://surat.example.go.id",
        pki_url="http://127.0.0.1:8000/pki",
        sandbox_workers=1,
        max_letter_bytes=2 * 1024 * 1024,
        public_uploads_per_minute=100_000,
        public_lookups_per_minute=100_000,
        log_format="json",
    )
    with Services.open(settings) as services:
        agency = parties.add_agency(
            services,
            NewAgency(slug="dinkes", name="Dinas Kesehatan", domain="surat.example.go.id"),
            OPERATOR,
        )
        app = create_app(services)
        with server.running(app, settings, port=0) as url:
            yield House(services, agency, folder, url, app)


@pytest.fixture(scope="session")
def signer(house: House) -> Signer:
    return house.signer()


@pytest.fixture(scope="session")
def key(house: House) -> str:
    return house.key(Scope.LETTERS_SIGN, Scope.LETTERS_READ, Scope.SIGNERS_READ)


@pytest.fixture
def client(house: House, key: str) -> Iterator[httpx.Client]:
    with house.client(key) as opened:
        yield opened


@pytest.fixture
def public(house: House) -> Iterator[httpx.Client]:
    with house.client() as opened:
        yield opened


_numbers = iter(range(1, 100_000))
_numbers_lock = threading.Lock()


@pytest.fixture
def order(signer: Signer) -> Callable[..., dict[str, str]]:
    """Fields that sign a letter with a number of its own; others may be given, None leaves one out."""

    def fields(**given: str | None) -> dict[str, str]:
        with _numbers_lock:
            number = next(_numbers)
        common: dict[str, str | None] = {
            "signer": signer.id,
            "passphrase": PASSPHRASE,
            "number": f"400.7/{number}/DINKES/2026",
            "date": "2026-11-07",
            "subject": "Undangan rapat koordinasi",
            "profile": "B-B",
            "placement": '{"kind": "invisible"}',
        }
        return {name: value for name, value in (common | given).items() if value is not None}

    return fields


@pytest.fixture(scope="session")
def pdf() -> bytes:
    return letter_files.read("typst")
