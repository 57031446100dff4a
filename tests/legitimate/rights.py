"""Files with usage rights, and files with bytes before their header."""

from collections.abc import Iterator

from esign.pdf.revisions import PdfFile
from esign.pdf.syntax import Ref
from esign.verify.report import Verdict
from tests.attacks.forgery import next_number, with_key, written
from tests.legitimate.by_hand import Manner, append, dictionary_of, seal, second, sign_by_hand
from tests.legitimate.made import SECOND, Made, plainly

_RIGHTS = Manner(
    keys=b"/Reference[<</Type/SigRef/TransformMethod/UR3/TransformParams<</Type/TransformParams/V/2.2/Document[/FullSave]"
    b"/Form[/FillIn/Import/Export/SubmitStandalone]/Annots[/Create]/Signature[/Modify]/P true>>>>]/Reason(Rights)"
)
_UNCOUNTED = frozenset({Verdict.INDETERMINATE})


def with_rights(pdf: bytes) -> bytes:
    """The file enabled for the Reader."""
    view, number = PdfFile(pdf).view(), next_number(pdf)
    root = view.trailer["Root"]
    assert isinstance(root, Ref)
    catalogue = with_key(written(view.catalogue), b"Perms", b"<</UR3 %d 0 R>>" % number)
    return seal(append(pdf, {number: dictionary_of(_RIGHTS), root.number: catalogue}), _RIGHTS, plainly())


def enabled(pdf: bytes) -> Iterator[Made]:
    """Usage rights alone sign nothing; beside signatures they change nothing."""
    rights = with_rights(pdf)
    yield Made("usage rights", rights, frozenset({Verdict.UNSIGNED}))
    signed = sign_by_hand(rights)
    yield Made("usage rights, signed", signed)
    yield Made("usage rights, signed twice", sign_by_hand(signed, second(Manner()), plainly(SECOND)))


def preceded(pdf: bytes) -> Iterator[Made]:
    """Sent with bytes before the header: unchanged, but readers don't agree from where to count."""
    for rubbish in (b"\n", b"\xef\xbb\xbf", b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n"):
        yield Made(f"{len(rubbish)} bytes before", rubbish + sign_by_hand(pdf), _UNCOUNTED)
