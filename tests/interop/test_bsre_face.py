"""What is signed through BSrE's API, page by page, with pictures and further stamps, as readers of others see it."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from pydantic import JsonValue

from esign.api import server
from esign.api.app import create_app
from esign.ca.authority import Secret
from esign.registry.agencies import NewAgency
from esign.registry.clients import NewClient
from esign.registry.models import Scope
from esign.registry.signers import NewSigner
from esign.service import applications, parties, signers
from esign.service.services import Services
from esign.settings import Settings
from tests import letter_files
from tests.bsre import picture_png
from tests.integration.conftest import NIKS, OPERATOR, PASSPHRASE
from tests.interop.conftest import Session

pytestmark = pytest.mark.interop

PICTURE = b64encode(picture_png()).decode()
FREE: dict[str, JsonValue] = {"tampilan": "VISIBLE", "originY": 4, "width": 40, "height": 40}
"""In the upper margin, where these letters show nothing."""


class Face:
    """The service with one application and two officials, over HTTP."""

    def __init__(self, client: httpx.Client, niks: list[str]) -> None:
        self._client = client
        self.niks = niks

    def sign(self, pdf: bytes, nik: str, **properties: JsonValue) -> bytes:
        """The file, signed."""
        body = {"nik": nik, "passphrase": PASSPHRASE, "signatureProperties": [FREE | properties],
                "file": [b64encode(pdf).decode()]}  # fmt: skip
        answer = self._client.post("/api/v2/sign/pdf", json=body)
        assert answer.status_code == 200, answer.text
        return b64decode(answer.json()["file"][0])


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("material")


@pytest.fixture(scope="module")
def face(tmp_path_factory: pytest.TempPathFactory, material: Path) -> Iterator[Face]:
    folder = tmp_path_factory.mktemp("face")
    settings = Settings(
        data_dir=folder, ca_dir=folder / "ca", public_url="https://surat.example.go.id", sandbox_workers=1,
        pki_url="http://127.0.0.1:8000/pki",
    )  # fmt: skip
    with Services.open(settings) as services:
        agency = parties.add_agency(services, NewAgency(slug="dinkes", name="Dinkes", domain="x.go.id"), OPERATOR)
        niks = [next(NIKS) for _ in range(2)]
        for nik in niks:
            new = NewSigner.model_validate({"agency_id": agency.id, "nik": nik, "name": "Ni Luh Sari"})
            signers.enrol(services, new, agency.name, Secret(PASSPHRASE), OPERATOR)
        program = NewClient(agency_id=agency.id, name="SIMPEG", scopes=frozenset({Scope.LETTERS_SIGN}))
        client, _ = parties.add_client(services, program, OPERATOR)
        applications.admit(services, agency.id, client.id, "simpeg", Secret("rahasia"), OPERATOR)
        assert services.dev_ca is not None
        (material / "anchors").mkdir()
        for number, root in enumerate(services.dev_ca.roots()):
            (material / "anchors" / f"{number}.der").write_bytes(root.dump())
        with (
            server.running(create_app(services), settings, port=0) as url,
            httpx.Client(base_url=url, auth=("simpeg", "rahasia"), timeout=60) as opened,
        ):
            yield Face(opened, niks)


def test_eu_dss_passes_every_signature_and_finds_no_change(
    session: Session, face: Face, material: Path, tmp_path: Path
) -> None:
    first, second = face.niks
    stamps: list[JsonValue] = [{"page": page, "originX": 500, "originY": 4} for page in (1, 2)]
    pdf = face.sign(letter_files.big(3), first, page=3, originX=500, imageBase64=PICTURE, esignStamps=stamps)
    pdf = face.sign(pdf, first, page=2, originX=400, imageBase64=PICTURE)
    pdf = face.sign(pdf, first, page=1, originX=400, esignQr=True)
    pdf = face.sign(pdf, second, page=1, originX=300, imageBase64=PICTURE)
    file = tmp_path / "letter.pdf"
    file.write_bytes(pdf)
    answer = session.ask("dss", file, material=material)
    assert "exception" not in answer, answer["exception"]
    found = cast("list[dict[str, Any]]", answer["signatures"])
    assert len(found) == 4
    for told in found:
        assert (told["indication"], told["sub_indication"], told["errors"]) == ("TOTAL_PASSED", None, []), told
        assert told["dictionary_consistent"]
        assert [told["undefined_changes"], told["annotation_changes"], told["different_pages"]] == [[], [], []], told
        assert not told["overlapping_pages"]


@pytest.mark.parametrize("name", ["libreoffice-pdfa-2b", "typst-pdfa-2b"])
def test_a_pdfa_2b_letter_with_a_picture_stays_one(session: Session, face: Face, tmp_path: Path, name: str) -> None:
    stamps: list[JsonValue] = [{"page": 1, "originX": 400, "originY": 4}]
    pdf = face.sign(letter_files.read(name), face.niks[0], page=1, originX=500, imageBase64=PICTURE, esignStamps=stamps)
    pdf = face.sign(pdf, face.niks[0], page=1, originX=300, esignQr=True)
    file = tmp_path / "letter.pdf"
    file.write_bytes(pdf)
    answer = session.ask("verapdf", file, flavour="2b")
    assert (answer.get("broken"), answer["compliant"], answer["flavour"]) == ([], True, "2b"), json.dumps(answer)[:2000]
