"""What anyone may ask without a key: a verification code, a file, the pictures of a public letter."""

import hashlib
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from sqlalchemy.orm import Session

from esign.ca.authority import Secret
from esign.errors import CodeUnknown, PageOutOfRange, RevisionsTooLarge, RevisionUnknown, StorageUnavailable
from esign.pdf.render import page_image_in
from esign.registry import codes, letters, signatures
from esign.registry.models import Letter, Signature, SignatureState, Status
from esign.service import presenting, told
from esign.service.report_paper import report_paper as paper_of
from esign.service.services import Services
from esign.service.told import DISCLOSED, RegisterStatus
from esign.service.views import CodeAnswer, FileAnswer, ToldView
from esign.verify.fetching import FetchLimits
from esign.verify.full import FullReport, examine_fully
from esign.verify.online import examine
from esign.verify.originals import Original, archive, content, originals
from esign.verify.report import Report, SignatureKind, SignatureReport

_MOST_REVISIONS = 200
"""Revisions of an uploaded file that are looked for in the register."""
_PREVIEW_DPI = 90
_MOST_ARCHIVED = 4
"""All signed revisions of one file together: at most so many times the largest letter."""
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


def upload(
    services: Services,
    pdf: bytes,
    code: str | None = None,
    password: Secret | None = None,
    *,
    integrity_only: bool = False,
) -> FileAnswer:
    """Both proofs of an uploaded file: what its bytes say, and what the register says of them.

    ``code`` is the verification code that the file came with, if any; ``password`` opens an encrypted file;
    ``integrity_only`` leaves out chain, revocation and algorithm dates. Nothing of the file is kept. Raises
    `CodeMistyped`, `LetterTooLarge`, `Busy`.
    """
    parsed = codes.parse(code) if code else None
    return _answered(services, pdf, parsed, _examined(services, pdf, password, integrity_only=integrity_only))


def upload_fully(
    services: Services,
    pdf: bytes,
    code: str | None = None,
    password: Secret | None = None,
    *,
    integrity_only: bool = False,
) -> tuple[FileAnswer, FullReport]:
    """As `upload`, with the detailed report and the diagnostic data; both stand in the answer and beside it."""
    parsed = codes.parse(code) if code else None
    full = examine_fully(
        pdf,
        services.trust,
        services.clock,
        services.parse,
        services.revocation,
        renderer=services.render,
        policy=services.policy,
        integrity_only=integrity_only,
        password=_opening(password),
        timeout=services.settings.verify_seconds,
        fetching=FetchLimits(services.settings.fetch_seconds, services.settings.fetch_at_once),
    )
    answer = _answered(services, pdf, parsed, full.report)
    return answer.model_copy(update={"detailed": full.detailed, "diagnostic": full.diagnostic}), full


def report_paper(
    services: Services, pdf: bytes, code: str | None = None, password: Secret | None = None
) -> tuple[FileAnswer, bytes]:
    """The answer to an uploaded file with the same as a PDF to print, sealed where the service has a seal.

    Raises as `upload`.
    """
    answer, _ = upload_fully(services, pdf, code, password)
    zone = ZoneInfo(answer.letter.agency.timezone if answer.letter is not None else services.settings.timezone)
    address = services.settings.public_url
    if services.seal is not None:
        paper = paper_of(answer, zone, address, sealed=True)
        at = services.clock.now().astimezone(zone)
        sealed = services.seal.sealed(paper, at, services.parse, services.clock, services.evidence)
        if sealed is not None:
            return answer, sealed
    return answer, paper_of(answer, zone, address, sealed=False)


def revision(services: Services, pdf: bytes, number: int, password: Secret | None = None) -> tuple[Original, bytes]:
    """The signed revision of that number of an uploaded file, from 1. Raises `RevisionUnknown`, `Busy`."""
    found = originals(_examined(services, pdf, password))
    if not 1 <= number <= len(found):
        raise RevisionUnknown(number=number, count=len(found))
    wanted = found[number - 1]
    return wanted, bytes(content(pdf, wanted))


def revisions(services: Services, pdf: bytes, password: Secret | None = None) -> Iterator[bytes]:
    """All signed revisions of an uploaded file as a ZIP archive, piece by piece. Raises `RevisionsTooLarge`, `Busy`."""
    found = originals(_examined(services, pdf, password))
    limit = _MOST_ARCHIVED * services.settings.max_letter_bytes
    if sum(item.end for item in found) > limit:
        raise RevisionsTooLarge(limit=limit)
    return archive(pdf, found)


def _opening(password: Secret | None) -> SecretStr | None:
    return None if password is None else SecretStr(password.reveal())


def _examined(
    services: Services, pdf: bytes, password: Secret | None = None, *, integrity_only: bool = False
) -> Report:
    return examine(
        pdf,
        services.trust,
        services.clock,
        services.parse,
        services.revocation,
        renderer=services.render,
        policy=services.policy,
        integrity_only=integrity_only,
        password=_opening(password),
        timeout=services.settings.verify_seconds,
        fetching=FetchLimits(services.settings.fetch_seconds, services.settings.fetch_at_once),
    )


def _answered(services: Services, pdf: bytes, parsed: str | None, report: Report) -> FileAnswer:
    """The second proof, and what follows from both."""
    try:
        with services.database.read() as session:
            letter, status, remarks = _registered(session, report, pdf, parsed)
            disclosure = letter.disclosure if letter is not None else None
            answer = told.of_file(report.verdict, status, disclosure, remarks)
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


def _registered(
    session: Session, report: Report, pdf: bytes, code: str | None
) -> tuple[Letter | None, RegisterStatus, Sequence[told.Text]]:
    """The letter that the file is or continues, what the register says of it, and what is said besides."""
    found = letters.by_files(session, revision_hashes(pdf))
    claimed = _by_code(session, code) if code is not None else None
    if claimed is not None and all(letter.id != claimed.id for letter, _ in found):
        return None, RegisterStatus.OTHER_FILE, ()
    if not found:
        return None, RegisterStatus.UNKNOWN, ()
    letter, newest = next((pair for pair in found if claimed is None or pair[0].id == claimed.id), found[0])
    if not _signed_as_registered(session, report, letter, newest):
        return letter, RegisterStatus.OTHER_SIGNER, ()
    status = _status(letter)
    if status is not RegisterStatus.IN_FORCE:
        return letter, status, ()
    remarks = [told.NEWER_FILE] if letter.current_sha256 != newest.revision_sha256 else []
    if pages := _added_on(report, newest):
        return letter, RegisterStatus.EXTENDED, [told.additions(pages), *remarks]
    if any(_is_later_signature(each, newest) for each in report.signatures):
        remarks.append(told.OTHER_SIGNATURE)
    return letter, status, remarks


def _added_on(report: Report, newest: Signature) -> list[int]:
    """The pages on which the file shows what was added after its newest registered signature."""
    mine = (each for each in report.signatures if each.field == newest.field_name)
    return sorted({change.page for each in mine for change in each.changes.list if change.page is not None})


def _is_later_signature(found: SignatureReport, newest: Signature) -> bool:
    end = found.signed_end
    return found.kind is not SignatureKind.DOCUMENT_TIMESTAMP and end is not None and end > newest.size


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
