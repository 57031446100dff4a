"""The agency's officials and their certificates."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import Response

from esign import errors
from esign.api import auth, openapi, reasons, state, uploads
from esign.api.auth import MayReadSigners, MaySign
from esign.api.openapi import responses
from esign.api.reasons import InvalidFields, Reason
from esign.api.uploads import Shape
from esign.api.v1 import answers, raises
from esign.service import codes, signers
from esign.service.views import CodeSentView, CredentialView

router = APIRouter(prefix="/v1/signers", tags=["signers"])

_NIK_DIGITS = 16
_NO_NIK = Reason(
    "harus id penanda tangan, tidak pernah NIK: alamat tercatat di banyak tempat",
    "has to be the signer's id, never his NIK: addresses are recorded in many places",
)

SignerId = Annotated[
    str,
    Path(
        pattern=r"^[!-~]{1,64}$", description="The signer's id in the register. Never his NIK: addresses are recorded."
    ),
]


@router.get(
    "/{signer_id}/credential",
    summary="May this official sign now?",
    description="His certificate and its state, asked of the authority now, and whether wrong passphrases lock him.",
    operation_id="getCredential",
    response_model=CredentialView,
    responses=responses(
        auth.RAISES,
        (errors.SignerUnknown, errors.AuthorityUnavailable, errors.AuthorityNotAdmitted, errors.RequestInvalid),
        raises.family(errors.AuthorityRefused),
        raises.STORAGE,
    ),
)
def credential(request: Request, signer_id: SignerId, caller: MayReadSigners) -> Response:
    """The state of the certificate. Raises `InvalidFields` for a NIK: it is not to be found that way."""
    _refuse_nik(signer_id)
    view = signers.credential(state.of(request).services, caller, signer_id)
    return Response(view.model_dump_json(), media_type=answers.JSON)


class CodeWish(BaseModel):
    """What a one-time code is to be good for."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    signatures: Annotated[int, Field(ge=1, le=10_000)] = 1
    """How many letters the official will sign with it."""


_WISH = Shape(dict.fromkeys(CodeWish.model_fields, 64))


def _wish_body() -> dict[str, Any]:
    return {"required": True, "content": {answers.JSON: {"schema": openapi.schema_of(CodeWish)}}}


async def _wished(request: Request) -> CodeWish:
    """A dependency: for how many signatures, as JSON."""
    uploads.refuse_query(request)
    if uploads.content_type(request)[0] != answers.JSON:
        raise errors.MediaTypeUnsupported(accepted=answers.JSON)
    members, _ = await uploads.json_object(request, _WISH, state.of(request).services.settings.body_seconds)
    try:
        return CodeWish.model_validate(members)
    except ValidationError as error:
        raise reasons.of(error, known=_WISH.names) from None


@router.post(
    "/{signer_id}/codes",
    status_code=202,
    summary="Have a one-time code sent to this official",
    description=(
        "His authority sends it to him, by mail or by its app; nobody else sees it. He hands it to your application, "
        "which signs with it as `code` in the place of the passphrase, that many letters, within minutes. A new code "
        "voids the earlier one; the next may be asked for after a pause."
    ),
    operation_id="sendCode",
    response_model=CodeSentView,
    openapi_extra={"requestBody": _wish_body()},
    responses=responses(auth.RAISES, raises.BODY, raises.CODES, raises.STORAGE),
)
def send_code(
    request: Request, signer_id: SignerId, caller: MaySign, wish: Annotated[CodeWish, Depends(_wished)]
) -> Response:
    """Has a code sent. Raises `InvalidFields` for a NIK."""
    _refuse_nik(signer_id)
    view = codes.send(state.of(request).services, caller, signer_id, wish.signatures)
    return Response(view.model_dump_json(), status_code=202, media_type=answers.JSON)


def _refuse_nik(signer_id: str) -> None:
    if len(signer_id) == _NIK_DIGITS and signer_id.isdigit():
        raise InvalidFields.one("signer_id", _NO_NIK)
