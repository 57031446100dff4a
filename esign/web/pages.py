"""The pages for people: what the QR code opens, and where a file is checked. They work without script."""

from dataclasses import dataclass
from importlib.resources import files
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.requests import Request
from starlette.responses import Response

from esign import errors
from esign.api import context, reasons, state, uploads
from esign.api.uploads import Shape
from esign.errors import EsignError
from esign.registry import codes
from esign.service import checking, told
from esign.service.services import Services
from esign.service.told import Colour, RegisterStatus
from esign.service.views import FileAnswer
from esign.verify import sentences
from esign.verify.report import Report, SignatureKind, SignatureReport, Verdict
from esign.web.refusals import refusal
from esign.web.rendering import href, language_of, page

PICTURES_A_PAGE = 10
"""Pictures of a letter that stand on one page; a telephone loads each only when it comes into view."""
_SNIFFED_BYTES = 1024
"""Where the header of a PDF must begin for anything to open it (ISO 32000-1, annex H, note 13)."""
_RETRY_SECONDS = 60
_ICON = (files("esign.web") / "templates" / "icon.svg").read_bytes()
_HEADINGS = {
    SignatureKind.DOCUMENT_TIMESTAMP: "timestamp",
    SignatureKind.NOT_UNDERSTOOD: "not_understood",
    SignatureKind.SIGNATURE: "signature",
}


def router(services: Services) -> APIRouter:
    """The routes of the pages. Addresses from QR codes are in capitals, so both spellings are there."""
    routes = APIRouter(default_response_class=HTMLResponse)

    @routes.get("/")
    @routes.get("/verify")
    def start(request: Request) -> Response:
        """Where a file or a code is checked."""
        return page(request, "start.html", home="/verify")

    @routes.get("/icon.svg")
    def icon() -> Response:
        """The picture on the browser's tab."""
        return Response(_ICON, headers={"Cache-Control": "public, max-age=86400"}, media_type="image/svg+xml")

    @routes.get("/v")
    @routes.get("/V")
    def typed(request: Request) -> Response:
        """A code that was typed into the form, or an address that was pasted there: on to its page."""
        entered = request.query_params.get("code", "").strip()
        if not entered:
            return _to(request, "/verify")
        try:
            code = codes.parse(entered.partition("?")[0].rstrip("/").rpartition("/")[2])
        except EsignError as error:
            return refusal(request, error, typed=entered)
        return _to(request, f"/v/{code}")

    @routes.get("/v/{code}")
    @routes.get("/V/{code}")
    def by_code(request: Request, code: str) -> Response:
        """What the QR code opens: the registered letter, as far as its classification lets everybody see it."""
        own = state.of(request)
        try:
            own.lookups.take(context.of(request).address)
            answer = checking.by_code(services, code)
        except EsignError as error:
            return refusal(request, error, typed=code)
        own.metrics.verification("code", str(answer.status))
        plain, letter = codes.parse(code), answer.letter
        status, retry_after = _STATUS.get(answer.status, (200, None))
        return page(
            request,
            "code.html",
            home=f"/v/{plain}",
            zone=letter.agency.timezone if letter is not None else None,
            status=status,
            retry_after=retry_after,
            answer=answer,
            plain_code=plain,
            pictures=Pictures.of(letter.pages if letter is not None else None, request.query_params.get("page", "")),
        )

    @routes.post("/verify")
    async def upload(request: Request) -> Response:
        """Both proofs of an uploaded file."""
        return await _checked(request, None)

    @routes.post("/v/{code}")
    async def upload_for_code(request: Request, code: str) -> Response:
        """Both proofs of an uploaded file that is said to be the letter with this code."""
        return await _checked(request, code)

    @routes.get("/v/{_:path}")
    @routes.get("/V/{_:path}")
    @routes.get("/verify/{_:path}")
    def nowhere(request: Request) -> Response:
        """People who copied an address wrongly get a page, not a document for programs."""
        if request.url.path.rstrip("/").lower() in ("/v", "/verify"):
            return _to(request, "/verify")
        return refusal(request, errors.NotFound())

    async def _checked(request: Request, code: str | None) -> Response:
        own, address = state.of(request), context.of(request).address
        home = "/verify"
        try:
            own.uploads.take(address)
            if code is not None:
                home = f"/v/{codes.parse(code)}"
            with own.upload_gate.enter(address):
                answer = await _answer(services, request, code)
                if isinstance(answer, _Paper):
                    own.metrics.verification("file", answer.verdict)
                    return Response(answer.content, headers=answer.headers, media_type="application/pdf")
        except reasons.InvalidFields:
            return refusal(request, errors.RequestInvalid(), upload_to=home)
        except EsignError as error:
            return refusal(request, error, typed=code or "", upload_to=home)
        own.metrics.verification("file", str(answer.report.verdict))
        zone = answer.letter.agency.timezone if answer.letter is not None else services.settings.timezone
        report = sentences.in_zone(answer.report, ZoneInfo(zone))
        return page(
            request,
            "file.html",
            home=home,
            zone=zone,
            answered_upload=True,
            answer=answer,
            report=report,
            marks=_marks(answer),
            signatures=_shown(report, answer.told.colour),
            told_by_a_signature=_told_by_a_signature(report),
            plain_code=home.removeprefix("/v/") if code is not None else None,
        )

    return routes


_STATUS: dict[RegisterStatus, tuple[int, int | None]] = {
    RegisterStatus.UNKNOWN: (404, None),
    RegisterStatus.UNAVAILABLE: (503, _RETRY_SECONDS),
}
"""HTTP status and Retry-After of a code's page, where it isn't simply 200."""


@dataclass(frozen=True)
class Pictures:
    """Which pictures of a letter stand on its page, and which are to be had beside them."""

    shown: range
    """Page numbers, from 1."""
    links: tuple[tuple[int, int], ...]
    """First and last page of the neighbouring stretches, and of the last one, where officials mostly sign."""

    @classmethod
    def of(cls, pages: int | None, wanted: str) -> "Pictures":
        """The stretch that holds the page ``wanted`` (as the address says it), else the first one."""
        count = pages or 0
        number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 7 else 1
        current = (min(max(number, 1), max(count, 1)) - 1) // PICTURES_A_PAGE
        final = (max(count, 1) - 1) // PICTURES_A_PAGE
        others = sorted({current - 1, current + 1, final} & set(range(final + 1)) - {current})
        return cls(_stretch(current, count), tuple((one[0], one[-1]) for one in (_stretch(n, count) for n in others)))


def _stretch(number: int, pages: int) -> range:
    first = number * PICTURES_A_PAGE + 1
    return range(first, min(first + PICTURES_A_PAGE, pages + 1))


@dataclass(frozen=True)
class ShownSignature:
    """A signature of the report, with its heading and its mark."""

    report: SignatureReport
    heading: str
    number: int
    """Among the signatures, from 1; time-stamps aren't counted."""
    mark: str


@dataclass(frozen=True)
class _Paper:
    """The report to print, and what it says."""

    content: bytes
    verdict: str

    @property
    def headers(self) -> dict[str, str]:
        """It is downloaded, not shown in the place of the page."""
        return {"Content-Disposition": 'attachment; filename="laporan-pemeriksaan.pdf"'}


async def _answer(services: Services, request: Request, code: str | None) -> "FileAnswer | _Paper":
    """What is found of the file in the request's body; as a report to print, where the form asks for it.

    Raises what `uploads.multipart` and `checking.upload` raise, and `NotAPdf`.
    """
    settings = services.settings
    shape = Shape({"report": 8}, {"password": 1024}, file="file", file_bytes=settings.max_letter_bytes)
    async with uploads.multipart(request, shape, settings.body_seconds) as form:
        if form.file is None or not form.file.size:
            raise reasons.InvalidFields.one("file", reasons.REQUIRED)
        if form.fields.get("report", "pdf") != "pdf":
            raise reasons.InvalidFields.one("report", reasons.UNKNOWN)
        pdf, password = await run_in_threadpool(form.file.read), form.secrets.get("password")
    if b"%PDF-" not in pdf[:_SNIFFED_BYTES]:
        raise errors.NotAPdf
    if "report" in form.fields:
        answer, content = await run_in_threadpool(checking.report_paper, services, pdf, code, password)
        return _Paper(content, str(answer.report.verdict))
    return await run_in_threadpool(checking.upload, services, pdf, code, password)


def _marks(answer: FileAnswer) -> dict[str, str]:
    """The mark of each proof: what the whole answer would be if the other proof held."""
    in_force, genuine = RegisterStatus.IN_FORCE, Verdict.GENUINE
    return {
        "file": _mark(told.of_file(answer.report.verdict, in_force, None).colour, answer.told.colour),
        "register": _mark(told.of_file(genuine, answer.register_status, None).colour, answer.told.colour),
    }


def _mark(own: Colour, whole: Colour) -> str:
    """One conclusion's mark. What is well is green only where all is: no green stands beside a warning."""
    return "good" if own is Colour.GREEN and whole is not Colour.GREEN else own.value


def _shown(report: Report, whole: Colour) -> list[ShownSignature]:
    count, shown = 0, []
    for signature in report.signatures:
        count += signature.kind is SignatureKind.SIGNATURE
        own = told.of_file(signature.verdict, RegisterStatus.IN_FORCE, None).colour
        shown.append(ShownSignature(signature, _HEADINGS[signature.kind], count, _mark(own, whole)))
    return shown


def _told_by_a_signature(report: Report) -> bool:
    """Whether the file's sentence only repeats that of the signature which caused it."""
    return not report.genuine and any(signature.verdict is report.verdict for signature in report.signatures)


def _to(request: Request, path: str) -> Response:
    return RedirectResponse(href(path, language_of(request)), status_code=303)
