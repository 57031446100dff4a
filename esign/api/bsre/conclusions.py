"""What a check of a file becomes in the words of BSrE's service: VALID, INVALID or NO_SIGNATURE.

Their word is one for two questions that we keep apart, the file and the register. VALID is said only where every
signature holds, the certificates are trusted, and the register doesn't speak against the file; what can't be settled
is INVALID with the reason, never VALID.
"""

from dataclasses import dataclass
from enum import StrEnum

from esign.service.told import Colour, RegisterStatus
from esign.service.views import FileAnswer
from esign.verify.report import ChangeState, Level, SignatureKind, SignatureReport, TimestampInfo, Verdict


class Word(StrEnum):
    """The conclusion."""

    VALID = "VALID"
    INVALID = "INVALID"
    NO_SIGNATURE = "NO_SIGNATURE"


VALID = "Dokumen valid, Sertifikat yang digunakan terpercaya"
NO_SIGNATURE = "Dokumen tidak memiliki tandatangan elektronik"

_SAID: dict[Verdict, str] = {
    Verdict.ALTERED: "Konten Dokumen mengalami perubahan oleh pihak yang tidak berhak",
    Verdict.INVALID: "Tanda tangan elektronik tidak valid",
    Verdict.NOT_EXAMINED: "Dokumen tidak dapat diperiksa seluruhnya",
    Verdict.UNTRUSTED: "Dokumen tidak berubah, tetapi sertifikat yang digunakan tidak terpercaya",
    Verdict.INDETERMINATE: "Keabsahan tanda tangan elektronik belum dapat dipastikan",
    Verdict.INTACT: "Sertifikat yang digunakan tidak diperiksa",
}
"""What each verdict that is not genuine is called first; its own sentence follows."""


@dataclass(frozen=True)
class Conclusion:
    """What is concluded of a file."""

    word: Word
    description: str
    warnings: tuple[str, ...]
    """What a person should know besides."""


def of(answer: FileAnswer) -> Conclusion:
    """The conclusion of a checked file."""
    verdict, told = answer.report.verdict, answer.told.sentence["id"]
    known = answer.register_status is not RegisterStatus.UNKNOWN
    if verdict is Verdict.UNSIGNED:
        stamped = (answer.report.sentence.id,) if answer.report.signatures else ()
        return Conclusion(Word.NO_SIGNATURE, NO_SIGNATURE, stamped)
    if verdict is not Verdict.GENUINE:
        description = f"{_SAID[verdict]}. {answer.report.sentence.id}"
        return Conclusion(Word.INVALID, description, (told,) if known else ())
    if answer.told.colour is Colour.RED:
        return Conclusion(Word.INVALID, told, ())
    return Conclusion(Word.VALID, VALID, () if answer.told.colour is Colour.GREEN else (told,))


@dataclass(frozen=True)
class Judged:
    """A signature of the file, and what is said of it."""

    report: SignatureReport
    intact: bool
    """The bytes are the signed ones, and nothing was changed that may not be."""
    trusted: bool
    """Its certificate was proven good: chain, validity, revocation, algorithms."""
    timestamp: TimestampInfo | None
    """The time-stamp that is shown for it."""
    last: bool
    """Whether it is the newest of the file."""

    @property
    def format(self) -> str:
        """Its format in the words of EU DSS; of a broken one the least that it claims to be."""
        if self.report.level is not None:
            return _FORMATS[self.report.level]
        if self.report.kind is SignatureKind.NOT_UNDERSTOOD:
            return "UNKNOWN"
        return _FORMATS[Level.PADES_B_B if self.report.sub_filter == "ETSI.CAdES.detached" else Level.PKCS7_B]

    @property
    def long_term(self) -> bool:
        """Whether it brings what it takes to check it when certificates have expired."""
        return self.report.level in _LONG_TERM

    @property
    def modified(self) -> bool:
        """Whether something was changed since that may not be."""
        return self.report.changes.state is ChangeState.SUSPICIOUS or self.report.verdict is Verdict.ALTERED


_FORMATS: dict[Level, str] = {
    Level.PADES_B_B: "PAdES-BASELINE-B",
    Level.PADES_B_T: "PAdES-BASELINE-T",
    Level.PADES_B_LT: "PAdES-BASELINE-LT",
    Level.PADES_B_LTA: "PAdES-BASELINE-LTA",
    Level.PKCS7_B: "PKCS7-B",
    Level.PKCS7_T: "PKCS7-T",
    Level.PKCS7_LT: "PKCS7-LT",
    Level.PKCS7_LTA: "PKCS7-LTA",
}
_LONG_TERM = frozenset({Level.PADES_B_LT, Level.PADES_B_LTA, Level.PKCS7_LT, Level.PKCS7_LTA})


def judged(answer: FileAnswer) -> list[Judged]:
    """The signatures of the file, in order, without time-stamps that stand alone.

    Some clients show these and not the conclusion. So where the file as a whole is what is wrong (active content,
    limits) and no signature is to blame, none of them is called intact.
    """
    found = [each for each in answer.report.signatures if each.kind is not SignatureKind.DOCUMENT_TIMESTAMP]
    if answer.report.verdict is Verdict.UNSIGNED:
        return []
    whole = answer.report.verdict.good or any(not each.verdict.good for each in answer.report.signatures)
    return [
        Judged(
            report=each,
            intact=whole
            and each.integrity.holds
            and each.changes.state is not ChangeState.SUSPICIOUS
            and each.verdict is not Verdict.ALTERED,
            trusted=each.verdict is Verdict.GENUINE,
            timestamp=_timestamp(each),
            last=number == len(found),
        )
        for number, each in enumerate(found, 1)
    ]


def _timestamp(signature: SignatureReport) -> TimestampInfo | None:
    """The time-stamp inside it that belongs to it, else the first over the document after it."""
    own = [each for each in signature.timestamps if each.imprint_intact]
    return next((each for each in own if each.kind == "signature"), next(iter(own), None))
