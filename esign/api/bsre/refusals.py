"""Every refusal as BSrE's service words it: ``{"error": "<Indonesian text>", "status_code": <int>}`` (contract, 6).

Its clients decide by the number, and by words in the text: those words are kept. A refusal is HTTP 400, never 5xx,
which many of them take for a crash; what is no refusal but our own trouble keeps its 503. Beside the two members that
every client reads stands ``code``, our stable name of the case, and what a person may want to know of it.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from esign import errors
from esign.api import context, problems
from esign.api.bsre import paths
from esign.api.reasons import InvalidFields
from esign.errors import EsignError

UNKNOWN_CASE = 400
"""The ``status_code`` of what BSrE's service has no number for; its older builds gave it for everything."""
NO_NIK = 4014
BAD_PDF = 2041

_CASES: Mapping[type[EsignError], tuple[int, str | None]] = {
    errors.SignerUnknown: (2011, "User tidak terdaftar"),
    errors.CredentialMissing: (2021, "User tidak memiliki sertifikat"),
    errors.CredentialNotYetValid: (2021, "Sertifikat tidak aktif: baru berlaku mulai {not_before}"),
    errors.CredentialExpired: (2022, "Sertifikat tidak aktif: expired pada {not_after}"),
    errors.CredentialSuspended: (2024, "Sertifikat tidak aktif: sedang ditangguhkan"),
    errors.CredentialRevoked: (2025, "Sertifikat tidak aktif: sudah dicabut pada {revoked_at}"),
    errors.CredentialUnusable: (2021, "Sertifikat tidak aktif (status {state})"),
    errors.WrongPassphrase: (2031, "Passphrase anda salah"),
    errors.SignerLocked: (
        2031,
        "Passphrase anda salah berulang kali, sehingga dikunci. Coba lagi setelah {seconds} detik",
    ),
    errors.WrongCode: (UNKNOWN_CASE, "Kode TOTP salah atau sudah tidak berlaku"),
    errors.LetterError: (BAD_PDF, None),
    errors.NotAPdf: (BAD_PDF, "Dokumen PDF tidak valid: berkas ini bukan PDF"),
    errors.LetterTruncated: (BAD_PDF, "Dokumen PDF tidak valid: rusak atau terpotong ({reason})"),
    errors.FieldFilled: (UNKNOWN_CASE, "Dokumen sudah ditandatangani pada kolom {field}"),
    errors.AlreadySignedBy: (UNKNOWN_CASE, "Dokumen sudah ditandatangani oleh user ini"),
}
"""The ``status_code`` and the sentence of an error and of its kinds; None: our own sentence."""

_RENEWAL = 2023
_OWN_STATUS: tuple[type[EsignError], ...] = (
    errors.Unauthenticated,
    errors.Forbidden,
    errors.NotFound,
    errors.MethodNotAllowed,
    errors.RequestTooLarge,
    errors.LetterTooLarge,
    errors.RequestTooSlow,
    errors.TooManyRequests,
)
"""What is told by its own HTTP status below 500; all else below that is 400."""

_BY_SPRING: tuple[type[EsignError], ...] = (
    errors.Unauthenticated,
    errors.Forbidden,
    errors.NotFound,
    errors.MethodNotAllowed,
)
"""What BSrE's service leaves to its framework to answer, as it does with whatever it did not expect."""

_TOLD = frozenset({"remaining", "seconds"})
"""Details that are told beside the sentence."""


class Refused(Exception):  # noqa: N818 it is told, not raised through
    """A refusal that only this API knows. ``sentence`` is Indonesian, and never holds what was sent."""

    def __init__(self, sentence: str, status_code: int = UNKNOWN_CASE, *, status: int = 400) -> None:
        self.sentence, self.status_code, self.status = sentence, status_code, status
        super().__init__(sentence)


def of(error: EsignError) -> Refused:
    """The refusal for one of our errors."""
    number, sentence = _case(error)
    text = sentence.format_map(_Given(error.details)) if sentence is not None else error.sentence("id").rstrip(".")
    status = error.status if error.status >= 500 or isinstance(error, _OWN_STATUS) else 400
    if isinstance(error, errors.SigningOutcomeUnknown):
        status = 500  # a 504 is sent again by clients that try later, and this must not be
    return Refused(text, status if status != 400 else number, status=status)


def of_fields(invalid: InvalidFields) -> Refused:
    """The refusal for fields that are missing or wrong: the first of them."""
    first = invalid.refused[0]
    missing_nik = first.field == "nik" and first.reason.en == "is required"
    return Refused(f"{first.field} {first.reason.id}", NO_NIK if missing_nik else UNKNOWN_CASE)


def response(error: EsignError | InvalidFields | Refused, scope: Scope) -> Response:
    """The answer that refuses."""
    about = context.of(Request(scope))
    about.error = error.code if isinstance(error, EsignError) else errors.RequestInvalid.code
    match error:
        case EsignError():
            refused = of(error)
        case InvalidFields():
            refused = of_fields(error)
        case Refused():
            refused = error
    headers = {"Cache-Control": "no-store"}
    body: dict[str, Any] = {"error": refused.sentence, "status_code": refused.status_code, "code": about.error}
    if isinstance(error, EsignError):
        if isinstance(error, _BY_SPRING) or type(error) is EsignError:
            body = _by_spring(refused, scope) | body | {"error": HTTPStatus(refused.status).phrase}
        body |= {name: value for name, value in error.details.items() if name in _TOLD}
        if (seconds := problems.retry_after(error)) is not None:
            headers["Retry-After"] = str(seconds)
    if refused.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="esign", charset="UTF-8"'
    content = json.dumps(body, ensure_ascii=False)
    return Response(content, status_code=refused.status, headers=headers, media_type="application/json")


def install(app: FastAPI) -> None:
    """Has the application answer what is refused under this API as said here, and all else as before."""
    kinds: tuple[type[Exception], ...] = (EsignError, InvalidFields, RequestValidationError, HTTPException)
    for kind in kinds:
        app.add_exception_handler(kind, _either(app.exception_handlers[kind]))
    app.add_exception_handler(Refused, _refused)


Handler = Callable[[Request, Exception], Response | Awaitable[Response]]


def _either(other: Handler) -> Handler:
    def handle(request: Request, error: Exception) -> Response | Awaitable[Response]:
        return _refused(request, error) if paths.is_ours(request.scope["path"]) else other(request, error)

    return handle


def _refused(request: Request, error: Exception) -> Response:
    match error:
        case EsignError() | InvalidFields() | Refused():
            return response(error, request.scope)
        case HTTPException(status_code=400 | 422):
            return response(Refused("Permintaan tidak dapat dibaca"), request.scope)
        case HTTPException():
            return response(problems.of_http(error.status_code, context.of(request)), request.scope)
        case _:
            return response(Refused("Isian tidak valid"), request.scope)


def _by_spring(refused: Refused, scope: Scope) -> dict[str, Any]:
    """The members of Spring's default body."""
    return {
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "status": refused.status,
        "error": "",
        "message": refused.sentence,
        "path": _path(scope),
    }


def _path(scope: Scope) -> str:
    """The address, where it holds nothing that was sent: else the form of it."""
    return str(getattr(scope.get("route"), "path", paths.ROOT))


def _case(error: EsignError) -> tuple[int, str | None]:
    if isinstance(error, errors.CredentialUnusable) and error.details.get("state") == "RENEW":
        return _RENEWAL, "Sertifikat tidak aktif: sedang dalam proses pembaruan"
    return next((_CASES[kind] for kind in type(error).__mro__ if kind in _CASES), (UNKNOWN_CASE, None))


class _Given(dict[str, errors.Detail]):
    def __missing__(self, key: str) -> str:
        return "?"
