"""The OpenAPI description: every refusal of every endpoint, and the forms that we read ourselves."""

import json
import re
import string
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from itertools import chain
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from esign.api import problems, titles
from esign.api.problems import Problem
from esign.errors import EsignError, catalogue

REFS = "#/components/schemas/{model}"

DESCRIPTION = """\
Electronic signatures for letters of Indonesian local governments, and their verification.

A letter is signed in one call (`POST /v1/letters/sign`) or as a draft with one official after the other. Everybody
may check a letter, by its file (`POST /v1/verify`) or by the code in its QR (`GET /v1/verify/{code}`), without a key.

Every refusal is a problem document (RFC 9457) with a stable `code`; `Accept-Language: en` gives its sentences in
English, otherwise they are Indonesian. Send an `Idempotency-Key` with everything that signs or creates, and repeat the
request with the same key whenever the answer did not arrive: nothing is ever signed twice.\
"""

TAGS = [
    {"name": "signing", "description": "Hand in letters and have them signed."},
    {"name": "letters", "description": "The agency's letters."},
    {"name": "signers", "description": "The agency's officials and their certificates."},
    {"name": "verification", "description": "For everybody, without a key."},
    {"name": "operation", "description": "For whoever runs the service."},
]

# Details as they may look, by the names that the sentences use.
SAMPLES: dict[str, str | int | float] = {
    "authority": "dev",
    "missing": "passphrase",
    "bottom": 40.0,
    "character": "漢",
    "codepoint": "U+6F22",
    "count": 2,
    "demand": "a reason",
    "field": "number",
    "height": 40.0,
    "kind": "JavaScript",
    "left": 400.0,
    "limit": 52428800,
    "min_height": 57.0,
    "min_width": 57.0,
    "not_after": "2026-01-31",
    "not_before": "2026-02-01",
    "number": "400.7/123/DINKES/2026",
    "offered": "application/pdf, application/json",
    "accepted": "multipart/form-data",
    "other_bottom": 40.0,
    "other_left": 380.0,
    "other_right": 460.0,
    "other_top": 120.0,
    "page": 9,
    "page_height": 842.0,
    "page_width": 595.0,
    "pages": 3,
    "profile": "B-LT",
    "reason": "wajib diisi",
    "reference": "time-stamp authority",
    "remaining": 4,
    "revoked_at": "2026-01-31",
    "right": 620.0,
    "seconds": 60,
    "state": "withdrawn",
    "tag": "${ttd}",
    "top": 120.0,
    "variable": "ESIGN_PUBLIC_URL",
    "width": 40.0,
    "year": 2026,
}

_REGISTERED: dict[str, type[BaseModel]] = {"Problem": Problem}


def details_of(error: type[EsignError]) -> tuple[str, ...]:
    """The names of the details that the error's sentences use."""
    named = (name for text in (error.indonesian, error.english) for _, name, _, _ in string.Formatter().parse(text))
    return tuple(dict.fromkeys(name for name in named if name))


def sample(error: type[EsignError]) -> dict[str, Any]:
    """The problem document of that error as it may look."""
    filled = error(**{name: SAMPLES.get(name, "…") for name in details_of(error)})
    return problems.members(filled, "id", "3f9a1c5be07d4a52")


def responses(
    *groups: Iterable[type[EsignError]], good: Mapping[int, dict[str, Any]] | None = None
) -> dict[int | str, dict[str, Any]]:
    """FastAPI's ``responses``: the good ones as given, and these errors by status, each code an example.

    500 is always among them.
    """
    by_status: dict[int, dict[str, type[EsignError]]] = {}
    always: tuple[type[EsignError], ...] = (EsignError,)
    for error in chain(*groups, always):
        by_status.setdefault(error.status, {})[error.code] = error
    found: dict[int | str, dict[str, Any]] = {status: one for status, one in (good or {}).items()}  # noqa: C416 a wider key
    return found | {status: _response(tuple(kinds.values())) for status, kinds in sorted(by_status.items())}


def _response(found: Sequence[type[EsignError]]) -> dict[str, Any]:
    headers = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
    if any(error.retry_after is not None or "seconds" in details_of(error) for error in found):
        headers["Retry-After"] = {"$ref": "#/components/headers/Retry-After"}
    return {
        "description": "; ".join(f"`{error.code}`: {titles.title(error, 'en')}" for error in found),
        "headers": headers,
        "content": {
            problems.MEDIA_TYPE: {
                "schema": {"$ref": REFS.format(model="Problem")},
                "examples": {error.code: {"$ref": f"#/components/examples/{error.code}"} for error in found},
            }
        },
    }


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The model's own schema, for request bodies that we read ourselves; what it refers to comes with it."""
    _REGISTERED[model.__name__] = model
    return model.model_json_schema(ref_template=REFS)


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the application."""
    if app.openapi_schema is None:
        found = get_openapi(
            title="esign",
            version=version("esign"),
            summary="Electronic signatures and their verification",
            description=DESCRIPTION,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
            routes=app.routes,
            tags=TAGS,
        )
        components = found.setdefault("components", {})
        components["headers"] = {
            "X-Request-Id": {
                "description": "The request's id: the caller's own X-Request-Id where it was fit, else a new one.",
                "schema": {"type": "string"},
            },
            "Retry-After": {
                "description": "Seconds after which trying again is sensible.",
                "schema": {"type": "integer"},
            },
        }
        components["examples"] = {
            error.code: {"summary": titles.title(error, "en"), "value": sample(error)}
            for error in sorted(catalogue(), key=lambda one: one.code)
        }
        schemas = components.setdefault("schemas", {})
        models: list[tuple[type[BaseModel], Literal["validation"]]] = [
            (model, "validation") for model in _REGISTERED.values()
        ]
        _, defs = models_json_schema(models, ref_template=REFS)
        for name, schema in defs.get("$defs", {}).items():
            schemas.setdefault(name, schema)
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        components["schemas"] = dict(sorted(schemas.items()))
        app.openapi_schema = _as_prose(_with_short_names(found))
    return app.openapi_schema


def install(app: FastAPI) -> None:
    """Makes this the document that the application serves."""
    app.openapi = lambda: document(app)  # type: ignore[method-assign]


def _with_short_names(document: dict[str, Any]) -> dict[str, Any]:
    """The same document, in which schemas whose names are Python paths have names that stay when code moves."""
    schemas = document["components"]["schemas"]
    text = json.dumps(document)
    for long in [name for name in schemas if "__" in name]:
        module, short = long.split("__")[-2:]
        if schemas.get(short, schemas[long]) != schemas[long]:
            short = module.capitalize() + short
        schemas[short] = schemas[long]
        text = text.replace(f'"{REFS.format(model=long)}"', f'"{REFS.format(model=short)}"')
        text = text.replace(f'"{long}": ', f'"{short}": ')
    shortened: dict[str, Any] = json.loads(text)
    shortened["components"]["schemas"] = dict(sorted(shortened["components"]["schemas"].items()))
    return shortened


def _as_prose(node: Any) -> Any:
    """The same document with descriptions for readers of JSON: they come from docstrings."""
    if isinstance(node, dict):
        return {
            key: _prose(value) if key == "description" and isinstance(value, str) else _as_prose(value)
            for key, value in node.items()
        }
    return [_as_prose(item) for item in node] if isinstance(node, list) else node


def _prose(docstring: str) -> str:
    """Lines joined, paragraphs kept, Python's words put into JSON's."""
    joined = re.sub(r"(?<!\n)\n(?!\n)\s*", " ", docstring)
    return re.sub(r"\bNone\b", "null", joined.replace("``", "`"))
