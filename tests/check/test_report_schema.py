"""The published schemas of the reports are those of the models, and every report is as they say.

After a wanted change: ``python -m tests.check.test_report_schema`` writes docs/*.schema.json anew.
"""

import json
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from esign.verify.schema import REPORTS, schema_of

DOCS = Path(__file__).parents[2] / "docs"
COMMAND = "python -m tests.check.test_report_schema"


def place(name: str) -> Path:
    return DOCS / ("report.schema.json" if name == "report" else f"report.{name}.schema.json")


def written(name: str) -> str:
    return json.dumps(schema_of(name), indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", REPORTS)
def test_the_published_schema_is_that_of_the_model(name: str) -> None:
    assert place(name).read_text("utf-8") == written(name), f"if the change is wanted: {COMMAND}"


@pytest.mark.parametrize("name", REPORTS)
def test_the_published_schema_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(schema_of(name))


@pytest.mark.parametrize("name", REPORTS)
def test_every_field_is_explained(name: str) -> None:
    schema = schema_of(name)
    for owner, model in {name: schema, **schema["$defs"]}.items():
        for field, described in model.get("properties", {}).items():
            assert described.get("description"), f"{owner}.{field}: say what it is"


if __name__ == "__main__":
    for each in REPORTS:
        place(each).write_text(written(each), "utf-8")
        sys.stdout.write(f"{place(each)}\n")
