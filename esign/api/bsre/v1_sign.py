"""``POST /api/sign/pdf``: one file, signed (contract, section 3.1)."""

import time
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from esign.api import context, state
from esign.api.bsre import forms, signing, values
from esign.api.bsre.basic import MaySign
from esign.api.bsre.forms import Fields, Form
from esign.api.bsre.refusals import NO_NIK, Refused
from esign.api.bsre.signing import PICTURE_BYTES, Drawn, Item, Wish
from esign.api.bsre.strangers import counted
from esign.api.v1 import answers
from esign.ca.authority import Consent
from esign.pades.placement import Placement
from esign.service import applications, handouts, letters, signers
from esign.service.applications import Manner
from esign.service.joining import Signed

router = APIRouter(prefix="/api/sign")

DEFAULT_SIDE = 100.0
"""Points on a side of what goes to a tag for which no size was sent."""

_FIELDS = (
    "nik", "tampilan", "image", "linkQR", "page", "halaman", "xAxis", "yAxis", "width", "height", "tag_koordinat",
    "reason", "location", "text", "jenis_response", "esignQr",
)  # fmt: skip


async def _form(request: Request, _: MaySign) -> AsyncIterator[Form]:
    """A dependency: the form, once there is a place for it."""
    own = state.of(request)
    fields = Fields(
        _FIELDS, ("passphrase",), {"file": own.services.settings.max_letter_bytes, "imageTTD": PICTURE_BYTES}
    )
    with own.signing_gate.enter(context.of(request).address):
        async with forms.received(request, fields) as form:
            yield form


SignForm = Annotated[Form, Depends(_form, scope="function")]


@router.post("/pdf")
def sign(request: Request, caller: MaySign, form: SignForm) -> Response:
    """Signs the file; the answer is it, or JSON with it in base64."""
    began = time.monotonic()
    own = state.of(request).services
    as_json = _answers_json(form.text("jenis_response"))
    upload = form.file("file")
    if upload is None:
        raise Refused("file wajib diisi")
    nik = form.text("nik")
    if nik is None:
        raise Refused("NIK harus diisi", NO_NIK)
    passphrase = form.secrets.get("passphrase")
    if passphrase is None:
        raise Refused("passphrase wajib diisi")
    wish = wish_of(form, applications.manner_of(own, caller))
    with counted(request, caller), own.database.read() as session:
        signer = signers.named(own, session, caller.agency_id, nik=nik, email=None)
    item = Item(upload.read(), wish)
    (signed,) = signing.sign(request, caller, signer.id, [item], Consent(passphrase))
    handout = handouts.offer(own, caller, signed.letter_id, signed.sha256, signed.size)
    (content,) = signing.contents(request, [signed])
    return _answer(content, signed, handout, round((time.monotonic() - began) * 1000), as_json=as_json)


def wish_of(form: Form, manner: Manner) -> Wish:
    """How the form wants its file to be signed. Raises `Refused`."""
    drawn = _drawn(form, manner) if values.visible(form.text("tampilan")) else None
    return Wish(drawn, reason=values.line(form.text("reason")), location=values.line(form.text("location")))


def _drawn(form: Form, manner: Manner) -> Drawn:
    placement = _placement(form, manner)
    if manner.our_qr or values.flag(form.text("esignQr"), "esignQr"):
        return Drawn(placement)
    picture, code = form.file("imageTTD"), form.text("linkQR")
    match values.flag(form.text("image"), "image"):
        case True:
            if picture is None:
                raise Refused("imageTTD wajib diisi bila image=true")
            code = None
        case False:
            if code is None:
                raise Refused("linkQR wajib diisi bila image=false")
            picture = None
        case None if "image" in form.texts and code is not None:  # false, as PHP writes it in a form
            picture = None
        case None:
            code = None if picture is not None else code
    return Drawn(placement, picture.read() if picture is not None else None, code)


def _placement(form: Form, manner: Manner) -> Placement:
    width, height = (values.number(form.text(name), name) for name in ("width", "height"))
    tag = form.text("tag_koordinat")
    if tag is not None:
        side = width or height or DEFAULT_SIDE
        return signing.at_tag(tag, abs(width or side), abs(height or side))
    page = values.page(form.text("page")) or values.first_or_last(form.text("halaman"))
    if page is None:
        raise Refused("page atau halaman wajib diisi")
    x, y = (values.number(form.text(name), name) for name in ("xAxis", "yAxis"))
    for name, value in (("xAxis", x), ("yAxis", y), ("width", width), ("height", height)):
        if value is None:
            raise Refused(f"{name} wajib diisi")
    assert x is not None and y is not None and width is not None and height is not None  # noqa: S101, PT018 as seen
    across, up = (width, height) if manner.v1_rect == "corners" else (x + width, y + height)
    left, right = sorted((x, across))
    bottom, top = sorted((y, up))
    return signing.box(page, left, bottom, right - left, top - bottom)


def _answers_json(said: str | None) -> bool:
    match (said or "BYTE").lower():
        case "byte":
            return False
        case "base64":
            return True
        case _:
            raise Refused("jenis_response harus BASE64 atau BYTE")


def _answer(content: bytes, signed: Signed, handout: str, milliseconds: int, *, as_json: bool) -> Response:
    headers = {
        "id_dokumen": handout,
        "signing_time": str(milliseconds),
        "Letter-Id": signed.letter_id,
        "Letter-Level": signed.level,
    }
    if as_json:
        start = f'{{"id_dokumen": "{handout}", "signing_time": {milliseconds}, "base64_signed_file": "'.encode()
        body = b"".join((start, b64encode(content), b'"}'))
        return Response(body, media_type=answers.JSON, headers=headers)
    headers["Content-Disposition"] = answers.disposition(letters.filename(f"{handout}-signed"))
    return Response(content, media_type=answers.PDF, headers=headers)
