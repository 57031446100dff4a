"""The server key is changed while clients go on calling, and the earlier key goes away in the end."""

import os
import shutil
from base64 import b64encode
from pathlib import Path

import httpx
import pytest

from esign.api import server
from esign.api.app import create_app
from esign.errors import Unauthenticated
from esign.registry import audit
from esign.registry import signers as registered
from esign.registry.clients import NewClient
from esign.registry.models import Event, Scope
from esign.service import clients, parties, rotation, signers
from esign.service.services import Services
from tests import letter_files
from tests.integration.conftest import OPERATOR, PASSPHRASE
from tests.integration.installation import Installation

OLD, NEW = (b64encode(os.urandom(32)).decode() for _ in range(2))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation.made(tmp_path_factory.mktemp("made"), secret_key=OLD)


@pytest.fixture
def before(made: Installation, tmp_path: Path) -> Installation:
    """Before the change."""
    shutil.copytree(made.folder, tmp_path, dirs_exist_ok=True)
    return made.elsewhere(tmp_path)


@pytest.fixture
def changing(before: Installation) -> Installation:
    """With both keys."""
    return before.having(secret_key=NEW, old_secret_keys=OLD)


@pytest.fixture
def after(before: Installation) -> Installation:
    """The earlier key is gone."""
    return before.having(secret_key=NEW)


def signs(here: Installation, services: Services, key: str) -> httpx.Response:
    """The program has a letter signed over HTTP, always the same, under that Idempotency-Key."""
    fields = {
        "signer": here.signer, "passphrase": PASSPHRASE, "number": "7/2026", "date": "2026-11-23", "profile": "B-B",
        "subject": "Undangan", "placement": '{"kind": "invisible"}',
    }  # fmt: skip
    headers = {"Authorization": f"Bearer {here.api_key}", "Idempotency-Key": key}
    file = {"file": ("surat.pdf", letter_files.read("typst"), "application/pdf")}
    with server.running(create_app(services), services.settings, port=0) as url:
        return httpx.post(f"{url}/v1/letters/sign", data=fields, files=file, headers=headers, timeout=60)


def forget_idle_time(services: Services) -> None:
    """The last calls are long ago: the next one is noted."""
    with services.database.write() as session:
        session.connection().exec_driver_sql("UPDATE api_client SET last_used_at = NULL")


def forget_answers(services: Services) -> None:
    """A day goes by: no request from before may be sent again."""
    with services.database.write() as session:
        session.connection().exec_driver_sql("DELETE FROM idempotency_record")


def test_the_key_is_changed_and_nothing_is_lost(
    before: Installation, changing: Installation, after: Installation
) -> None:
    with before.services() as services:
        nik = nik_of(services, before)
        first = signs(before, services, "surat-7")
        assert first.status_code == 201, first.text
        forget_idle_time(services)

    rotated = changing.esign("keys", "rotate")
    assert rotated.exit_code == 0, rotated.output
    assert "1 NIKs and passwords were sealed anew" in rotated.output
    status = changing.esign("keys", "status")
    assert status.exit_code == 1
    assert f"dinkes {before.client} (e-office) has not called since the change" in status.output
    assert "requests from before the change may be sent again until" in status.output
    assert "KEYS     the server key is being changed: esign keys status" in changing.esign("check").output

    with changing.services() as services:
        again = signs(changing, services, "surat-7")
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["idempotency-replayed"] == "true"
        forget_answers(services)
    status = changing.esign("keys", "status")
    assert status.exit_code == 0, status.output
    assert "nothing needs the earlier keys" in status.output

    with after.services() as services:
        assert nik_of(services, after) == nik
        assert after.sign("8/2026", services).status == "signed"
        with services.database.read() as session:
            (event,) = audit.of_kind(session, Event.KEYS_ROTATED)
        assert event.data["sealed"] == 1
    assert after.esign("keys", "status").exit_code == 0
    assert after.esign("check", "--deep").exit_code == 0


def nik_of(services: Services, here: Installation) -> str:
    """The official's NIK, opened; he is found by it too."""
    (signer,) = parties.list_signers(services, here.agency)
    opened = registered.nik(services.keys, signer)
    assert opened is not None
    nik = opened.get_secret_value()
    with services.database.read() as session:
        assert signers.find(services, session, here.agency, nik).id == signer.id
    return nik


def test_a_program_that_did_not_call_in_between_is_named_until_it_has_another_key(
    before: Installation, changing: Installation, after: Installation
) -> None:
    assert changing.esign("keys", "rotate").exit_code == 0
    with after.services() as services, pytest.raises(Unauthenticated):
        clients.authenticate(services, before.api_key, None, "request")
    renew = f"esign client renew-key dinkes {before.client}"
    status = after.esign("keys", "status")
    assert status.exit_code == 1
    assert renew in status.output
    key = after.esign(*renew.split()[1:]).output.strip()
    assert after.esign("keys", "status").exit_code == 0
    with after.services() as services:
        assert clients.authenticate(services, key, None, "request").client_id == before.client


def test_a_program_that_came_after_the_change_is_not_waited_for(changing: Installation) -> None:
    with changing.services() as services:
        rotation.rotate(services, OPERATOR)
        new = NewClient(agency_id=changing.agency, name="baru", scopes=frozenset({Scope.LETTERS_READ}))
        parties.add_client(services, new, OPERATOR)
        assert [each.client.name for each in rotation.keyring(services).silent] == ["e-office"]
        parties.switch_client(services, changing.agency, changing.client, OPERATOR, enabled=False)
        assert rotation.keyring(services).settled


def test_doing_it_again_changes_nothing(changing: Installation) -> None:
    with changing.services() as services:
        assert rotation.rotate(services, OPERATOR) == 1
        first = rotation.keyring(services)
        assert rotation.rotate(services, OPERATOR) == 0
        assert rotation.keyring(services) == first


def test_without_the_earlier_key_nothing_is_changed_and_the_missing_one_is_told(
    before: Installation, after: Installation
) -> None:
    refused = after.esign("keys", "rotate")
    assert refused.exit_code == 1
    assert "ESIGN_SECRET_KEY" in refused.output
    status = after.esign("keys", "status")
    assert status.exit_code == 1
    assert "1 NIKs or passwords open under none of these keys" in status.output
    with before.services() as services:
        assert len(nik_of(services, before)) == 16
