"""What surrounds every request: ids, headers, problems of the framework, health, metrics, documentation."""

import json
import re
from collections.abc import Callable

import httpx
import pytest

from esign import errors
from esign.api.state import RecentReadiness
from esign.service import checking, readiness
from esign.service.readiness import Check, Readiness
from tests.integration.conftest import House
from tests.integration.test_api_signing import problem, sign

Order = Callable[..., dict[str, str]]


def test_a_request_has_the_id_that_it_brought_or_a_new_one(public: httpx.Client) -> None:
    assert public.get("/healthz", headers={"x-request-id": "order-4711"}).headers["x-request-id"] == "order-4711"
    made = public.get("/healthz", headers={"x-request-id": "a b"}).headers["x-request-id"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{8,}", made)


def test_every_answer_carries_the_security_headers_and_no_banner(public: httpx.Client) -> None:
    for path in ("/healthz", "/nowhere", "/docs", "/v1/letters"):
        headers = public.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers
    # the service of these tests is https for its public
    assert "max-age" in public.get("/healthz").headers["strict-transport-security"]


def test_refusals_of_the_framework_are_problems_too(public: httpx.Client) -> None:
    assert problem(public.get("/nowhere"), "request.not_found")["type"] == "/problems/request.not_found"
    wrong_method = public.put("/v1/letters")
    problem(wrong_method, "request.method_not_allowed")
    assert wrong_method.status_code == 405
    assert wrong_method.headers["allow"]
    problem(public.get("/v1/verify/%00"), "request.not_found")
    problem(public.get("/v1/letters/"), "request.not_found")


def test_sentences_are_indonesian_unless_english_is_asked_for(public: httpx.Client) -> None:
    assert public.get("/nowhere").json()["detail"] == errors.NotFound().sentence("id")
    english = public.get("/nowhere", headers={"accept-language": "en-GB"})
    assert english.json()["detail"] == errors.NotFound().sentence("en")
    assert english.headers["content-language"] == "en"


def test_every_problem_has_the_page_that_its_type_names(public: httpx.Client) -> None:
    for error in errors.catalogue():
        page = public.get(f"/problems/{error.code}")
        assert page.status_code == 200
        assert error.code in page.text
        assert error.code in public.get("/problems").text
    assert public.get("/problems/nothing").status_code == 404


def test_the_documentation_needs_no_script_and_no_other_host(house: House, public: httpx.Client) -> None:
    page = public.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script" not in page.text
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", page.text)
    document = public.get("/openapi.json").json()
    for operations in document["paths"].values():
        for operation in operations.values():
            assert f'id="{operation["operationId"]}"' in page.text
    for target in re.findall(r'href="#([^"]+)"', page.text):
        assert f'id="{target}"' in page.text
    for name, schema in document["components"]["schemas"].items():
        assert f'id="{name}"' in page.text
        assert all(f"<code>{field}</code>" in page.text for field in schema.get("properties", ()))


def test_readiness_tells_the_truth(house: House, public: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    good = public.get("/readyz")
    assert (good.status_code, good.json()["ready"]) == (200, True)
    broken = Readiness((Check("database", ok=True, detail="answers"), Check("blobs", ok=False, detail="disk full")))
    monkeypatch.setattr(readiness, "check", lambda _: broken)
    with house.with_settings() as url, house.client(url=url) as other:
        bad = other.get("/readyz")
        assert (bad.status_code, bad.json()["ready"]) == (503, False)
        assert bad.json()["checks"][1] == {"name": "blobs", "ok": False, "detail": "disk full"}
        assert other.get("/healthz").status_code == 200
        assert 'esign_ready{service="esign"} 0.0' in other.get("/metrics").text


def test_readiness_is_not_asked_for_by_every_caller_anew(house: House) -> None:
    now, asked = 100.0, 0

    def check(_: object) -> Readiness:
        nonlocal asked
        asked += 1
        return Readiness(())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readiness, "check", check)
        recent = RecentReadiness(house.services, lambda: now)
        recent.read()
        recent.read()
        assert asked == 1
        now += 3
        recent.read()
    assert asked == 2


def test_metrics_count_what_happened_by_template(
    client: httpx.Client, public: httpx.Client, order: Order, pdf: bytes
) -> None:
    signed = sign(client, pdf, order())
    public.post("/v1/verify", files={"file": signed.content})
    public.get("/nowhere/3201010101010001")
    text = public.get("/metrics").text
    assert re.search(r'esign_signatures_total\{authority="[^"]+",level="B-B",outcome="signed"\} \d', text)
    assert 'esign_verifications_total{kind="file",verdict="genuine"}' in text
    assert 'route="/v1/letters/sign",status="201"' in text
    assert 'route="unmatched",status="404"' in text
    assert 'esign_sandbox_busy{pool="parse"} 0.0' in text
    assert "esign_certificate_seconds{" in text
    assert "3201010101010001" not in text


def test_metrics_are_not_there_for_other_networks(house: House) -> None:
    with house.with_settings(metrics_networks=()) as url, house.client(url=url) as public:
        problem(public.get("/metrics"), "request.not_found")


def test_problems_describe_themselves_the_same_as_openapi_does(public: httpx.Client) -> None:
    schema = public.get("/openapi.json").json()["components"]["schemas"]["Problem"]
    given = public.get("/v1/letters").json()
    assert set(schema["required"]) <= set(given)
    assert json.dumps(given)


def test_a_crash_is_a_problem_that_other_sites_can_read_where_they_may_ask(
    public: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("geheim")

    monkeypatch.setattr(checking, "by_code", crash)
    answer = public.get("/v1/verify/ABC")
    problem(answer, "internal")
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (500, "*")
    assert "geheim" not in answer.text
