"""The API of BSrE's eSign Client Service, spoken so that applications written for it need no changed line.

What it takes and answers is told in docs/bsre.md. It lies under ``/api``, apart from our own API: every refusal there
has the body that those applications read, and it is left out of the OpenAPI document, which describes what we promise
to new applications.
"""

from fastapi import APIRouter

from esign.api.bsre import codes, download, registration, seal, users, v1_sign, v1_verify, v2_sign, v2_verify


def router() -> APIRouter:
    """All addresses of it."""
    whole = APIRouter()
    for part in (download, users, registration, codes, seal, v1_verify, v2_verify, v1_sign, v2_sign):
        whole.include_router(part.router)
    return whole
