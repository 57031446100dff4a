"""The committed OpenAPI document is what the API serves, and is complete.

After a wanted change: ``python -m tests.check.test_openapi`` writes docs/openapi.json anew.
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from esign import errors
from esign.api import problems, titles
from esign.api.app import create_app
from esign.api.openapi import SAMPLES, details_of
from esign.service.services import Services
from esign.settings import Settings

SNAPSHOT = Path(__file__).parents[2] / "docs" / "openapi.json"
COMMAND = "python -m tests.check.test_openapi"


def described() -> dict[str, Any]:
    """The document as it is served; it depends on no setting and no state."""
    return create_app(cast("Services", SimpleNamespace(settings=Settings(), dev_ca=None))).openapi()


def written(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return described()


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_the_committed_document_is_the_one_that_is_served(document: dict[str, Any]) -> None:
    assert SNAPSHOT.read_text("utf-8") == written(document), f"if the change is wanted: {COMMAND}"


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        assert operation["summary"], name
        assert len(operation["description"]) > 40, name
        assert operation["operationId"].isidentifier(), name
        assert operation["tags"], name
    names = [operation["operationId"] for operation in operations(document).values()]
    assert len(set(names)) == len(names)


def test_every_refusal_is_a_problem_with_its_codes(document: dict[str, Any]) -> None:
    known = {error.code: error.status for error in errors.catalogue()}
    for name, operation in operations(document).items():
        if operation["tags"] == ["operation"]:
            continue
        assert "500" in operation["responses"], name
        for status, response in operation["responses"].items():
            if status < "400":
                continue
            assert list(response["content"]) == [problems.MEDIA_TYPE], (name, status)
            for code in response["content"][problems.MEDIA_TYPE]["examples"]:
                assert known[code] == int(status)
                assert document["components"]["examples"][code]["value"]["code"] == code


def test_what_needs_a_key_says_so_and_what_is_public_does_not(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        public = operation["tags"] in (["verification"], ["operation"])
        assert bool(operation.get("security")) is not public, name
        assert ("401" in operation["responses"]) is not public, name


def test_every_field_of_orders_and_records_is_explained(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        for field, described_as in schema.get("properties", {}).items():
            assert described_as.get("description"), f"{name}.{field}: say what it is"


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [found for value in node.values() for found in references(value)]
        return [found for item in node for found in references(item)] if isinstance(node, list) else []

    for reference in references(document):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in place, reference
            place = place[part]


@pytest.mark.parametrize("error", list(errors.catalogue()), ids=lambda error: error.code)
def test_every_error_has_a_title_and_a_sentence_in_both_languages(error: type[errors.EsignError]) -> None:
    assert error.code in titles.TITLES, "give it a title in esign/api/titles.py"
    for name in details_of(error):
        assert name in SAMPLES, f"give {name} a sample in esign/api/openapi.py"
        assert name not in problems.MEMBERS, f"{name} would hide a member of the problem document"
    assert error.indonesian != error.english


def test_no_two_errors_share_a_code() -> None:
    codes = [error.code for error in errors.catalogue()]
    assert len(set(codes)) == len(codes)


if __name__ == "__main__":
    SNAPSHOT.write_text(written(described()), "utf-8")
    sys.stdout.write(f"{SNAPSHOT}\n")
