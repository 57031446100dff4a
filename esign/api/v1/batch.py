"""Checking several letters in one request, for everybody, without a key."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from esign import errors
from esign.api import context, logs, problems, state, uploads
from esign.api.openapi import responses
from esign.api.problems import Problem
from esign.api.uploads import Form, Shape
from esign.api.v1 import answers, raises, verify
from esign.errors import EsignError
from esign.service import batches
from esign.service.views import FileAnswer

PATH = "/v1/verify/batch"
_failures = structlog.stdlib.get_logger("esign.failure")
router = APIRouter(tags=["verification"])


class BatchedAnswer(BaseModel):
    """What came of one file of a batch: either its answer, or why this file was refused."""

    answer: FileAnswer | None = Field(description="As `POST /v1/verify` answers; null where the file was refused.")
    problem: Problem | None = Field(description="Why this file was refused; null where it was not.")


async def _received(request: Request) -> AsyncIterator[Form]:
    """A dependency: the files to be checked, once there is a place for them; each counts against the address's limit.

    A file for which nothing is left is refused alone. The first one is counted before anything is read.
    """
    uploads.refuse_query(request)
    own, address = state.of(request), context.of(request).address
    settings = own.services.settings
    own.uploads.take(address)
    shape = Shape(
        {verify.REPORT: 16, verify.INTEGRITY: 8},
        {verify.PASSWORD: 1024},
        file=verify.FILE,
        file_bytes=settings.max_letter_bytes,
        most_files=settings.public_batch_files,
        all_bytes=settings.public_batch_bytes,
    )
    with own.batch_gate.enter(address), own.upload_gate.enter(address):
        async with uploads.multipart(request, shape, settings.body_seconds) as form:
            form.upload(verify.FILE)
            for upload in form.files[1:]:
                try:
                    own.uploads.take(address)
                except errors.TooManyRequests as error:
                    upload.refuse(error)
            yield form


FilesForm = Annotated[Form, Depends(_received, scope="function")]

_one = verify.UPLOAD_PROPERTIES
_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    verify.FILE: {
                        "type": "array",
                        "items": {"type": "string", "contentMediaType": answers.PDF, "contentEncoding": "binary"},
                        "minItems": 1,
                        "description": "The letters, as they were received: one part of this name for each. Not kept.",
                    },
                    verify.PASSWORD: _one[verify.PASSWORD] | {"description": "Opens those that are encrypted."},
                    verify.INTEGRITY: _one[verify.INTEGRITY],
                    verify.REPORT: {
                        "type": "string",
                        "enum": list(verify.REPORTS),
                        "default": "simple",
                        "description": "Whether each answer also has `detailed`, `diagnostic`, or both (`all`).",
                    },
                },
                "required": [verify.FILE],
                "additionalProperties": False,
            },
            "encoding": {verify.FILE: {"contentType": answers.PDF}},
        }
    },
}


@router.post(
    PATH,
    summary="Check several files",
    description=(
        "A list in the order of the files: for each its `answer`, as `POST /v1/verify` gives it, or the `problem` for "
        "which this file alone was refused (too large, or over the limit of files a minute). They are examined side "
        "by side. The whole request is refused only for what it is as a whole: too many files, too many bytes, a "
        "field that is not known. One address may have one batch checked at a time."
    ),
    operation_id="verifyFiles",
    response_model=list[BatchedAnswer],
    openapi_extra={"requestBody": _BODY},
    responses=responses(raises.BODY, (errors.TooManyRequests, errors.Busy), raises.STORAGE),
)
def verify_files(request: Request, form: FilesForm) -> Response:
    """The two proofs about each file."""
    own, about = state.of(request), context.of(request)
    report = verify.report_of(form, verify.REPORTS)
    integrity_only = verify.integrity_only(form)
    found = batches.check(
        own.services,
        [upload.read for upload in form.files],
        _unexpected,
        form.secrets.get(verify.PASSWORD),
        fully=report != "simple",
        integrity_only=integrity_only,
    )
    for one in found:
        if isinstance(one, FileAnswer):
            own.metrics.verification("file", str(one.report.verdict))
        else:
            own.metrics.problem(one.code)
    return Response("".join(_json(found, report, about)), media_type=answers.JSON)


def _unexpected(error: Exception) -> EsignError:
    """Logs what the edge would log, and answers as it would."""
    _failures.error("request_failed", route=PATH, failure=logs.describe(error))
    return EsignError()


def _json(found: list[FileAnswer | EsignError], report: str, about: context.Context) -> Iterator[str]:
    """The list, one element after the other."""
    unasked = {"detailed", "diagnostic"} - verify.REPORTS[report]
    yield "["
    for number, one in enumerate(found):
        yield "," if number else ""
        if isinstance(one, FileAnswer):
            yield f'{{"answer":{one.model_dump_json(exclude=unasked)},"problem":null}}'
        else:
            yield f'{{"answer":null,"problem":{problems.written(one, about)}}}'
    yield "]"
