"""The second reader: what later signatures and form values cover, pages that look otherwise, readers that disagree."""

from collections.abc import Callable
from functools import cache

import pikepdf
import pytest
from PIL import Image, ImageDraw

from esign.errors import LetterNotExamined
from esign.pades.appearance import Appearance
from esign.pades.profile import Profile
from esign.pades.spec import ExistingField, FollowerField, NewField, Rect
from esign.pdf.covering import covered
from esign.pdf.pages import PageTree
from esign.pdf.revisions import PdfFile
from esign.pdf.sandbox import Header, InProcess
from esign.pdf.sightings import WITNESS_TASK, Plan, Seen, Step
from esign.pdf.syntax import Ref
from esign.pdf.witness import look
from esign.verify.online import examine
from esign.verify.reached import reached
from esign.verify.report import ChangeState, Report, Verdict
from esign.verify.structure import examine_structure
from esign.x509.clock import SystemClock
from esign.x509.trust import TrustStore
from tests.attacks.forgery import updated, with_key
from tests.officials import dev_ca, official, request, roots, signed
from tests.sheets import rectangle, saved, sheet, signature_field, text

AMOUNT = text(100, 500, "Jumlah: Rp 1.000.000,00")
LINE = "100 300 m 300 300 l 0.7 w S\n" + text(100, 280, "Kepala Dinas")
WHITE, BLACK = b"1 g 0 0 150 60 re f", b"0 g 0 0 150 60 re f"


def stamp(content: bytes = b"1 g 0 0 150 60 re f 0 g 5 5 50 50 re f") -> Appearance:
    """A stamp of 150 × 60 points."""
    return Appearance(150, 60, content)


def at(x: float, y: float) -> Rect:
    return (x, y, x + 150, y + 60)


@cache
def first(content: str = AMOUNT + LINE, pages: int = 1) -> bytes:
    """A letter signed once, with a stamp at the foot of its first page."""
    letter = saved(sheet(content, pages=pages))
    return signed(letter, request(field=NewField(rect=at(60, 60)), appearance=stamp())).pdf


def then(pdf: bytes, rect: Rect, content: bytes = BLACK, page: int = 0) -> bytes:
    """The letter with a second official's stamp."""
    wanted = request(Profile.B_B, field=NewField(page, rect), appearance=stamp(content))
    return signed(pdf, wanted, official("Siti Aminah")).pdf


def report(pdf: bytes, runner: InProcess | None = None) -> Report:
    trust = TrustStore(anchors=tuple(roots()))
    return examine(pdf, trust, SystemClock(), runner or InProcess(), dev_ca().revocation())


def codes(found: Report) -> set[str]:
    return {item.code for each in found.signatures for item in (*each.changes.list, *each.findings)} | {
        item.code for item in found.findings
    }


@pytest.mark.parametrize(
    "content", [BLACK, WHITE, b"0 g 28 30 m 40 45 l 2 w 0 G S 20 25 6 1 re f"], ids=["black", "white", "a stroke"]
)
def test_a_later_stamp_over_text_is_a_change_told_with_page_and_box(content: bytes) -> None:
    found = report(then(first(), at(90, 480), content))
    assert found.verdict is Verdict.ALTERED
    (told,) = [item for item in found.signatures[0].changes.list if item.code == "witness.covered"]
    assert told.page == 1
    assert told.box is not None
    left, bottom, right, top = told.box
    assert 95 < left < right < 245
    assert 490 < bottom < top < 520
    assert found.signatures[1].verdict is Verdict.GENUINE, "the second official signed what he saw"


def test_the_text_that_was_covered_is_told() -> None:
    found = report(then(first(), at(90, 480), BLACK))
    (told,) = [item for item in found.signatures[0].changes.list if item.code == "witness.covered"]
    assert "1.000" in told.message


@pytest.mark.parametrize(
    "rect",
    [at(300, 650), at(60, 60), at(80, 50), at(120, 292)],
    ids=["blank", "over the first", "partly over the first", "on the line to sign on"],
)
def test_a_later_stamp_elsewhere_is_permitted_and_told(rect: Rect) -> None:
    found = report(then(first(), rect, b"1 g 0 0 150 60 re f 0 g 10 5 100 45 re f"))
    assert found.verdict is Verdict.GENUINE, codes(found)
    assert found.signatures[0].changes.state is ChangeState.PERMITTED
    (told,) = [item for item in found.signatures[0].changes.list if item.code == "signature.added"]
    assert told.page == 1
    assert told.box == pytest.approx(rect)


def test_a_stamp_that_is_only_printed_covers_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    once = first()
    monkeypatch.setattr("esign.pades.update.WIDGET_FLAGS", 4 | 32)
    found = report(then(once, at(90, 480)))
    assert found.verdict is Verdict.ALTERED
    assert "witness.covered" in codes(found)


def test_coloured_paper_may_be_covered_and_writing_on_it_may_not() -> None:
    coloured = "0.6 0.8 0.6 rg 0 0 595 842 re f 0 g\n"
    blank, written = first(coloured), first(coloured + text(200, 400, "Batal"))
    assert report(then(blank, at(180, 380))).verdict is Verdict.GENUINE
    assert report(then(written, at(180, 380))).verdict is Verdict.ALTERED


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_a_rotated_page_is_judged_as_it_is_displayed(rotate: int) -> None:
    letter = saved(sheet(AMOUNT, rotate=rotate))
    once = signed(letter, request(field=NewField(rect=at(300, 60)))).pdf
    found = report(then(once, at(90, 480)))
    assert found.verdict is Verdict.ALTERED
    told = next(item for item in found.signatures[0].changes.list if item.code == "witness.covered")
    assert told.box is not None
    assert 95 < told.box[0] < told.box[2] < 245
    assert 490 < told.box[1] < told.box[3] < 520


def test_bars_of_a_barcode_are_no_lines_to_sign_on() -> None:
    bars = "".join(rectangle(200 + 4 * n, 400, 202 + 4 * n, 450) for n in range(30))
    assert report(then(first(bars), at(190, 395), BLACK)).verdict is Verdict.ALTERED


def test_a_follower_s_field_hides_his_tag_and_his_stamp_covers_nothing() -> None:
    letter = saved(sheet(AMOUNT + text(110, 405, "${ttd2}")))
    wanted = request(
        field=NewField(rect=at(60, 60)), appearance=stamp(), followers=(FollowerField("second", 0, at(100, 390)),)
    )
    once = signed(letter, wanted).pdf
    twice = signed(once, request(field=ExistingField("second"), appearance=stamp()), official("Siti Aminah")).pdf
    found = report(twice)
    assert found.verdict is Verdict.GENUINE, codes(found)


def test_a_field_that_stood_ready_over_text_is_no_leave_to_cover_it() -> None:
    prepared = sheet(AMOUNT)
    signature_field(prepared, "trap", at(90, 480))
    once = signed(saved(prepared), request(field=NewField(rect=at(60, 60)))).pdf
    found = report(signed(once, request(field=ExistingField("trap"), appearance=stamp()), official("Siti Aminah")).pdf)
    assert found.verdict is Verdict.ALTERED


def test_the_second_reader_sees_pages_that_were_changed_added_or_turned() -> None:
    pdf = first(pages=2)
    view = PdfFile(pdf).view()
    page = PageTree(view)[1]
    source = page.dictionary
    turned = updated(pdf, {page.reference.number: with_key(pdf[source.start : source.end], b"Rotate", b"90")})
    emptied = updated(pdf, {page.reference.number: with_key(pdf[source.start : source.end], b"Contents", None)})
    tree = view.catalogue["Pages"]
    assert isinstance(tree, Ref)
    one = f"<</Type/Pages/Count 1/Kids[{page.reference.number} 0 R]>>".encode()
    shortened = updated(pdf, {tree.number: one})

    def seen(later: bytes) -> Seen:
        return look(later, Plan(ends=(len(pdf), len(later)), steps=(Step(pages=(1, 2)),)))

    assert seen(turned).sizes == (False,)
    assert [each.content for each in seen(emptied).pages] == [False, True]
    assert seen(shortened).counts == (2, 1)


def test_nothing_is_drawn_for_a_letter_that_was_signed_once() -> None:
    class Watched(InProcess):
        def run(self, task: str, header: Header, *blobs: bytes, timeout: float) -> tuple[Header, list[bytes]]:
            assert task != WITNESS_TASK
            return super().run(task, header, *blobs, timeout=timeout)

    assert report(first(), Watched()).verdict is Verdict.GENUINE


def test_of_many_pages_only_those_that_were_reached_and_a_sample_are_drawn() -> None:
    pdf = then(first(pages=40), at(300, 650), page=6)
    found = reached(examine_structure(pdf))
    assert found is not None
    assert found.counts == (40, 40)
    assert found.plan.steps == (Step(pages=(7,)),)
    assert len(found.plan.sample) == 2
    assert found == reached(examine_structure(pdf)), "the sample is the same each time"


@pytest.mark.parametrize("broken", ["time", "crash"])
def test_a_second_reader_that_fails_leaves_the_rest_of_the_report(broken: str) -> None:
    class Failing(InProcess):
        def run(self, task: str, header: Header, *blobs: bytes, timeout: float) -> tuple[Header, list[bytes]]:
            if task == WITNESS_TASK:
                raise LetterNotExamined(reason=broken)
            return super().run(task, header, *blobs, timeout=timeout)

    found = report(then(first(), at(300, 650)), Failing())
    assert found.verdict is Verdict.NOT_EXAMINED
    assert "witness.missing" in codes(found)
    assert [each.verdict for each in found.signatures] == [Verdict.GENUINE, Verdict.GENUINE]


def _lying(change: Callable[[Header], None]) -> InProcess:
    class Lying(InProcess):
        def run(self, task: str, header: Header, *blobs: bytes, timeout: float) -> tuple[Header, list[bytes]]:
            answer, out = super().run(task, header, *blobs, timeout=timeout)
            if task == WITNESS_TASK:
                change(answer)
            return answer, out

    return Lying()


@pytest.mark.parametrize(
    ("answer", "verdict", "code"),
    [
        ({"counts": [2, 2]}, Verdict.INDETERMINATE, "witness.disagreement"),
        ({"counts": [1, 2]}, Verdict.ALTERED, "witness.page_count"),
        ({"counts": [None, 1]}, Verdict.INDETERMINATE, "witness.unreadable"),
        ({"sizes": [False]}, Verdict.ALTERED, "witness.page_order"),
        ({"pages": [{"step": 0, "page": 1, "content": False}]}, Verdict.ALTERED, "witness.page_changed"),
        ({"pages": []}, Verdict.NOT_EXAMINED, "witness.missing"),
        ({"pages": "all fine"}, Verdict.NOT_EXAMINED, "witness.missing"),
    ],
    ids=str,
)
def test_readers_that_disagree_keep_a_file_from_being_genuine(answer: Header, verdict: Verdict, code: str) -> None:
    found = report(then(first(), at(300, 650)), _lying(lambda told: told.update(answer)))
    assert found.verdict is verdict
    assert code in codes(found)


def test_a_form_value_over_older_content_is_a_change() -> None:
    def filled(y: float) -> bytes:
        pdf = sheet(AMOUNT)
        field = pdf.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Tx, T=pikepdf.String("isi"),
                Rect=[90, y, 240, y + 60], P=pdf.pages[0].obj, F=4, DA=pikepdf.String("/F1 12 Tf 0 g"),
                AP=pikepdf.Dictionary(N=pdf.make_stream(b"0 G 1 1 148 58 re S", Type=pikepdf.Name.XObject,
                    Subtype=pikepdf.Name.Form, BBox=[0, 0, 150, 60])),
            )
        )  # fmt: skip
        pdf.pages[0].obj.Annots = pikepdf.Array([field])
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([field]))
        once = signed(saved(pdf), request(field=NewField(rect=at(60, 60)))).pdf
        structure = examine_structure(once)
        assert structure.view is not None
        form = structure.view.dictionary(structure.view.catalogue.get("AcroForm"))
        reference = structure.view.array(form.get("Fields"))[0]
        box = f"[90 {y} 240 {y + 60}]"
        number, picture = reference.number, max(structure.view.numbers()) + 1  # type: ignore[union-attr]
        kids = structure.view.dictionary(reference)
        page = kids["P"].number  # type: ignore[union-attr]
        widget = (
            f"<</Type/Annot/Subtype/Widget/FT/Tx/T(isi)/Rect{box}/P {page} 0 R/F 4/DA(/F1 12 Tf 0 g)"
            f"/V(ya)/AP<</N {picture} 0 R>>>>"
        )
        look_ = b"<</Type/XObject/Subtype/Form/BBox[0 0 150 60]/Length 19>>stream\n" + WHITE + b"\nendstream"
        return updated(once, {number: widget.encode(), picture: look_})

    assert report(filled(480)).verdict is Verdict.ALTERED
    elsewhere = report(filled(650))
    assert elsewhere.verdict is Verdict.GENUINE, codes(elsewhere)


def test_pictures_of_one_page_are_compared_by_the_marks_that_are_lost() -> None:
    was = Image.new("RGB", (200, 100), "white")
    ImageDraw.Draw(was).text((20, 40), "Rp 1.000", fill="black")
    now = was.copy()
    ImageDraw.Draw(now).rectangle((120, 10, 190, 90), fill="blue")
    assert covered(was, now, was) is None
    ImageDraw.Draw(now).rectangle((15, 35, 40, 60), fill="white")
    found = covered(was, now, was)
    assert found is not None
    assert 15 <= found[0] < found[2] <= 60
    hidden = Image.new("RGB", (200, 100), "white")
    assert covered(hidden, now, was) is None, "what was not shown can't be covered"
