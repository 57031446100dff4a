"""Signing over HTTP: one call, drafts, several officials, and every way to be told no."""

import hashlib
import json
import re
from base64 import b64decode
from collections.abc import Callable

import httpx
import pytest

from esign.registry.models import Scope, Signer
from tests import letter_files
from tests.integration.conftest import PASSPHRASE, House

Order = Callable[..., dict[str, str]]

KINDS = "'box', 'tag', 'field', 'auto', 'invisible'"
FROM_ONE = "pages are counted from 1, or from the end with -1"


def sign(client: httpx.Client, pdf: bytes, fields: dict[str, str], **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/v1/letters/sign", data=fields, files={"file": ("surat.pdf", pdf)}, headers=named)


def problem(response: httpx.Response, code: str) -> dict[str, object]:
    assert response.headers["content-type"] == "application/problem+json"
    found: dict[str, object] = response.json()
    assert found["code"] == code, found
    return found


def test_a_letter_goes_in_and_comes_out_signed_in_one_call(client: httpx.Client, order: Order, pdf: bytes) -> None:
    answer = sign(client, pdf, fields := order())
    assert answer.status_code == 201, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(pdf)
    assert len(answer.content) > len(pdf)

    digest = hashlib.sha256(answer.content)
    assert answer.headers["etag"] == f'"{digest.hexdigest()}"'
    assert b64decode(answer.headers["repr-digest"].removeprefix("sha-256=:").removesuffix(":")) == digest.digest()
    name = re.sub("[^A-Z0-9.]", "-", fields["number"])
    assert answer.headers["content-disposition"] == f"attachment; filename=\"{name}.pdf\"; filename*=UTF-8''{name}.pdf"
    assert answer.headers["letter-level"] == "B-B"
    assert answer.headers["letter-address"].startswith("https://surat.example.go.id/")

    record = client.get(answer.headers["location"]).json()
    assert record["id"] == answer.headers["letter-id"]
    assert record["code"] == answer.headers["letter-code"]
    assert record["status"] == "signed"
    assert record["number"] == fields["number"]
    assert record["file"]["sha256"] == digest.hexdigest()
    assert client.get(record["file"]["href"]).content == answer.content


def test_the_record_comes_out_where_json_is_rated_higher(client: httpx.Client, order: Order, pdf: bytes) -> None:
    answer = sign(client, pdf, order(), accept="application/pdf;q=0.4, application/json;q=0.9")
    assert answer.status_code == 201, answer.text
    record = answer.json()
    assert record["signatures"][0]["level"] == "B-B"
    assert record["signatures"][0]["signer"]["name"] == "Ni Luh Sari"
    assert PASSPHRASE not in answer.text


def test_the_default_level_is_b_lt_and_the_stamp_goes_where_it_is_told(
    client: httpx.Client, order: Order, pdf: bytes
) -> None:
    box = {"kind": "box", "page": -1, "x": 300, "y": 60, "width": 220, "height": 80}
    answer = sign(client, pdf, order(profile=None, placement=json.dumps(box)), accept="application/json")
    assert answer.status_code == 201, answer.text
    (signature,) = answer.json()["signatures"]
    assert signature["level"] == "B-LT"
    assert signature["place"]["left"] == pytest.approx(300, abs=1)
    assert signature["timestamp_at"] is not None


def test_what_can_not_be_given_is_refused_before_anything_is_signed(
    house: House, client: httpx.Client, order: Order, pdf: bytes
) -> None:
    before = house.kept()
    found = problem(sign(client, pdf, order(), accept="text/html"), "request.not_acceptable")
    assert found["offered"] == "application/pdf, application/json"
    assert house.kept() == before


def test_everything_that_is_wrong_is_told_at_once_in_both_languages(client: httpx.Client, pdf: bytes) -> None:
    answer = client.post("/v1/letters/sign", files={"number": (None, " ")}, headers={"accept-language": "en"})
    found = problem(answer, "request.invalid")
    assert answer.status_code == 422
    assert answer.headers["content-language"] == "en"
    wrong = {one["field"]: one["reason"] for one in found["errors"]}  # type: ignore[attr-defined]
    assert wrong == {
        "number": "needs at least 1 characters",
        "date": "is required",
        "subject": "is required",
        "signer": "is required",
        "file": "is required",
        "passphrase": "is required, unless there is a code",
    }
    indonesian = client.post("/v1/letters/sign", files={"number": (None, " ")}).json()
    assert {"field": "date", "reason": "wajib diisi"} in indonesian["errors"]


@pytest.mark.parametrize(
    ("given", "field", "reason"),
    [
        ({"nomor": "1"}, "*", "is not known here"),
        ({"reasons": "x"}, "*", "is not known here; did you mean reason?"),
        ({"date": "7 November"}, "date", "has to be a date such as 2026-01-31"),
        ({"date": "0"}, "date", "has to be a date such as 2026-01-31"),
        ({"date": "2026-11-07T00:00:00"}, "date", "has to be a date such as 2026-01-31"),
        ({"date": "1944-12-31"}, "date", "is before 1945"),
        ({"profile": "B-X"}, "profile", "has to be one of 'B-B', 'B-T', 'B-LT' or 'B-LTA'"),
        ({"placement": "{"}, "placement", "is not valid JSON"),
        ({"placement": "[]"}, "placement", "has to be a JSON object"),
        ({"placement": '{"kind": "qr"}'}, "placement.kind", f"has to be one of {KINDS}"),
        ({"placement": '{"kind": "auto", "width": -5}'}, "placement.width", "has to be more than 0"),
        ({"placement": '{"kind": "auto", "page": 0}'}, "placement.page", FROM_ONE),
        ({"may_lower": "perhaps"}, "may_lower", "has to be true or false"),
        ({"subject": "a\u202eb"}, "subject", "has control characters, or ones that turn the direction of writing"),
        ({"subject": "x" * 501}, "subject", "may have at most 500 characters"),
        ({"followers": "[]"}, "followers", "needs at least 1 items"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_its_reason(
    client: httpx.Client, order: Order, pdf: bytes, given: dict[str, str], field: str, reason: str
) -> None:
    answer = sign(client, pdf, order(**given), accept_language="en")
    found = problem(answer, "request.invalid")
    assert found["errors"] == [{"field": field, "reason": reason}]


def test_a_passphrase_in_the_address_or_as_a_file_is_refused_and_its_sender_warned(
    house: House, client: httpx.Client, order: Order, pdf: bytes
) -> None:
    before, file = house.kept(), {"file": ("a.pdf", pdf)}
    answer = client.post("/v1/letters/sign", params={"passphrase": PASSPHRASE}, data=order(), files=file)
    assert "gantilah" in str(problem(answer, "request.invalid")["detail"])
    as_file = {**file, "passphrase": ("p.txt", PASSPHRASE.encode())}
    answer = client.post("/v1/letters/sign", data=order(passphrase=None), files=as_file)
    assert problem(answer, "request.invalid")["field"] == "passphrase"
    assert house.kept() == before


@pytest.mark.parametrize("letter", [one for one in letter_files.letters() if one.refusal], ids=str)
def test_a_letter_that_can_not_be_signed_is_refused_by_name_and_leaves_nothing(
    house: House, client: httpx.Client, order: Order, letter: letter_files.Letter
) -> None:
    before = house.kept()
    assert letter.refusal is not None
    problem(sign(client, letter.pdf, order()), letter.refusal)
    assert house.kept() == before


def test_a_file_over_the_limit_is_refused(client: httpx.Client, order: Order, house: House) -> None:
    answer = sign(client, b"%PDF-1.7" + bytes(house.services.settings.max_letter_bytes), order())
    assert answer.status_code == 413
    assert problem(answer, "letter.too_large")["limit"] == house.services.settings.max_letter_bytes


def test_a_wrong_passphrase_is_counted_down_and_then_locks(house: House, order: Order, pdf: bytes) -> None:
    signer = house.signer()
    with house.client(house.key(Scope.LETTERS_SIGN)) as client:
        for remaining in (4, 3, 2, 1):
            answer = sign(client, pdf, order(signer=signer.id, passphrase="salah"))
            assert answer.status_code == 403
            assert problem(answer, "signer.wrong_passphrase")["remaining"] == remaining
        sign(client, pdf, order(signer=signer.id, passphrase="salah"))
        answer = sign(client, pdf, order(signer=signer.id))
        problem(answer, "signer.locked")
        assert answer.status_code == 423
        assert int(answer.headers["retry-after"]) > 0


def test_an_unknown_signer_and_a_number_twice_are_refused(client: httpx.Client, order: Order, pdf: bytes) -> None:
    problem(sign(client, pdf, order(signer="0190aaaa-0000-7000-8000-000000000000")), "signer.unknown")
    fields = order()
    assert sign(client, pdf, fields).status_code == 201
    found = problem(sign(client, pdf, fields), "letter.number_taken")
    assert found["number"] == fields["number"]


def test_a_draft_is_signed_by_one_official_and_then_by_another(
    house: House, client: httpx.Client, order: Order, pdf: bytes, signer: Signer
) -> None:
    second = house.signer(name="I Made Wirawan", office="Sekretaris Daerah")
    followers = [{"signer": second.id, "placement": {"kind": "box", "x": 60, "y": 60, "width": 220, "height": 80}}]
    fields = {name: order()[name] for name in ("number", "date", "subject")}
    draft = client.post(
        "/v1/letters", data=fields | {"followers": json.dumps(followers)}, files={"file": ("a.pdf", pdf)}
    )
    assert draft.status_code == 201, draft.text
    record = draft.json()
    assert draft.headers["location"] == f"/v1/letters/{record['id']}"
    assert (record["status"], record["code"], len(record["awaited"])) == ("draft", None, 1)
    assert client.get(f"{draft.headers['location']}/file").content == pdf

    signatures = f"{draft.headers['location']}/signatures"
    ordered = {
        "signer": signer.id,
        "passphrase": PASSPHRASE,
        "profile": "B-B",
        "placement": {"kind": "box", "x": 300, "y": 60, "width": 220, "height": 80},
    }
    first = client.post(signatures, json=ordered)
    assert first.status_code == 201, first.text
    assert first.json()["status"] == "signed"

    problem(client.post(signatures, json=ordered), "letter.already_signed_by")
    second_answer = client.post(
        signatures,
        data={"signer": second.id, "passphrase": PASSPHRASE, "profile": "B-B"},
        headers={"accept": "application/pdf"},
    )
    assert second_answer.status_code == 201, second_answer.text
    assert second_answer.headers["content-type"] == "application/pdf"
    record = client.get(draft.headers["location"]).json()
    assert [one["signer"]["name"] for one in record["signatures"]] == ["Ni Luh Sari", "I Made Wirawan"]
    assert record["awaited"] == []
    checked = client.post("/v1/verify", content=second_answer.content, headers={"content-type": "application/pdf"})
    assert checked.json()["told"]["colour"] == "green", checked.text


def test_an_order_of_another_media_type_is_refused_with_what_is_taken(client: httpx.Client) -> None:
    answer = client.post("/v1/letters/x/signatures", content=b"<a/>", headers={"content-type": "text/xml"})
    assert answer.status_code == 415
    assert "application/json" in str(problem(answer, "request.unsupported_media_type")["accepted"])


def test_a_letter_of_another_agency_is_not_there(house: House, client: httpx.Client, order: Order, pdf: bytes) -> None:
    from esign.registry.agencies import NewAgency  # noqa: PLC0415
    from esign.service import parties  # noqa: PLC0415
    from tests.integration.conftest import OPERATOR  # noqa: PLC0415

    location = sign(client, pdf, order()).headers["location"]
    other = parties.add_agency(
        house.services, NewAgency(slug="disdik", name="Dinas Pendidikan", domain="surat.example.go.id"), OPERATOR
    )
    with house.client(house.key(Scope.LETTERS_SIGN, Scope.LETTERS_READ, agency=other)) as stranger:
        for path in (location, f"{location}/file"):
            problem(stranger.get(path), "letter.unknown")
        problem(stranger.post(f"{location}/withdrawal", json={"reason": "x"}), "letter.unknown")
        assert stranger.get("/v1/letters").json()["items"] == []
