"""What may be signed and what is refused, by name; and what is told of a letter."""

import io

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, String

from esign import errors
from esign.pades.letter import Limits, examine, examine_in
from esign.pdf.sandbox import InProcess
from tests.bad_letters import BadLetter, bad_letters
from tests.letter_files import Letter, big, letters, read
from tests.sheets import compressed, saved, sheet, signature, signature_field, text, written

LIMITS = Limits()
CATALOGUE = "<</Type/Catalog/Pages 2 0 R>>"


def refusal(pdf: bytes, limits: Limits = LIMITS) -> errors.EsignError:
    with pytest.raises(errors.EsignError) as caught:
        examine(pdf, limits)
    return caught.value


@pytest.mark.parametrize("given", letters(refusal=None), ids=str)
def test_letters_of_real_producers_are_known_for_what_they_are(given: Letter) -> None:
    facts = examine(given.pdf, LIMITS)
    assert facts.pages == given.pages
    assert facts.version == given.version
    assert facts.tagged == given.tagged
    assert (facts.pdfa or "").upper() == (given.pdfa or "")
    assert facts.encrypted == (given.encrypted is not None)
    assert facts.hybrid == (given.xref == "hybrid")
    assert facts.linearised == given.linearised
    assert facts.permission == given.certified
    assert facts.takes_new_fields == (given.certified is None)
    assert facts.signed == bool(given.signatures)
    assert {field.name for field in facts.fields if not field.filled} == set(given.signature_fields)
    assert {field.name for field in facts.fields if field.filled} == set(given.signatures)
    assert {signature.field for signature in facts.signatures} == set(given.signatures)
    for page, size in enumerate(given.displayed, start=1):
        assert facts.geometry(page).displayed_size == pytest.approx(size, abs=0.02)
        assert facts.geometry(page).rotate == given.rotations[page - 1]


@pytest.mark.parametrize("given", [each for each in letters() if each.refusal], ids=str)
def test_letters_that_may_not_be_signed_are_refused(given: Letter) -> None:
    assert refusal(given.pdf).code == given.refusal


@pytest.mark.parametrize("bad", bad_letters(), ids=str)
def test_bad_letters_are_refused_by_name(bad: BadLetter) -> None:
    assert refusal(bad.pdf).code in bad.codes


@pytest.mark.parametrize("cut", [1, 7, 200, 5_000, 20_000])
def test_a_letter_that_was_cut_off_is_refused(cut: int) -> None:
    assert isinstance(refusal(read("libreoffice-docx")[:-cut].rstrip(b"%EOF\n")), errors.LetterTruncated)


def test_a_letter_whose_last_update_was_cut_off_is_not_taken_for_the_one_before() -> None:
    signed = read("signed-pades")
    assert isinstance(refusal(signed[:-300]), errors.LetterTruncated)


def test_white_space_at_the_end_is_no_damage() -> None:
    assert examine(read("typst") + b"\r\n \n", LIMITS).pages == 1


def test_a_letter_over_a_limit_is_refused_with_the_limit() -> None:
    pdf = read("typst")
    size = refusal(pdf, Limits(max_bytes=len(pdf) - 1))
    assert (type(size), size.details) == (errors.LetterTooLarge, {"limit": len(pdf) - 1})
    pages = refusal(saved(sheet(pages=5)), Limits(max_pages=4))
    assert (type(pages), pages.details) == (errors.LetterTooManyPages, {"pages": 5, "limit": 4})


@pytest.mark.parametrize("object_streams", [False, True])
def test_a_long_letter_is_examined_to_its_last_page(*, object_streams: bool) -> None:
    facts = examine(big(300, object_streams=object_streams), LIMITS, [7, -2, 900])
    assert facts.pages == 300
    assert sorted(facts.geometries) == [1, 7, 299, 300]
    with pytest.raises(errors.PageOutOfRange):
        facts.geometry(301)


def test_the_facts_come_through_a_runner_unchanged() -> None:
    for name in ("signature-fields", "certified-fields", "typst-2.0"):
        assert examine_in(InProcess(), read(name), LIMITS, [2]) == examine(read(name), LIMITS, [2])


def test_a_page_that_shows_nothing_is_refused() -> None:
    error = refusal(saved(sheet(media=(0, 0, 100, 100), crop=(200, 200, 300, 300))))
    assert type(error) is errors.LetterError


# --- active content ----------------------------------------------------------------------------


def action(kind: str, entries: Dictionary | None = None) -> Dictionary:
    made = Dictionary() if entries is None else entries
    made.S = Name("/" + kind)
    return made


def link(pdf: Pdf, what: Dictionary) -> None:
    pdf.pages[0].Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=what)])


def annotation(pdf: Pdf, subtype: str, flags: int = 4) -> None:
    pdf.pages[0].Annots = Array(
        [Dictionary(Type=Name.Annot, Subtype=Name("/" + subtype), Rect=Array([0, 0, 9, 9]), F=flags)]
    )


VIEW_OFF, VIEW_ON = Dictionary(ViewState=Name.OFF), Dictionary(ViewState=Name.ON)
PRINT_OFF, PRINT_ON = Dictionary(PrintState=Name.OFF), Dictionary(PrintState=Name.ON)


@pytest.mark.parametrize(
    "kind", ["ResetForm", "Hide", "SetOCGState", "Rendition", "GoTo3DView", "RichMediaExecute", "Launch"]
)
@pytest.mark.parametrize("save", [saved, compressed])
def test_actions_that_change_what_is_shown_are_refused(kind: str, save: object) -> None:
    assert callable(save)
    pdf = sheet(text(72, 700, "Surat"))
    link(pdf, action("URI", Dictionary(URI=String("https://a.go.id"), Next=Array([action(kind)]))))
    error = refusal(save(pdf))
    assert type(error) is errors.LetterActiveContent
    assert error.details == {"kind": kind}


@pytest.mark.parametrize("subtype", ["RichMedia", "3D", "Movie", "Screen", "Sound"])
def test_multimedia_is_refused(subtype: str) -> None:
    pdf = sheet()
    annotation(pdf, subtype)
    assert refusal(saved(pdf)).details == {"kind": subtype}


def test_an_action_without_a_click_may_only_lead_within_the_letter() -> None:
    for kind, refused in (("GoTo", False), ("Named", False), ("URI", True), ("GoToR", True), ("Thread", True)):
        pdf = sheet()
        pdf.Root.OpenAction = action(kind)
        pdf.pages[0].AA = Dictionary(O=action(kind))
        if refused:
            assert refusal(saved(pdf)).details == {"kind": kind}
        else:
            assert examine(saved(pdf), LIMITS).pages == 1


def test_what_follows_an_action_without_a_click_is_judged_with_it() -> None:
    pdf = sheet()
    pdf.Root.OpenAction = action("GoTo", Dictionary(Next=Array([action("Named"), action("URI")])))
    assert refusal(saved(pdf)).details == {"kind": "URI"}


def test_links_bookmarks_and_attachments_are_no_active_content() -> None:
    pdf = sheet(pages=2)
    pdf.Root.OpenAction = Array([pdf.pages[0].obj, Name.XYZ, 0, 0, 0])
    link(pdf, action("URI", Dictionary(URI=String("https://a.go.id/JavaScript"))))
    pdf.pages[1].Annots = Array(
        [
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Link,
                Rect=Array([0, 0, 9, 9]),
                A=action("GoToR", Dictionary(F=String("b.pdf"))),
            ),
            Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), F=4, A=action("GoToE")),
        ]
    )
    pdf.attachments["data.xml"] = b"<data/>"
    with pdf.open_outline() as outline:
        outline.root.append(pikepdf.OutlineItem("Halaman 2", 1))
    for save in (saved, compressed):
        assert examine(save(pdf), LIMITS).pages == 2


def test_an_annotation_that_shows_only_on_paper_is_refused() -> None:
    pdf = sheet()
    annotation(pdf, "Square", 4 | 32)
    assert refusal(saved(pdf)).details == {"kind": "NoView"}
    annotation(pdf, "Square", 4 | 128)
    assert examine(saved(pdf), LIMITS).pages == 1


@pytest.mark.parametrize(
    ("usage", "off", "refused"),
    [
        (None, False, False),
        (None, True, False),
        (Dictionary(View=VIEW_ON, Print=PRINT_ON), False, False),
        (Dictionary(View=VIEW_OFF, Print=PRINT_OFF), True, False),
        (Dictionary(View=VIEW_OFF, Print=PRINT_ON), False, True),
        (Dictionary(View=VIEW_ON, Print=PRINT_OFF), False, True),
        (Dictionary(Print=PRINT_OFF), False, True),
        (Dictionary(Print=PRINT_ON), True, True),
        (Dictionary(Export=Dictionary(ExportState=Name.OFF)), False, True),
    ],
)
def test_layers_must_look_the_same_on_screen_and_on_paper(usage: Dictionary | None, off: bool, refused: bool) -> None:
    pdf = sheet()
    group = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("layer")))
    if usage is not None:
        group.Usage = usage
    default = Dictionary(Order=Array([group]))
    if off:
        default.OFF = Array([group])
    pdf.Root.OCProperties = Dictionary(OCGs=Array([group]), D=default)
    if refused:
        assert refusal(saved(pdf)).details == {"kind": "OCProperties"}
    else:
        assert examine(saved(pdf), LIMITS).pages == 1


def test_layers_that_depend_on_who_looks_are_refused() -> None:
    pdf = sheet()
    group = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("layer")))
    application = Dictionary(Event=Name.View, Category=Array([Name.Zoom]), OCGs=Array([group]))
    pdf.Root.OCProperties = Dictionary(OCGs=Array([group]), D=Dictionary(AS=Array([application])))
    assert refusal(saved(pdf)).details == {"kind": "OCProperties"}


@pytest.mark.parametrize("key", ["OPI", "Alternates", "Ref"])
def test_pictures_with_another_one_elsewhere_are_refused(key: str) -> None:
    pdf = sheet()
    form = pdf.make_stream(b"")
    form.stream_dict.Subtype, form.stream_dict.BBox = Name.Form, Array([0, 0, 1, 1])
    form.stream_dict["/" + key] = Dictionary(A=1)
    pdf.pages[0].Resources.XObject = Dictionary(X=form)
    assert refusal(saved(pdf)).details == {"kind": key}


@pytest.mark.parametrize("name", ["JavaScript", "J#61vaScript", "#4a#61#76#61#53#63#72#69#70#74"])
@pytest.mark.parametrize("value", ["/{name}", "5 0 R"])
def test_an_escaped_or_indirect_name_hides_nothing(name: str, value: str) -> None:
    pdf = written(
        "<</Type/Catalog/Pages 2 0 R/Names 4 0 R>>",
        "<</Type/Pages/Count 1/Kids[3 0 R]>>",
        "<</Type/Page>>",
        f"<</#4aava<</S {value.format(name=name)}/JS(x)>>>>",
        f"/{name}",
    )
    assert refusal(pdf).details == {"kind": "JavaScript"}


@pytest.mark.parametrize(
    "key", ["/F (b.bin)", "/F<62>", "/F<</Type/Filespec/F(b)>>", "/F 4 0 R", "/#46(b)", "/F%\n(b)", "/F\n\n4\n0\nR"]
)
def test_a_stream_that_stands_in_another_file_is_refused(key: str) -> None:
    pdf = written(
        CATALOGUE,
        "<</Type/Pages/Count 1/Kids[3 0 R]>>",
        "<</Type/Page/Contents 5 0 R>>",
        "(b.bin)",
        f"<</Length 0{key}>>\nstream\n\nendstream",
    )
    assert refusal(pdf).details == {"kind": "External stream"}


def test_what_no_object_of_the_letter_leads_to_is_not_active() -> None:
    pdf = written(CATALOGUE, "<</Type/Pages/Count 1/Kids[3 0 R]>>", "<</Type/Page>>", "<</S/JavaScript/JS(x)>>")
    assert examine(pdf, LIMITS).pages == 1


def test_a_hybrid_letter_is_judged_in_both_views() -> None:
    pdf = read("hybrid-word")
    assert examine(pdf, LIMITS).hybrid


# --- forms and signatures that are there -------------------------------------------------------


def test_signature_fields_are_told_with_page_place_and_lock() -> None:
    pdf = sheet(pages=3, rotate=90)
    signature_field(pdf, "kepala", (100, 200, 300, 260), page=2, lock="All")
    signature_field(pdf, "paraf", (0, 0, 0, 0))
    signature_field(pdf, "camat", (10, 10, 60, 60), value=signature(pdf))
    facts = examine(saved(pdf), LIMITS)
    kepala, paraf, camat = facts.fields
    assert (kepala.name, kepala.page, kepala.filled, kepala.lock) == ("kepala", 3, False, "All")
    assert kepala.box == facts.geometry(3).to_displayed((100, 200, 300, 260))
    assert (paraf.page, paraf.box, paraf.filled) == (1, None, False)
    assert camat.filled
    assert facts.signed
    assert facts.takes_new_fields
    assert set(facts.field_names) == {"kepala", "paraf", "camat"}


def test_a_field_whose_widget_names_no_page_is_found_on_the_page_that_lists_it() -> None:
    pdf = sheet(pages=3)
    field = signature_field(pdf, "kepala", (100, 200, 300, 260), page=1)
    del field["/P"]
    assert examine(compressed(pdf), LIMITS).fields[0].page == 2


def test_a_time_stamp_alone_is_no_signature() -> None:
    pdf = sheet()
    signature_field(pdf, "waktu", (0, 0, 0, 0), value=signature(pdf, timestamp=True))
    facts = examine(saved(pdf), LIMITS)
    assert not facts.signed
    assert facts.signatures[0].is_timestamp


@pytest.mark.parametrize(("permission", "named_by_catalogue"), [(1, False), (1, True), (2, True), (3, False)])
def test_a_certification_rules_what_may_be_added(permission: int, named_by_catalogue: bool) -> None:
    pdf = sheet()
    value = signature(pdf, permission)
    signature_field(pdf, "bupati", (0, 0, 50, 50), value=value)
    if named_by_catalogue:
        pdf.Root.Perms = Dictionary(DocMDP=value)
    if permission == 1:
        assert type(refusal(saved(pdf))) is errors.LetterCertified
    else:
        assert type(refusal(saved(pdf))) is errors.LetterCertifiedWithoutRoom
        signature_field(pdf, "camat", (60, 0, 99, 50))
        facts = examine(saved(pdf), LIMITS)
        assert facts.permission == permission
        assert not facts.takes_new_fields


def test_names_of_fields_in_an_encrypted_letter_are_read() -> None:
    pdf = sheet()
    signature_field(pdf, "kepala", (100, 200, 300, 260))
    out = io.BytesIO()
    pdf.save(out, encryption=pikepdf.Encryption(owner="rahasia", user="", R=6))
    facts = examine(out.getvalue(), LIMITS)
    assert facts.encrypted
    assert [field.name for field in facts.fields] == ["kepala"]
