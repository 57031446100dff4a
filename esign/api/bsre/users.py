"""Users of BSrE's service: how their certificate stands, who they are, their certificates (contract, 3.4, 4.4, 4.6).

A NIK stands in some of these addresses: only the form of an address is ever logged or measured. Whoever asks for people
who are not registered has to wait after a while, so that nobody finds out NIKs by trying.
"""

from base64 import b64encode
from datetime import UTC

from fastapi import APIRouter, Request
from pydantic import JsonValue

from esign import errors
from esign.api import state
from esign.api.bsre import names, statuses
from esign.api.bsre.basic import MayReadSigners
from esign.api.bsre.reading import JsonBody
from esign.api.bsre.strangers import counted
from esign.ca.authority import CredentialStatus
from esign.registry.models import Signer
from esign.service import registering
from esign.service.orders import Caller
from esign.service.registering import Standing

router = APIRouter(prefix="/api")

Answer = dict[str, JsonValue]

_AS_REMEMBERED = " (menurut catatan terakhir; penyelenggara sertifikat sedang tidak dapat dihubungi)"


@router.get("/user/status/{reference:path}")
def status_v1(request: Request, reference: str, caller: MayReadSigners) -> Answer:
    """How the certificate of that NIK stands: always an answer."""
    return _status(request, caller, nik=reference, email=None)


@router.get("/user/status")
def status_of_nobody(request: Request, caller: MayReadSigners) -> Answer:
    """The same, where the client sent no NIK."""
    return _status(request, caller, nik=None, email=None)


@router.post("/v2/user/check/status")
def status_v2(request: Request, caller: MayReadSigners, body: JsonBody) -> Answer:
    """How the certificate of that NIK, or else of that e-mail address, stands: always an answer."""
    return _status(request, caller, nik=_said(body.get("nik")), email=_said(body.get("email")))


@router.get("/user/certificate/chain/{reference:path}")
@router.get("/v2/user/certificate/chain/{reference:path}")
def chain(request: Request, reference: str, caller: MayReadSigners) -> Answer:
    """The certificate of a NIK, an e-mail address or a subscriber's number, and its issuers up to the root."""
    found = _standing(request, caller, reference)
    if found.unanswered is not None:
        raise errors.AuthorityUnavailable(authority=found.unanswered)
    if found.credential is None or found.credential.certificate is None:
        raise errors.CredentialMissing
    certificates = (found.credential.certificate, *found.credential.chain)
    return {"success": True, "data": [b64encode(each.dump()).decode() for each in certificates]}


@router.get("/user/profile/{reference:path}")
def profile(request: Request, reference: str, caller: MayReadSigners) -> Answer:
    """Who a person is, as the agency has him on record; the NIK itself is not repeated."""
    found = _standing(request, caller, reference)
    own, signer = state.of(request).services, found.signer
    return {
        "success": True,
        "data": {
            "nama": signer.name,
            "nip": signer.nip,
            "email": signer.email,
            "jabatan": signer.office,
            "unit_kerja": registering.agency_name(own, caller),
            **statuses.answer(found.status),
        },
    }


@router.get("/entity/cert/expired")
def expired(request: Request, caller: MayReadSigners) -> Answer:
    """The certificates of the agency's signers that have expired, as they were last seen."""
    found = registering.ended(state.of(request).services, caller)
    return {
        "success": True,
        "data": [
            {
                "nama": each.signer.name,
                "email": each.signer.email,
                "status": CredentialStatus.EXPIRED.value,
                "notAfterDate": names.iso(each.credential.not_after.astimezone(UTC)),
            }
            for each in found
            if each.credential.not_after is not None
        ],
    }


def _status(request: Request, caller: Caller, *, nik: str | None, email: str | None) -> Answer:
    try:
        with counted(request, caller):
            found = registering.standing(state.of(request).services, caller, nik=nik, email=email)
    except errors.SignerUnknown:
        return statuses.answer(CredentialStatus.NOT_REGISTERED)
    told = statuses.answer(found.status)
    if found.unanswered is not None:
        told["message"] = f"{told['message']}{_AS_REMEMBERED}"
    return told


def _standing(request: Request, caller: Caller, reference: str) -> Standing:
    """How the certificate of whoever is called so stands. Raises `SignerUnknown`."""
    own = state.of(request).services
    with counted(request, caller):
        signer: Signer = registering.any_named(own, caller, reference)
    return registering.of_signer(own, caller, signer)


def _said(value: JsonValue) -> str | None:
    """What was sent, as text; None for what is no text and no number, or can't be written, and so names nobody."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    said = str(value).strip()
    return said if said.isprintable() and said.lower() not in ("", "null") else None
