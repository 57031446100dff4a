"""The frame of BSrE's API: who is let in, which address is meant, and how every refusal looks."""

from base64 import b64encode

import httpx
import pytest

from esign.registry.models import Scope
from esign.service import applications, parties
from tests.bsre import SECRET, Application, refused
from tests.integration.conftest import OPERATOR, House

FILE = "/api/sign/download/0123456789abcdef0123456789abcdef"
"""Of nobody: who is let in is told so, by 404 and 4044."""


@pytest.fixture(scope="module")
def application(house: House) -> Application:
    return Application(house)


def asked(house: House, *authorization: str, path: str = FILE) -> httpx.Response:
    headers = [("Authorization", each) for each in authorization]
    with httpx.Client(timeout=60) as client:
        return client.get(house.url + path, headers=headers)


def test_who_does_not_show_who_he_is_gets_the_body_of_spring(house: House, application: Application) -> None:
    for wrong in ((), ("Basic",), ("Basic ?",), ("Bearer x",), (_basic(application.username, "salah"),),
                  (_basic("siapa", SECRET),), (_basic("", SECRET),)):  # fmt: skip
        answer = asked(house, *wrong)
        body = refused(answer, 401)
        assert body["error"] == "Unauthorized"
        assert body["status"] == body["status_code"] == 401
        assert str(body["path"]).startswith("/api/sign/download/")
        assert isinstance(body["timestamp"], str)
        assert answer.headers["www-authenticate"].startswith("Basic ")


def test_the_basic_header_counts_where_another_stands_beside_it(house: House, application: Application) -> None:
    good = application.authorization
    for headers in ((good,), ("Bearer token", good), (good, "Bearer token"), (good.replace("Basic", "BASIC"),),
                    (good.rstrip("="),)):  # fmt: skip
        assert asked(house, *headers).json()["status_code"] == 4044
    old = "Basic " + b64encode(f"{application.username}:{SECRET}".encode("latin-1")).decode()
    assert asked(house, old).json()["status_code"] == 4044


def test_a_client_that_is_switched_off_or_got_another_password_is_out_at_once(house: House) -> None:
    application = Application(house)
    assert asked(house, application.authorization).json()["status_code"] == 4044
    parties.switch_client(house.services, house.agency.id, application.id, OPERATOR, enabled=False)
    refused(asked(house, application.authorization), 401)
    parties.switch_client(house.services, house.agency.id, application.id, OPERATOR, enabled=True)
    assert asked(house, application.authorization).json()["status_code"] == 4044
    applications.shut_out(house.services, house.agency.id, application.id, OPERATOR)
    refused(asked(house, application.authorization), 401)


def test_networks_and_scopes_hold_here_too(house: House) -> None:
    far = Application(house, networks=("10.0.0.0/8",))
    assert refused(asked(house, far.authorization), 403)["error"] == "Forbidden"
    near = Application(house, Scope.SIGNERS_READ, networks=("127.0.0.0/8",))
    refused(asked(house, near.authorization), 403)


def test_after_many_wrong_passwords_only_who_is_known_is_let_in(house: House) -> None:
    application = Application(house)
    with house.serving(house.services) as url, httpx.Client(base_url=url, timeout=60) as client:
        good = {"Authorization": application.authorization}
        assert client.get(FILE, headers=good).json()["status_code"] == 4044
        wrong = {"Authorization": _basic(application.username, "salah")}
        answers = [client.get(FILE, headers=wrong) for _ in range(34)]
        assert [answer.status_code for answer in answers[:30]] == [401] * 30
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) >= 1
        refused(answers[-1], 429)
        assert client.get(FILE, headers=good).json()["status_code"] == 4044


@pytest.mark.parametrize(
    "path",
    ["//api/sign/download/1", "/api//sign/download/1", "/api/sign/download/1/", "///api///sign//download//1//"],
)
def test_slashes_too_many_are_none(house: House, application: Application, path: str) -> None:
    assert asked(house, application.authorization, path=path).json()["status_code"] == 4044


def test_what_is_not_there_is_told_as_json(house: House, application: Application) -> None:
    with application.client() as client:
        for path in ("/api", "/api/", "/api/nowhere", "//api/v3/sign/pdf", "/api/nul%00", "/api/x?y=%00"):
            body = refused(client.get(house.url + path), 404)
            assert body["error"] == "Not Found"
            assert "nowhere" not in str(body)
        assert refused(client.post(FILE), 405)["error"] == "Method Not Allowed"
        assert client.head(FILE).status_code == 405
        assert refused(client.delete(FILE), 405)["status_code"] == 405


def _basic(username: str, password: str) -> str:
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()
