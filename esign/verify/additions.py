"""What was added to a file, where no signature of its own protects what was there before.

A letter that goes to another's hand to be signed comes back with an update in which the signature stands, and which it
covers: nothing that was changed in it would show later. So it is judged as if the letter had been signed when it went.
"""

from pydantic import ValidationError

from esign.errors import LetterNotExamined
from esign.pdf.encryption import decryption
from esign.pdf.revisions import PdfFile, View
from esign.pdf.sandbox import Header, Runner
from esign.pdf.syntax import PdfSyntaxError
from esign.verify.accounting import unaccounted
from esign.verify.changes import judged
from esign.verify.difference import History
from esign.verify.permissions import Permissions
from esign.verify.report import Changes, ChangeState, Finding

TIMEOUT = 20.0
"""Seconds for one file."""
_UNSIGNED = Permissions(certification=None, level=None, locks=())
"""As after an approval signature: signatures, validation data and dates may be added."""
_WITH_A_FIRST_SIGNATURE = frozenset({"OutputIntents", "Perms"})
"""Entries of the catalogue that may be added besides, where there were none; never changed."""


def additions(pdf: bytes, length: int) -> Changes:
    """What the file has more than its first ``length`` bytes, judged. Never raises for what a file holds."""
    file = PdfFile(pdf)
    try:
        view, final = file.view(length), file.view()
        if any("Encrypt" in section.trailer for section in final.sections):
            opened = decryption(pdf)
            if opened is None:
                return _refused("the file asks for a password")
            file.unlock(*opened)
        if final.last.end <= view.end:
            return Changes(state=ChangeState.NONE)
        loose = unaccounted(file, final, length)
        if loose:
            return _refused(f"at byte {loose[0].position}: {loose[0].message}")
        return _without_new(judged(view, final, History(file, final, length), _UNSIGNED), view, final)
    except (PdfSyntaxError, RecursionError) as error:
        return _refused(f"the file can't be read: {error}")


def _without_new(changes: Changes, view: View, final: View) -> Changes:
    """The changes without those that come with a first signature: EU DSS says how a picture's colours are meant."""
    new = final.catalogue.keys() - view.catalogue.keys()
    come = {f"/{key} of the document catalogue was changed" for key in _WITH_A_FIRST_SIGNATURE & new}
    rest = tuple(each for each in changes.list if each.code != "catalogue.changed" or each.message not in come)
    if len(rest) == len(changes.list) or changes.state is not ChangeState.SUSPICIOUS:
        return changes
    return Changes(state=ChangeState.SUSPICIOUS if rest else ChangeState.PERMITTED, list=rest)


def additions_in(runner: Runner, pdf: bytes, length: int, *, timeout: float = TIMEOUT) -> Changes:
    """`additions` in the runner. Raises `Busy` and `LetterNotExamined`."""
    answer, _ = runner.run("esign.verify.additions:additions_task", {"length": length}, pdf, timeout=timeout)
    try:
        return Changes.model_validate(answer.get("changes"))
    except ValidationError as error:
        raise LetterNotExamined(reason="answer") from error


def additions_task(header: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """`additions` as a sandbox task."""
    return {"changes": additions(blobs[0], int(str(header["length"]))).model_dump(mode="json")}, []


def _refused(reason: str) -> Changes:
    finding = Finding(code="changes.unreadable", severity="fail", message=reason)
    return Changes(state=ChangeState.SUSPICIOUS, list=(finding,))
