"""Accounts for every byte after a signed revision: whole objects that the next cross-reference lists, nothing else.

Other viewers repair what a strict reader ignores, so bytes that no revision accounts for are a finding
(verification.md, rule 4).
"""

import re
from dataclasses import dataclass

from esign.pdf.revisions import PdfFile, View
from esign.pdf.syntax import PdfSyntaxError, read_header
from esign.pdf.xref import STARTXREF, Section

MAX_TRAILING = 32
"""White space after the final %%EOF that is told and changes no verdict, in bytes."""

_WHITE = re.compile(rb"[\0\t\n\f\r ]*")
_COMMENT = re.compile(rb"%(?!%EOF)[^\r\n]*")
_SUSPECT_COMMENT = re.compile(rb"obj|xref|trailer|stream|<<")


@dataclass(frozen=True)
class Unaccounted:
    """Bytes that no revision accounts for."""

    position: int
    message: str


def unaccounted(file: PdfFile, final: View | None, start: int) -> list[Unaccounted]:
    """What stands after ``start`` (the end of a complete revision) that is no part of a later one.

    Without a final view nothing after ``start`` is accounted for.
    """
    data = file.data
    result: list[Unaccounted] = []
    if final is None:
        position = _after_white(data, start)
        return [Unaccounted(position, "bytes that no reader accounts for")] if position < len(data) else []
    sections = sorted(
        (section for section in final.sections if section.start >= start), key=lambda section: section.start
    )
    position, last_end = start, start
    for section in sections:
        position = _objects_of(file, final, section, position, result)
        if position != section.start:
            result.append(Unaccounted(position, "bytes that belong to no object"))
        result.extend(
            Unaccounted(section.start, f"a cross-reference that readers differ in: {x}") for x in section.faults
        )
        closing = STARTXREF.match(data, _after_comments(data, section.end, result))
        if closing is None:
            result.append(Unaccounted(section.end, "a cross-reference without startxref and %%EOF"))
            position = last_end = section.end
            continue
        if not _leads_to(file, int(closing[1]), section):
            result.append(Unaccounted(closing.start(), "a startxref that leads elsewhere"))
        position = last_end = closing.end()
    rest = data[last_end:]
    if rest.strip(b"\r\n\t "):
        result.append(Unaccounted(_after_white(data, last_end), "bytes after the last revision"))
    elif len(rest) > MAX_TRAILING:
        result.append(Unaccounted(last_end, f"{len(rest)} bytes of white space after the last revision"))
    return result


def _leads_to(file: PdfFile, offset: int, section: Section) -> bool:
    try:
        return file.section(offset).start == section.start
    except PdfSyntaxError:
        return False


def _objects_of(file: PdfFile, final: View, section: Section, position: int, result: list[Unaccounted]) -> int:
    """Walks over the objects before a section; gives the position where it stopped."""
    data = file.data
    while True:
        position = _after_white(data, position)
        if position >= section.start:
            return position
        following = _after_comments(data, position, result)
        if following != position:
            position = following
            continue
        try:
            item = file.object_at(position, final.get) if read_header(data, position) else None
        except PdfSyntaxError:
            item = None
        if item is None or item.start != position or item.end > section.start:
            result.append(Unaccounted(position, "bytes that are no object"))
            return section.start
        if item.repaired:
            result.append(Unaccounted(position, f"object {item.number}, whose stream has a wrong length"))
        if not _listed(section, item.number, item.generation, position):
            result.append(Unaccounted(position, f"object {item.number}, which its revision doesn't list"))
        position = item.end


def _listed(section: Section, number: int, generation: int, position: int) -> bool:
    if section.hybrid is not None and section.hybrid.start == position:
        return True
    rows = [section.entries.get(number)]
    if section.hybrid is not None:
        rows.append(section.hybrid.entries.get(number))
    return any(row is not None and row.kind == 1 and row.first == position and row.second == generation for row in rows)


def _after_comments(data: bytes, position: int, result: list[Unaccounted]) -> int:
    """Where white space and comments end (some programs sign their name before ``startxref``)."""
    position = _after_white(data, position)
    while comment := _COMMENT.match(data, position):
        if _SUSPECT_COMMENT.search(comment[0]):
            result.append(Unaccounted(position, "a comment that looks like an object"))
        position = _after_white(data, comment.end())
    return position


def _after_white(data: bytes, position: int) -> int:
    match = _WHITE.match(data, position)
    return match.end() if match else position
