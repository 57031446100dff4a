"""Every refusal as RFC 9457 ``application/problem+json``, the framework's own included."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from esign import errors
from esign.api import context, negotiation, reasons, titles
from esign.api.reasons import InvalidFields

MEDIA_TYPE = "application/problem+json"

MEMBERS = ("type", "title", "status", "detail", "code", "request_id", "errors")
"""The members that a detail of an error never overwrites."""


class FieldProblem(BaseModel):
    """One field of the request that was refused."""

    field: str = Field(
        description="Its name; a dotted path inside JSON. `*` stands for a name that is not known here.",
        examples=["number"],
    )
    reason: str = Field(
        description="Why, in the language of the answer. Never what was sent.", examples=["wajib diisi"]
    )


class Problem(BaseModel):
    """Why a request was refused (RFC 9457). Further members are the details that the sentence names."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(
        description="Address of the page that explains this problem, relative to this service.",
        examples=["/problems/letter.not_pdf"],
    )
    title: str = Field(description="What kind of problem, in a few words; the same every time.")
    status: int = Field(description="The HTTP status.", examples=[415])
    detail: str = Field(description="A sentence that a person can act on, in the language of Accept-Language.")
    code: str = Field(description="The stable name of the problem: what a program tells cases apart by.")
    request_id: str = Field(description="What to tell the operator; also in the header X-Request-Id.")
    errors: list[FieldProblem] | None = Field(
        default=None, description="With `request.invalid`: every field that was refused."
    )


def members(
    error: errors.EsignError, language: negotiation.Language, request_id: str, fields: list[FieldProblem] | None = None
) -> dict[str, Any]:
    """The members of the problem, in the order in which a person reads them."""
    document: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": titles.title(type(error), language),
        "status": error.status,
        "detail": error.sentence(language),
        "code": error.code,
        "request_id": request_id,
    }
    if fields:
        document["errors"] = [one.model_dump() for one in fields]
    return document | {name: value for name, value in error.details.items() if name not in MEMBERS}


def written(error: errors.EsignError, about: context.Context, fields: list[FieldProblem] | None = None) -> str:
    """The problem as JSON."""
    return json.dumps(members(error, about.language, about.request_id, fields), ensure_ascii=False)


def response(
    error: errors.EsignError,
    about: context.Context,
    *,
    fields: list[FieldProblem] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The problem document, with the headers that belong to it."""
    about.error = error.code
    body = written(error, about, fields).encode()
    sent = {"Content-Language": about.language, "Cache-Control": "no-store", **(headers or {})}
    if (seconds := retry_after(error)) is not None:
        sent["Retry-After"] = str(seconds)
    if error.status == 401:
        sent["WWW-Authenticate"] = 'Bearer realm="esign"'
    return Response(body, status_code=error.status, headers=sent, media_type=MEDIA_TYPE)


def retry_after(error: errors.EsignError) -> int | None:
    """Seconds after which trying again is sensible: as this case says, else as its kind does."""
    seconds = error.details.get("seconds")
    if isinstance(error, errors.SignerLocked | errors.TooManyRequests) and isinstance(seconds, int):
        return max(1, seconds)
    return error.retry_after


def of_fields(
    invalid: InvalidFields, language: negotiation.Language
) -> tuple[errors.RequestInvalid, list[FieldProblem]]:
    """The error for refused fields: the sentence names the first, the list has all."""
    fields = [FieldProblem(field=one.field, reason=one.reason.language(language)) for one in invalid.refused[:50]]
    return errors.RequestInvalid(field=fields[0].field, reason=fields[0].reason), fields


def of_http(status: int, about: context.Context) -> errors.EsignError:
    """Our error for a refusal of the framework."""
    match status:
        case 401:
            return errors.Unauthenticated()
        case 405:
            return errors.MethodNotAllowed()
        case 413:
            return errors.RequestTooLarge(limit=about.max_body)
        case _ if 400 <= status < 500:
            return errors.NotFound()
        case _:
            return errors.EsignError()


def install(app: FastAPI) -> None:
    """Makes the application answer every exception that it expects with a problem.

    What nobody expected is answered by the edge (`esign.api.edge`), which also logs it.
    """

    def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, errors.EsignError)  # noqa: S101 as registered
        return response(error, context.of(request))

    def fields_refused(request: Request, error: Exception) -> Response:
        match error:
            case InvalidFields():
                invalid = error
            case ValidationError():
                invalid = reasons.of(error)
            case RequestValidationError():
                invalid = reasons.of_details(_without_origin(one) for one in error.errors())
            case _:  # pragma: no cover  as registered
                raise error
        about = context.of(request)
        problem, fields = of_fields(invalid, about.language)
        return response(problem, about, fields=fields)

    def framework_refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 as registered
        about = context.of(request)
        if error.status_code < 400:
            return Response(status_code=error.status_code, headers=error.headers)
        if error.status_code in (400, 422):
            return fields_refused(request, InvalidFields.one("body", reasons.FALLBACK))
        return response(of_http(error.status_code, about), about, headers=error.headers)

    app.add_exception_handler(errors.EsignError, refused)
    app.add_exception_handler(InvalidFields, fields_refused)
    app.add_exception_handler(RequestValidationError, fields_refused)
    app.add_exception_handler(HTTPException, framework_refused)


def _without_origin(detail: ErrorDetails) -> ErrorDetails:
    """FastAPI's place of an error without ``query``, ``path`` or ``header`` before it."""
    place = detail["loc"][1:] or detail["loc"]
    return ErrorDetails(type=detail["type"], loc=place, msg="", input=None, ctx=detail.get("ctx", {}))
