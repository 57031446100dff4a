"""Letters, keys and credentials over HTTP."""

from collections.abc import Callable

import httpx
import pytest

from esign.registry.models import Scope, Signer
from tests.integration.conftest import NIKS, House
from tests.integration.test_api_signing import problem, sign

Order = Callable[..., dict[str, str]]


def test_without_a_good_key_nothing_but_the_public_is_there(house: House, public: httpx.Client) -> None:
    for given in ({}, {"authorization": "Bearer esign_wrong"}, {"authorization": "Basic eDp5"}, {"authorization": "x"}):
        answer = public.get("/v1/letters", headers=given)
        problem(answer, "auth.required")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_key_does_what_its_scopes_say_and_no_more(house: House, order: Order, pdf: bytes, signer: Signer) -> None:
    with house.client(house.key(Scope.LETTERS_READ)) as reader, house.client(house.key(Scope.LETTERS_SIGN)) as writer:
        assert reader.get("/v1/letters").status_code == 200
        problem(sign(reader, pdf, order()), "auth.forbidden")
        signed = sign(writer, pdf, order())
        assert signed.status_code == 201
        assert signed.headers["content-type"] == "application/pdf"
        problem(writer.get(signed.headers["location"]), "auth.forbidden")
        problem(writer.get(f"/v1/signers/{signer.id}/credential"), "auth.forbidden")


def test_a_key_bound_to_networks_is_refused_from_elsewhere(house: House) -> None:
    with house.client(house.key(Scope.LETTERS_READ, networks=("192.0.2.0/24",))) as away:
        problem(away.get("/v1/letters"), "auth.forbidden")
        # nobody trusts this header here
        problem(away.get("/v1/letters", headers={"x-forwarded-for": "192.0.2.7"}), "auth.forbidden")
    with house.client(house.key(Scope.LETTERS_READ, networks=("127.0.0.0/8",))) as near:
        assert near.get("/v1/letters").status_code == 200


def test_pages_of_a_list_hang_together_by_their_links(
    house: House, client: httpx.Client, order: Order, pdf: bytes
) -> None:
    numbers = []
    for _ in range(5):
        fields = order(subject="Daftar bersambung")
        assert sign(client, pdf, fields).status_code == 201
        numbers.append(fields["number"])
    seen: list[str] = []
    answer = client.get("/v1/letters", params={"text": "bersambung", "limit": 2})
    while True:
        page = answer.json()
        seen += [letter["number"] for letter in page["items"]]
        if page["next"] is None:
            assert "link" not in answer.headers
            break
        answer = client.get(answer.links["next"]["url"])
    assert seen == numbers[::-1]
    found = client.get("/v1/letters", params={"number": numbers[2]}).json()["items"]
    assert [letter["number"] for letter in found] == [numbers[2]]


def test_a_letter_is_found_by_a_part_of_its_number_or_subject(client: httpx.Client, order: Order, pdf: bytes) -> None:
    fields = order(number="005/Cari-Saya/2026", subject="Perpanjangan izin")
    assert sign(client, pdf, fields).status_code == 201
    for text in ("cari-saya", "PERPANJANGAN"):
        found = client.get("/v1/letters", params={"text": text}).json()["items"]
        assert [letter["number"] for letter in found] == [fields["number"]]


@pytest.mark.parametrize("query", ["numbr=1", "limit=0", "limit=x", "since=kemarin", "status=gone", "cursor=%ff"])
def test_a_wrong_query_is_refused_and_not_repeated(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/v1/letters?{query}", headers={"accept-language": "en"})
    problem(answer, "request.invalid")
    assert query.partition("=")[2] not in answer.json()["detail"].replace("2026-01-31", "") or query == "limit=0"
    assert "numbr" not in answer.text


def test_an_unchanged_file_is_not_sent_again(client: httpx.Client, order: Order, pdf: bytes) -> None:
    signed = sign(client, pdf, order())
    address = signed.headers["content-location"]
    again = client.get(address, headers={"if-none-match": signed.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == signed.headers["etag"]
    assert client.get(address, headers={"if-none-match": '"other"'}).content == signed.content
    head = client.head(address)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(signed.content)


def test_a_withdrawn_letter_says_so_everywhere(
    client: httpx.Client, public: httpx.Client, order: Order, pdf: bytes
) -> None:
    signed = sign(client, pdf, order())
    location, code = signed.headers["location"], signed.headers["letter-code"]
    problem(client.post(f"{location}/withdrawal", json={}), "request.invalid")
    answer = client.post(f"{location}/withdrawal", json={"reason": "salah tanggal"})
    assert (answer.status_code, answer.json()["status"]) == (200, "withdrawn")
    looked_up = public.get(f"/v1/verify/{code}").json()
    assert (looked_up["status"], looked_up["told"]["colour"]) == ("withdrawn", "red")
    assert "salah tanggal" not in str(looked_up)
    checked = public.post("/v1/verify", files={"file": signed.content}).json()
    assert (checked["register_status"], checked["told"]["colour"]) == ("withdrawn", "red")
    problem(client.post(f"{location}/withdrawal", data={"reason": "lagi"}), "letter.state_forbids")


def test_a_credential_is_not_found_by_a_nik_in_the_address(house: House, client: httpx.Client) -> None:
    official = house.signer(nik=(nik := next(NIKS)))
    answer = client.get(f"/v1/signers/{nik}/credential")
    problem(answer, "request.invalid")
    assert nik not in answer.text
    assert client.get(f"/v1/signers/{official.id}/credential").json()["may_sign"]


def test_a_credential_tells_whether_its_holder_may_sign(client: httpx.Client, signer: Signer) -> None:
    found = client.get(f"/v1/signers/{signer.id}/credential").json()
    assert (found["status"], found["may_sign"], found["locked_seconds"]) == ("ISSUE", True, 0)
    problem(client.get("/v1/signers/nobody/credential"), "signer.unknown")


@pytest.mark.parametrize("letter_id", ["x", "0190aaaa-0000-7000-8000-000000000000", "%2e%2e"])
def test_an_unknown_letter_is_not_there(client: httpx.Client, letter_id: str) -> None:
    assert client.get(f"/v1/letters/{letter_id}/file").status_code == 404
