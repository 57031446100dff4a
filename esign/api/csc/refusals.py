"""Refusals in the form and words of the CSC API (v1, section 10; v2, section 10)."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from esign import errors
from esign.api import context, problems
from esign.api.reasons import InvalidFields

_ARRAYS = frozenset({"hash", "hashes", "authData"})
_NUMBERS = frozenset({"numSignatures", "maxResults"})

_WORDS: tuple[tuple[type[errors.EsignError], int, str, str], ...] = (
    (errors.TokenExpired, 401, "expired_token", "The access token has expired"),
    (errors.Unauthenticated, 401, "invalid_token", "The access token is not valid"),
    (errors.Forbidden, 403, "access_denied", "This client may not do that, or not from its network"),
    (errors.SignerLocked, 400, "invalid_request", "Credential locked"),
    (errors.ConsentIncomplete, 400, "invalid_request", "Missing authentication data"),
    (errors.SignerUnknown, 400, "invalid_request", "Invalid parameter credentialID"),
    (errors.CredentialExpired, 400, "invalid_request", "Signing certificate is expired"),
    (errors.CredentialUnusable, 400, "invalid_request", "The credential identified by credentialID is disabled"),
    (errors.CodesUnsupported, 400, "invalid_request", "The credential has no one-time codes"),
    (errors.ActivationDataUnknown, 400, "invalid_request", "Invalid parameter SAD"),
    (errors.ActivationDataExpired, 400, "invalid_request", "SAD expired"),
    (errors.HashNotAuthorised, 400, "invalid_request", "Hash is not authorized by the SAD"),
    (errors.AuthorityRefused, 400, "access_denied", "The authority of this credential refused"),
    (errors.RequestTooLarge, 413, "invalid_request", "The request is too large"),
    (errors.LetterTooLarge, 413, "invalid_request", "The request is too large"),
    (errors.RequestTooSlow, 408, "invalid_request", "The request was too slow"),
    (errors.TooManyRequests, 429, "temporarily_unavailable", "Too many requests"),
    (errors.MethodNotAllowed, 405, "invalid_request", "Methods are called by POST"),
    (errors.NotFound, 404, "invalid_request", "There is no such method"),
)


class Refused(Exception):  # noqa: N818
    """A parameter that is missing or wrong, in the words of the specification. They repeat nothing of it."""

    def __init__(self, description: str, error: str = "invalid_request", status: int = 400) -> None:
        super().__init__(description)
        self.description = description
        self.error = error
        self.status = status


def invalid(name: str) -> Refused:
    """A parameter whose value is none."""
    return Refused(f"Invalid parameter {name}")


def missing(name: str, kind: str = "string") -> Refused:
    """A parameter that is missing, or of another type."""
    return Refused(f"Missing (or invalid type) {kind} parameter {name}")


class CscRoute(APIRoute):
    """A route whose refusals are told in the API's form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, and what becomes of its exceptions."""
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handle(request)
            except (
                errors.EsignError,
                Refused,
                InvalidFields,
                ValidationError,
                RequestValidationError,
                HTTPException,
            ) as error:
                return _response(error, request)

        return told


def _response(error: Exception, request: Request) -> Response:
    about = context.of(request)
    if isinstance(error, HTTPException):
        error = problems.of_http(error.status_code, about)
    if isinstance(error, errors.EsignError):
        about.error = error.code
        return _of_ours(error, second=request.url.path.startswith("/csc/v2/"))
    about.error = errors.RequestInvalid.code
    if isinstance(error, ValidationError):
        error = _first(error)
    if isinstance(error, Refused):
        return _told(error.status, error.error, error.description)
    return _told(400, "invalid_request", "The request is malformed")


def _of_ours(error: errors.EsignError, *, second: bool) -> Response:
    """``second``: in the words of v2."""
    if isinstance(error, errors.WrongPassphrase):
        if second:
            return _told(400, "invalid_authentication_data", "The authentication data is invalid: PIN")
        return _told(400, "invalid_pin", "The PIN is invalid")
    if isinstance(error, errors.WrongCode):
        if second:
            return _told(400, "invalid_authentication_data", "The authentication data is invalid: OTP")
        return _told(400, "invalid_otp", "The OTP is invalid")
    if isinstance(error, errors.RequestInvalid):
        return _told(400, "invalid_request", f"Invalid parameter {error.details.get('field', '')}".rstrip())
    for kind, status, word, sentence in _WORDS:
        if isinstance(error, kind):
            return _told(status, word, sentence, problems.retry_after(error))
    if error.status in (503, 504):
        word = "temporarily_unavailable" if error.status == 503 else "server_error"
        return _told(error.status, word, error.sentence("en"), problems.retry_after(error))
    if error.status < 500:
        return _told(400, "invalid_request", error.sentence("en"))
    return _told(500, "server_error", error.sentence("en"))


def _first(error: ValidationError) -> Refused:
    detail = error.errors(include_input=False, include_url=False, include_context=False)[0]
    name = str(detail["loc"][0]) if detail["loc"] else "body"
    if detail["type"] == "missing" or detail["type"].endswith("_type"):
        one = error.title == "StampOrder" and name == "hash"
        return missing(name, "array" if name in _ARRAYS and not one else "integer" if name in _NUMBERS else "string")
    return Refused("Invalid value for parameter numSignatures") if name == "numSignatures" else invalid(name)


def _told(status: int, error: str, description: str, retry_after: int | None = None) -> Response:
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    if status == 401:
        headers["WWW-Authenticate"] = f'Bearer realm="esign", error="{error}"'
    return JSONResponse({"error": error, "error_description": description}, status, headers)
