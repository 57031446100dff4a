"""The JSON Schemas (2020-12) of the reports: the form that the API, the command line and the library share."""

from typing import Any

from pydantic import BaseModel

from esign.verify.detailed import DetailedReport
from esign.verify.diagnostic import Diagnostic
from esign.verify.report import Report

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REPORTS: dict[str, tuple[type[BaseModel], str]] = {
    "report": (Report, "What validation found of one file"),
    "detailed": (DetailedReport, "Every check that validation made of one file"),
    "diagnostic": (Diagnostic, "All that validation was given to judge one file by"),
}
"""Each form by name, with its title."""

_FILE = {
    "type": "string",
    "title": "File",
    "description": "The path of the file. Only on the command line, where several files may be asked for.",
}


def schema_of(name: str) -> dict[str, Any]:
    """The schema of ``report`` (the simple one), ``detailed`` or ``diagnostic``."""
    model, title = REPORTS[name]
    schema = model.model_json_schema(mode="serialization")
    for described in (schema, *schema["$defs"].values()):
        described.pop("additionalProperties", None)  # added fields don't raise the version: readers must let them be
    version = schema["properties"]["schema_version"]["const"]
    properties = {"file": _FILE, **schema.pop("properties")}
    head = {"$schema": DIALECT, "$id": f"urn:x-esign:{name}:{version}", "title": title}
    return {**head, **{key: value for key, value in schema.items() if key != "title"}, "properties": properties}
