"""The agency's letters: looked up, searched, fetched, withdrawn."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import Response

from esign import errors
from esign.api import auth, idempotency, openapi, reasons, state, uploads
from esign.api.auth import MayRead, MaySign
from esign.api.idempotency import Answer, Key
from esign.api.openapi import responses
from esign.api.uploads import Shape
from esign.api.v1 import answers, raises
from esign.api.v1.signing import LetterId
from esign.service import letters
from esign.service.orders import LetterQuery, Line
from esign.service.views import LetterPage, LetterView

router = APIRouter(prefix="/v1/letters", tags=["letters"])

_LINK = {"Link": {"description": "The next page (RFC 8288).", "schema": {"type": "string"}}}


@router.get(
    "",
    summary="List and search letters",
    description=(
        "The agency's letters, newest first, those that fit every condition given. The next page is `next` as "
        "`cursor`, and stands whole in the `Link` header; pages stay right while letters are added."
    ),
    operation_id="listLetters",
    response_model=LetterPage,
    responses=responses(auth.RAISES, (errors.RequestInvalid,), raises.STORAGE, good={200: {"headers": _LINK}}),
)
def search(request: Request, caller: MayRead, query: Annotated[LetterQuery, Query()]) -> Response:
    """One page of letters."""
    page = letters.search(state.of(request).services, caller, query)
    headers = {}
    if page.next is not None:
        given = query.model_dump(mode="json", exclude_unset=True, exclude={"cursor"})
        headers["Link"] = f'<{request.url.path}?{urlencode({**given, "cursor": page.next})}>; rel="next"'
    return Response(page.model_dump_json(), headers=headers, media_type=answers.JSON)


@router.get(
    "/{letter_id}",
    summary="One letter's record",
    description="Its fields, where it stands, its signatures, and who has still to sign.",
    operation_id="getLetter",
    response_model=LetterView,
    responses=responses(auth.RAISES, (errors.LetterUnknown, errors.RequestInvalid), raises.STORAGE),
)
def get(request: Request, letter_id: LetterId, caller: MayRead) -> Response:
    """The record."""
    view = letters.get(state.of(request).services, caller, letter_id)
    return Response(view.model_dump_json(), media_type=answers.JSON)


@router.get(
    "/{letter_id}/file",
    summary="One letter's file",
    description=(
        "The newest signed PDF; of a draft, the PDF that was handed in. `If-None-Match` with the `ETag` of what is "
        "already there saves the download."
    ),
    operation_id="getLetterFile",
    response_class=Response,
    responses=responses(
        auth.RAISES,
        (errors.LetterUnknown, errors.LetterStateForbids, errors.RequestInvalid),
        raises.STORAGE,
        good={
            200: {"description": "The PDF.", "content": answers.PDF_CONTENT, "headers": answers.FILE_HEADERS},
            304: {"description": "The file is still the one that `If-None-Match` names."},
        },
    ),
)
def get_file(request: Request, letter_id: LetterId, caller: MayRead) -> Response:
    """The file."""
    file = letters.file(state.of(request).services, caller, letter_id)
    headers = answers.of_file(file) | {"Cache-Control": "private, no-cache"}
    if _names(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(file.content, headers=headers, media_type=answers.PDF)


class Withdrawal(BaseModel):
    """Why a letter is no longer in force."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    reason: Annotated[Line, Field(max_length=500)]
    """Kept in the audit trail; the public page says only that the letter was withdrawn."""


_WITHDRAWAL = Shape({"reason": 4096})


def _withdrawal_body() -> dict[str, Any]:
    schema = openapi.schema_of(Withdrawal)
    return {
        "required": True,
        "content": {name: {"schema": schema} for name in (answers.JSON, "application/x-www-form-urlencoded")},
    }


async def _withdrawal(request: Request) -> Withdrawal:
    """A dependency: the reason, as JSON or as a form."""
    uploads.refuse_query(request)
    seconds = state.of(request).services.settings.body_seconds
    match uploads.content_type(request)[0]:
        case "application/json":
            fields, _ = await uploads.json_object(request, _WITHDRAWAL, seconds)
        case "application/x-www-form-urlencoded":
            fields = dict((await uploads.urlencoded(request, _WITHDRAWAL, seconds)).fields)
        case _:
            raise errors.MediaTypeUnsupported(accepted="application/json, application/x-www-form-urlencoded")
    try:
        return Withdrawal.model_validate(fields)
    except ValidationError as error:
        raise reasons.of(error, known=("reason",)) from None


WithdrawalForm = Annotated[Withdrawal, Depends(_withdrawal)]


@router.post(
    "/{letter_id}/withdrawal",
    summary="Withdraw a letter",
    description=(
        "Takes a signed letter out of force: from now on its verification page says so. Its number stays used and its "
        "file stays what it is; nothing brings it back into force."
    ),
    operation_id="withdrawLetter",
    response_class=Response,
    openapi_extra={"requestBody": _withdrawal_body()},
    responses=responses(
        auth.RAISES,
        raises.BODY,
        (errors.LetterUnknown, errors.LetterBusy, errors.LetterStateForbids),
        raises.STORAGE,
        idempotency.RAISES,
        good={
            200: {
                "description": "The letter as it stands now.",
                "content": {answers.JSON: {"schema": {"$ref": openapi.REFS.format(model="LetterView")}}},
            }
        },
    ),
)
def withdraw(
    request: Request,
    letter_id: LetterId,
    caller: MaySign,
    withdrawal: WithdrawalForm,
    idempotency_key: Key = None,
) -> Response:
    """Takes the letter out of force."""

    def work(_: str | None) -> Answer:
        view = letters.withdraw(state.of(request).services, caller, letter_id, withdrawal.reason)
        return answers.record(view, status=200)

    return idempotency.once(request, caller, idempotency_key, files={}, fields={"reason": withdrawal.reason}, work=work)


def _names(if_none_match: str | None, entity_tag: str) -> bool:
    """Whether the header names the tag (RFC 9110, 13.1.2: by weak comparison)."""
    if if_none_match is None:
        return False
    return any(tag.strip().removeprefix("W/") in (entity_tag, "*") for tag in if_none_match.split(","))
