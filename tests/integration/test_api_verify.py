"""The public checks over HTTP."""

from collections.abc import Callable

import httpx
import pytest

from esign.registry import codes
from tests import letter_files
from tests.integration.conftest import House
from tests.integration.test_api_signing import problem, sign
from tests.unit.test_verify_password import PASSWORD, locked

Order = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def _once() -> dict[str, httpx.Response]:
    return {}


@pytest.fixture
def signed(_once: dict[str, httpx.Response], client: httpx.Client, order: Order, pdf: bytes) -> httpx.Response:
    if "signed" not in _once:
        _once["signed"] = sign(client, pdf, order())
        assert _once["signed"].status_code == 201, _once["signed"].text
    return _once["signed"]


def test_a_registered_file_is_green_sent_as_a_form_or_as_it_is(public: httpx.Client, signed: httpx.Response) -> None:
    by_form = public.post(
        "/v1/verify", data={"code": signed.headers["letter-code"]}, files={"file": ("a.pdf", signed.content)}
    )
    as_it_is = public.post("/v1/verify", content=signed.content, headers={"content-type": "application/pdf"})
    for answer in (by_form, as_it_is):
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert found["told"]["colour"] == "green"
        assert found["report"]["verdict"] == "genuine"
        assert found["register_status"] == "in_force"
        assert found["letter"]["number"]


def test_a_changed_file_is_red_and_an_unsigned_one_is_not_green(
    public: httpx.Client, signed: httpx.Response, pdf: bytes
) -> None:
    changed = bytearray(signed.content)
    changed[200] ^= 1
    found = public.post("/v1/verify", files={"file": bytes(changed)}).json()
    assert found["told"]["colour"] == "red"
    assert found["report"]["verdict"] in ("altered", "invalid")
    assert public.post("/v1/verify", files={"file": pdf}).json()["report"]["verdict"] == "unsigned"


def test_trust_left_out_says_intact_and_is_never_green(public: httpx.Client, signed: httpx.Response) -> None:
    def asked(choice: str, **more: str) -> httpx.Response:
        fields = {"integrity_only": choice, **more}
        return public.post("/v1/verify", data=fields, files={"file": ("a.pdf", signed.content)})

    found = asked("true").json()
    assert found["report"]["verdict"] == "intact"
    assert found["report"]["integrity_only"] is True
    assert found["told"]["colour"] != "green"
    assert asked("true", report="all").json()["report"]["verdict"] == "intact"
    assert asked("false").json()["report"]["verdict"] == "genuine"
    assert asked("perhaps").status_code == 422
    assert asked("true", report="etsi").status_code == 422


def test_an_encrypted_file_is_opened_with_its_password_and_told_as_locked_without(public: httpx.Client) -> None:
    def asked(**fields: str) -> dict[str, object]:
        answer = public.post("/v1/verify", data=fields, files={"file": ("a.pdf", locked("AES-256"))})
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()["report"]
        return found

    for wrong in ({}, {"password": "salah"}):
        found = asked(**wrong)
        assert found["verdict"] == "not_examined"
        assert [item["code"] for item in found["findings"]] == ["file.locked"]  # type: ignore[attr-defined]
    assert asked(password=PASSWORD)["verdict"] == "untrusted"
    assert asked(password=PASSWORD, report="detailed")["verdict"] == "untrusted"


@pytest.mark.parametrize("content", [b"", b"hello", b"%PDF-1.7\n" + b"x" * 5000])
def test_what_is_no_letter_is_answered_all_the_same(public: httpx.Client, content: bytes) -> None:
    answer = public.post("/v1/verify", content=content, headers={"content-type": "application/pdf"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["told"]["colour"] != "green"


def test_a_letter_of_others_is_examined_without_the_register(public: httpx.Client) -> None:
    found = public.post("/v1/verify", files={"file": letter_files.read("signed-pades")}).json()
    assert found["register_status"] == "unknown"
    assert found["report"]["verdict"] == "untrusted"
    assert found["letter"] is None


def test_a_code_is_found_in_any_form_of_writing(public: httpx.Client, signed: httpx.Response) -> None:
    code = signed.headers["letter-code"]
    for written in (code, code.lower(), code.replace("-", "")):
        found = public.get(f"/v1/verify/{written}")
        assert found.status_code == 200, found.text
        assert (found.json()["status"], found.json()["told"]["colour"]) == ("in_force", "amber")
        assert found.json()["letter"]["subject"] == "Undangan rapat koordinasi"


def test_an_unknown_code_and_a_mistyped_one_are_told_apart(public: httpx.Client, signed: httpx.Response) -> None:
    problem(public.get(f"/v1/verify/{codes.new()}"), "code.unknown")
    code = signed.headers["letter-code"]
    mistyped = ("B" if code[0] == "A" else "A") + code[1:]
    problem(public.get(f"/v1/verify/{mistyped}"), "code.mistyped")
    problem(public.post("/v1/verify", data={"code": mistyped}, files={"file": b"%PDF"}), "code.mistyped")


def test_pages_of_a_public_letter_are_seen_and_others_are_not(
    public: httpx.Client, client: httpx.Client, signed: httpx.Response, order: Order, pdf: bytes
) -> None:
    code = signed.headers["letter-code"]
    page = public.get(f"/v1/verify/{code}/pages/1.png")
    assert page.status_code == 200, page.text
    assert page.content.startswith(b"\x89PNG")
    problem(public.get(f"/v1/verify/{code}/pages/99.png"), "placement.page_out_of_range")
    limited = sign(client, pdf, order(classification="terbatas"))
    assert limited.status_code == 201, limited.text
    problem(public.get(f"/v1/verify/{limited.headers['letter-code']}/pages/1.png"), "code.unknown")
    assert public.get(f"/v1/verify/{limited.headers['letter-code']}").json()["letter"]["subject"] is None


def test_any_site_may_ask_the_public_endpoints_and_no_other(
    house: House, public: httpx.Client, signed: httpx.Response
) -> None:
    origin = {"origin": "https://media.example"}
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    preflight = public.options("/v1/verify", headers=origin | asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in preflight.headers
    found = public.get(f"/v1/verify/{signed.headers['letter-code']}", headers=origin)
    assert found.headers["access-control-allow-origin"] == "*"
    assert found.headers["cross-origin-resource-policy"] == "cross-origin"
    for path in ("/v1/letters", "/v1/verifyx", "/healthz"):
        assert "access-control-allow-origin" not in public.get(path, headers=origin).headers
    assert public.options("/v1/letters", headers=origin | asked).status_code == 405
