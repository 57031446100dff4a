"""Idempotency-Key: whatever happens on the way, a letter is signed once and its answer can be had."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from esign.service import letters
from esign.service.views import LetterView
from tests.integration.conftest import House
from tests.integration.test_api_signing import problem, sign

Order = Callable[..., dict[str, str]]


def test_a_repeated_request_is_answered_again_and_not_done_again(
    house: House, client: httpx.Client, order: Order, pdf: bytes
) -> None:
    fields = order()
    first = sign(client, pdf, fields, idempotency_key="surat-1")
    assert first.status_code == 201, first.text
    assert "idempotency-replayed" not in first.headers
    before = house.kept()
    again = sign(client, pdf, fields | {"passphrase": "not even looked at"}, idempotency_key="surat-1")
    assert again.status_code == 201
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == first.content
    for name in ("letter-id", "letter-code", "etag", "content-disposition", "location", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert house.kept() == before


def test_the_same_key_with_another_request_is_refused(client: httpx.Client, order: Order, pdf: bytes) -> None:
    fields = order()
    assert sign(client, pdf, fields, idempotency_key="surat-2").status_code == 201
    problem(sign(client, pdf + b"\n", fields, idempotency_key="surat-2"), "idempotency.mismatch")
    problem(sign(client, pdf, fields | {"subject": "Lain"}, idempotency_key="surat-2"), "idempotency.mismatch")
    other_answer = sign(client, pdf, fields, idempotency_key="surat-2", accept="application/json")
    problem(other_answer, "idempotency.mismatch")


def test_a_wrong_passphrase_leaves_the_key_free(client: httpx.Client, order: Order, pdf: bytes) -> None:
    fields = order()
    problem(sign(client, pdf, fields | {"passphrase": "salah"}, idempotency_key="surat-3"), "signer.wrong_passphrase")
    assert sign(client, pdf, fields, idempotency_key="surat-3").status_code == 201


def test_a_definite_refusal_is_repeated_as_it_was(client: httpx.Client, order: Order, pdf: bytes) -> None:
    fields = order()
    first = sign(client, b"not a PDF", fields, idempotency_key="surat-4")
    again = sign(client, b"not a PDF", fields, idempotency_key="surat-4")
    problem(again, "letter.not_pdf")
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == first.content
    assert again.headers["x-request-id"] != first.headers["x-request-id"]


def test_a_refusal_that_depends_on_more_than_the_request_is_looked_at_anew(
    house: House, client: httpx.Client, order: Order, pdf: bytes
) -> None:
    assert house.services.dev_ca is not None
    official = house.signer(name="Cuti")
    fields = order(signer=official.id)
    house.services.dev_ca.suspend(official.id)
    problem(sign(client, pdf, fields, idempotency_key="surat-9"), "credential.suspended")
    house.services.dev_ca.resume(official.id)
    assert sign(client, pdf, fields, idempotency_key="surat-9").status_code == 201


@pytest.mark.parametrize("value", ["", "x" * 256, "two words", "tab\there"])
def test_a_key_that_is_none_is_refused(client: httpx.Client, order: Order, pdf: bytes, value: str) -> None:
    problem(sign(client, pdf, order(), idempotency_key=value), "request.invalid")


def test_work_is_told_by_which_request_it_is_asked_for(
    client: httpx.Client, order: Order, pdf: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims: list[object] = []

    def crash(*_: object, claim: str | None, **__: object) -> None:
        claims.append(claim)
        raise RuntimeError("the process dies here, say")

    monkeypatch.setattr(letters, "sign_new", crash)
    fields = order()
    for key in ("surat-7", "surat-7", "surat-8", None):
        named = {"idempotency_key": key} if key else {}
        problem(sign(client, pdf, fields, **named), "internal")
    first, again, other_key, without = claims
    assert first == again
    assert first is not None
    assert without is None
    assert other_key is not None


@pytest.fixture
def begun() -> threading.Semaphore:
    """Released once for each signing that has begun."""
    return threading.Semaphore(0)


@pytest.fixture
def held_up(monkeypatch: pytest.MonkeyPatch, begun: threading.Semaphore) -> Iterator[threading.Event]:
    """Signing waits, once it has begun, until the event is set."""
    go_on = threading.Event()
    sign_new = letters.sign_new

    def waiting(*args: object, **named: object) -> LetterView:
        begun.release()
        assert go_on.wait(30)
        return sign_new(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(letters, "sign_new", waiting)
    yield go_on
    go_on.set()


def test_of_two_at_once_one_is_done_and_the_other_told_to_wait(
    house: House,
    client: httpx.Client,
    order: Order,
    pdf: bytes,
    held_up: threading.Event,
    begun: threading.Semaphore,
    key: str,
) -> None:
    fields = order()
    with ThreadPoolExecutor(1) as pool, house.client(key) as other:
        first = pool.submit(sign, other, pdf, fields, idempotency_key="surat-5")
        assert begun.acquire(timeout=10)
        answer = sign(client, pdf, fields, idempotency_key="surat-5")
        problem(answer, "idempotency.in_flight")
        assert int(answer.headers["retry-after"]) > 0
        held_up.set()
        assert first.result().status_code == 201
    assert sign(client, pdf, fields, idempotency_key="surat-5").headers["idempotency-replayed"] == "true"


def test_work_is_ended_for_a_client_that_left_and_found_by_its_retry(
    house: House,
    client: httpx.Client,
    order: Order,
    pdf: bytes,
    held_up: threading.Event,
    begun: threading.Semaphore,
    key: str,
) -> None:
    fields = order()
    built = client.build_request(
        "POST", "/v1/letters/sign", data=fields, files={"file": ("a.pdf", pdf)}, headers={"idempotency-key": "surat-6"}
    )
    head = "POST /v1/letters/sign HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in built.headers.items()) + "\r\n"
    where = urlsplit(house.url)
    with socket.create_connection((where.hostname, where.port)) as connection:
        connection.sendall(head.encode() + built.read())
        assert begun.acquire(timeout=10)
    problem(sign(client, pdf, fields, idempotency_key="surat-6"), "idempotency.in_flight")
    held_up.set()
    answer = once_done(lambda: sign(client, pdf, fields, idempotency_key="surat-6"))
    assert answer.status_code == 201, answer.text
    assert answer.headers["idempotency-replayed"] == "true"
    found = client.get("/v1/letters", params={"number": fields["number"]}).json()["items"]
    assert [letter["status"] for letter in found] == ["signed"]


def once_done(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """The answer, once the request is no longer in flight."""
    until = time.monotonic() + 20
    while (answer := ask()).status_code == 409:
        assert time.monotonic() < until, answer.text
        time.sleep(0.05)
    return answer
