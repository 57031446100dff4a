"""Checking a letter that may not be uploaded: by the digests and the CMS of its signatures. For everybody."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from starlette.responses import Response

from esign import errors
from esign.api import context, openapi, reasons, state, uploads
from esign.api.openapi import responses
from esign.api.uploads import Shape
from esign.api.v1 import answers, raises
from esign.service import digests
from esign.service.views import DigestAnswer
from esign.verify.digest_report import DigestedSignature, DigestRequest

router = APIRouter(prefix="/v1/verify", tags=["verification"])

MAX_BYTES = 4 * 1024 * 1024
"""Of the JSON."""
_SHAPE = Shape(dict.fromkeys(DigestRequest.model_fields, MAX_BYTES))
_NAMES = (*DigestRequest.model_fields, *DigestedSignature.model_fields)


async def _received(request: Request) -> AsyncIterator[DigestRequest]:
    """A dependency: the digests, once there is a place for them."""
    uploads.refuse_query(request)
    own, address = state.of(request), context.of(request).address
    own.uploads.take(address)
    if uploads.content_type(request)[0] != answers.JSON:
        raise errors.MediaTypeUnsupported(accepted=answers.JSON)
    with own.upload_gate.enter(address):
        seconds = own.services.settings.body_seconds
        members, _ = await uploads.json_object(request, _SHAPE, seconds, MAX_BYTES)
        try:
            wanted = DigestRequest.model_validate(members)
        except ValidationError as error:
            raise reasons.of(error, known=_NAMES) from None
        yield wanted


Sent = Annotated[DigestRequest, Depends(_received, scope="function")]


@router.post(
    "/digest",
    summary="Check a letter without sending it",
    description=(
        "For letters that may not leave the house: instead of the file, send the digest of what each signature signs "
        "and its CMS (`esign digest FILE` makes this request from a file). The answer says whether each signature was "
        "made over that digest, by whom, when, and whether the certificate held; and, by the file's hash, what the "
        "register knows. Without the file nobody can say whether the digests are those of the letter that you see, "
        "or what was changed after a signature: so the answer never is that the file is genuine, and "
        "`report.not_examined` names what was left out."
    ),
    operation_id="verifyDigests",
    response_model=DigestAnswer,
    openapi_extra={
        "requestBody": {"required": True, "content": {answers.JSON: {"schema": openapi.schema_of(DigestRequest)}}}
    },
    responses=responses(raises.BODY, (errors.TooManyRequests, errors.Busy), raises.STORAGE),
)
def verify_digests(request: Request, sent: Sent) -> Response:
    """What the digests prove."""
    own = state.of(request)
    answer = digests.check(own.services, sent)
    own.metrics.verification("digest", str(answer.report.conclusion))
    return Response(answer.model_dump_json(), media_type=answers.JSON)
