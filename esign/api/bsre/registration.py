"""Persons whom a program enters: ``POST /api/user/registrasi`` and ``/api/v2/user/registration`` (contract, 3.5, 4.5).

Nobody gets a certificate by this: whoever is entered waits for the agency's verifier and the authority. The pictures
and letters that v1 asks for are looked at as they arrive and not kept: who checks an identity asks for them himself,
and what nobody has can't be lost.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import JsonValue, SecretStr, ValidationError

from esign import errors
from esign.api import state
from esign.api.bsre.basic import MayRegister
from esign.api.bsre.forms import Fields, Form, received
from esign.api.bsre.reading import JsonBody, text
from esign.api.bsre.refusals import NO_NIK, Refused
from esign.api.bsre.strangers import counted
from esign.registry.signers import NewSigner
from esign.service import registering
from esign.service.orders import Caller

router = APIRouter(prefix="/api")

TAKEN = 4024
MESSAGE = "Pendaftaran berhasil"

_TEXTS = frozenset({"nik", "nama", "nip", "email", "jabatan"})
_FILE_BYTES = 10 * 1024 * 1024
_FILES = ("ktp", "surat_rekomendasi", "sk_pengangkatan", "image_ttd")
_KINDS = (b"%PDF-", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
"""How a PDF, a JPEG and a PNG begin."""

_WRONG = {
    "nik": ("NIK tidak valid: harus 16 angka", NO_NIK),
    "name": ("nama tidak valid", 400),
    "email": ("email tidak valid", 400),
    "nip": ("nip tidak valid: harus 18 angka", 400),
    "office": ("jabatan tidak valid", 400),
}


async def _form(request: Request) -> AsyncIterator[Form]:
    """A dependency: the form; its files are gone when it is answered."""
    async with received(request, Fields(_TEXTS, files=dict.fromkeys(_FILES, _FILE_BYTES))) as form:
        yield form


@router.post("/user/registrasi")
def register_v1(
    request: Request, caller: MayRegister, form: Annotated[Form, Depends(_form, scope="function")]
) -> dict[str, JsonValue]:
    """Enters a person by his NIK and name."""
    if form.text("nik") is None:
        raise Refused("NIK harus diisi", NO_NIK)
    for name in _FILES:
        upload = form.file(name)
        if upload is not None and not upload.read().startswith(_KINDS):
            raise Refused(f"{name} harus berkas PDF, JPEG atau PNG")
    enter(request, caller, fields({name: form.text(name) for name in _TEXTS}))
    return {"message": MESSAGE}


@router.post("/v2/user/registration")
def register_v2(request: Request, caller: MayRegister, body: JsonBody) -> dict[str, JsonValue]:
    """Enters a person by name and e-mail address, and by what else is sent of him."""
    email = text(body, "email")
    if email is None:
        raise Refused("email harus diisi")
    enter(request, caller, {**fields(body), "email": email})
    return {"success": True, "message": MESSAGE, "data": None}


def fields(body: Mapping[str, JsonValue]) -> dict[str, str | None]:
    """What is kept of a person, by our names. Other fields (telephone, town) have no use here and are dropped."""
    return {
        "nik": text(body, "nik"),
        "name": text(body, "nama"),
        "nip": (text(body, "nip") or "").replace(" ", "") or None,
        "office": text(body, "jabatan"),
        "email": text(body, "email"),
    }


def enter(request: Request, caller: Caller, given: Mapping[str, str | None]) -> None:
    """Enters the person. Raises `Refused`, also for one who is registered already."""
    said = {name: value.strip() for name, value in given.items() if value is not None}
    if "name" not in said:
        raise Refused("nama harus diisi")
    nik = SecretStr(said.pop("nik")) if "nik" in said else None
    try:
        new = NewSigner.model_validate({**said, "nik": nik, "agency_id": caller.agency_id})
    except ValidationError as error:
        first = str(error.errors(include_input=False, include_url=False)[0]["loc"][0])
        raise Refused(*_WRONG.get(first, ("Isian tidak valid", 400))) from None
    try:
        with counted(request, caller):
            registering.register(state.of(request).services, caller, new)
    except errors.SignerExists:
        raise Refused("NIK atau email sudah terdaftar", TAKEN) from None
