"""The API's own documentation as pages: plain HTML made here, without script and without any other host."""

import re
from collections.abc import Container, Iterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from esign import errors
from esign.api import context, openapi, problems, titles
from esign.errors import EsignError

router = APIRouter(include_in_schema=False)

_templates = Environment(
    loader=PackageLoader("esign.api", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-cache",
}

_METHODS = ("get", "post", "put", "patch", "delete")


@router.get("/docs", response_class=HTMLResponse)
def docs(request: Request) -> HTMLResponse:
    """All endpoints, from the OpenAPI document."""
    app_state = request.app.state
    if not hasattr(app_state, "docs_page"):
        document = request.app.openapi()
        sections = list(_sections(document))
        app_state.docs_page = _templates.get_template("docs.html").render(
            document=document, sections=sections, schemas=list(_schemas(document)), language="en"
        )
    return HTMLResponse(app_state.docs_page, headers=_HEADERS)


@router.get("/problems", response_class=HTMLResponse)
def all_problems(request: Request) -> HTMLResponse:
    """Every problem that there is."""
    language = context.of(request).language
    html = _templates.get_template("problems.html").render(errors=list(_catalogue(language)), language=language)
    return HTMLResponse(html, headers=_HEADERS | {"Content-Language": language, "Vary": "Accept-Language"})


@router.get("/problems/{code}", response_class=HTMLResponse)
def one_problem(request: Request, code: str) -> HTMLResponse:
    """What one problem means. It is where the ``type`` of a problem document leads."""
    language = context.of(request).language
    error = errors.by_code(code)
    if error.code != code:
        raise errors.NotFound
    html = _templates.get_template("problem.html").render(
        error=_described(error, language), example=openapi.sample(error), language=language
    )
    return HTMLResponse(html, headers=_HEADERS | {"Content-Language": language, "Vary": "Accept-Language"})


def _catalogue(language: Any) -> Iterator[dict[str, Any]]:
    for error in sorted(errors.catalogue(), key=lambda one: one.code):
        yield _described(error, language)


def _described(error: type[EsignError], language: Any) -> dict[str, Any]:
    filled = error(**{name: openapi.SAMPLES.get(name, "…") for name in openapi.details_of(error)})
    return {
        "code": error.code,
        "status": error.status,
        "title": titles.title(error, language),
        "indonesian": filled.sentence("id"),
        "english": filled.sentence("en"),
        "meaning": " ".join((error.__doc__ or "").split()),
        "retry_after": problems.retry_after(filled),
        "details": openapi.details_of(error),
    }


def _sections(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The operations under their tags, in the order of the tags."""
    for tag in document["tags"]:
        operations = [
            {"method": method.upper(), "path": path, **_operation(path_item[method], document)}
            for path, path_item in document["paths"].items()
            for method in _METHODS
            if method in path_item and tag["name"] in path_item[method].get("tags", ())
        ]
        if operations:
            yield {**tag, "operations": operations}


def _schemas(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The records and values that endpoints take and give, by name."""
    for name, schema in document["components"]["schemas"].items():
        yield {
            "name": name,
            "description": schema.get("description", ""),
            "values": schema.get("enum", ()),
            "fields": _fields(schema, document),
        }


def _operation(operation: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": operation["operationId"],
        "summary": operation["summary"],
        "description": operation["description"],
        "key": bool(operation.get("security")),
        "parameters": [
            {
                "name": parameter["name"],
                "in": parameter["in"],
                "required": parameter.get("required", False),
                "type": _type(parameter["schema"], document),
                "description": parameter.get("description", parameter["schema"].get("description", "")),
            }
            for parameter in operation.get("parameters", ())
        ],
        "bodies": [
            {"media_type": media_type, "fields": _fields(body["schema"], document)}
            for media_type, body in operation.get("requestBody", {}).get("content", {}).items()
        ],
        "responses": [
            {
                "status": status,
                "description": response.get("description", ""),
                "contents": [
                    (name, _type(content["schema"], document))
                    for name, content in response.get("content", {}).items()
                    if name != problems.MEDIA_TYPE
                ],
                "codes": list(response.get("content", {}).get(problems.MEDIA_TYPE, {}).get("examples", {})),
            }
            for status, response in sorted(operation["responses"].items())
        ],
    }


def _fields(schema: dict[str, Any], document: dict[str, Any]) -> list[dict[str, Any]]:
    needed = schema.get("required", ())
    return [
        {
            "name": name,
            "required": name in needed,
            "type": _type(field, document),
            "description": field.get("description", ""),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _type(schema: dict[str, Any], document: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if alternatives := schema.get("anyOf") or schema.get("oneOf"):
        kinds = (_type(one, document) for one in alternatives if one.get("type") != "null")
        return " | ".join(dict.fromkeys(kinds))
    if "enum" in schema or "const" in schema:
        return " | ".join(str(one) for one in schema.get("enum", [schema.get("const")]))
    if schema.get("contentMediaType"):
        return "file"
    kind = str(schema.get("type", "any"))
    if kind == "array":
        return f"array of {_type(schema.get('items', {}), document)}"
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _linked(kind: str, schemas: Container[str]) -> Markup:
    """The words for a schema, with the names of schemas as links to them."""
    words = re.split(r"([A-Za-z]+)", kind)
    link = Markup('<a href="#{0}">{0}</a>').format
    return Markup("").join(link(word) if word in schemas else word for word in words)


def _code_spans(text: str) -> Markup:
    """The text with what stands in backticks as code, and empty lines as new paragraphs."""
    escaped = re.sub(r"`+([^`]+)`+", r"<code>\1</code>", str(escape(text)))
    return Markup("<br><br>".join(escaped.split("\n\n")))  # noqa: S704 escaped above


_templates.filters["code_spans"] = _code_spans
_templates.filters["linked"] = _linked
_templates.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": False}
