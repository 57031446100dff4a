"""The judge of mutants: whether a validation ended well, and whether what was believed is what was signed."""

import signal
import time
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from esign.pdf.sandbox import InProcess
from esign.verify.online import examine
from esign.verify.report import Report, SignatureKind, SignatureReport, Verdict
from esign.x509.clock import FixedClock
from tests.fuzz.mutants import Mutant
from tests.fuzz.sight import Box, Sight, differences, look, outline
from tests.fuzz.specimens import Corpus, Specimen

LIMIT = 5.0
"""Seconds of processor time in which a file must be answered."""
_TOLD = ("signature.added", "field.filled", "field.added")


class Hung(BaseException):
    """The time is over. No exception that code under test may catch."""


@dataclass(frozen=True)
class Judged:
    """What came of a mutant."""

    outcome: str
    """The verdict, or how it ended."""
    seconds: float
    """Of processor time for the validation."""
    violation: str | None = None


class Judge:
    """Judges mutants of one corpus, and keeps what the letters looked like."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._sights: OrderedDict[tuple[str, int], tuple[Sight | None, object]] = OrderedDict()
        self._reports: dict[str, Report] = {}

    def judge(self, mutant: Mutant) -> Judged:
        """Validates a mutant, and compares what is believed with what was signed."""
        integrity_only = mutant.specimen.integrity_only
        started = time.process_time()
        try:
            with limited():
                report = self._corpus.report(mutant.pdf, integrity_only=integrity_only)
        except Hung:
            return Judged("hung", LIMIT, f"no answer in {LIMIT:.0f} s")
        except Exception as error:  # noqa: BLE001
            return Judged("raised", time.process_time() - started, f"{type(error).__name__}: {error}")
        seconds = time.process_time() - started
        if any(mutant.pdf == parent.pdf for parent in mutant.parents):
            return Judged("unchanged", seconds)
        if report.verdict is Verdict.UNSIGNED:
            return Judged("unsigned", seconds, self._of_unsigned(mutant))
        if not report.verdict.good:
            return Judged(str(report.verdict), seconds)
        try:
            with limited(12 * LIMIT):
                report = examine(
                    mutant.pdf,
                    self._corpus.trust,
                    FixedClock(self._corpus.at),
                    InProcess(),
                    integrity_only=integrity_only,
                    timeout=60,
                )
        except Hung:
            return Judged("hung", 12 * LIMIT, "the second reader doesn't answer")
        except Exception as error:  # noqa: BLE001
            return Judged("raised", seconds, f"second reader: {type(error).__name__}: {error}")
        if not report.verdict.good:
            return Judged(f"{report.verdict} (second reader)", seconds)
        return Judged(str(report.verdict), seconds, self.of_believed(mutant, report))

    def _of_unsigned(self, mutant: Mutant) -> str | None:
        """A letter whose signature dictionaries are all still there is not unsigned."""
        parent = mutant.specimen
        if all(mutant.pdf[start:end] == parent.pdf[start:end] and end <= len(mutant.pdf) for start, end in parent.gaps):
            return "unsigned, though all signature values stand where they stood"
        return None

    def of_believed(self, mutant: Mutant, report: Report) -> str | None:
        """Why a mutant that is believed ought not to be; None where it shows what was signed."""
        faults = []
        for parent in mutant.parents:
            fault = self._against(mutant, parent, report)
            if fault is None:
                return None
            faults.append(f"{parent.name}: {fault}")
        return "; ".join(faults)

    def _against(self, mutant: Mutant, parent: Specimen, report: Report) -> str | None:
        """Why a believed mutant is not what was signed in this parent; None where it is."""
        known = self._report(parent).signatures
        kept: list[tuple[SignatureReport, SignatureReport]] = []
        added: list[SignatureReport] = []
        for item in report.signatures:
            own = next((each for each in known if _same_bytes(mutant.pdf, item, parent.pdf, each)), None)
            if own is None:
                added.append(item)
            else:
                kept.append((item, own))
        if not kept:
            return (
                None
                if mutant.fresh and not _reaches(mutant.pdf, parent)
                else "believed, and none of its signatures is left"
            )
        if added and not mutant.fresh:
            return "believed with a signature that nobody made"
        for item, own in kept:
            if _who(item) != _who(own):
                return f"signed by {_who(item)} and not by {_who(own)}"
        end = max(_end(own) for _, own in kept)
        if mutant.kind == "message" and zlib.crc32(mutant.pdf) % 8:
            return None  # the gaps show nothing, so few of those are looked at
        before, made_of = self._shown(parent, end)
        told: dict[int, list[Box]] = {}
        for item in report.signatures:
            for change in item.changes.list:
                if change.code in _TOLD and change.page is not None and change.box is not None:
                    told.setdefault(change.page, []).append(change.box)
        fault = differences(before, look(mutant.pdf), told)
        if fault is None and outline(mutant.pdf) != made_of:
            fault = "qpdf reads pages made of something else"
        return fault

    def _shown(self, parent: Specimen, end: int) -> tuple[Sight | None, object]:
        key = (parent.name, end)
        if key not in self._sights:
            pdf = parent.pdf[:end]
            self._sights[key] = (look(pdf), outline(pdf))
        return self._sights[key]

    def _report(self, parent: Specimen) -> Report:
        if parent.name not in self._reports:
            self._reports[parent.name] = self._corpus.report(parent.pdf, integrity_only=parent.integrity_only)
        return self._reports[parent.name]


@contextmanager
def limited(seconds: float = LIMIT) -> Iterator[None]:
    """Raises `Hung` after so many seconds of processor time."""

    def over(_signal: int, _frame: FrameType | None) -> None:
        raise Hung

    previous = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)


def _end(item: SignatureReport) -> int:
    assert item.byte_range is not None
    return item.byte_range[2] + item.byte_range[3]


def _same_bytes(pdf: bytes, item: SignatureReport, other_pdf: bytes, other: SignatureReport) -> bool:
    """Whether two signatures sign the same bytes."""
    if item.byte_range is None or item.byte_range != other.byte_range:
        return False
    _, gap, after, length = item.byte_range
    return pdf[:gap] == other_pdf[:gap] and pdf[after : after + length] == other_pdf[after : after + length]


def _reaches(pdf: bytes, parent: Specimen) -> bool:
    """Whether all signed revisions of a parent are still in the file as they were."""
    return pdf.startswith(parent.pdf[: parent.ends[-1]])


def _who(item: SignatureReport) -> tuple[object, ...]:
    if item.kind is SignatureKind.DOCUMENT_TIMESTAMP:
        return ()
    signer = None if item.signer is None else item.signer.sha256
    return (item.field, item.kind, item.sub_filter, signer, item.claimed_time, item.reason, item.location)
