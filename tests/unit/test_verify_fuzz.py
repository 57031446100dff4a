"""A small seeded run of mutants (``make fuzz`` is the long one), and what longer runs found."""

import random
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esign.pades.appearance import Appearance
from esign.pades.profile import Profile
from esign.pades.spec import INVISIBLE, NewField
from esign.pdf.sandbox import InProcess
from esign.pdf.syntax import Ref
from esign.verify.online import examine
from esign.verify.report import Report, Verdict
from esign.x509.clock import FixedClock
from tests.attacks.forgery import next_number, target, updated, with_key, written
from tests.fuzz.anatomy import Anatomy
from tests.fuzz.edits import planned
from tests.fuzz.judge import Judge
from tests.fuzz.mutants import Laboratory
from tests.fuzz.revisions import append
from tests.fuzz.specimens import SMALL, Corpus, Specimen, make, small
from tests.letter_files import read
from tests.officials import request, signed

SEED = 2026
MUTANTS = 500


@cache
def laboratory() -> tuple[Laboratory, Judge]:
    corpus = make(SMALL)
    return Laboratory(corpus), Judge(corpus)


@pytest.mark.parametrize("part", range(5))
def test_no_mutant_is_believed_that_shows_something_else(part: int) -> None:
    made, judge = laboratory()
    for index in range(part, MUTANTS, 5):
        mutant = made.mutant(SEED, index)
        judged = judge.judge(mutant)
        assert judged.violation is None, f"number {index}, {mutant.kind} of {mutant.specimen.name}: {judged.violation}"


@settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(chance=st.randoms(use_true_random=False), name=st.sampled_from(["small", "small-form", "small-certified"]))
def test_no_appended_revision_changes_what_is_shown(chance: random.Random, name: str) -> None:
    made, judge = laboratory()
    specimen = next(item for item in made.corpus.specimens if item.name == name)
    anatomy: Anatomy = made.anatomy(specimen)
    pdf = bytearray(specimen.pdf)
    append(pdf, anatomy, planned(anatomy, chance), chance)
    judged = judge.judge(made.of(bytes(pdf), specimen))
    assert judged.violation is None


def test_the_judge_notices_what_is_shown_otherwise() -> None:
    """Were everything believed, each of these would be a violation."""
    made, judge = laboratory()
    specimen = _specimen("small")
    believed = made.corpus.report(specimen.pdf, integrity_only=True)
    place = target(specimen.pdf)
    for key, value in ((b"Rotate", b"90"), (b"Contents", None), (b"MediaBox", b"[0 0 300 300]"), (b"UserUnit", b"2")):
        changed = updated(specimen.pdf, {place.page: with_key(place.text(place.page), key, value)})
        assert judge.of_believed(made.of(changed, specimen), believed) is not None, key
    assert judge.of_believed(made.of(specimen.pdf + b"\n", specimen), believed) is None


# --- what was found ------------------------------------------------------------------------------


def _report(pdf: bytes) -> Report:
    corpus: Corpus = laboratory()[0].corpus
    return examine(pdf, corpus.trust, FixedClock(corpus.at), InProcess(), integrity_only=True)


def _specimen(name: str) -> Specimen:
    return next(item for item in laboratory()[0].corpus.specimens if item.name == name)


def _field_with(pdf: bytes, rect: bytes, form: bytes, content: bytes) -> bytes:
    """A new unsigned signature field with that rectangle and that appearance."""
    place, new = target(pdf), next_number(pdf)
    view = place.view
    look = b"<</Type/XObject/Subtype/Form%s/Length %d>>\nstream\n%s\nendstream" % (form, len(content), content)
    widget = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(later)/F 4/P %d 0 R/AP<</N %d 0 R>>%s>>" % (
        place.page,
        new + 1,
        rect,
    )
    annots = view.array(view.dictionary(Ref(place.page, 0)).get("Annots"))
    page = with_key(place.text(place.page), b"Annots", b"[%s %d 0 R]" % (b" ".join(map(written, annots)), new))
    form_entry = view.catalogue["AcroForm"]
    fields = view.array(view.dictionary(form_entry).get("Fields"))
    listed = b"[%s %d 0 R]" % (b" ".join(map(written, fields)), new)
    source = with_key(written(view.dictionary(form_entry)), b"Fields", listed)
    holder = form_entry.number  # type: ignore[union-attr]
    return updated(pdf, {place.page: page, new: widget, new + 1: look, holder: source})


_WORDS = b"BT /F1 40 Tf 10 10 Td (Rp 9) Tj ET"


@pytest.mark.parametrize(
    ("rect", "form", "content", "right"),
    [
        (b"/Rect[0 0 0 0]", b"/BBox[0 0 400 400]", _WORDS, Verdict.ALTERED),
        (b"/Rect[300 300 500 300]", b"/BBox[0 0 400 400]", _WORDS, Verdict.ALTERED),
        (b"/Rect[300 300 300.001 300.001]", b"/BBox[0 0 400 400]", _WORDS, Verdict.ALTERED),
        (b"/Rect[0 0 0 0]", b"", b"0 0 90 90 re f", Verdict.ALTERED),
        (b"", b"/BBox[0 0 400 400]", _WORDS, Verdict.ALTERED),
        (b"/Rect[0 0 0 0]", b"/BBox[0 0 0 0]", b"q 1 0 0 1 0 0 cm /FRM Do Q", Verdict.INTACT),
        (b"/Rect[0 0 0 0]", b"/BBox[0 0 100 100]", b"% DSBlank\n", Verdict.INTACT),
        (b"/Rect[0 0 0 0]", b"", b"", Verdict.INTACT),
    ],
    ids=[
        "no area",
        "no height",
        "hardly any area",
        "not clipped",
        "no rectangle",
        "clipped to nothing",
        "blank",
        "empty",
    ],
)
def test_a_field_without_area_shows_nothing(rect: bytes, form: bytes, content: bytes, right: Verdict) -> None:
    """PDFium draws the glyphs of such an appearance in full size, and without /BBox all of it."""
    found = _report(_field_with(_specimen("small-twice").pdf, rect, form, content))
    assert found.verdict is right


def test_a_later_stamp_that_is_not_clipped_is_a_change() -> None:
    look = Appearance(150, 60, b"0 g 0 0 150 60 re f")
    once = _specimen("small").pdf
    stamped = signed(once, request(field=NewField(rect=(300, 400, 450, 460)), appearance=look)).pdf
    assert _report(stamped).verdict is Verdict.INTACT
    invisible = signed(once, request(field=NewField(rect=INVISIBLE))).pdf
    assert _report(invisible).verdict is Verdict.INTACT
    unclipped = _report(once + stamped[len(once) :].replace(b"/BBox", b"/Bbox"))
    assert "field.unbounded" in {item.code for item in unclipped.signatures[0].changes.list}


def test_a_value_that_readers_draw_themselves_is_told_with_page_and_box() -> None:
    pdf = _specimen("small-form").pdf
    place = target(pdf)
    field = next(
        item.number  # type: ignore[union-attr]
        for item in place.view.array(place.view.dictionary(place.view.catalogue["AcroForm"]).get("Fields"))
        if place.view.dictionary(item).get("FT") == "Tx"
    )
    found = _report(updated(pdf, {field: with_key(place.text(field), b"V", b"(ya)")}))
    (told,) = [item for item in found.signatures[0].changes.list if item.code == "field.filled"]
    assert told.page == 1
    assert told.box == (300, 600, 450, 630)


@pytest.mark.parametrize("spoilt", [b"/ByteRange 0", b"/ByteRangs [0"])
def test_a_spoilt_signature_behind_a_lost_cross_reference_is_told(spoilt: bytes) -> None:
    """The dictionary can't be read, no row leads to it, and its /ByteRange is another name."""
    pdf = signed(small(), request(Profile.B_B)).pdf
    first = target(pdf).view.sections[-1].start
    start = pdf.rindex(b"startxref")
    hidden = pdf[:start] + b"startxref\n%d\n%%%%EOF\n" % first
    hidden = hidden.replace(b"/ByteRange [0", spoilt).replace(b"/ByteRange[0", spoilt)
    assert _report(hidden).verdict is not Verdict.UNSIGNED


def test_a_size_that_no_reader_takes_is_a_change() -> None:
    """qpdf and poppler give such a cross-reference up, and repair the file in their own ways."""
    pdf = _specimen("object-streams").pdf
    later = updated(pdf, {next_number(pdf): b"null"})
    assert _report(later).verdict is Verdict.INTACT
    start = later.rindex(b"/Size ")
    end = later.index(b" /Root", start)
    assert _report(later[:start] + b"/Size 2147483648" + later[end:]).verdict is Verdict.ALTERED


def test_a_page_of_another_generation_is_a_change() -> None:
    """qpdf misses a page that is referred to by its old generation; PDFium never looks."""
    pdf = _specimen("small").pdf
    place = target(pdf)
    later = updated(pdf, {place.page: place.text(place.page)})
    assert _report(later).verdict is Verdict.INTACT
    row = b"%010d 00000 n" % (later.rindex(b"\n%d 0 obj" % place.page) + 1)
    other = later[: len(pdf)] + later[len(pdf) :].replace(row, row.replace(b"00000 n", b"00001 n")).replace(
        b"%d 0 obj" % place.page, b"%d 1 obj" % place.page
    )
    found = _report(other)
    assert "object.generation" in {item.code for item in found.signatures[0].changes.list}


def test_a_plain_string_in_an_encrypted_file_is_not_what_was_signed() -> None:
    """A reader that decrypts it finds nothing, and no longer knows the field."""
    pdf = signed(read("encrypted-aes-256"), request(Profile.B_B)).pdf
    widget = target(pdf).signature.fields[0].reference
    assert widget is not None
    later = updated(pdf, {widget.number: target(pdf).text(widget.number)})
    assert _report(later).verdict is Verdict.ALTERED


def test_a_number_of_thousands_of_digits_is_answered() -> None:
    digits = b"9" * 9000
    pdf = signed(read("typst"), request(Profile.B_B)).pdf
    for spoilt in (pdf + b"\n%% /F " + digits + b" \n", updated(pdf, {next_number(pdf): b"<</F " + digits + b">>"})):
        assert not _report(spoilt).verdict.good


@pytest.mark.parametrize("identifier", [b"/ID[<00>]", b"/ID[]", b"/ID 7", b"/ID[7 7]", b""])
def test_an_encrypted_file_with_half_an_identifier_is_answered(identifier: bytes) -> None:
    pdf = signed(read("encrypted-aes-256"), request(Profile.B_B)).pdf
    start = pdf.rindex(b"/ID")
    end = pdf.index(b"]", start) + 1
    spoilt = pdf[:start] + identifier.ljust(end - start) + pdf[end:]
    assert not _report(spoilt).verdict.good


def test_a_signature_behind_a_stream_whose_end_is_lost_is_told() -> None:
    """The stream seems to go on to the next one's end, and no cross-reference leads to what it takes in."""
    pdf = signed(small(), request(Profile.B_B)).pdf
    last = pdf.rindex(b"endstream", 0, target(pdf).gap[0])
    hidden = pdf[:last] + b"endstre`m" + pdf[last + 9 :]
    start = hidden.rindex(b"startxref")
    hidden = hidden[:start] + b"startxref\n%d\n%%%%EOF\nendstream\nendobj\n" % target(pdf).view.sections[-1].start
    assert _report(hidden).verdict is not Verdict.UNSIGNED


def _with_stream(pdf: bytes, keys: bytes) -> bytes:
    """The file with one more revision that adds nothing but its cross-reference stream, of one row."""
    start, number = len(pdf), next_number(pdf)
    row = b"\1" + start.to_bytes(4) + b"\0\0"
    head = b"%d 0 obj\n<</Type/XRef/Size %d/Root %d 0 R/Prev %d/Length 7%s>>\nstream\n%s\nendstream\nendobj\n"
    view = target(pdf).view
    root = view.trailer["Root"]
    assert isinstance(root, Ref)
    keys = keys.replace(b"@", b"%d" % number)
    return (
        pdf + head % (number, number + 1, root.number, view.last.xref, keys, row) + b"startxref\n%d\n%%%%EOF\n" % start
    )


@pytest.mark.parametrize(
    ("keys", "right"),
    [
        (b"/W[1 4 2]/Index[@ 1]", Verdict.INTACT),
        (b"/W[1 4 2]/Index[@ 1 5]", Verdict.ALTERED),
        (b"/W[1 4 2]/Index[@ 2]", Verdict.ALTERED),
        (b"/W[1 4 2]/Index[-1 1 @ 1]", Verdict.ALTERED),
        (b"/W[1 4 3]/Index[@ 1]", Verdict.ALTERED),
    ],
    ids=["right", "half a pair", "rows missing", "negative", "rows cut off"],
)
def test_a_cross_reference_stream_that_readers_give_up_is_a_change(keys: bytes, right: Verdict) -> None:
    """qpdf then looks for the objects itself, and finds other pages."""
    assert _report(_with_stream(_specimen("object-streams").pdf, keys)).verdict is right


def test_a_table_that_names_itself_as_its_stream_is_answered() -> None:
    pdf = _specimen("small").pdf
    later = updated(pdf, {next_number(pdf): b"null"})
    start = len(pdf) + later[len(pdf) :].index(b"\nxref") + 1
    looped = later[:start] + later[start:].replace(b"/Prev", b"/XRefStm %d/Prev" % start)
    assert _report(looped).verdict is Verdict.ALTERED


@pytest.mark.parametrize("name", ["foreign-pades", "small"])
@pytest.mark.parametrize("more", [-40, 0, 1])
def test_a_letter_cut_off_at_its_signature_value_is_not_unsigned(name: str, more: int) -> None:
    """What comes after the value, or before, may be all that calls the dictionary one of a signature."""
    specimen = _specimen(name)
    gap_start, gap_end = specimen.gaps[0]
    head = specimen.pdf[:gap_start].replace(b"/ByteRange", b"/Byterange").replace(b"/Sig\n", b"/Sag\n")
    found = _report(head + specimen.pdf[gap_start : gap_end + more])
    assert found.verdict is Verdict.INVALID
    assert "cut off" in found.sentence.en


def test_a_signature_value_among_other_keys_is_not_unsigned() -> None:
    specimen = _specimen("small")
    start, end = specimen.gaps[0]
    number = next_number(small())
    bare = updated(small(), {number: b"<</Contents " + specimen.pdf[start:end] + b">>"})
    assert _report(bare).verdict is Verdict.INVALID


def test_a_signed_file_inside_a_stream_is_no_signature_of_this_one() -> None:
    inner = _specimen("small").pdf
    number = next_number(small())
    holding = updated(small(), {number: b"<</Length %d>>\nstream\n%s\nendstream" % (len(inner), inner)})
    assert _report(holding).verdict is Verdict.UNSIGNED
