"""The reports of ``esign verify`` that say more than the simple one, and the signed revisions as files."""

import json
import os
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel

from esign.cli.verify_text import plain
from esign.verify.detailed import BlockReport, DetailedReport
from esign.verify.etsi import etsi_report
from esign.verify.full import FullReport
from esign.verify.originals import content, originals
from esign.verify.report import Report
from esign.verify.steps import Outcome


class Kind(StrEnum):
    """Which report is asked for."""

    SIMPLE = "simple"
    DETAILED = "detailed"
    DIAGNOSTIC = "diagnostic"
    ETSI = "etsi"


_MARKS = {
    Outcome.PASSED: "✓",
    Outcome.FAILED: "✗",
    Outcome.WARNED: "!",
    Outcome.INFORMED: "·",
    Outcome.NOT_REACHED: "–",
}


def one_line(path: Path, report: BaseModel) -> str:
    """A report as one line of JSON, the file's path first."""
    fields = {"file": os.fsencode(path).decode("utf-8", "replace"), **report.model_dump(mode="json")}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def written(path: Path, full: FullReport, kind: Kind, language: str, *, as_json: bool) -> str:
    """The report of that kind for the terminal, or as one line of JSON."""
    if kind is Kind.ETSI:
        return etsi_report(full).decode()
    if kind is Kind.DIAGNOSTIC:
        return one_line(path, full.diagnostic) if as_json else full.diagnostic.model_dump_json(indent=1)
    if as_json:
        return one_line(path, full.detailed)
    return "\n".join([f"{plain(str(path))}:", *_detailed(full.detailed, language)])


def _detailed(report: DetailedReport, language: str) -> list[str]:
    lines = [f"  {report.verdict.value}; {report.policy}, {report.at:%Y-%m-%d %H:%M:%S} UTC"]
    lines += [f"  ! {plain(item.message)} ({item.code})" for item in report.findings]
    for item in report.signatures:
        result = item.indication.value if item.sub_indication is None else f"{item.indication} / {item.sub_indication}"
        lines.append(f"  {item.number}. {plain(item.field or '?')} ({item.kind.value}): {result}")
        lines += _blocks(item.blocks, language, "    ")
        for stamp in item.timestamps:
            told = stamp.indication.value if stamp.sub_indication is None else stamp.sub_indication.value
            lines.append(f"    {'Penanda waktu' if language == 'id' else 'Time-stamp'} {stamp.number}: {told}")
            lines += _blocks(stamp.blocks, language, "      ")
    return lines


def _blocks(blocks: tuple[BlockReport, ...], language: str, indent: str) -> list[str]:
    lines = []
    for block in blocks:
        name = block.name.id if language == "id" else block.name.en
        lines.append(f"{indent}{_MARKS[block.outcome]} {name} (EN 319 102-1, {block.clause})")
        for check in block.checks:
            question = check.question.id if language == "id" else check.question.en
            found = f" {plain(check.found)}" if check.found else ""
            lines.append(f"{indent}  {_MARKS[check.outcome]} {question}{found} [{check.finding or check.code}]")
    return lines


def extract(path: Path, report: Report, folder: Path) -> list[Path]:
    """Writes each signed revision of the file into the folder, which is made; an existing file is an error.

    Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = path.read_bytes()
    made = []
    for item in originals(report):
        place = folder / f"{path.stem}-{item.name}"
        with place.open("xb") as file:
            file.write(content(data, item))
        made.append(place)
    return made
