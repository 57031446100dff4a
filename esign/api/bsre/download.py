"""``GET /api/sign/download/{id_dokumen}``: a signed file once more, once (contract, section 3.2)."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from esign.api import state
from esign.api.bsre.basic import MaySign
from esign.api.bsre.refusals import Refused
from esign.api.v1 import answers
from esign.service import handouts

router = APIRouter(prefix="/api/sign")

GONE = 4044


@router.get("/download/{id_dokumen}")
def download(request: Request, id_dokumen: str, caller: MaySign) -> Response:
    """The file, where it was not fetched before and its time is not over."""
    content = handouts.take(state.of(request).services, caller, id_dokumen.lower())
    if content is None:
        sentence = "File tidak tersedia, pastikan bahwa dokumen belum di download"
        raise Refused(sentence, GONE, status=404)
    headers = {"Content-Disposition": answers.disposition(f"{id_dokumen.lower()}.pdf")}
    return Response(content, media_type=answers.PDF, headers=headers)
