"""One-time codes and the activations of seals (contract, sections 4.2 and 4.3)."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from pydantic import JsonValue

from esign.api import state
from esign.api.bsre import names
from esign.api.bsre.basic import MaySign
from esign.api.bsre.reading import JsonBody, text
from esign.api.bsre.refusals import NO_NIK, Refused
from esign.api.bsre.strangers import counted
from esign.ca.authority import IssuedCode, Secret
from esign.service import codes, seals, signers

router = APIRouter(prefix="/api/v2")

Answer = dict[str, JsonValue]


@router.post("/sign/get/totp")
def signing_code(request: Request, caller: MaySign, body: JsonBody) -> Answer:
    """Has a code for signing sent to a person."""
    own, nik, email = state.of(request).services, text(body, "nik"), text(body, "email")
    if nik is None and email is None:
        raise Refused("NIK atau email harus diisi", NO_NIK)
    number = signatures(body)
    with counted(request, caller), own.database.read() as session:
        signer = signers.named(own, session, caller.agency_id, nik=nik, email=email)
    codes.send_to(own, caller, signer, number)
    return {"success": True, "message": "TOTP berhasil dikirim", "data": None}


@router.post("/seal/get/activation")
def activation(request: Request, caller: MaySign, body: JsonBody) -> Answer:
    """Has the code that opens a seal sent to its officer; with that code, tells until when it is good."""
    own, called, totp = state.of(request).services, subscriber(body), code(body)
    if totp is None:
        seals.request_activation(own, caller, called)
        return {"success": True, "message": "TOTP Aktivasi berhasil dikirim", "data": None}
    issued = seals.refresh_activation(own, caller, called, totp)
    return {"success": True, "message": None, "data": _told("TOTP Aktivasi masih berlaku", issued)}


@router.post("/seal/revoke/activation")
def revoke(request: Request, caller: MaySign, body: JsonBody) -> Answer:
    """Ends an activation."""
    seals.revoke_activation(state.of(request).services, caller, subscriber(body), _needed(body))
    return {"success": True, "message": "TOTP Aktivasi berhasil dicabut", "data": None}


@router.post("/seal/get/totp")
def sealing_code(request: Request, caller: MaySign, body: JsonBody) -> Answer:
    """A code for a batch, with the code of the activation. The answer has no wrapper, as there."""
    called, totp, number = subscriber(body), _needed(body), signatures(body)
    issued = seals.seal_code(state.of(request).services, caller, called, totp, signatures=number)
    return _told("TOTP berhasil dibuat", issued)


def code(body: Mapping[str, JsonValue]) -> Secret | None:
    """The one-time code, by either of its names; None where there is none."""
    found = text(body, "totp") or text(body, "otp")
    return Secret(found.strip()) if found is not None else None


def signatures(body: Mapping[str, JsonValue]) -> int:
    """For how many files a code is asked: a number, or its digits; 1 where nothing is said. Raises `Refused`."""
    said = text(body, "data")
    if said is None:
        return 1
    digits = said.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 6 and 1 <= int(digits) <= seals.MOST_SIGNATURES):
        raise Refused(f"data harus jumlah berkas: bilangan dari 1 sampai {seals.MOST_SIGNATURES}")
    return int(digits)


def subscriber(body: Mapping[str, JsonValue]) -> str:
    """The number by which a seal is called. Raises `Refused`."""
    found = text(body, "idSubscriber")
    if found is None:
        raise Refused("idSubscriber harus diisi")
    return found.strip()


def _needed(body: Mapping[str, JsonValue]) -> Secret:
    found = code(body)
    if found is None:
        raise Refused("totp aktivasi harus diisi")
    return found


def _told(message: str, issued: IssuedCode) -> Answer:
    return {
        "message": message,
        "totp": issued.value.reveal(),
        "expires": names.joined(issued.expires),
        "result": True,
    }
