"""The whole way of a letter on PostgreSQL, and two servers that share database, blobs and CA."""

import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import make_url

from esign.registry.models import Letter
from esign.service import checking, clients, letters
from esign.service.services import Services
from esign.service.told import Colour, RegisterStatus
from tests import letter_files
from tests.integration.conftest import PASSPHRASE
from tests.integration.installation import COMMAND, Installation
from tests.integration.test_api_serve import free_port, wait_until_it_answers
from tests.postgres import postgres


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with postgres() as url:
        yield Installation.made(tmp_path_factory.mktemp("postgres"), database_url=url, log_format="json")


@pytest.fixture(scope="module")
def services(here: Installation) -> Iterator[Services]:
    with here.services() as opened:
        yield opened


@dataclass(frozen=True)
class Two:
    """Two servers, and letters that were in the middle of things when they started."""

    urls: tuple[str, str]
    running: Letter
    """Another process signs it."""
    dead: Letter
    """The process that signed it is gone for long."""


@contextmanager
def serving(here: Installation) -> Iterator[str]:
    """``esign serve``, a process of its own."""
    port = free_port()
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", str(port)],
        env=here.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_it_answers(url, process)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        written, _ = process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGTERM), written
    assert '"level":"error"' not in written.replace(" ", ""), written


@pytest.fixture(scope="module")
def two(here: Installation, services: Services) -> Iterator[Two]:
    running = here.being_signed(services, "berjalan/1")
    dead = here.being_signed(services, "mati/1", ago=timedelta(minutes=11))
    with ExitStack() as opening:
        yield Two((opening.enter_context(serving(here)), opening.enter_context(serving(here))), running, dead)


def signs(here: Installation, url: str, number: str, key: str | None = None) -> httpx.Response:
    """Has a letter signed over HTTP, by the server at that address."""
    fields = {
        "signer": here.signer, "passphrase": PASSPHRASE, "number": number, "date": "2026-11-23", "profile": "B-B",
        "subject": "Undangan", "placement": '{"kind": "invisible"}',
    }  # fmt: skip
    headers = {"Authorization": f"Bearer {here.api_key}"} | ({"Idempotency-Key": key} if key else {})
    file = {"file": ("surat.pdf", letter_files.read("typst"), "application/pdf")}
    return httpx.post(f"{url}/v1/letters/sign", data=fields, files=file, headers=headers, timeout=60)


def test_a_letter_is_signed_verified_and_withdrawn(here: Installation, services: Services) -> None:
    made = here.sign("1/2026", services)
    here.is_green(made, services)
    caller = clients.authenticate(services, here.api_key, None, "request")
    assert letters.withdraw(services, caller, made.id, "salah tanggal").status == "withdrawn"
    answer = checking.upload(services, services.blobs.get(made.file.sha256))
    assert answer.register_status is RegisterStatus.WITHDRAWN
    assert answer.told.colour is Colour.RED


def test_of_many_requests_at_two_servers_for_one_number_one_wins(here: Installation, two: Two) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda turn: signs(here, two.urls[turn % 2], "satu/2026"), range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"letter.number_taken"}


def test_the_other_server_repeats_the_answer_of_the_first(here: Installation, two: Two) -> None:
    first = signs(here, two.urls[0], "ulang/2026", key="ulang")
    again = signs(here, two.urls[1], "ulang/2026", key="ulang")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert signs(here, two.urls[1], "lain/2026", key="ulang").status_code == 422


def test_a_request_at_both_servers_at_once_is_done_once(here: Installation, services: Services, two: Two) -> None:
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda url: signs(here, url, "serentak/2026", key="serentak"), two.urls))
    assert sorted(answer.status_code for answer in answers) in ([201, 201], [201, 409])
    assert signs(here, two.urls[1], "serentak/2026", key="serentak").status_code == 201


def test_a_start_settles_what_died_and_leaves_what_another_process_signs(
    here: Installation, services: Services, two: Two
) -> None:
    assert here.as_it_is(services, two.dead).status == "failed"
    assert here.as_it_is(services, two.running).status == "signing"
    assert here.as_it_is(services, two.running).version == two.running.version


def test_both_servers_are_ready_and_know_each_others_letters(here: Installation, two: Two) -> None:
    made = signs(here, two.urls[0], "dua/2026")
    for url in two.urls:
        assert httpx.get(f"{url}/readyz").status_code == 200
        answer = httpx.post(
            f"{url}/v1/verify", files={"file": ("surat.pdf", made.content, "application/pdf")}, timeout=60
        )
        assert answer.status_code == 200
        assert answer.json()["told"]["colour"] == "green"


def test_everything_that_was_kept_holds_together(here: Installation, two: Two) -> None:
    checked = here.esign("check", "--deep")
    assert checked.exit_code == 0, checked.output
    assert "0 missing, 0 damaged" in checked.output
    assert "WAITS" not in checked.output


def test_a_database_that_is_away_is_told_with_its_cause_and_without_its_password(here: Installation) -> None:
    url = make_url(here.variables["ESIGN_DATABASE_URL"])
    nowhere = url.set(database="tiada", password="geheim").render_as_string(hide_password=False)
    refused = here.having(database_url=nowhere).esign("check")
    assert refused.exit_code == 1
    assert "storage.unavailable" in refused.output
    assert 'database "tiada" does not exist' in refused.output
    assert "geheim" not in refused.output
