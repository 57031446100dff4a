"""Checking letters, for everybody, without a key."""

from collections.abc import AsyncIterator, Collection
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from esign import errors
from esign.api import context, negotiation, state, uploads
from esign.api.openapi import responses
from esign.api.reasons import InvalidFields, Reason
from esign.api.uploads import Form, Shape
from esign.api.v1 import answers, raises
from esign.service import checking
from esign.service.told import RegisterStatus
from esign.service.views import CodeAnswer, FileAnswer
from esign.verify.etsi import etsi_report

router = APIRouter(prefix="/v1/verify", tags=["verification"])

FILE = "file"
_CODE = "code"
REPORT = "report"
PASSWORD = "password"  # noqa: S105  the field's name
INTEGRITY = "integrity_only"
_XML = "application/xml"
_FORMS = (answers.JSON, _XML, answers.PDF)
REPORTS = {"simple": frozenset[str](), "detailed": {"detailed"}, "diagnostic": {"diagnostic"}}
REPORTS["all"] = frozenset({"detailed", "diagnostic"})
_OTHER_CONTENT = {_XML: {"schema": {"type": "string"}}, **answers.PDF_CONTENT}
_BY_REPORT = {"etsi": _XML, "pdf": answers.PDF}
"""Reports that are no JSON, for those who can't send an Accept header."""
_NAMES = (*REPORTS, *_BY_REPORT)
_NO_CHOICE = Reason("harus true atau false", "has to be true or false")
_NO_INTEGRITY = Reason("laporan ini selalu memuat sertifikat", "this report always includes certificates")

Code = Annotated[
    str,
    Path(
        pattern=r"^[!-~]{1,64}$",
        description="The verification code: 27 symbols, in any case, with or without hyphens.",
        examples=["7KQ2M-X9D4T-0B8WJ-ZR3VN-6YHEC-5F"],
    ),
]


async def _lookup(request: Request) -> None:
    """A dependency: one look-up more of that address."""
    state.of(request).lookups.take(context.of(request).address)


async def _received(request: Request) -> AsyncIterator[Form]:
    """A dependency: the file to be checked, once there is a place for it, sent as a form or as it is."""
    uploads.refuse_query(request)
    own, address = state.of(request), context.of(request).address
    settings = own.services.settings
    own.uploads.take(address)
    with own.upload_gate.enter(address):
        if uploads.content_type(request)[0] == answers.PDF:
            reading = uploads.bare_file(request, settings.max_letter_bytes, settings.body_seconds)
        elif uploads.content_type(request)[0] == "multipart/form-data":
            shape = Shape(
                {_CODE: 256, REPORT: 16, INTEGRITY: 8},
                {PASSWORD: 1024},
                file=FILE,
                file_bytes=settings.max_letter_bytes,
            )
            reading = uploads.multipart(request, shape, settings.body_seconds)
        else:
            raise errors.MediaTypeUnsupported(accepted="multipart/form-data, application/pdf")
        async with reading as form:
            yield form


FileForm = Annotated[Form, Depends(_received, scope="function")]

UPLOAD_PROPERTIES: dict[str, dict[str, object]] = {
    FILE: {
        "type": "string",
        "contentMediaType": answers.PDF,
        "contentEncoding": "binary",
        "description": "The letter, as it was received. Not kept.",
    },
    _CODE: {
        "type": "string",
        "maxLength": 64,
        "description": "The verification code that the letter bears, if there is one to compare with.",
    },
    PASSWORD: {
        "type": "string",
        "format": "password",
        "maxLength": 256,
        "description": "Opens an encrypted file that asks for a password. Neither kept nor logged. "
        "Without the right one the answer is `not_examined`, with the finding `file.locked`.",
    },
    INTEGRITY: {
        "type": "boolean",
        "default": False,
        "description": "Leaves out chain, revocation and algorithm dates, and says `intact` in the "
        "place of `genuine`: for letters whose roots nobody here has. JSON answers only.",
    },
    REPORT: {
        "type": "string",
        "enum": list(_NAMES),
        "default": "simple",
        "description": "Whether the answer also has `detailed`, `diagnostic`, or both (`all`); or, "
        "as with `Accept`, which other report it is.",
    },
}
_UPLOAD_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": UPLOAD_PROPERTIES,
                "required": [FILE],
                "additionalProperties": False,
            },
            "encoding": {FILE: {"contentType": answers.PDF}},
        },
        answers.PDF: {"schema": {"type": "string", "contentMediaType": answers.PDF, "contentEncoding": "binary"}},
    },
}


@router.post(
    "",
    summary="Check a file",
    description=(
        "Two proofs, told apart: `report` is what cryptography says of these bytes, `register_status` what the "
        "issuing agency's register says, and `told` what follows from both, in words for people. `green` needs both. "
        "Letters of others, BSrE's own included, are checked as well. The file is deleted once it is answered. A "
        "file that could not be examined is an answer too (`report.verdict` is `not_examined`), not an error. With "
        "`Accept: application/xml` the answer is the validation report of ETSI TS 119 102-2, the first proof alone; "
        "with `Accept: application/pdf` it is a report to print, sealed by the service where it has a seal."
    ),
    operation_id="verifyFile",
    response_model=FileAnswer,
    openapi_extra={"requestBody": _UPLOAD_BODY},
    responses=responses(
        raises.BODY,
        (errors.LetterTooLarge, errors.NotAPdf, errors.LetterNotExamined, errors.CodeMistyped),
        (errors.TooManyRequests, errors.Busy, errors.NotAcceptable),
        raises.STORAGE,
        good={
            200: {
                "description": "The answer.",
                "content": {_XML: {"schema": {"type": "string"}}, **answers.PDF_CONTENT},
            }
        },
    ),
)
def verify_file(request: Request, form: FileForm) -> Response:
    """The two proofs about an uploaded file."""
    own, report, code = state.of(request), report_of(form, _NAMES), form.fields.get(_CODE)
    wanted = _BY_REPORT.get(report) or negotiation.media_type(request.headers.get("accept"), _FORMS)
    left_out = integrity_only(form)
    if left_out and wanted != answers.JSON:
        raise InvalidFields.one(INTEGRITY, _NO_INTEGRITY)
    headers = {"Vary": "Accept"}
    pdf, password = form.upload(FILE).read(), form.secrets.get(PASSWORD)
    if wanted == answers.JSON and report == "simple":
        answer = checking.upload(own.services, pdf, code, password, integrity_only=left_out)
        content: bytes | str = answer.model_dump_json(exclude={"detailed", "diagnostic"})
    elif wanted == answers.PDF:
        answer, content = checking.report_paper(own.services, pdf, code, password)
        headers["Content-Disposition"] = answers.disposition("laporan-pemeriksaan.pdf")
    else:
        answer, full = checking.upload_fully(own.services, pdf, code, password, integrity_only=left_out)
        unasked = {"detailed", "diagnostic"} - REPORTS.get(report, frozenset())
        content = etsi_report(full) if wanted == _XML else answer.model_dump_json(exclude=unasked)
    own.metrics.verification("file", str(answer.report.verdict))
    return Response(content, media_type=wanted, headers=headers)


def report_of(form: Form, offered: Collection[str]) -> str:
    """Which report the form asks for. Raises `InvalidFields` for one that is not offered."""
    report = form.fields.get(REPORT, "simple")
    if report not in offered:
        names = ", ".join(offered)
        raise InvalidFields.one(REPORT, Reason(f"harus salah satu dari {names}", f"has to be one of {names}"))
    return report


def integrity_only(form: Form) -> bool:
    """Whether the form asks to leave trust out. Raises `InvalidFields`."""
    told = form.fields.get(INTEGRITY, "false")
    if told not in ("true", "false"):
        raise InvalidFields.one(INTEGRITY, _NO_CHOICE)
    return told == "true"


@router.get(
    "/{code}",
    summary="Look up a verification code",
    description=(
        "What the register holds of the letter with this code, as far as its classification lets everybody see it. "
        "This proves that a letter is registered, never that the paper in hand is that letter: a QR code can be "
        "copied. So it is never `green`. A code that was never issued, or whose letter isn't signed yet, is `404`."
    ),
    operation_id="verifyCode",
    dependencies=[Depends(_lookup)],
    response_model=CodeAnswer,
    responses=responses(
        (errors.CodeUnknown, errors.CodeMistyped, errors.TooManyRequests, errors.RequestInvalid), raises.STORAGE
    ),
)
def verify_code(request: Request, code: Code) -> Response:
    """What the register says of a code."""
    own = state.of(request)
    answer = checking.by_code(own.services, code)
    own.metrics.verification("code", str(answer.status))
    if answer.status is RegisterStatus.UNKNOWN:
        raise errors.CodeUnknown
    if answer.status is RegisterStatus.UNAVAILABLE:
        raise errors.StorageUnavailable
    return Response(answer.model_dump_json(), media_type=answers.JSON)


@router.get(
    "/{code}/pages/{page}.png",
    summary="See a registered page",
    description=(
        "A picture of one page of the registered letter, to compare with the paper in hand. Only of letters whose "
        "classification shows their content to everybody; of others it isn't there."
    ),
    operation_id="seePage",
    dependencies=[Depends(_lookup)],
    response_class=Response,
    responses=responses(
        (errors.CodeUnknown, errors.CodeMistyped, errors.PageOutOfRange, errors.LetterNotExamined),
        (errors.TooManyRequests, errors.Busy, errors.RequestInvalid),
        raises.STORAGE,
        good={200: {"description": "The page.", "content": {"image/png": {"schema": {"type": "string"}}}}},
    ),
)
def see_page(
    request: Request,
    code: Code,
    page: Annotated[int, Path(ge=1, le=100_000, description="1 is the first page.")],
) -> Response:
    """A picture of a registered page."""
    picture = checking.page_picture(state.of(request).services, code, page)
    return Response(picture, headers={"Cache-Control": "public, max-age=300"}, media_type="image/png")
