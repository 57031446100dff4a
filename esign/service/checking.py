"""What anyone may ask without a key: a verification code, a file, the pictures of a public letter."""

import hashlib

from sqlalchemy.orm import Session

from esign.errors import CodeUnknown, PageOutOfRange, StorageUnavailable
from esign.pdf.render import page_image_in
from esign.registry import codes, letters, signatures
from esign.registry.models import Letter, Signature, SignatureState, Status
from esign.service import presenting, told
from esign.service.services import Services
from esign.service.told import DISCLOSED, RegisterStatus
from esign.service.views import CodeAnswer, FileAnswer, ToldView
from esign.verify.online import examine
from esign.verify.report import Report

_MOST_REVISIONS = 200
"""Revisions of an uploaded file that are looked for in the register."""
_PREVIEW_DPI = 90
_EOLS = (b"", b"\n", b"\r", b"\r\n")

_OF_LETTER = {Status.WITHDRAWN: RegisterStatus.WITHDRAWN, Status.REPLACED: RegisterStatus.REPLACED}


def by_code(services: Services, code: str) -> CodeAnswer:
    """What the register says of a verification code, as far as the letter's classification lets it.

    Raises `CodeMistyped`. An unknown code is an answer; a code whose letter was never released is unknown.
    """
    parsed = codes.parse(code)
    try:
        with services.database.read() as session:
            letter = letters.by_code(session, parsed)
            status = _status(letter)
            answer = told.of_code(status, letter.disclosure)
            shown = presenting.registered_letter(services, session, letter, answer.shown)
    except CodeUnknown:
        status, answer, shown = RegisterStatus.UNKNOWN, told.of_code(RegisterStatus.UNKNOWN, None), None
    except StorageUnavailable:
        status, answer, shown = RegisterStatus.UNAVAILABLE, told.of_code(RegisterStatus.UNAVAILABLE, None), None
    return CodeAnswer(status=status, told=ToldView.of(answer), code=codes.grouped(parsed), letter=shown)


def upload(services: Services, pdf: bytes, code: str | None = None) -> FileAnswer:
    """Both proofs of an uploaded file: what its bytes say, and what the register says of them.

    ``code`` is the verification code that the file came with, if any. Nothing of the file is kept.
    Raises `CodeMistyped`, `LetterTooLarge`, `Busy`.
    """
    parsed = codes.parse(code) if code else None
    report = examine(
        pdf,
        services.trust,
        services.clock,
        services.parse,
        services.dev_ca.revocation() if services.dev_ca is not None else None,
        renderer=services.render,
        timeout=services.settings.verify_seconds,
    )
    try:
        with services.database.read() as session:
            letter, status = _registered(session, report, pdf, parsed)
            disclosure = letter.disclosure if letter is not None else None
            answer = told.of_file(report.verdict, status, disclosure)
            shown = presenting.registered_letter(services, session, letter, answer.shown) if letter else None
    except StorageUnavailable:
        status, shown = RegisterStatus.UNAVAILABLE, None
        answer = told.of_file(report.verdict, status, None)
    return FileAnswer(told=ToldView.of(answer), register_status=status, letter=shown, report=report)


def page_picture(services: Services, code: str, page: int) -> bytes:
    """The picture (PNG) of a page of a public letter, from 1.

    Raises `CodeMistyped`, `CodeUnknown` also where the classification lets no picture be seen,
    `PageOutOfRange`, `Busy`, `StorageUnavailable`.
    """
    with services.database.read() as session:
        letter = letters.by_code(session, codes.parse(code))
    if not DISCLOSED[letter.disclosure].preview or letter.current_sha256 is None:
        raise CodeUnknown
    if not 1 <= page <= letter.pages:
        raise PageOutOfRange(page=page, pages=letter.pages)
    pdf = services.blobs.get(letter.current_sha256)
    return page_image_in(services.render, pdf, page, _PREVIEW_DPI, timeout=services.settings.sandbox_seconds)


def revision_hashes(pdf: bytes) -> list[str]:
    """SHA-256 of the whole file and of each prefix that ends as a revision does, the longest first.

    Nothing is parsed: every place after ``%%EOF`` counts, with each end of line that may follow it. A
    prefix that is in the register is a file that was released, whatever else it may look like.
    """
    ends: set[int] = {len(pdf)}
    position, found = len(pdf), 0
    while found < _MOST_REVISIONS and (position := pdf.rfind(b"%%EOF", 0, position)) >= 0:
        found += 1
        after = position + len(b"%%EOF")
        ends.update(after + len(eol) for eol in _EOLS if pdf.startswith(eol, after))
    hashes, state, done, view = [], hashlib.sha256(), 0, memoryview(pdf)
    for end in sorted(ends):
        state.update(view[done:end])
        done = end
        hashes.append(state.copy().hexdigest())
    return hashes[::-1]


def _registered(session: Session, report: Report, pdf: bytes, code: str | None) -> tuple[Letter | None, RegisterStatus]:
    """The letter that the file is or continues, and what the register says of it."""
    found = letters.by_files(session, revision_hashes(pdf))
    claimed = _by_code(session, code) if code is not None else None
    if claimed is not None and all(letter.id != claimed.id for letter, _ in found):
        return None, RegisterStatus.OTHER_FILE
    if not found:
        return None, RegisterStatus.UNKNOWN
    letter, newest = next((pair for pair in found if claimed is None or pair[0].id == claimed.id), found[0])
    if not _signed_as_registered(session, report, letter, newest):
        return letter, RegisterStatus.OTHER_SIGNER
    return letter, _status(letter)


def _by_code(session: Session, code: str) -> Letter | None:
    try:
        return letters.by_code(session, code)
    except CodeUnknown:
        return None


def _signed_as_registered(session: Session, report: Report, letter: Letter, newest: Signature) -> bool:
    """Whether the signatures of the letter up to ``newest`` are in the file, by the certificates on record."""
    inside = {(each.field, each.signer.sha256) for each in report.signatures if each.signer is not None}
    return all(
        (each.field_name, each.certificate_sha256) in inside
        for each in signatures.of_letter(session, letter.id)
        if each.ordinal <= newest.ordinal and each.status is SignatureState.ACTIVE
    )


def _status(letter: Letter) -> RegisterStatus:
    return _OF_LETTER.get(letter.status, RegisterStatus.IN_FORCE)
