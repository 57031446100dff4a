"""Rules 1 to 5 and 9 of a verdict, checked on the bytes by our own code (verification.md).

Nothing here trusts a parser's repair: what the signed bytes are is settled before any digest is computed.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from esign.pdf.encryption import decryption
from esign.pdf.revisions import PdfFile, Place, View
from esign.pdf.signatures import FoundSignature, SignatureField, find_signatures, signature_fields, value_of_field
from esign.pdf.syntax import PdfSyntaxError
from esign.verify.accounting import Unaccounted, unaccounted
from esign.verify.report import Finding
from esign.verify.rights import is_usage_right
from esign.verify.steps import Check, Step, Steps, check_of

_GAP = re.compile(rb"<[0-9A-Fa-f]*>")
_RULING_KEYS = ("Contents", "ByteRange", "SubFilter", "Filter", "Type", "Reference", "Cert")
"""Keys that must not stand twice in a signature dictionary: readers differ in which one counts."""


@dataclass(frozen=True)
class SignedRange:
    """A sound /ByteRange ``[0 a c d]``."""

    gap_start: int
    gap_end: int
    end: int
    """c + d: how many bytes the signed revision has."""

    @property
    def byte_range(self) -> tuple[int, int, int, int]:
        """The four numbers as written."""
        return (0, self.gap_start, self.gap_end, self.end - self.gap_end)


@dataclass(frozen=True)
class ExaminedSignature:
    """A signature dictionary, and what is wrong with its structure. Sound: no findings of severity ``fail``."""

    found: FoundSignature
    signed: SignedRange | None
    view: View | None
    """The signed revision, where it can be read."""
    fields: tuple[SignatureField, ...]
    """The fields that hold it, in the signed revision (else in the file as it is)."""
    faults: tuple[Finding, ...]
    """Why its structure fails (FORMAT_FAILURE)."""
    after: tuple[Finding, ...] = ()
    """What follows the signed revision and no revision accounts for, or that doesn't build on it (HASH_FAILURE)."""
    steps: tuple[Step, ...] = ()
    """The checks made."""

    @property
    def sound(self) -> bool:
        """Whether rules 1, 2, 3 and 5 hold."""
        return not self.faults


@dataclass(frozen=True)
class Structure:
    """What the bytes of a file are made of."""

    file: PdfFile
    view: View | None
    """The file as a reader sees it; None where its cross-references can't be read."""
    fault: str | None
    """Why there is no view."""
    signatures: tuple[ExaminedSignature, ...]
    trailing: int = 0
    """Bytes of white space after the last %%EOF."""
    findings: tuple[Finding, ...] = ()
    locked: bool = False
    """It needs a password."""

    @property
    def size(self) -> int:
        """The size of the file in bytes."""
        return len(self.file.data)


Found = Callable[[View | None, Sequence["ExaminedSignature"]], None]
"""Is told the file as it is and its signatures, before what follows them is walked over."""


def _nobody(_view: View | None, _signatures: Sequence["ExaminedSignature"]) -> None:
    return


def examine_structure(data: bytes, told: Found = _nobody, *, password: str = "") -> Structure:
    """The structure of a file, opened with that user or owner password where it is encrypted.

    Raises `PdfSyntaxError` only for more signatures than may be examined.
    """
    file = PdfFile(data)
    if file.header < 0:
        return Structure(file, None, "no %PDF- in the first 1,024 bytes", ())
    shifted, beginning = _beginning(file)
    if shifted and beginning is not None:
        counted = examine_structure(data[file.header :], told, password=password)
        return replace(counted, findings=(*counted.findings, beginning))
    view, fault = _final_view(file)
    locked = view is not None and not _unlock(file, view, password)
    found = find_signatures(file, [view] if view is not None else [])
    rights = [item for item in found if view is not None and is_usage_right(view, item)]
    examined = [_examine(file, view, item) for item in found if item not in rights]
    examined = _shared_and_overlapping(examined)
    told(view, examined)
    start = min((item.signed.end for item in examined if item.signed is not None), default=len(data))
    left_over = unaccounted(file, view, start) if start < len(data) else []
    examined = [_with_what_follows(item, view, fault, left_over) for item in examined]
    return Structure(
        file,
        view,
        fault,
        tuple(examined),
        trailing=_trailing(file),
        findings=(
            *([beginning] if beginning is not None else []),
            *(_hybrid_conflicts(view) if view is not None else []),
            *(_usage_right(item) for item in rights),
        ),
        locked=locked,
    )


def _beginning(file: PdfFile) -> tuple[bool, Finding | None]:
    """What follows from bytes before ``%PDF-``: whether offsets count from there, and what there is to tell."""
    if file.header == 0 or not file.ends:
        return False, None
    first, counted = _section_at(file, file.ends[-1].xref), _section_at(file, file.ends[-1].xref + file.header)
    if counted is None:
        return False, None
    message = f"{file.header} bytes stand before %PDF-, and readers differ in whether offsets count from there"
    return first in (None, counted), _fail("file.beginning", message)


def _section_at(file: PdfFile, offset: int) -> int | None:
    """Where the cross-reference starts that an offset leads to; None where it leads to none."""
    try:
        return file.section(offset).start
    except PdfSyntaxError:
        return None


def _usage_right(found: FoundSignature) -> Finding:
    message = "it carries usage rights of a program's maker, which sign nothing"
    return Finding(code="file.usage_rights", severity="inform", message=message, object_number=found.number)


def _fail(code: str, message: str, number: int | None = None) -> Finding:
    return Finding(code=code, severity="fail", message=message, object_number=number)


def _final_view(file: PdfFile) -> tuple[View | None, str | None]:
    try:
        view = file.view()
        if any("Encrypt" in section.trailer for section in view.sections):
            return view, None
        _ = view.catalogue
    except PdfSyntaxError as error:
        return None, str(error)
    return view, None


def _unlock(file: PdfFile, view: View, password: str) -> bool:
    """Makes encrypted structure readable; False when a password is needed."""
    if all("Encrypt" not in section.trailer for section in view.sections):
        return True
    opened = decryption(file.data, password)
    if opened is None and password:
        opened = decryption(file.data)
    if opened is None:
        return False
    file.unlock(*opened)
    return True


def _trailing(file: PdfFile) -> int:
    return len(file.data) - file.ends[-1].end if file.ends else 0


def _examine(file: PdfFile, final: View | None, found: FoundSignature) -> ExaminedSignature:
    faults: list[Finding] = []
    steps = Steps()
    examined = _examine_noting(file, final, found, faults, steps)
    for fault in faults:
        steps.found(fault)
    return replace(examined, faults=tuple(faults), steps=steps.taken)


def _examine_noting(
    file: PdfFile, final: View | None, found: FoundSignature, faults: list[Finding], steps: Steps
) -> ExaminedSignature:
    """Puts what is wrong into ``faults``, and notes what passed."""
    if found.unreadable:
        faults.append(_fail("signature.unreadable", "the signature dictionary can't be read", found.number or None))
        return ExaminedSignature(found, None, None, _holding(final, found), ())
    if found.compressed:
        faults.append(
            _fail("signature.compressed", "the signature dictionary stands in an object stream", found.number)
        )
    if not found.referenced:
        faults.append(
            _fail("signature.unreferenced", "no cross-reference leads to the signature dictionary", found.number)
        )
    doubled = sorted(set(found.dictionary.duplicates) & set(_RULING_KEYS))
    if doubled:
        faults.append(
            _fail("signature.key_twice", f"written twice in the dictionary: {', '.join(doubled)}", found.number)
        )
    if not faults:
        steps.passed(Check.DICTIONARY, f"object {found.number}")
    signed = _signed_range(file.data, found, faults, steps)
    view = _signed_view(file, found, signed, faults) if signed is not None else None
    if view is not None and signed is not None:
        steps.passed(Check.REVISION, f"{len(view.sections)} revisions in the first {signed.end} bytes")
    fields = _holding(view, found) if view is not None else _holding(final, found)
    if view is not None and not fields and not faults:
        faults.append(_fail("signature.without_field", "no field of the signed revision holds it", found.number))
    if len(fields) > 1:
        names = ", ".join(item.name for item in fields)
        faults.append(
            _fail("signature.shared_dictionary", f"several fields share the dictionary: {names}", found.number)
        )
    if len(fields) == 1:
        steps.passed(Check.FIELD, fields[0].name)
    if final is not None and view is not None and not faults:
        faults.extend(_overwritten(final, found, fields))
        if not faults:
            steps.passed(Check.OVERWRITTEN)
    return ExaminedSignature(found, signed, view, fields, ())


def _signed_range(data: bytes, found: FoundSignature, faults: list[Finding], steps: Steps) -> SignedRange | None:
    """Rules 1 and 2."""
    numbers = found.dictionary.get("ByteRange")
    if not isinstance(numbers, list) or len(numbers) != 4:
        faults.append(_fail("byte_range.missing", "/ByteRange is missing or is no array of four", found.number))
        return None
    start, gap_start, gap_end, length = numbers
    if not (type(start) is int and type(gap_start) is int and type(gap_end) is int and type(length) is int):
        faults.append(_fail("byte_range.not_integers", "/ByteRange holds something else than integers", found.number))
        return None
    if start != 0 or not 0 < gap_start < gap_end or length < 0 or gap_end + length > len(data):
        faults.append(
            _fail(
                "byte_range.impossible", f"/ByteRange [{start} {gap_start} {gap_end} {length}] can't be", found.number
            )
        )
        return None
    steps.passed(Check.BYTE_RANGE, f"[{start} {gap_start} {gap_end} {length}]")
    contents = found.contents
    if contents is None or not contents.hexadecimal:
        faults.append(_fail("contents.no_hexadecimal_string", "/Contents is no hexadecimal string", found.number))
        return None
    if not any(contents.value):
        faults.append(_fail("contents.empty", "/Contents is empty or zero", found.number))
        return None
    if found.compressed:
        return None
    if not _GAP.fullmatch(data, gap_start, gap_end):
        faults.append(_fail("gap.not_hexadecimal", "the unsigned gap is more than < digits >", found.number))
        return None
    if (contents.start, contents.end) != (gap_start, gap_end):
        faults.append(_fail("gap.elsewhere", "the unsigned gap is not the dictionary's /Contents", found.number))
        return None
    steps.passed(Check.GAP, f"bytes {gap_start} to {gap_end}")
    return SignedRange(gap_start, gap_end, gap_end + length)


def _signed_view(file: PdfFile, found: FoundSignature, signed: SignedRange, faults: list[Finding]) -> View | None:
    """The signed revision: complete, and with the signature dictionary in it."""
    try:
        view = file.view(signed.end)
        _ = view.catalogue
        place = view.place(found.number)
    except PdfSyntaxError as error:
        faults.append(_fail("revision.unreadable", f"the signed bytes are no complete revision: {error}", found.number))
        return None
    if file.data[view.last.end : signed.end].strip(b"\r\n\t \0"):
        faults.append(_fail("revision.incomplete", "the signed bytes don't end with a revision", found.number))
        return None
    if place != found.place:
        faults.append(
            _fail("revision.other", "the signed revision doesn't hold this signature dictionary", found.number)
        )
        return None
    return view


def _holding(view: View | None, found: FoundSignature) -> tuple[SignatureField, ...]:
    if view is None:
        return ()
    return tuple(view.once("held", view.trailer, lambda: _held(view)).get(found.identity, ()))


def _held(view: View) -> dict[tuple[Place, int], list[SignatureField]]:
    """The fields of a view by what tells their signatures apart."""
    result: dict[tuple[Place, int], list[SignatureField]] = {}
    for item in signature_fields(view):
        value = value_of_field(view, item)
        if value is not None:
            result.setdefault(value.identity, []).append(item)
    return result


def _overwritten(final: View, found: FoundSignature, fields: tuple[SignatureField, ...]) -> list[Finding]:
    """Rule 5: the dictionary of the signed revision rules."""
    try:
        place = final.place(found.number)
    except PdfSyntaxError:
        place = None
    if place != found.place:
        return [
            _fail("signature.overwritten", "the signature dictionary was overwritten or removed later", found.number)
        ]
    names = {item.name for item in fields}
    if not any(item.name in names for item in _holding(final, found)):
        return [_fail("signature.detached", "its field was emptied, renamed or removed later", found.number)]
    return []


def _shared_and_overlapping(examined: list[ExaminedSignature]) -> list[ExaminedSignature]:
    """Rule 3: another's gap is wholly inside the signed ranges, or wholly after them."""
    ranges = [(item, item.signed) for item in examined if item.signed is not None]
    result = []
    for item in examined:
        mine = item.signed
        if mine is not None:
            for other, theirs in ranges:
                if other is item:
                    continue
                covered = theirs.gap_end <= mine.gap_start or mine.gap_end <= theirs.gap_start
                if not covered or theirs.gap_start < mine.end < theirs.gap_end:
                    fault = _fail("byte_range.overlap", "its ranges cut into another signature", item.found.number)
                    item = replace(item, faults=(*item.faults, fault))  # noqa: PLW2901
                    break
            item = replace(item, steps=_noted(item, Check.OVERLAP, item.faults))  # noqa: PLW2901
        result.append(item)
    return result


def _with_what_follows(
    item: ExaminedSignature, final: View | None, fault: str | None, left_over: list[Unaccounted]
) -> ExaminedSignature:
    """Rule 4: what follows the signed revision is accounted for, and builds on it."""
    if item.signed is None:
        return item
    after = [
        _fail("bytes.unaccounted", f"{left.message} (at byte {left.position})")
        for left in left_over
        if left.position >= item.signed.end
    ][:16]
    if final is None:
        after.append(_fail("revision.final_unreadable", f"what was added can't be read: {fault}"))
    elif item.view is not None:
        signed_starts = [section.start for section in item.view.sections]
        starts = [section.start for section in final.sections]
        if starts[-len(signed_starts) :] != signed_starts:
            after.append(_fail("revision.not_continued", "the file doesn't build on the signed revision"))
    return replace(item, after=tuple(after), steps=_noted(item, Check.FOLLOWING, tuple(after)))


def _noted(item: ExaminedSignature, check: Check, findings: tuple[Finding, ...]) -> tuple[Step, ...]:
    """The item's checks with one more: passed, unless findings came of it."""
    steps = Steps(item.steps)
    mine = [finding for finding in findings if check_of(finding.code) is check]
    for finding in mine:
        steps.found(finding)
    if not mine:
        steps.passed(check)
    return steps.taken


def _hybrid_conflicts(view: View) -> list[Finding]:
    """Where a hybrid's table and stream disagree about an object, or hide a newer one from old readers."""
    if not view.is_hybrid:
        return []
    conflicts = []
    tables = view.tables_only()
    for section in view.sections:
        if section.hybrid is None:
            continue
        for number, row in section.hybrid.entries.items():
            if row.kind == 0:
                continue
            listed = section.entries.get(number)
            differing = listed is not None and listed.kind != 0 and listed != row
            hidden = listed is None and tables.entry(number) not in (None, row) and view.entry(number) == row
            if differing or (hidden and _in_use(tables, number)):
                conflicts.append(
                    _fail("xref.hybrid_conflict", f"old and new readers see another object {number}", number)
                )
    return conflicts[:16]


def _in_use(view: View, number: int) -> bool:
    entry = view.entry(number)
    return entry is not None and entry.kind != 0
