"""Signing leaves a letter's structure as it was, whatever that is."""

import io
import re
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esign.errors import LetterEncrypted, LetterTruncated, PageOutOfRange
from esign.pades.dss import append_dss
from esign.pades.profile import Profile
from esign.pades.spec import INVISIBLE, ExistingField, NewField, SignatureSpec
from esign.pades.update import prepare, prepare_document_timestamp
from tests.handmade import PAGE, handmade
from tests.letter_files import Letter, letters, read
from tests.officials import FIRST, SECOND, official, request, roots, signed
from tests.validators import qpdf_complaints, reader, verdicts

SIGNABLE = [letter for letter in letters(refusal=None) if letter.certified is None]
SPEC = SignatureSpec(field=NewField(rect=FIRST), signed_at=request().signing_time, contents_size=1000)


def opened(pdf: bytes) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(pdf))


@pytest.mark.parametrize("letter", SIGNABLE, ids=str)
def test_letters_of_all_producers_are_signed_twice_and_stay_valid(letter: Letter, tmp_path: Path) -> None:
    fields = [ExistingField(name) for name in letter.signature_fields]
    first, second = [*fields, NewField(rect=FIRST), NewField(rect=SECOND)][:2]
    once = signed(letter.pdf, request(field=first))
    twice = signed(once.pdf, request(field=second), official("Siti Aminah"))
    assert once.pdf.startswith(letter.pdf)
    assert twice.pdf.startswith(once.pdf)
    ours = verdicts(twice.pdf, roots())[len(letter.signatures) :]
    assert [(verdict.sound, verdict.covers_file) for verdict in ours] == [(True, False), (True, True)]
    assert qpdf_complaints(twice.pdf, tmp_path) == ""


@pytest.mark.parametrize("letter", SIGNABLE, ids=str)
def test_the_gap_is_the_placeholder_and_nothing_else(letter: Letter) -> None:
    made = signed(letter.pdf, request(field=NewField(rect=FIRST)))
    start, a, c, d = made.byte_range
    assert (start, c + d) == (0, len(made.pdf))
    assert re.fullmatch(rb"<[0-9a-f]+>", made.pdf[a:c])
    assert b"[%d %d %d %d]" % made.byte_range in made.pdf


@pytest.mark.parametrize("letter", SIGNABLE, ids=str)
def test_cross_references_go_on_as_they_were(letter: Letter) -> None:
    made = prepare(letter.pdf, SPEC)
    assert (b"/Type/XRef" in made.appended) == (letter.xref == "stream")
    assert (b"\nxref\n" in made.appended) == (letter.xref != "stream")


def test_the_same_letter_and_request_give_the_same_bytes() -> None:
    assert prepare(read("typst"), SPEC) == prepare(read("typst"), SPEC)


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r", b"\r\n", b"\n\n  ", b" "])
def test_the_end_of_the_file_may_be_anything(ending: bytes, tmp_path: Path) -> None:
    letter = handmade(ending=ending)
    made = signed(letter, request())
    assert made.pdf.startswith(letter)
    assert [verdict.sound for verdict in verdicts(made.pdf, roots())] == [True]
    assert qpdf_complaints(made.pdf, tmp_path) == ""


def test_a_size_that_is_too_small_overwrites_no_object() -> None:
    made = opened(signed(handmade({9: b"(kept)"}, size=5), request()).pdf)
    assert str(made.get_object(9, 0)) == "kept"


def test_the_first_half_of_the_id_stays_and_the_second_changes() -> None:
    letter = handmade()
    made = opened(signed(letter, request()).pdf)
    first, second = (bytes(half) for half in made.trailer["/ID"])
    assert first == bytes.fromhex("00112233445566778899aabbccddeeff")
    assert second != first


def test_a_letter_without_an_id_gets_one() -> None:
    made = opened(signed(handmade(trailer=b""), request()).pdf)
    assert len(made.trailer["/ID"]) == 2


def test_the_info_dictionary_stays_where_it_was() -> None:
    letter = handmade({5: b"<</Title(Undangan)>>"}, trailer=b"/Info 5 0 R")
    made = opened(signed(letter, request(Profile.B_LTA)).pdf)
    assert str(made.docinfo["/Title"]) == "Undangan"


@pytest.mark.parametrize("name", ["encrypted-rc4", "encrypted-aes-128", "encrypted-aes-256"])
def test_what_is_added_to_an_encrypted_letter_is_encrypted(name: str) -> None:
    made = signed(read(name), request(Profile.B_LT, reason="Alasan rahasia"))
    assert b"Alasan rahasia" not in made.pdf
    assert [(verdict.sound, verdict.field) for verdict in verdicts(made.pdf, roots())] == [(True, "esign_1")]
    signature = reader(made.pdf).embedded_signatures[0].sig_object
    assert signature["/Reason"] == "Alasan rahasia"
    store = opened(made.pdf)
    held = [stream.read_bytes() for stream in store.Root["/DSS"]["/Certs"]]
    assert official().certificate.dump() in held


def test_a_letter_that_asks_for_a_password_is_refused() -> None:
    with pytest.raises(LetterEncrypted):
        prepare(read("encrypted-user"), SPEC)


@pytest.mark.parametrize("pdf", [b"%PDF-1.7\n", handmade()[:-200], handmade().replace(b"/Root 1 0 R", b"/Root 8 0 R")])
def test_a_damaged_letter_is_refused(pdf: bytes) -> None:
    with pytest.raises(LetterTruncated):
        prepare(pdf, SPEC)
    with pytest.raises(LetterTruncated):
        append_dss(pdf, [b"x"], [], [])
    with pytest.raises(LetterTruncated):
        prepare_document_timestamp(pdf, 9)


@pytest.mark.parametrize("page", range(6))
def test_a_page_is_found_in_a_tree_of_several_levels(page: int) -> None:
    letter = handmade(
        {
            2: b"<</Type/Pages/Kids[20 0 R 11 0 R 21 0 R]/Count 6>>",
            20: b"<</Type/Pages/Kids[10 0 R 12 0 R]/Count 2>>",
            21: b"<</Type/Pages/Kids[22 0 R 15 0 R]/Count 3>>",
            22: b"<</Type/Pages/Kids[13 0 R 14 0 R]/Count 2>>",
            **dict.fromkeys(range(10, 16), PAGE),
        }
    )
    made = opened(signed(letter, request(field=NewField(page, FIRST))).pdf)
    assert ["/Annots" in each for each in made.pages] == [index == page for index in range(6)]


@pytest.mark.parametrize("name", ["typst", "encrypted-aes-256"])
@pytest.mark.parametrize("reason", ["a) \\ ((b", "Persetujuan – sah", "baris\nbaru", "ends with \\"])
def test_texts_come_back_as_they_were_given(name: str, reason: str) -> None:
    made = signed(read(name), request(reason=reason, location=reason))
    assert reader(made.pdf).embedded_signatures[0].sig_object["/Reason"] == reason
    assert [verdict.sound for verdict in verdicts(made.pdf, roots())] == [True]


def test_a_page_that_is_not_there_is_refused() -> None:
    with pytest.raises(PageOutOfRange) as refusal:
        prepare(handmade(), SignatureSpec(NewField(page=1), SPEC.signed_at, 1000))
    assert refusal.value.details == {"page": 2, "pages": 1}


@pytest.mark.parametrize(("version", "declared"), [(b"1.4", True), (b"1.7", True), (b"2.0", False)])
def test_the_extension_is_declared_where_the_version_knows_no_pades(version: bytes, declared: bool) -> None:
    made = opened(signed(handmade(version=version), request()).pdf)
    assert ("/Extensions" in made.Root) == declared
    if declared:
        assert made.Root["/Extensions"]["/ESIC"]["/BaseVersion"] == "/1.7"


def test_extensions_of_others_are_kept() -> None:
    catalogue = b"<</Type/Catalog/Pages 2 0 R/Extensions<</ADBE<</BaseVersion/1.7/ExtensionLevel 8>>>>>>"
    made = opened(signed(handmade({1: catalogue}), request()).pdf)
    assert set(made.Root["/Extensions"].keys()) == {"/ADBE", "/ESIC"}


# --- annotations -------------------------------------------------------------------------------

NOTE = b"<</Type/Annot/Subtype/Link/Rect[0 0 1 1]>>"


def annotated(annots: bytes, more: dict[int, bytes] | None = None) -> bytes:
    return handmade({3: PAGE[:-2] + b"/Annots " + annots + b">>", **(more or {})})


@pytest.mark.parametrize(
    ("letter", "before"),
    [
        (handmade(), 0),
        (annotated(b"[]"), 0),
        (annotated(b"[5 0 R]", {5: NOTE}), 1),
        (annotated(b"6 0 R", {5: NOTE, 6: b"[5 0 R]"}), 1),
        (annotated(b"[" + NOTE + b"]"), 1),
        (annotated(b"null"), 0),
    ],
    ids=["none", "empty", "array", "indirect array", "direct annotation", "null"],
)
def test_the_widget_joins_the_annotations_of_its_page(letter: bytes, before: int) -> None:
    once = signed(letter, request())
    twice = signed(once.pdf, request(field=NewField(rect=SECOND)), official("Siti Aminah"))
    made = opened(twice.pdf)
    page = made.pages[0]
    assert len(page.Annots) == before + 2
    assert [str(each.T) for each in list(page.Annots)[before:]] == ["esign_1", "esign_2"]
    assert [verdict.sound for verdict in verdicts(twice.pdf, roots())] == [True, True]


def test_an_array_that_pages_share_shows_the_stamp_on_one_of_them() -> None:
    page = PAGE[:-2] + b"/Annots 6 0 R>>"
    letter = handmade({2: b"<</Type/Pages/Kids[3 0 R 5 0 R]/Count 2>>", 3: page, 5: page, 6: b"[7 0 R]", 7: NOTE})
    made = opened(signed(letter, request()).pdf)
    assert [len(page.Annots) for page in made.pages] == [2, 1]


def test_an_invisible_signature_has_a_widget_that_prints_nothing() -> None:
    made = opened(signed(handmade(), request(field=NewField())).pdf)
    widget = made.pages[0].Annots[0]
    assert [float(each) for each in widget.Rect] == list(INVISIBLE)
    assert int(widget.F) == 132
    assert widget.AP.N.read_bytes() == b""


# --- any letter --------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    pages=st.integers(1, 5),
    page=st.integers(0, 4),
    nested=st.booleans(),
    ending=st.sampled_from([b"", b"\n", b"\r\n", b"  "]),
    version=st.sampled_from([b"1.4", b"1.7", b"2.0"]),
    annots=st.sampled_from([b"", b"/Annots[]", b"/Annots 90 0 R"]),
    room=st.integers(1, 3000),
)
def test_a_letter_is_always_a_prefix_of_what_is_made_of_it(
    pages: int, page: int, nested: bool, ending: bytes, version: bytes, annots: bytes, room: int
) -> None:
    kids = b" ".join(b"%d 0 R" % number for number in range(10, 10 + pages))
    tree = b"<</Type/Pages/Kids[%b]/Count %d>>" % (kids, pages)
    leaves = dict.fromkeys(range(10, 10 + pages), PAGE[:-2] + annots + b">>")
    root = b"<</Type/Pages/Kids[80 0 R]/Count %d>>" % pages if nested else tree
    letter = handmade({2: root, 80: tree, 90: b"[]", **leaves}, ending=ending, version=version)
    page = min(page, pages - 1)
    made = prepare(letter, SignatureSpec(NewField(page, FIRST), SPEC.signed_at, room))
    _, a, c, d = made.byte_range
    assert (made.contents_size, c + d) == (room, len(letter) + len(made.appended))
    whole = letter + made.appended
    assert whole[a:c] == b"<" + b"0" * (2 * room) + b">"
    annotations = [len(each.get("/Annots", [])) for each in opened(whole).pages]
    assert annotations == [int(index == page) for index in range(pages)]
