import re
from pathlib import Path

from sqlalchemy import JSON, LargeBinary, Text

from esign.registry.models import METADATA

PAGE = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text("utf-8")
NAMED = set(re.findall(r"`([a-z_]+\.[a-z0-9_]+)`", PAGE))
COLUMNS = {f"{table.name}.{column.name}": column for table in METADATA.sorted_tables for column in table.columns}

NOT_OF_PEOPLE = {
    "agency", "letter.code", "letter.classification", "letter.claim", "letter.original_sha256", "letter.current_sha256",
    "signature.field_name", "signature.box", "signature.certificate_sha256", "signature.issuer_name",
    "signature.revision_sha256", "credential.authority", "credential.certificate_sha256", "api_client.name",
    "api_client.scopes", "api_client.classification", "api_client.bsre", "signer.authority",
    "handout", "audit_event.kind", "audit_event.previous_hash", "audit_event.hash", "quarantined_file.reason",
    "idempotency_record.owner", "idempotency_record.media_type", "idempotency_record.body_sha256",
}  # fmt: skip
"""Columns of free text, bytes or JSON that were judged to hold nothing about a person; a table stands for all of it."""


def test_every_column_that_the_page_names_is_there() -> None:
    assert {name for name in NAMED if name not in COLUMNS} == set()


def test_every_column_that_could_hold_something_about_a_person_was_thought_of() -> None:
    """Name it in docs/privacy.md, or judge above that it holds nothing about a person."""
    assert {name for name in COLUMNS if could_be_personal(name)} - NAMED == set()


def could_be_personal(name: str) -> bool:
    table, column = name.split(".")
    free = isinstance(COLUMNS[name].type, Text | JSON | LargeBinary) and not re.search(
        r"(^|_)(id|replaced_by)$", column
    )
    return free and table not in NOT_OF_PEOPLE and name not in NOT_OF_PEOPLE


def test_nothing_that_was_judged_harmless_has_gone() -> None:
    assert {name for name in NOT_OF_PEOPLE if name not in COLUMNS and name not in METADATA.tables} == set()
