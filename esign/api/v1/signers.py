"""The agency's officials and their certificates."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from esign import errors
from esign.api import auth, state
from esign.api.auth import MayReadSigners
from esign.api.openapi import responses
from esign.api.reasons import InvalidFields, Reason
from esign.api.v1 import answers, raises
from esign.service import signers
from esign.service.views import CredentialView

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
        auth.RAISES, (errors.SignerUnknown, errors.AuthorityUnavailable, errors.RequestInvalid), raises.STORAGE
    ),
)
def credential(request: Request, signer_id: SignerId, caller: MayReadSigners) -> Response:
    """The state of the certificate. Raises `InvalidFields` for a NIK: it is not to be found that way."""
    if len(signer_id) == _NIK_DIGITS and signer_id.isdigit():
        raise InvalidFields.one("signer_id", _NO_NIK)
    view = signers.credential(state.of(request).services, caller, signer_id)
    return Response(view.model_dump_json(), media_type=answers.JSON)
