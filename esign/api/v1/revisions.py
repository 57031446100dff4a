"""The originals of a signed file: what each of its signatures signed. For everybody, without a key."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from esign import errors
from esign.api import context, state, uploads
from esign.api.openapi import responses
from esign.api.reasons import InvalidFields, Reason
from esign.api.uploads import Form, Shape
from esign.api.v1 import answers, raises
from esign.service import checking

router = APIRouter(prefix="/v1/verify", tags=["verification"])

ZIP = "application/zip"
_FILE = "file"
_REVISION = "revision"
_PASSWORD = "password"  # noqa: S105  the field's name
_NO_NUMBER = Reason("harus nomor revisi, mulai dari 1", "has to be the number of a revision, from 1")

_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    _FILE: {
                        "type": "string",
                        "contentMediaType": answers.PDF,
                        "contentEncoding": "binary",
                        "description": "The signed file. Not kept.",
                    },
                    _REVISION: {
                        "type": "integer",
                        "minimum": 1,
                        "description": "Which signed revision, the oldest being 1. Left out: all, as a ZIP archive.",
                    },
                    _PASSWORD: {
                        "type": "string",
                        "format": "password",
                        "maxLength": 1024,
                        "description": "Opens an encrypted file that asks for a password. Neither kept nor logged. "
                        "What comes back is encrypted as before.",
                    },
                },
                "required": [_FILE],
                "additionalProperties": False,
            },
            "encoding": {_FILE: {"contentType": answers.PDF}},
        }
    },
}
_GOOD: dict[int, dict[str, Any]] = {
    200: {
        "description": "The signed revision; or all of them, with `revisions.json` that says what each is.",
        "headers": answers.FILE_HEADERS,
        "content": {ZIP: {"schema": {"type": "string", "contentMediaType": ZIP}}, **answers.PDF_CONTENT},
    }
}


async def _place(request: Request) -> AsyncIterator[None]:
    """A dependency: one place among what is being sent, until the answer is out."""
    with state.of(request).download_gate.enter(context.of(request).address):
        yield


async def _received(request: Request) -> AsyncIterator[Form]:
    """A dependency: the file, once there is a place for it."""
    uploads.refuse_query(request)
    own, address = state.of(request), context.of(request).address
    settings = own.services.settings
    own.uploads.take(address)
    with own.upload_gate.enter(address):
        shape = Shape({_REVISION: 8}, {_PASSWORD: 1024}, file=_FILE, file_bytes=settings.max_letter_bytes)
        async with uploads.multipart(request, shape, settings.body_seconds) as form:
            yield form


@router.post(
    "/revisions",
    summary="Get what was signed",
    description=(
        "Each signature of a PDF signs the file as it was then: its first bytes, up to an end. The answer is that "
        "revision, byte for byte, or all signed revisions in a ZIP archive. Signatures whose structure is broken sign "
        "nothing. The file is deleted once it is answered."
    ),
    operation_id="getSignedRevisions",
    dependencies=[Depends(_place, scope="request")],
    response_class=Response,
    openapi_extra={"requestBody": _BODY},
    responses=responses(
        raises.BODY,
        (errors.LetterTooLarge, errors.RevisionUnknown, errors.RevisionsTooLarge),
        (errors.TooManyRequests, errors.Busy),
        raises.STORAGE,
        good=_GOOD,
    ),
)
def signed_revisions(request: Request, form: Annotated[Form, Depends(_received, scope="function")]) -> Response:
    """What the signatures of an uploaded file signed."""
    own, wanted = state.of(request), form.fields.get(_REVISION)
    if wanted is not None and not (wanted.isascii() and wanted.isdigit()):
        raise InvalidFields.one(_REVISION, _NO_NUMBER)
    pdf, password = form.upload(_FILE).read(), form.secrets.get(_PASSWORD)
    seconds = own.services.settings.body_seconds
    if wanted is None:
        headers = {"Content-Disposition": answers.disposition("revisions.zip")}
        return _Timed(seconds, checking.revisions(own.services, pdf, password), ZIP, headers)
    found, content = checking.revision(own.services, pdf, int(wanted), password)
    return _Timed(seconds, iter((content,)), answers.PDF, answers.of_bytes(found.name, found.sha256))


class _Timed(StreamingResponse):
    """An answer that is cut off when the client takes too long to take it."""

    def __init__(self, seconds: float, content: Iterator[bytes], media_type: str, headers: dict[str, str]) -> None:
        super().__init__(content, media_type=media_type, headers=headers)
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        with anyio.move_on_after(self._seconds):
            await super().__call__(scope, receive, send)
