"""What an operator may say of a BSrE service, and how people are called there."""

import base64
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from esign.ca.authority import Consent, Document, Picture, Secret
from esign.ca.bsre.client_v2 import _properties
from esign.ca.bsre.config import BsreConfig
from esign.ca.bsre.exchange import JsonWithFiles
from esign.ca.bsre.orders import Given, Person, person
from esign.ca.surroundings import Identity
from esign.errors import ConfigurationError

NIK = Secret("3201014000000001")


def config(**given: object) -> BsreConfig:
    told = {"kind": "bsre", "url": "http://10.1.2.3", "username": "surat", "password_file": "password"}
    return BsreConfig.model_validate(told | given)


@pytest.mark.parametrize("url", ["http://10.1.2.3", "http://10.1.2.3/", "http://10.1.2.3/api", "http://10.1.2.3/api/"])
def test_the_address_may_end_as_clients_write_it(url: str) -> None:
    assert config(url=url).url == "http://10.1.2.3"


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "10.1.2.3"},
        {"url": "ftp://10.1.2.3"},
        {"url": "http://user:pass@10.1.2.3"},
        {"url": "http://10.1.2.3/?x"},
        {"api": "v3"},
        {"stamp": "both"},
        {"username": ""},
        {"username": "a:b"},
        {"sign_seconds": 0},
        {"password": "x"},
    ],
)
def test_a_setting_that_is_wrong_is_refused_without_its_value(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        config(**wrong)
    assert "10.1.2.3/?x" not in str(caught.value)
    assert "pass@" not in str(caught.value)


def test_the_password_is_one_line_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("sandi rahasia \r\n")
    found = config(password_file=file).password("bsre")
    assert found.reveal() == "sandi rahasia "
    for text in ("", "a\nb\n"):
        file.write_text(text)
        with pytest.raises(ConfigurationError) as caught:
            config(password_file=file).password("bsre")
        assert caught.value.details["variable"] == "authorities.bsre.password_file"
    with pytest.raises(ConfigurationError):
        config(password_file=tmp_path / "none").password("bsre")


@pytest.mark.parametrize(
    ("identity", "by", "api", "fields"),
    [
        (Identity(NIK, "a@b.id"), "nik", "v2", {"nik": NIK.reveal()}),
        (Identity(NIK, "a@b.id"), "email", "v2", {"email": "a@b.id"}),
        (Identity(None, "a@b.id"), "nik", "v2", {"email": "a@b.id"}),
        (Identity(NIK, None), "email", "v2", {"nik": NIK.reveal()}),
        (Identity(NIK, "a@b.id"), "email", "v1", {"nik": NIK.reveal()}),
        (Identity(subscriber="77"), "nik", "v2", {"idSubscriber": "77"}),
    ],
)
def test_a_signer_is_called_by_what_is_known_of_him(
    identity: Identity, by: str, api: str, fields: dict[str, str]
) -> None:
    assert person(identity, by, api).fields() == fields


@pytest.mark.parametrize(
    ("identity", "api"), [(Identity(), "v2"), (Identity(email="a@b.id"), "v1"), (Identity(subscriber="77"), "v1")]
)
def test_whom_the_service_can_not_know_is_unknown(identity: Identity, api: str) -> None:
    assert not person(identity, "nik", api).known


def test_a_code_goes_before_a_passphrase() -> None:
    both = Consent(Secret("p"), Secret("123456"))
    assert Given.of(both).fields() == {"totp": "123456"}
    assert Given.of(Consent(Secret("p"))).fields() == {"passphrase": "p"}
    assert "3201" not in repr(Person(NIK))


def test_the_box_is_told_from_the_top_of_the_page() -> None:
    picture = Picture(b"png", 2, (100, 50.004, 300, 130), 842)
    told = _properties(Document(b"", picture, reason="Sah"))
    assert told == {
        "tampilan": "VISIBLE",
        "imageBase64": "cG5n",
        "page": 2,
        "originX": 100,
        "originY": 712,
        "width": 200,
        "height": 80.0,
        "reason": "Sah",
    }
    assert _properties(Document(b"", picture, "ketua"))["fieldId"] == "ketua"
    assert _properties(Document(b"")) == {"tampilan": "INVISIBLE"}


@pytest.mark.parametrize("sizes", [[], [0], [1], [196607, 196608, 196609], [500_000, 3]])
def test_a_body_with_files_is_json_of_the_length_that_it_says(sizes: list[int]) -> None:

    files = [bytes(range(256)) * (size // 256) + b"x" * (size % 256) for size in sizes]
    for fields in ({}, {"nik": 'é"', "n": 1}):
        body = JsonWithFiles(fields, files)
        written = b"".join(body)
        assert len(body) == len(written)
        assert json.loads(written) == {**fields, "file": [base64.b64encode(each).decode() for each in files]}
