"""What was changed between a signed revision and the file as it is (rule 6), judged by our own rules.

Everything that differs must be explained by what the signature permits; what no rule explains is suspicious.
The object-level rules stand here. What a permitted mark covers on its page is for a renderer to say: permitted
marks are told with page and box.
"""

from dataclasses import dataclass

from esign.pdf.revisions import View
from esign.pdf.syntax import PdfSyntaxError
from esign.verify.catalogue_rules import catalogue, structural, trailer
from esign.verify.difference import History, has_duplicates
from esign.verify.form_rules import form
from esign.verify.judgement import Judgement
from esign.verify.page_rules import unclaimed
from esign.verify.permissions import Permissions, permissions_of
from esign.verify.report import Changes, ChangeState, Finding
from esign.verify.structure import ExaminedSignature

MAX_FINDINGS = 64


@dataclass(frozen=True)
class Comparison:
    """What was found for one signature."""

    changes: Changes
    certification: int | None = None


def compare(view: View, final: View | None, examined: ExaminedSignature, history: History | None) -> Comparison:
    """The changes since a signed revision. ``history`` None: nothing was added to the file."""
    permissions = permissions_of(view, examined)
    if final is None or history is None or final.last.end <= view.end:
        return Comparison(Changes(state=ChangeState.NONE), permissions.certification)
    return Comparison(judged(view, final, history, permissions), permissions.certification)


def judged(view: View, final: View, history: History, permissions: Permissions) -> Changes:
    """What was added to a revision, judged by what may be."""
    try:
        judge = Judgement(view, final, history, permissions)
        _apply_rules(judge)
    except PdfSyntaxError as error:
        message = f"what was added can't be read: {error}"
        finding = Finding(code="changes.unreadable", severity="fail", message=message)
        return Changes(state=ChangeState.SUSPICIOUS, list=(finding,))
    if judge.suspicious:
        return Changes(state=ChangeState.SUSPICIOUS, list=tuple(judge.suspicious[:MAX_FINDINGS]))
    return Changes(state=ChangeState.PERMITTED, list=tuple(judge.permitted[:MAX_FINDINGS]))


def _apply_rules(judge: Judgement) -> None:
    structural(judge)
    trailer(judge)
    catalogue(judge)
    form(judge)
    for item in list(judge.differences.values()):
        if judge.final.once("duplicates", item.new, lambda item=item: has_duplicates(item.new)):  # type: ignore[misc]
            judge.suspect("object.key_twice", f"object {item.number} has a key twice", item.number)
        elif item.number not in judge.claimed:
            unclaimed(judge, item)
