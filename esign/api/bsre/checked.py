"""A file that an application wants checked: the same check that everybody can have without a password."""

from fastapi import Request

from esign import errors
from esign.api import state
from esign.ca.authority import Secret
from esign.service import checking
from esign.service.orders import Caller
from esign.service.views import FileAnswer

_HEADER_WITHIN = 1024


def answer(request: Request, caller: Caller, pdf: bytes, password: Secret | None = None) -> FileAnswer:
    """Both proofs of the file. Raises `NotAPdf` for what isn't one, `Busy`."""
    if b"%PDF-" not in pdf[:_HEADER_WITHIN]:
        raise errors.NotAPdf
    own = state.of(request)
    with own.upload_gate.enter(caller.client_id):
        found = checking.upload(own.services, pdf, password=password)
    own.metrics.verification("file", str(found.report.verdict))
    return found
