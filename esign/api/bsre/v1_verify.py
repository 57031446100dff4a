"""``POST /api/sign/verify`` (contract, section 3.3)."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import JsonValue

from esign.api import state
from esign.api.bsre import checked, v1_report
from esign.api.bsre.basic import Admitted
from esign.api.bsre.forms import Fields, Form, received
from esign.api.bsre.refusals import Refused
from esign.verify.shown import masked

router = APIRouter(prefix="/api")

_FILES = ("signed_file", "file")
_SECRETS = ("password",)


async def _form(request: Request) -> AsyncIterator[Form]:
    """A dependency: the form with the file."""
    limit = state.of(request).services.settings.max_letter_bytes
    async with received(request, Fields((), _SECRETS, dict.fromkeys(_FILES, limit))) as form:
        yield form


@router.post("/sign/verify")
def verify(
    request: Request, caller: Admitted, form: Annotated[Form, Depends(_form, scope="function")]
) -> dict[str, JsonValue]:
    """What is known of a file, from its bytes and from the register. The file is not kept."""
    found = next(((name, upload) for name in _FILES if (upload := form.file(name)) is not None), None)
    if found is None:
        raise Refused("signed_file harus diisi")
    name, upload = found
    answer = checked.answer(request, caller, upload.read(), form.secrets.get("password"))
    return v1_report.answer(answer, masked(form.names.get(name) or "document.pdf"))
