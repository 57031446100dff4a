"""Two readers of one file compared: ours, which judges objects, and PDFium, which shows pages (rule 6). Pure.

`asked_of` says what the second engine is to look at, in the sandbox; `witnessed` judges what it saw.
"""

from pydantic import BaseModel, ConfigDict

from esign.pdf.sightings import Cover, Plan, Seen, SeenPage
from esign.pdf.syntax import PdfSyntaxError
from esign.verify.reached import reached
from esign.verify.report import Finding, Report, Verdict
from esign.verify.structure import Structure

_HOPELESS = (Verdict.ALTERED, Verdict.INVALID, Verdict.NOT_EXAMINED, Verdict.UNSIGNED)
"""Verdicts that no second reader can better or worsen."""
INCOMPLETE = frozenset({"file.limits", "witness.missing"})
"""Findings that say that the file was not examined wholly."""
MAX_FINDINGS = 64


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Asked(_Model):
    """What the second engine is asked, and how many pages our reader counts in each prefix."""

    plan: Plan
    counts: tuple[int | None, ...]


class LaterChange(_Model):
    """Something that only the second engine sees."""

    since: int
    """It was added after so many bytes: it concerns the signatures whose revision ends there or before."""
    finding: Finding


class Witnessed(_Model):
    """What the second engine's view adds to a report."""

    changes: tuple[LaterChange, ...] = ()
    findings: tuple[Finding, ...] = ()
    """What concerns the file as a whole: where the engines don't agree on what is there."""

    def since(self, end: int) -> tuple[Finding, ...]:
        """What was changed after the first ``end`` bytes."""
        return tuple(item.finding for item in self.changes if item.since >= end)

    @property
    def anything(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.changes or self.findings)


UNSEEN = Witnessed()
"""Nothing was seen, or nothing had to be looked at."""


def asked_of(structure: Structure, report: Report) -> Asked | None:
    """What the second engine is to look at; None where nothing was added, or nothing depends on it any more."""
    if report.verdict in _HOPELESS or any(item.code == "file.beginning" for item in report.findings):
        return None
    try:
        found = reached(structure)
        return None if found is None else Asked(plan=found.plan, counts=found.counts)
    except (PdfSyntaxError, RecursionError):
        ends = tuple(sorted({item.view.end for item in structure.signatures if item.view is not None}))
        return Asked(plan=Plan(ends=ends, steps=()), counts=tuple(None for _ in ends))


def witnessed(asked: Asked, seen: Seen) -> Witnessed:
    """What follows from what the second engine saw."""
    if not asked.plan.steps:
        return unwitnessed("what was added can't be followed to its pages")
    changes: list[LaterChange] = []
    findings = list(_disagreements(asked, seen))
    for index in range(len(asked.plan.steps)):
        since = asked.plan.ends[index]
        before, after = seen.counts[index : index + 2]
        if before is not None and after is not None and before != after:
            message = f"the second reader counts {before} pages before and {after} after"
            changes.append(LaterChange(since=since, finding=_fail("witness.page_count", message)))
        elif not seen.sizes[index]:
            message = "the second reader sees pages of other sizes, or in another order"
            changes.append(LaterChange(since=since, finding=_fail("witness.page_order", message)))
    changes.extend(
        LaterChange(since=asked.plan.ends[each.step], finding=found)
        for each in seen.pages
        if (found := _of_page(each)) is not None
    )
    changes.extend(
        LaterChange(
            since=asked.plan.ends[0],
            finding=_fail("witness.page_changed", "the second reader sees another page", page=number),
        )
        for number, same in seen.sample
        if not same
    )
    return Witnessed(changes=tuple(changes[:MAX_FINDINGS]), findings=tuple(findings[:MAX_FINDINGS]))


def unwitnessed(reason: str) -> Witnessed:
    """What follows where the second engine could not look: the file was not examined wholly."""
    return Witnessed(findings=(_fail("witness.missing", f"no second reader looked at what was added: {reason}"),))


def _disagreements(asked: Asked, seen: Seen) -> list[Finding]:
    found = []
    for end, ours, theirs in zip(asked.plan.ends, asked.counts, seen.counts, strict=True):
        where = f"the first {end} bytes"
        if theirs is None:
            found.append(_fail("witness.unreadable", f"a second reader can't open {where}"))
        elif ours is not None and ours != theirs:
            found.append(_fail("witness.disagreement", f"one reader counts {ours} pages in {where}, another {theirs}"))
    return found


def _of_page(seen: SeenPage) -> Finding | None:
    if not seen.content:
        message = "the page looks or reads otherwise than in the signed revision"
        return _fail("witness.page_changed", message, page=seen.page)
    if seen.cover is None:
        return None
    return _covering(seen.cover, seen.page)


def _covering(cover: Cover, page: int) -> Finding:
    what = f": {cover.text}" if cover.text else ""
    return Finding(
        code="witness.covered",
        severity="fail",
        message=f"something that was added later covers what the page showed{what}",
        page=page,
        box=cover.box,
    )


def _fail(code: str, message: str, page: int | None = None) -> Finding:
    return Finding(code=code, severity="fail", message=message, page=page)
