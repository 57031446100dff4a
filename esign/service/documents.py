"""The way of letters to an authority that signs whole documents, and back: nothing that returns is believed.

What our own hand does not sign is prepared before (page content, or a picture of the stamp), and examined after: our
bytes a prefix, one signature more and by the right signer, in its place, nothing else changed. Then it is raised to
the level asked for (docs/decisions/bsre.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from esign.ca.authority import Authority, Document, DocumentActivation, Picture
from esign.errors import EsignError, LetterCertifiedWithoutRoom, SelfCheckFailed
from esign.pades.letter_sight import LetterSight
from esign.pades.longterm import LongTerm
from esign.pades.placement import Resolved
from esign.pades.profile import Pkcs7Level, Profile, Reached
from esign.pades.raising import letter_of, raised, refuse_unreachable
from esign.pades.returned import Fault, Returned, read_in
from esign.pades.sign import SignedLetter, SignRequest
from esign.pades.spec import ExistingField, PageContent, PlacedDrawing
from esign.pades.stamp_picture import drawn_in
from esign.pades.tasks import run_append_content
from esign.pdf.sandbox import Patient
from esign.registry import signers
from esign.registry.models import Letter, Signer
from esign.service import releasing, right_signer
from esign.service.orders import Caller
from esign.service.services import Services
from esign.verify.additions import additions_in
from esign.verify.online import examine
from esign.verify.report import ChangeState
from esign.x509 import chains
from esign.x509.encoding import read_certificate
from esign.x509.trust import TrustStore

_TOLERANCE = 2.0
"""Points by which the authority's service may round a box."""


@dataclass(frozen=True)
class Piece:
    """A letter that is ready to be signed."""

    letter: Letter
    pages: LetterSight
    request: SignRequest
    place: Resolved


@dataclass(frozen=True)
class Desk:
    """Who asks whom for what."""

    services: Services
    caller: Caller
    signer: Signer
    authority: Authority
    activation: DocumentActivation

    @property
    def parse(self) -> Patient:
        """The sandbox for structure."""
        return Patient(self.services.parse, self.services.settings.sandbox_seconds)

    @property
    def render(self) -> Patient:
        """The sandbox for pictures."""
        return Patient(self.services.render, self.services.settings.sandbox_seconds)

    @property
    def sources(self) -> LongTerm:
        """Of time-stamps and evidence."""
        return LongTerm(
            self.authority.timestamps(),
            self.authority.revocation(),
            self.parse,
            self.services.clock,
            self.services.evidence,
        )

    @property
    def trust(self) -> TrustStore:
        """The authority's roots, and what may stand between them and a signer."""
        return TrustStore(tuple(self.authority.roots()), self.services.trust.intermediates)


def signed(desk: Desk, pieces: Sequence[Piece]) -> list[SignedLetter]:
    """The letters, signed by the authority in one authorisation and examined. Where one can't be taken, none is.

    Raises what the activation raises; `LetterCertifiedWithoutRoom`, `TimestampUnavailable` and
    `RevocationUnavailable` before anything is signed; `SelfCheckFailed` with what did not pass in quarantine;
    `CredentialRevoked` and `CredentialSuspended`.
    """
    expected = desk.activation.certificate
    known = () if expected is None or not desk.activation.chain else (expected, *desk.activation.chain)
    for each in pieces:
        _refuse_without_room(each)
        refuse_unreachable(each.request, known, desk.sources)
    documents = [_document(desk, each) for each in pieces]
    returned = desk.activation.sign_documents(documents)
    taken = [
        _Taking(desk, piece, document.pdf, pdf)
        for piece, document, pdf in zip(pieces, documents, returned, strict=True)
    ]
    wrong = [each.examined() for each in taken]
    for file, problems in zip(taken, wrong, strict=True):
        if problems:
            file.quarantine(problems)
    if any(wrong):
        raise SelfCheckFailed
    return [file.letter() for file in taken]


def _refuse_without_room(piece: Piece) -> None:
    """The authority's service makes a field of its own, which a certified letter does not let it."""
    if not piece.pages.facts.takes_new_fields:
        field = piece.request.field
        raise LetterCertifiedWithoutRoom(field=field.name if isinstance(field, ExistingField) else "–")


def _document(desk: Desk, piece: Piece) -> Document:
    """What is sent: the letter with what the service would not draw, and the picture of the stamp."""
    request, place, pages = piece.request, piece.place, piece.pages
    untouched = not pages.facts.signatures
    drawn = request.appearance
    on_page = drawn is not None and untouched and not desk.activation.pictures
    content = PageContent(
        stamp=PlacedDrawing(drawn, place.page_index, place.box.left, place.box.bottom) if drawn and on_page else None,
        footer=request.footer if untouched else None,
        followers=(request.followers or ()) if untouched else (),
    )
    pdf = pages.pdf + run_append_content(desk.parse, pages.pdf, content) if content else pages.pdf
    picture: Picture | None = None
    if drawn is not None and not on_page:
        png = drawn_in(desk.render, drawn)
        picture = Picture(png, place.page, place.box, pages.geometry(place.page).displayed_size[1])
    field = request.field.name if picture is not None and isinstance(request.field, ExistingField) else None
    return Document(pdf, picture, field, request.reason, request.location)


@dataclass
class _Taking:
    """A returned file under examination."""

    desk: Desk
    piece: Piece
    sent: bytes
    pdf: bytes
    found: Returned | None = None

    def examined(self) -> list[str]:
        """What keeps the file from being taken, in plain English. Raises `Busy`."""
        if not self.pdf.startswith(self.sent) or len(self.pdf) == len(self.sent):
            return ["the bytes that were sent are not a prefix of the file that came back"]
        try:
            found = read_in(self.desk.parse, self.pdf, len(self.sent))
            changes = additions_in(self.desk.parse, self.pdf, len(self.sent))
        except EsignError as error:
            return [f"the file that came back can't be examined: {error.code}"]
        if isinstance(found, Fault):
            return [found.reason]
        self.found = found
        wrong = [each.message for each in changes.list] if changes.state is ChangeState.SUSPICIOUS else []
        return [*wrong, *self._wrong_signer(found), *self._wrong_place(found)]

    def letter(self) -> SignedLetter:
        """The letter at the level that could be reached. Raises `CredentialRevoked`, `CredentialSuspended`."""
        if self.found is None:
            raise RuntimeError("it is examined first")
        desk, found, request = self.desk, self.found, self.piece.request
        letter = letter_of(self.pdf, found)
        carried = [read_certificate(der) for der in found.certificates]
        chain = chains.build(letter.certificate, desk.trust, (*carried, *desk.activation.chain))
        if chain is None:
            return letter  # our own check says so, and keeps it
        known = (*carried, *desk.trust)
        try:
            letter = raised(letter, found, request, chain, desk.sources, known=known)
        except EsignError as error:
            self.quarantine([f"{error.code} was found after it was signed"])
            raise
        return self._with_level_found(letter) if found.raised else letter

    def quarantine(self, problems: Sequence[str]) -> None:
        """Keeps the file where nobody gets it."""
        desk = self.desk
        releasing.quarantine(desk.services, desk.caller, self.piece.letter, desk.signer, self.pdf, problems)

    def _wrong_signer(self, found: Returned) -> list[str]:
        desk = self.desk
        nik = signers.nik(desk.services.keys, desk.signer)
        certificate = read_certificate(found.certificate)
        doubt = right_signer.doubt(
            certificate,
            desk.activation.certificate,
            desk.signer.name,
            nik.get_secret_value() if nik is not None else None,
        )
        return [] if doubt is None else [doubt]

    def _wrong_place(self, found: Returned) -> list[str]:
        """A stamp elsewhere than it was placed may hide what the letter says."""
        asked = self.piece.place
        if self.piece.request.appearance is None or not self._pictured:
            return [] if found.box is None else ["the new signature shows something, and should not"]
        if found.box is None or found.page != asked.page:
            return ["the stamp is not on the page where it was put"]
        if any(abs(one - other) > _TOLERANCE for one, other in zip(found.box, asked.box, strict=True)):
            return ["the stamp is not in the box where it was put (v1: is v1_rect right?)"]
        return []

    @property
    def _pictured(self) -> bool:
        return self.desk.activation.pictures or bool(self.piece.pages.facts.signatures)

    def _with_level_found(self, letter: SignedLetter) -> SignedLetter:
        """The letter at the level that our own check finds: the service itself put evidence or time-stamps into it."""
        desk = self.desk
        report = examine(
            letter.pdf,
            desk.trust,
            desk.services.clock,
            desk.parse,
            desk.authority.revocation(),
            renderer=desk.render,
            timeout=desk.services.settings.sandbox_seconds,
        )
        found = next((each for each in report.signatures if each.field == letter.field), None)
        if found is None or found.level is None:
            return letter
        levels: tuple[Reached, ...] = (*Profile, *Pkcs7Level)
        level = next((each for each in levels if each.told == found.level.value), letter.level)
        return replace(letter, level=level, timestamp_time=letter.timestamp_time or found.proven_time)
