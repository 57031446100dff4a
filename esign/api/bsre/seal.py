"""``POST /api/v2/seal/pdf``: files sealed with the agency's own certificate (contract, section 4.3)."""

import time

from fastapi import APIRouter, Request
from starlette.responses import Response

from esign.api import state
from esign.api.bsre import v2_sign
from esign.api.bsre.basic import MaySign
from esign.api.bsre.codes import code, subscriber
from esign.api.bsre.reading import JsonBody
from esign.api.bsre.refusals import Refused
from esign.ca.authority import Consent
from esign.service import seals

router = APIRouter(prefix="/api/v2")


@router.post("/seal/pdf")
def seal(request: Request, caller: MaySign, body: JsonBody) -> Response:
    """Seals the files with the code of a batch. All else is as where a person signs."""
    began = time.monotonic()
    called, totp = subscriber(body), code(body)
    if totp is None:
        raise Refused("totp harus diisi")
    own = state.of(request).services
    with v2_sign.place(request):
        items = v2_sign.items_of(request, caller, body)
        with own.database.read() as session:
            signer = seals.find(session, caller.agency_id, called)
        consent = Consent(code=totp, signatures=len(items))
        return v2_sign.signed(request, caller, signer.id, items, consent, began)
