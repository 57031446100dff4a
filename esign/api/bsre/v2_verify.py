"""``POST /api/v2/verify/pdf`` (contract, section 4.7)."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from pydantic import JsonValue

from esign.api import state
from esign.api.bsre import checked, v2_report
from esign.api.bsre.basic import Admitted
from esign.api.bsre.encoded import decoded
from esign.api.bsre.reading import JsonBody, text
from esign.api.bsre.refusals import Refused
from esign.ca.authority import Secret

router = APIRouter(prefix="/api/v2")


@router.post("/verify/pdf")
def verify(request: Request, caller: Admitted, body: JsonBody) -> dict[str, JsonValue]:
    """What is known of a file, from its bytes and from the register. The file is not kept."""
    limit = state.of(request).services.settings.max_letter_bytes
    pdf = decoded(_file(body), "file", limit)
    password = text(body, "password") or text(body, "passsword")  # so one client writes it
    found = checked.answer(request, caller, pdf, Secret(password) if password else None)
    return v2_report.answer(found)


def _file(body: Mapping[str, JsonValue]) -> JsonValue:
    """The file, which one client sends as an array of one."""
    found = body.get("file")
    if isinstance(found, list):
        if len(found) != 1:
            raise Refused("file harus berisi tepat satu dokumen")
        found = found[0]
    if found is None or found == "":
        raise Refused("file harus diisi")
    return found
