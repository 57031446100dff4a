"""The check of a letter that stays where it is: what its digests prove, and what the register says of its hash."""

from sqlalchemy.orm import Session

from esign.errors import StorageUnavailable
from esign.registry import letters, signatures
from esign.registry.models import Letter, Signature, SignatureState, Status
from esign.service import presenting, told
from esign.service.services import Services
from esign.service.told import RegisterStatus
from esign.service.views import DigestAnswer
from esign.verify.digest_report import DigestReport, DigestRequest
from esign.verify.digests import examine_digests
from esign.verify.fetching import FetchLimits

_OF_LETTER = {Status.WITHDRAWN: RegisterStatus.WITHDRAWN, Status.REPLACED: RegisterStatus.REPLACED}


def check(services: Services, request: DigestRequest) -> DigestAnswer:
    """What can be said of a letter by its digests. Nothing of them is kept. Raises `Busy`."""
    report = examine_digests(
        request,
        services.trust,
        services.clock,
        services.parse,
        services.revocation,
        policy=services.policy,
        timeout=services.settings.verify_seconds,
        fetching=FetchLimits(services.settings.fetch_seconds, services.settings.fetch_at_once),
    )
    hashes = [*([request.file_sha256] if request.file_sha256 is not None else []), *request.revision_sha256]
    if not hashes:
        return DigestAnswer(register_status=None, letter=None, report=report)
    try:
        with services.database.read() as session:
            letter, status = _registered(session, report, hashes)
            if letter is None or status is RegisterStatus.OTHER_SIGNER:
                return DigestAnswer(register_status=status, letter=None, report=report)
            shown = told.of_code(status, letter.disclosure).shown
            view = presenting.registered_letter(services, session, letter, shown)
    except StorageUnavailable:
        status, view = RegisterStatus.UNAVAILABLE, None
    return DigestAnswer(register_status=status, letter=view, report=report)


def _registered(session: Session, report: DigestReport, hashes: list[str]) -> tuple[Letter | None, RegisterStatus]:
    """The letter of which one of these hashes is a released file, and what the register says of it."""
    found = letters.by_files(session, hashes)
    if not found:
        return None, RegisterStatus.UNKNOWN
    letter, newest = found[0]
    if not _signed_as_registered(session, report, letter, newest):
        return letter, RegisterStatus.OTHER_SIGNER
    return letter, _OF_LETTER.get(letter.status, RegisterStatus.IN_FORCE)


def _signed_as_registered(session: Session, report: DigestReport, letter: Letter, newest: Signature) -> bool:
    """Whether what was sent holds a signature by each certificate on record, up to ``newest``."""
    inside = {each.signer.sha256 for each in report.signatures if each.signer is not None and each.value_holds}
    return all(
        each.certificate_sha256 in inside
        for each in signatures.of_letter(session, letter.id)
        if each.ordinal <= newest.ordinal and each.status is SignatureState.ACTIVE
    )
