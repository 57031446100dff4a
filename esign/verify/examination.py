"""One file's signatures, examined one by one over what the file and the caller bring along."""

from collections.abc import Callable

from esign.verify.cms import ODD_INPUT
from esign.verify.context import Context
from esign.verify.report import SignatureKind, SignatureReport
from esign.verify.subject import Subject

Found = Callable[[int, SignatureReport], None]
"""Is told a signature's index and its report, as soon as there is one."""


def _nobody(_index: int, _report: SignatureReport) -> None:
    return


def examine_signatures(context: Context, found: Found = _nobody) -> tuple[tuple[Subject, SignatureReport], ...]:
    """Each signature with its report, in the order of the file; ``found`` is told of each before the next is examined.

    Document time-stamps go first, the last one first: each that passes proves when what it covers existed.
    """
    subjects = [Subject(context, item, number) for number, item in enumerate(context.structure.signatures, 1)]
    for subject in subjects:
        subject.read()
    stamps = [item for item in subjects if item.kind is SignatureKind.DOCUMENT_TIMESTAMP]
    others = [item for item in subjects if item.kind is not SignatureKind.DOCUMENT_TIMESTAMP]
    stamps.sort(key=lambda item: item.signed_end, reverse=True)
    reports: dict[int, SignatureReport] = {}
    for item in (*stamps, *others):
        reports[id(item)] = _report(item)
        found(item.number - 1, reports[id(item)])
    return tuple((item, reports[id(item)]) for item in subjects)


def _report(subject: Subject) -> SignatureReport:
    """The subject's report; whatever odd input breaks in it is a finding on that signature alone."""
    try:
        return subject.report()
    except ODD_INPUT as error:
        return subject.unexamined(f"{type(error).__name__}: {error}"[:300])
