from pathlib import Path

import pytest
from pydantic import ValidationError

from esign.ca.csc import CscConfig
from esign.ca.csc.messages import CredentialInfo
from esign.ca.csc.terms import Kind, Terms
from esign.errors import ConfigurationError

GOOD: dict[str, object] = {
    "kind": "csc",
    "url": "https://penyedia.example/csc/v1",
    "client_id": "esign",
    "client_secret": "rahasia sekali",
}


def config(**given: object) -> CscConfig:
    return CscConfig.model_validate({name: value for name, value in (GOOD | given).items() if value is not None})


def test_the_version_is_read_from_the_address_unless_it_is_said() -> None:
    assert config().api == "v1"
    assert config(url="https://penyedia.example/csc/v2/").api == "v2"
    assert config(url="https://penyedia.example/sign", version="v2").api == "v2"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"url": "http://penyedia.example/csc/v1"}, "https://"),
        ({"url": "ftp://penyedia.example/csc/v1"}, "https"),
        ({"url": "https://u:p@penyedia.example/csc/v1"}, "user"),
        ({"url": "https://penyedia.example/csc/v1?a=1"}, "query"),
        ({"url": "https://penyedia.example/sign"}, "version"),
        ({"oauth2_url": "http://penyedia.example"}, "https://"),
        ({"client_id": None}, "client_id"),
        ({"client_secret": None}, "client_secret"),
        ({"client_secret_file": "berkas"}, "not both"),
        ({"grant": "refresh_token"}, "refresh_token_file"),
        ({"grant": "password"}, "client_credentials"),
        ({"seconds": 0}, "greater"),
        ({"rahasia": 1}, "not permitted"),
    ],
)
def test_what_is_wrong_is_named_without_a_secret(given: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        config(**given)
    assert reason in str(refused.value)
    assert "rahasia sekali" not in f"{refused.value} {config()!r} {config()}"


def test_plain_http_is_for_development_that_says_so() -> None:
    assert config(url="http://127.0.0.1:8000/csc/v1", insecure=True).api == "v1"


def test_a_network_that_is_trusted_needs_no_client() -> None:
    assert config(grant="none", client_id=None, client_secret=None).secret("p") is None


@pytest.mark.parametrize("text", ["", "\n", "satu\ndua\n", None])
def test_a_secret_is_one_line_of_its_file(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "secret"
    if text is not None:
        file.write_text(text)
    made = config(client_secret=None, client_secret_file=file)
    with pytest.raises(ConfigurationError, match="secret"):
        made.secret("penyedia")
    file.write_text("rahasia\n")
    found = made.secret("penyedia")
    assert found is not None
    assert found.reveal() == "rahasia"


def test_what_credentials_ask_is_read_whichever_version_says_it() -> None:
    first = Terms.of(CredentialInfo.model_validate({"authMode": "explicit", "PIN": {"presence": True}, "SCAL": 2}))
    assert [(each.id, each.kind, each.required) for each in first.factors] == [("PIN", Kind.PASSPHRASE, True)]
    both = Terms.of(
        CredentialInfo.model_validate(
            {"PIN": {"presence": "optional"}, "OTP": {"presence": "optional"}, "multisign": "5"}
        )
    )
    assert both.any_one
    totp = {"type": "Password", "id": "Mobile", "generator": "totp"}
    second = Terms.of(CredentialInfo.model_validate({"auth": {"mode": "explicit", "objects": [totp]}}))
    assert [(each.kind, each.sent) for each in second.factors] == [(Kind.CODE, False)]
