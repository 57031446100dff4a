"""``POST /api/v2/sign/pdf``: one file or several, signed with one consent (contract, section 4.1).

What is read of ``signatureProperties`` and ``file`` here is the same where a seal signs.
"""

import json
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from fastapi import APIRouter, Request
from pydantic import JsonValue
from starlette.responses import Response

from esign import errors
from esign.api import context, state
from esign.api.bsre import signing, values
from esign.api.bsre.basic import MaySign
from esign.api.bsre.encoded import decoded
from esign.api.bsre.reading import JsonBody, text
from esign.api.bsre.refusals import NO_NIK, Refused
from esign.api.bsre.signing import PICTURE_BYTES, Drawn, Item, Wish
from esign.api.bsre.strangers import counted
from esign.api.v1 import answers
from esign.ca.authority import Consent, Secret
from esign.pades.placement import Placement
from esign.service import applications, signers
from esign.service.applications import Manner
from esign.service.orders import Caller

router = APIRouter(prefix="/api/v2")

DEFAULT_SIDE = 100.0
"""Points on a side of what goes to a tag for which no size was sent."""
MOST_STAMPS = 50
"""Further stamps of one file."""

_SHARED = ("imageBase64", "esignQr", "width", "height")

Object = Mapping[str, JsonValue]


@router.post("/sign/pdf")
def sign(request: Request, caller: MaySign, body: JsonBody) -> Response:
    """Signs the files as a person."""
    began = time.monotonic()
    own = state.of(request).services
    nik, email = text(body, "nik"), text(body, "email")
    if nik is None and email is None:
        raise Refused("NIK atau email harus diisi", NO_NIK)
    passphrase, code = secret(body, "passphrase"), secret(body, "totp") or secret(body, "otp")
    if passphrase is None and code is None:
        raise Refused("passphrase atau totp wajib diisi")
    with place(request):
        items = items_of(request, caller, body)
        with counted(request, caller), own.database.read() as session:
            signer = signers.named(own, session, caller.agency_id, nik=nik, email=email)
        consent = Consent(passphrase=passphrase, code=code, signatures=len(items))
        return signed(request, caller, signer.id, items, consent, began)


def signed(
    request: Request, caller: Caller, signer_id: str, items: Sequence[Item], consent: Consent, began: float
) -> Response:
    """The answer with the signed files, in their order. ``began`` is when the request came, by the monotonic clock."""
    found = signing.sign(request, caller, signer_id, items, consent)
    files = signing.contents(request, found)
    milliseconds = round((time.monotonic() - began) * 1000)
    body = b"".join(
        (
            f'{{"time": {milliseconds}, "file": ["'.encode(),
            b'", "'.join(b64encode(file) for file in files),
            b'"]}',
        )
    )
    return Response(body, media_type=answers.JSON, headers={"Letter-Id": ", ".join(each.letter_id for each in found)})


@contextmanager
def place(request: Request) -> Iterator[None]:
    """One of the places for requests that sign. Raises `Busy` where there is none."""
    with state.of(request).signing_gate.enter(context.of(request).address):
        yield


def items_of(request: Request, caller: Caller, body: Object) -> list[Item]:
    """The files, each with how it is signed. Raises `Refused`, `LetterTooLarge`."""
    own = state.of(request).services
    manner = applications.manner_of(own, caller)
    files = _list(body, "file")
    if len(files) > own.settings.bsre_files:
        raise Refused(f"file paling banyak {own.settings.bsre_files}")
    properties = _list(body, "signatureProperties")
    if len(properties) not in (1, len(files)):
        raise Refused("signatureProperties harus satu, atau sebanyak file")
    wishes = [_wish(each, f"signatureProperties[{number}]", manner) for number, each in enumerate(properties)]
    limit = own.settings.max_letter_bytes
    items: list[Item] = []
    for number, each in enumerate(files):
        items.append(Item(decoded(each, f"file[{number}]", limit), wishes[number % len(wishes)]))
        files[number] = None  # a third larger than the file, and of no more use
    return items


def secret(body: Object, name: str) -> Secret | None:
    """A passphrase or code, as it was sent but for a number; None where there is none. Raises `Refused`."""
    value = body.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise Refused(f"{name} harus berupa teks")
    found = text({name: value}, name)
    return Secret(found) if found is not None else None


def _list(body: Object, name: str) -> list[JsonValue]:
    """The field as a list; a single one that came without brackets is one of one."""
    value = body.get(name)
    found: list[JsonValue] = value if isinstance(value, list) else [value]
    if value is None or value == "" or not found:
        raise Refused(f"{name} wajib diisi")
    return found


def _wish(value: JsonValue, name: str, manner: Manner) -> Wish:
    if not isinstance(value, dict):
        raise Refused(f"{name} harus objek JSON")
    drawn: Drawn | None = None
    further: tuple[Drawn, ...] = ()
    if values.visible(text(value, "tampilan"), f"{name}.tampilan"):
        drawn = _drawn(value, name, manner)
        more = value.get("esignStamps") or []
        if not isinstance(more, list) or len(more) > MOST_STAMPS:
            raise Refused(f"{name}.esignStamps harus larik dengan paling banyak {MOST_STAMPS} objek")
        further = tuple(
            _drawn(_inherited(value, each), f"{name}.esignStamps[{number}]", manner) for number, each in enumerate(more)
        )
    return Wish(
        drawn,
        further,
        reason=values.line(text(value, "reason")),
        location=values.line(text(value, "location")),
        contact=values.line(text(value, "contactInfo")),
    )


def _inherited(first: Object, further: JsonValue) -> JsonValue:
    """A further stamp, which takes from the first what it does not say itself: all but its place."""
    if not isinstance(further, dict):
        return further
    return {name: first[name] for name in _SHARED if name in first} | further


def _drawn(value: JsonValue, name: str, manner: Manner) -> Drawn:
    if not isinstance(value, dict):
        raise Refused(f"{name} harus objek JSON")
    placement = _placement(value, name, manner)
    picture = text(value, "imageBase64")
    ours = manner.our_qr or values.flag(_word(value, "esignQr"), f"{name}.esignQr")
    if ours or picture is None:
        return Drawn(placement)
    try:
        return Drawn(placement, decoded(picture, f"{name}.imageBase64", PICTURE_BYTES))
    except errors.LetterTooLarge:
        raise Refused(f"{name}.imageBase64 lebih dari {PICTURE_BYTES} byte") from None


def _placement(value: Object, name: str, manner: Manner) -> Placement:
    width, height = (_number(value, each, name) for each in ("width", "height"))
    tag = text(value, "tag") or text(value, "tag_koordinat")
    if tag is not None and tag.strip():
        side = width or height or DEFAULT_SIDE
        return signing.at_tag(tag.strip(), width or side, height or side, manner.v2_tag)
    x, y = (_number(value, each, name) for each in ("originX", "originY"))
    for each, found in (("originX", x), ("originY", y), ("width", width), ("height", height)):
        if found is None:
            raise Refused(f"{name}.{each} wajib diisi")
    assert x is not None and y is not None and width is not None and height is not None  # noqa: S101, PT018 as seen
    page = values.page(text(value, "page"), f"{name}.page") or 1
    return signing.box(page, x, y, width, height, from_top=manner.v2_origin == "top-left")


def _number(value: Object, field: str, name: str) -> float | None:
    return values.number(text(value, field), f"{name}.{field}")


def _word(value: Object, field: str) -> str | None:
    found = value.get(field)
    return json.dumps(found) if isinstance(found, bool) else text(value, field)
