"""Bad input and bad days over HTTP: each its own code, and nothing left but the audit event."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from esign import errors
from esign.ca.dev import DevCa
from esign.registry.blobs import FolderBlobs
from esign.registry.models import Signer
from tests import letter_files
from tests.integration.authorities import Failing
from tests.integration.conftest import House
from tests.integration.test_api_signing import problem, sign

Order = Callable[..., dict[str, str]]


@pytest.fixture
def dev_ca(house: House) -> DevCa:
    assert house.services.dev_ca is not None
    return house.services.dev_ca


def audited(house: House) -> int:
    with house.services.database.read() as session:
        return session.connection().exec_driver_sql("SELECT count(*) FROM audit_event").scalar_one()  # type: ignore[no-any-return]


@pytest.fixture
def leaves_nothing(house: House, signer: Signer) -> Iterator[None]:
    """Letters and blobs are as many after the test as before it."""
    before = house.kept()
    yield
    assert house.kept() == before


@pytest.fixture
def leaves_its_trace(house: House, signer: Signer) -> Iterator[None]:
    """Audit events are more."""
    events = audited(house)
    yield
    assert audited(house) > events


@pytest.mark.usefixtures("leaves_nothing", "leaves_its_trace")
@pytest.mark.parametrize(
    ("letter", "placement", "code"),
    [
        ("typst", {"kind": "tag", "tag": "${bukan}"}, "placement.tag_missing"),
        ("chromium-tag-twice", {"kind": "tag", "tag": "#"}, "placement.tag_ambiguous"),
        ("typst", {"kind": "auto", "page": 2}, "placement.page_out_of_range"),
        ("typst", {"kind": "box", "x": 560, "y": 60, "width": 90, "height": 90}, "placement.off_page"),
        ("typst", {"kind": "box", "x": 60, "y": 60, "width": 9, "height": 9}, "placement.too_small"),
        ("typst", {"kind": "field", "field": "Ttd9"}, "placement.field_missing"),
    ],
)
def test_a_stamp_that_can_not_go_there_is_refused_with_the_numbers(
    house: House, order: Order, key: str, letter: str, placement: dict[str, object], code: str
) -> None:
    with house.client(key) as client:
        answer = sign(client, letter_files.read(letter), order(placement=json.dumps(placement)))
    found = problem(answer, code)
    assert "?" not in str(found["detail"]), "a detail is missing"


@pytest.mark.usefixtures("leaves_nothing")
@pytest.mark.parametrize(
    ("ways", "error"),
    [
        ({"down": True}, errors.AuthorityUnavailable),
        ({"timestamps_down": True}, errors.TimestampUnavailable),
        ({"revocation_down": True}, errors.RevocationUnavailable),
    ],
)
def test_an_authority_that_is_down_is_told_with_the_time_to_come_back(
    house: House,
    order: Order,
    key: str,
    pdf: bytes,
    dev_ca: DevCa,
    ways: dict[str, bool],
    error: type[errors.EsignError],
) -> None:
    services = Failing(dev_ca, **ways).within(house.services)
    services = replace(services, evidence=type(services.evidence)())
    with house.serving(services) as url, house.client(key, url=url) as client:
        answer = sign(client, pdf, order(profile="B-LT"), idempotency_key=f"down-{error.code}")
        problem(answer, error.code)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, str(error.retry_after))


class FullDisk(FolderBlobs):
    """A disk on which nothing more can be put."""

    def put(self, content: bytes) -> str:
        raise errors.StorageUnavailable(store="blobs")


@pytest.mark.usefixtures("leaves_nothing")
def test_a_full_disk_signs_nothing_and_is_told(house: House, order: Order, key: str, pdf: bytes) -> None:
    full = FullDisk(house.folder / "blobs")
    with house.serving(replace(house.services, blobs=full)) as url, house.client(key, url=url) as client:
        answer = sign(client, pdf, order())
        problem(answer, "storage.unavailable")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")


def test_a_certificate_on_hold_or_revoked_signs_nothing_and_is_told(
    house: House, order: Order, key: str, pdf: bytes, dev_ca: DevCa
) -> None:
    official = house.signer(name="Ganti Jabatan")
    with house.client(key) as client:
        for change, code, state in (
            (dev_ca.suspend, "credential.suspended", "SUSPEND"),
            (dev_ca.revoke, "credential.revoked", "REVOKE"),
        ):
            change(official.id)
            problem(sign(client, pdf, order(signer=official.id)), code)
            credential = client.get(f"/v1/signers/{official.id}/credential").json()
            assert (credential["status"], credential["may_sign"]) == (state, False)
