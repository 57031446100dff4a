"""docs/api.md: its tables are made of the code, and it names only what there is.

After a change: ``python -m tests.check.test_api_docs`` writes the tables anew.
"""

import re
import sys
from pathlib import Path
from typing import Any

from esign import errors
from esign.settings import PREFIX, Settings
from tests.check.test_openapi import described

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
_PLACEHOLDER, _AS_CODE = re.compile(r"[{]([a-z_]+)[}]"), r"`\1`"
COMMAND = "python -m tests.check.test_api_docs"


def problems_table() -> str:
    """All problems that a caller may meet."""
    rows = [
        f"| `{error.code}` | {error.status} | {_PLACEHOLDER.sub(_AS_CODE, error.english)} |"
        for error in sorted(errors.catalogue(), key=lambda one: one.code)
        if error is not errors.ConfigurationError
    ]
    return "\n".join(["| code | HTTP | says |", "|---|---|---|", *rows])


def fields_table(document: dict[str, Any]) -> str:
    """The fields of signing in one call."""
    body = document["paths"]["/v1/letters/sign"]["post"]["requestBody"]
    schema = body["content"]["multipart/form-data"]["schema"]
    needed = schema["required"]
    rows = [
        f"| `{name}` | {'yes' if name in needed else ''} | {_line(field.get('description', ''))} |"
        for name, field in sorted(schema["properties"].items(), key=lambda pair: pair[0] not in needed)
    ]
    return "\n".join(["| field | needed | is |", "|---|---|---|", *rows])


def _line(text: str) -> str:
    return " ".join(text.replace("``", "`").split()).replace("|", "\\|")


def renewed(page: str, document: dict[str, Any]) -> str:
    """The page with its tables as the code has them."""
    for name, table in (("fields", fields_table(document)), ("problems", problems_table())):
        marked = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        page = marked.sub(lambda found, table=table: f"{found[1]}\n{table}\n\n{found[2]}", page)  # type: ignore[misc]
    return page


def test_the_tables_are_those_of_the_code() -> None:
    page = PAGE.read_text("utf-8")
    assert page == renewed(page, described()), f"if the change is wanted: {COMMAND}"


def test_every_code_endpoint_and_setting_that_is_named_exists() -> None:
    page = PAGE.read_text("utf-8")
    known = {error.code for error in errors.catalogue()}
    families = {code.partition(".")[0] for code in known if "." in code}
    for code in re.findall(
        rf"\b(?:{'|'.join(families)})\.[a-z_]+\b", re.sub(r"```sh.*?```", "", page, flags=re.DOTALL)
    ):
        assert code in known or code == "report.verdict", code
    for name in re.findall(rf"{PREFIX}[A-Z_]+", page):
        local = name in ("ESIGN_URL", "ESIGN_API_KEY", "ESIGN_SIGNER", "ESIGN_SECOND_SIGNER", "ESIGN_PASSPHRASE")
        assert local or name.removeprefix(PREFIX).lower() in Settings.model_fields, name


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text("utf-8"), described()), "utf-8")
    sys.stdout.write(f"{PAGE}\n")
