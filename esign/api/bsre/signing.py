"""One call of BSrE's API as one order of ours: all of its files are signed with one consent, or none is."""

import hashlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request
from pydantic import JsonValue, ValidationError

from esign import errors
from esign.api import state
from esign.api.bsre.refusals import Refused
from esign.ca.authority import Consent
from esign.pades import qr
from esign.pades.appearance import Image
from esign.pades.picture import read_picture_in
from esign.pades.placement import BoxPlacement, Placement, TagPlacement
from esign.service import joining, letters
from esign.service.joining import Said, Signed
from esign.service.letters import HandedIn
from esign.service.marks import Mark, OurStampAt, OwnMark, Unseen
from esign.service.orders import Caller, SignOrder, UnnumberedFields
from esign.service.services import Services
from esign.service.views import LetterView

PICTURE_BYTES = 10 * 1024 * 1024
"""The most of one picture."""
_Place = TypeVar("_Place", BoxPlacement, TagPlacement)
_CLOCK_LOCK = threading.Lock()
_last_name = 0


@dataclass(frozen=True)
class Drawn:
    """What is drawn, and where. Neither picture nor code: our stamp."""

    placement: Placement
    picture: bytes | None = None
    """PNG or JPEG, as it was sent."""
    code: str | None = None
    """What a plain QR code holds."""

    @property
    def told(self) -> JsonValue:
        """What tells it from others."""
        picture = hashlib.sha256(self.picture).hexdigest() if self.picture is not None else None
        return {"at": self.placement.model_dump(mode="json"), "picture": picture, "code": self.code}


@dataclass(frozen=True)
class Wish:
    """How one file is signed."""

    drawn: Drawn | None
    """None: an invisible signature."""
    further: tuple[Drawn, ...] = ()
    reason: str | None = None
    location: str | None = None
    contact: str | None = None

    @property
    def told(self) -> JsonValue:
        """What tells it from others."""
        drawn = self.drawn.told if self.drawn is not None else None
        further: list[JsonValue] = [each.told for each in self.further]
        return [drawn, further, self.reason, self.location, self.contact]


@dataclass(frozen=True)
class Item:
    """One file, and how it is signed."""

    pdf: bytes
    wish: Wish


def sign(
    request: Request, caller: Caller, signer_id: str, items: Sequence[Item], consent: Consent
) -> tuple[Signed, ...]:
    """What came of it, in the order of the files.

    The same request that is sent again meanwhile, or a moment later, gets the same. Raises `Refused` and whatever
    signing raises.
    """
    own = state.of(request)
    wishes: list[JsonValue] = [item.wish.told for item in items]
    said = Said(
        path=request.url.path,
        files=[hashlib.sha256(item.pdf).hexdigest() for item in items],
        fields={"signer": signer_id, "wishes": wishes},
        consent=consent,
    )

    def work() -> Sequence[LetterView]:
        try:
            order = _Order(own.services, signer_id)
            given = [order.handed_in(item) for item in items]
            views = letters.sign_all(own.services, caller, given, consent)
        except errors.EsignError as error:
            own.metrics.signature(level="-", authority="-", outcome=error.code)
            raise
        for view in views:
            newest = view.signatures[-1]
            own.metrics.signature(level=str(newest.level), authority=newest.certificate.issuer, outcome="signed")
        return views

    return joining.once(own.services, caller, said, work)


def contents(request: Request, signed: Sequence[Signed]) -> list[bytes]:
    """The signed files. Raises `StorageUnavailable`."""
    blobs = state.of(request).services.blobs
    return [blobs.get(each.sha256) for each in signed]


def box(page: int, x: float, y: float, width: float, height: float, *, from_top: bool = False) -> BoxPlacement:
    """A box on a page. Raises `Refused` where it has no area."""
    if width <= 0 or height <= 0:
        raise Refused("Kotak tanda tangan tidak mempunyai luas: periksa width dan height")
    origin = "top-left" if from_top else "bottom-left"
    return _checked(BoxPlacement, page=page, x=x, y=y, width=width, height=height, origin=origin)


def at_tag(tag: str, width: float, height: float, anchor: str = "baseline-start") -> TagPlacement:
    """The first place of a tag. Raises `Refused` for what is no tag."""
    if width <= 0 or height <= 0:
        raise Refused("Kotak tanda tangan tidak mempunyai luas: periksa width dan height")
    return _checked(TagPlacement, tag=tag, occurrence=1, width=width, height=height, anchor=anchor)


class _Order:
    """Makes our orders of wishes; a picture that stands in several is read once."""

    def __init__(self, services: Services, signer_id: str) -> None:
        self._services = services
        self._signer_id = signer_id
        self._pictures: dict[bytes, Image] = {}

    def handed_in(self, item: Item) -> HandedIn:
        """The letter and how it is signed. Raises `PictureUnreadable`, `PictureTooLarge`, `Refused`."""
        wish = item.wish
        mark = Unseen() if wish.drawn is None else self._mark(wish.drawn)
        order = SignOrder(signer=self._signer_id, reason=wish.reason, location=wish.location, footer=False)
        stamps = tuple(self._mark(each) for each in wish.further)
        return HandedIn(item.pdf, UnnumberedFields(), order, mark, field_name(), wish.contact, stamps)

    def _mark(self, drawn: Drawn) -> Mark | OurStampAt:
        if drawn.picture is not None:
            known = self._pictures.get(drawn.picture)
            if known is None:
                known = self._pictures[drawn.picture] = read_picture_in(self._services.render, drawn.picture)
            return OwnMark(drawn.placement, known)
        if drawn.code is not None:
            return OwnMark(drawn.placement, code_of(drawn.code))
        return OurStampAt(drawn.placement)


def code_of(text: str) -> qr.Symbol:
    """The QR code of that text. Raises `Refused` where it is too long for one."""
    try:
        return qr.symbol(text)
    except ValueError:
        raise Refused("linkQR terlalu panjang untuk kode QR") from None


def field_name() -> str:
    """``sig_`` and the time in milliseconds, as BSrE's service names fields; never the same twice in a process."""
    global _last_name  # noqa: PLW0603 a clock is one
    with _CLOCK_LOCK:
        _last_name = max(time.time_ns() // 1_000_000, _last_name + 1)
        return f"sig_{_last_name}"


def _checked(kind: type[_Place], **given: object) -> _Place:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        field = error.errors(include_input=False, include_url=False, include_context=False)[0]["loc"][0]
        raise Refused(f"Letak tanda tangan tidak dapat diterima: periksa {field}") from None
