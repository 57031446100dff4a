"""What was changed between a signed revision and the file as it is (rule 6)."""

from dataclasses import dataclass

from esign.pdf.revisions import View
from esign.verify.report import Changes, ChangeState
from esign.verify.structure import ExaminedSignature, Structure


@dataclass(frozen=True)
class Comparison:
    changes: Changes
    certification: int | None = None


def compare(view: View, final: View | None, examined: ExaminedSignature, structure: Structure) -> Comparison:
    return Comparison(Changes(state=ChangeState.NONE))
