"""Refused early: bodies over the limit, addresses that ask too often, more at once than there is room for."""

import json
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import Request

from esign.api import server, state
from esign.api.app import create_app
from esign.api.uploads import FORM_BYTES
from esign.service import checking
from esign.service.views import FileAnswer
from tests.integration.conftest import House
from tests.integration.test_api_signing import problem


def talk(url: str, sent: bytes) -> tuple[int, str]:
    """The status and the problem's code that the server answers to exactly these bytes."""
    where = urlsplit(url)
    assert where.hostname is not None
    with socket.create_connection((where.hostname, where.port or 80), timeout=20) as connection:
        connection.sendall(sent)
        answer = HTTPResponse(connection)
        answer.begin()
        return answer.status, json.loads(answer.read())["code"]


def head(*lines: str) -> bytes:
    return "\r\n".join(("POST /v1/verify HTTP/1.1", "Host: x", *lines, "", "")).encode()


def test_an_announced_size_over_the_limit_is_refused_before_a_byte_of_it_is_sent(house: House) -> None:
    announced = head("Content-Type: application/pdf", "Content-Length: 999999999")
    assert talk(house.url, announced) == (413, "letter.too_large")


def test_a_client_that_asks_first_is_not_told_to_go_on(house: House) -> None:
    waiting = head("Content-Type: application/pdf", "Content-Length: 999999999", "Expect: 100-continue")
    assert talk(house.url, waiting) == (413, "letter.too_large")


def test_a_body_of_unknown_length_is_counted_while_it_is_read(house: House) -> None:
    where = urlsplit(house.url)
    limit, sent = house.services.settings.max_letter_bytes, 0
    with socket.create_connection((where.hostname, where.port), timeout=20) as connection:
        connection.sendall(head("Content-Type: application/pdf", "Transfer-Encoding: chunked"))
        while not select.select([connection], [], [], 0)[0]:
            connection.sendall(b"10000\r\n" + bytes(65536) + b"\r\n")
            sent += 65536
            assert sent < limit + 20_000_000, "it goes on reading"
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")
    assert sent > limit


@pytest.mark.parametrize("announced", [True, False])
def test_no_other_route_reads_more_than_the_limit_either(house: House, announced: bool) -> None:
    app = create_app(house.services)

    @app.post("/form")
    async def form(request: Request) -> int:
        return len(await request.body())

    most = house.services.settings.max_letter_bytes + FORM_BYTES
    with server.running(app, house.services.settings, port=0) as url:

        def post(size: int) -> httpx.Response:
            content = bytes(size) if announced else iter([bytes(size // 2), bytes(size - size // 2)])
            return httpx.post(f"{url}/form", content=content)

        assert post(most).json() == most
        problem(post(most + 1), "request.too_large")


def test_a_client_that_leaves_amid_its_body_gives_its_place_back(house: House, key: str) -> None:
    where, gate = urlsplit(house.url), state.of_app(house.app).signing_gate
    lines = (f"Authorization: Bearer {key}", "Content-Type: multipart/form-data; boundary=x", "Content-Length: 1000")
    with socket.create_connection((where.hostname, where.port), timeout=20) as connection:
        connection.sendall(head(*lines).replace(b"/v1/verify", b"/v1/letters/sign") + b"--x\r\n")
        until(lambda: gate.inside == 1)
    until(lambda: gate.inside == 0)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_body_that_stalls_is_given_up(house: House) -> None:
    with house.with_settings(body_seconds=0.3) as url:
        stalled = head("Content-Type: application/pdf", "Content-Length: 1000") + b"%PDF"
        assert talk(url, stalled) == (408, "request.too_slow")


def test_an_address_that_asks_too_often_is_told_when_to_come_back(house: House) -> None:
    with (
        house.with_settings(public_lookups_per_minute=3, public_uploads_per_minute=1) as url,
        house.client(url=url) as public,
    ):
        statuses = [public.get("/v1/verify/ABC").status_code for _ in range(5)]
        assert statuses == [422, 422, 422, 429, 429]
        answer = public.get("/v1/verify/ABC")
        problem(answer, "request.too_many")
        assert 1 <= int(answer.headers["retry-after"]) <= 20
        files = {"file": b"%PDF"}
        assert public.post("/v1/verify", files=files).status_code == 200
        problem(public.post("/v1/verify", files=files), "request.too_many")
        assert public.get("/healthz").status_code == 200


def test_many_bad_keys_from_one_address_are_slowed_and_a_good_one_is_not(house: House, key: str) -> None:
    with house.with_settings() as url, house.client("esign_bad", url=url) as bad, house.client(key, url=url) as good:
        codes = [bad.get("/v1/letters").status_code for _ in range(32)]
        assert codes[:30] == [401] * 30
        assert codes[31] == 429
        assert good.get("/v1/letters").status_code == 200


@pytest.fixture
def begun() -> threading.Semaphore:
    """Released once for each file whose checking has begun."""
    return threading.Semaphore(0)


@pytest.fixture
def held_up(monkeypatch: pytest.MonkeyPatch, begun: threading.Semaphore) -> Iterator[threading.Event]:
    """Checking waits until the event is set."""
    go_on = threading.Event()
    upload = checking.upload

    def waiting(*args: object, **named: object) -> FileAnswer:
        begun.release()
        assert go_on.wait(30)
        return upload(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(checking, "upload", waiting)
    yield go_on
    go_on.set()


def test_a_full_house_refuses_uploads_at_once_and_still_answers_codes(
    house: House, held_up: threading.Event, begun: threading.Semaphore
) -> None:
    with house.with_settings(public_uploads_at_once=2) as url, house.client(url=url) as public:
        answers: list[int] = []
        threads = [
            threading.Thread(
                target=lambda: answers.append(httpx.post(f"{url}/v1/verify", files={"file": b"%PDF"}).status_code)
            )
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        assert begun.acquire(timeout=10)
        assert begun.acquire(timeout=10)
        answer = public.post("/v1/verify", files={"file": b"%PDF"})
        problem(answer, "service.busy")
        assert int(answer.headers["retry-after"]) > 0
        assert public.get("/v1/verify/ABC").status_code == 422
        assert public.get("/readyz").status_code == 200
        held_up.set()
        for thread in threads:
            thread.join()
        assert answers == [200, 200]
        assert public.post("/v1/verify", files={"file": b"%PDF"}).status_code == 200
