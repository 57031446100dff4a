"""Letters that are checked without being sent, over HTTP and by the command that makes the request."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from esign.cli.main import app
from esign.verify.digesting import digests_of
from tests import letter_files
from tests.integration.test_api_signing import problem, sign

Order = Callable[..., dict[str, str]]


@pytest.fixture
def sent(client: httpx.Client, order: Order, pdf: bytes) -> dict[str, object]:
    signed = sign(client, pdf, order())
    assert signed.status_code == 201, signed.text
    made = digests_of(signed.content)
    assert made is not None
    found: dict[str, object] = json.loads(made.model_dump_json())
    return found


def test_a_registered_letter_is_known_by_its_hash_and_its_signature_holds(
    public: httpx.Client, sent: dict[str, object]
) -> None:
    answer = public.post("/v1/verify/digest", json=sent)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["report"]["conclusion"] == "signatures_hold"
    assert found["register_status"] == "in_force"
    assert found["letter"]["number"]
    assert found["report"]["not_examined"]
    assert "told" not in found
    assert '"genuine"' not in answer.text


def test_without_hashes_the_register_is_not_asked(public: httpx.Client, sent: dict[str, object]) -> None:
    found = public.post("/v1/verify/digest", json={"signatures": sent["signatures"]}).json()
    assert found["register_status"] is None
    assert found["letter"] is None


def test_another_digest_fails_though_the_hash_is_registered(public: httpx.Client, sent: dict[str, object]) -> None:
    signatures = sent["signatures"]
    assert isinstance(signatures, list)
    signatures[0]["digest"] = "00" * 32
    found = public.post("/v1/verify/digest", json=sent).json()
    assert found["report"]["conclusion"] == "signatures_fail"
    assert found["register_status"] == "other_signer"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"signatures": []}, "signatures"),
        ({"signatures": [{"cms": "%", "digest_algorithm": "sha256", "digest": "00" * 32}]}, "signatures.0.cms"),
        ({"signatures": [{"cms": "MAA=", "digest_algorithm": "crc32", "digest": "00" * 32}]}, "signatures"),
        ({"signatures": [{"cms": "MAA=", "digest_algorithm": "sha256", "digest": "x"}]}, "signatures.0.digest"),
        ({"file_sha256": "ABC"}, "file_sha256"),
        ({"file": "x"}, "*"),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_by_field(
    public: httpx.Client, sent: dict[str, object], changes: dict[str, object], field: str
) -> None:
    answer = public.post("/v1/verify/digest", json={**sent, **changes})
    problem(answer, "request.invalid")
    assert answer.json()["errors"][0]["field"].startswith(field)


def test_another_media_type_is_refused(public: httpx.Client) -> None:
    assert public.post("/v1/verify/digest", content=b"{}", headers={"content-type": "text/plain"}).status_code == 415


def test_the_command_makes_the_request_from_a_file(tmp_path: Path, public: httpx.Client) -> None:
    path = tmp_path / "surat.pdf"
    path.write_bytes(letter_files.read("signed-pades"))
    result = CliRunner().invoke(app, ["digest", str(path)])
    assert result.exit_code == 0, result.output
    answer = public.post("/v1/verify/digest", content=result.stdout, headers={"content-type": "application/json"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["report"]["conclusion"] == "untrusted"
    assert answer.json()["register_status"] == "unknown"
    path.write_bytes(letter_files.read("typst"))
    assert CliRunner().invoke(app, ["digest", str(path)]).exit_code == 1
    assert CliRunner().invoke(app, ["digest", str(tmp_path / "none.pdf")]).exit_code == 2
