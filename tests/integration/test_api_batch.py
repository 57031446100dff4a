"""Several files in one request: each is answered as if it were alone, in the order in which they were sent."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from esign.pdf.sandbox import Header, SandboxPool
from esign.service import checking
from tests import letter_files
from tests.integration.conftest import House
from tests.integration.test_api_signing import problem, sign
from tests.integration.test_api_verify import Order
from tests.unit.test_verify_password import PASSWORD, locked

PATH = "/v1/verify/batch"
PADES, PKCS7 = letter_files.read("signed-pades"), letter_files.read("signed-pkcs7")
UNSIGNED = letter_files.read("typst")


def parts(*files: bytes) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [("file", (f"{number}.pdf", content, "application/pdf")) for number, content in enumerate(files)]


def answered(client: httpx.Client, *files: bytes, **fields: str) -> list[Any]:
    answer = client.post(PATH, data=fields, files=parts(*files))
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()
    return found


def verdicts(found: list[Any]) -> list[str | None]:
    return [one["answer"] and one["answer"]["report"]["verdict"] for one in found]


def codes(found: list[Any]) -> list[str | None]:
    return [one["problem"] and one["problem"]["code"] for one in found]


@pytest.fixture
def small(house: House) -> Iterator[httpx.Client]:
    """A service that takes files of 200 kB, three of them, and half a megabyte together."""
    limits = {"max_letter_bytes": 200_000, "public_batch_files": 3, "public_batch_bytes": 500_000}
    with house.with_settings(**limits) as url, house.client(url=url) as client:
        yield client


def test_each_file_is_answered_as_if_it_were_alone(public: httpx.Client) -> None:
    files = (PADES, UNSIGNED, b"no letter", b"", PKCS7, PADES)
    found = answered(public, *files)
    assert codes(found) == [None] * 6
    for content, one in zip(files, found, strict=True):
        alone = public.post("/v1/verify", files={"file": ("a.pdf", content)}).json()
        told = one["answer"]
        assert isinstance(told, dict)
        for answer in (alone, told):
            answer["report"].pop("at")
        assert told == alone


def test_reports_integrity_and_password_are_those_of_all_files(public: httpx.Client) -> None:
    found = answered(public, PADES, UNSIGNED, report="all")
    for one in found:
        assert isinstance(one["answer"], dict)
        assert {"detailed", "diagnostic"} <= one["answer"].keys()
    assert verdicts(answered(public, PADES, PKCS7, integrity_only="true")) == ["intact", "intact"]
    assert verdicts(answered(public, locked("AES-256"), PADES)) == ["not_examined", "untrusted"]
    assert verdicts(answered(public, locked("AES-256"), PADES, password=PASSWORD)) == ["untrusted", "untrusted"]


def test_a_registered_letter_among_others_is_green(
    public: httpx.Client, client: httpx.Client, order: Order, pdf: bytes
) -> None:
    signed = sign(client, pdf, order()).content
    found = answered(public, UNSIGNED, signed)
    assert verdicts(found) == ["unsigned", "genuine"]
    assert found[1]["answer"]["told"]["colour"] == "green"


def test_a_file_that_is_too_large_is_refused_alone_and_in_the_language_asked_for(small: httpx.Client) -> None:
    answer = small.post(
        PATH, files=parts(PADES, b"%PDF-1.7" + b"x" * 200_000, UNSIGNED), headers={"Accept-Language": "en"}
    )
    found = answer.json()
    assert codes(found) == [None, "letter.too_large", None]
    assert verdicts(found) == ["untrusted", None, "unsigned"]
    told = found[1]["problem"]
    assert (told["status"], told["limit"]) == (413, 200_000)
    assert told["request_id"] == answer.headers["x-request-id"]
    assert told["detail"].startswith("The file is larger")


def test_what_a_request_is_as_a_whole_is_refused_as_a_whole(small: httpx.Client, public: httpx.Client) -> None:
    problem(small.post(PATH, files=parts(*[UNSIGNED] * 4)), "request.invalid")
    problem(small.post(PATH, files=parts(*[b"x" * 190_000] * 3, b"x" * 300_000)), "request.too_large")
    large = small.build_request("POST", PATH, files=parts(*[b"x" * 390_000] * 3))
    body = large.read()
    chunked = small.post(
        PATH,
        content=(body[at : at + 50_000] for at in range(0, len(body), 50_000)),
        headers={"content-type": large.headers["content-type"]},
    )
    problem(chunked, "request.too_large")
    problem(public.post(PATH, data={"report": "etsi"}, files=parts(UNSIGNED)), "request.invalid")
    problem(public.post(PATH, data={"code": "ABC"}, files=parts(UNSIGNED)), "request.invalid")
    problem(public.post(PATH, data={"report": "simple"}, files={"other": b"%PDF"}), "request.invalid")
    problem(
        public.post(PATH, content=PADES, headers={"content-type": "application/pdf"}), "request.unsupported_media_type"
    )


def test_each_file_counts_against_the_limit_of_its_address(house: House) -> None:
    with house.with_settings(public_uploads_per_minute=2) as url, house.client(url=url) as public:
        found = answered(public, UNSIGNED, PADES, PKCS7)
        assert codes(found) == [None, None, "request.too_many"]
        assert found[2]["problem"]["seconds"] > 0
        problem(public.post(PATH, files=parts(UNSIGNED)), "request.too_many")
        problem(public.post("/v1/verify", files={"file": UNSIGNED}), "request.too_many")


def test_what_nobody_foresaw_with_one_file_spoils_nothing_for_the_others(
    public: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = checking.revision_hashes

    def breaking(pdf: bytes) -> list[str]:
        if pdf == PKCS7:
            raise ZeroDivisionError
        return real(pdf)

    monkeypatch.setattr(checking, "revision_hashes", breaking)
    found = answered(public, PADES, PKCS7, UNSIGNED)
    assert codes(found) == [None, "internal", None]
    assert verdicts(found) == ["untrusted", None, "unsigned"]


class Watched(SandboxPool):
    """A pool that knows how many jobs it had at once."""

    inside = 0
    most = 0

    def run(self, task: str, header: Header, *blobs: bytes, timeout: float) -> tuple[Header, list[bytes]]:
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            return super().run(task, header, *blobs, timeout=timeout)
        finally:
            self.inside -= 1


def test_files_are_examined_side_by_side_and_no_more_than_there_are_workers(house: House) -> None:
    settings = house.services.settings.model_copy(update={"sandbox_workers": 2})
    with Watched("parse", workers=2, queue=0) as pool:
        pool.wait_ready()
        services = replace(house.services, settings=settings, parse=pool)
        with house.serving(services) as url, house.client(url=url) as public:
            found = answered(public, *[PADES, UNSIGNED] * 6)
    assert verdicts(found) == ["untrusted", "unsigned"] * 6
    assert pool.most == 2


def test_one_address_has_one_batch_at_a_time(house: House) -> None:
    with house.with_settings(public_batches_at_once=2) as url, house.client(url=url) as public:
        begun, go_on = threading.Event(), threading.Event()
        request = public.build_request("POST", PATH, files=parts(UNSIGNED))
        body = request.read()

        def slowly() -> Iterator[bytes]:
            yield body[:100]
            begun.set()
            go_on.wait(20)
            yield body[100:]

        slow: list[httpx.Response] = []

        def send() -> None:
            with house.client(url=url) as another:
                headers = {"content-type": request.headers["content-type"]}
                slow.append(another.post(PATH, content=slowly(), headers=headers))

        sending = threading.Thread(target=send)
        sending.start()
        assert begun.wait(20)
        for _ in range(200):
            second = public.post(PATH, files=parts(UNSIGNED))
            if second.status_code == 503:
                break
        problem(second, "service.busy")
        assert public.post("/v1/verify", files={"file": ("a.pdf", UNSIGNED)}).status_code == 200
        go_on.set()
        sending.join()
        assert slow[0].status_code == 200
