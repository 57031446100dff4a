"""The pages for people: what the QR code opens, and where a file is checked. They work without script."""

from collections.abc import Mapping
from datetime import date, datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from esign import errors
from esign.api import context, problems, state, uploads
from esign.api.reasons import InvalidFields
from esign.api.uploads import Shape
from esign.errors import EsignError
from esign.registry import codes
from esign.service import checking, presenting
from esign.service.services import Services
from esign.service.told import Language, RegisterStatus
from esign.service.views import FileAnswer
from esign.verify.report import SignatureKind
from esign.web.texts import text

MOST_PAGES_SHOWN = 10
"""Pictures of a letter on its page; a citizen's telephone loads each only when it comes into view."""
_CODE_BYTES, _LANGUAGE_BYTES = 256, 8
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
}

_templates = Environment(
    loader=PackageLoader("esign.web", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def router(services: Services) -> APIRouter:
    """The routes of the pages. Addresses from QR codes are in capitals, so both spellings are there."""
    routes = APIRouter(default_response_class=HTMLResponse)

    @routes.get("/")
    @routes.get("/verify")
    def start(request: Request) -> Response:
        """Where a file or a code is checked."""
        return _page(request, services, "start.html", _language(request))

    @routes.get("/v")
    def typed(request: Request) -> Response:
        """A code that was typed into the form: on to its page."""
        code = request.query_params.get("code", "").strip()
        if not code:
            return RedirectResponse("/verify", status_code=303)
        language = _language(request)
        try:
            spelled = codes.parse(code)
        except EsignError as error:
            return _refusal(request, services, error, language)
        return RedirectResponse(_href(f"/v/{quote(spelled)}", language), status_code=303)

    @routes.get("/v/{code}")
    @routes.get("/V/{code}")
    def by_code(request: Request, code: str) -> Response:
        """What the QR code opens: the registered letter, as far as its classification lets everybody see it."""
        own, language = state.of(request), _language(request)
        try:
            own.lookups.take(context.of(request).address)
            answer = checking.by_code(services, code)
        except EsignError as error:
            return _refusal(request, services, error, language)
        own.metrics.verification("code", str(answer.status))
        status = {RegisterStatus.UNKNOWN: 404, RegisterStatus.UNAVAILABLE: 503}.get(answer.status, 200)
        plain = codes.parse(code)
        return _page(request, services, "code.html", language, status=status, answer=answer, plain_code=plain)

    @routes.post("/verify")
    async def upload(request: Request) -> Response:
        """Both proofs of an uploaded file."""
        own, address, language = state.of(request), context.of(request).address, _language(request)
        settings = services.settings
        try:
            uploads.refuse_query(request)
            own.uploads.take(address)
            shape = Shape(
                {"code": _CODE_BYTES, "lang": _LANGUAGE_BYTES}, file="file", file_bytes=settings.max_letter_bytes
            )
            with own.upload_gate.enter(address):
                async with uploads.multipart(request, shape, settings.body_seconds) as form:
                    language = "en" if form.fields.get("lang") == "en" else "id"
                    pdf = await run_in_threadpool(form.upload("file").read)
                    if not pdf:
                        raise errors.NotAPdf
                    answer = await run_in_threadpool(checking.upload, services, pdf, form.fields.get("code"))
        except EsignError as error:
            return _refusal(request, services, error, language)
        except InvalidFields:
            return _refusal(request, services, errors.NotAPdf(), language)
        own.metrics.verification("file", str(answer.report.verdict))
        return _page(request, services, "file.html", language, answer=answer, made=_numbered(answer))

    return routes


def _numbered(answer: FileAnswer) -> list[tuple[str, int]]:
    """For each signature of the report: which heading it gets, and its number among its kind."""
    count, made = 0, []
    headings = {
        SignatureKind.DOCUMENT_TIMESTAMP: "timestamp",
        SignatureKind.NOT_UNDERSTOOD: "not_understood",
        SignatureKind.SIGNATURE: "signature",
    }
    for signature in answer.report.signatures:
        count += signature.kind is SignatureKind.SIGNATURE
        made.append((headings[signature.kind], count))
    return made


def _language(request: Request) -> Language:
    """Indonesian, unless English was asked for."""
    return "en" if request.query_params.get("lang") == "en" else "id"


def _href(path: str, language: Language) -> str:
    return f"{path}?lang=en" if language == "en" else path


def _refusal(request: Request, services: Services, error: EsignError, language: Language) -> Response:
    """A page that says what went wrong and what to do."""
    about = context.of(request)
    about.error = error.code
    page = _page(request, services, "refusal.html", language, status=error.status, error=error)
    if (seconds := problems.retry_after(error)) is not None:
        page.headers["Retry-After"] = str(seconds)
    return page


def _page(
    request: Request, services: Services, template: str, language: Language, *, status: int = 200, **values: object
) -> Response:
    path = request.url.path if request.method == "GET" else "/verify"
    html = _templates.get_template(template).render(
        t=lambda key, **given: text(key, language, **given),
        language=language,
        here=lambda path: _href(path, language),
        other=_href(path, "id" if language == "en" else "en"),
        day=lambda moment: _day(moment, language),
        moment=lambda value, zone=None: _moment(value, zone or services.settings.timezone, language),
        host=request.url.netloc,
        megabytes=services.settings.max_letter_bytes // (1024 * 1024),
        request_id=context.of(request).request_id,
        most_pages=MOST_PAGES_SHOWN,
        **values,
    )
    headers: Mapping[str, str] = {**_HEADERS, "Content-Language": language}
    return HTMLResponse(html, status_code=status, headers=dict(headers))


def _day(value: date, language: Language) -> str:
    if language == "id":
        return presenting.long_date(value)
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def _moment(value: datetime, zone: str, language: Language) -> str:
    """A time in the agency's zone, with the zone's Indonesian name: ``5 Januari 2026, 10.30.00 WIB``."""
    local = value.astimezone(ZoneInfo(zone))
    clock = f"{local:%H.%M.%S}" if language == "id" else f"{local:%H:%M:%S}"
    return f"{_day(local, language)}, {clock} {local.tzname()}"
