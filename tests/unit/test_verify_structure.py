"""Structure read by our own code: revisions, cross-references, hybrid files, strings, limits."""

import zlib

import pytest

from esign.pades.profile import Profile
from esign.pdf.filters import DecodedTooLargeError, decode
from esign.pdf.revisions import PdfFile
from esign.pdf.signatures import TooManySignaturesError, find_signatures, signature_fields
from esign.pdf.syntax import (
    MAX_DEPTH,
    Name,
    Object,
    PdfDict,
    PdfString,
    PdfSyntaxError,
    Ref,
    Stream,
    read_indirect,
    read_value,
)
from esign.pdf.xref import read_section
from esign.verify.report import Verdict
from esign.verify.structure import examine_structure
from esign.verify.validate import validate
from esign.x509.clock import SystemClock
from esign.x509.trust import TrustStore
from tests.attacks.forgery import next_number, target, updated, with_key
from tests.letter_files import letters, read
from tests.officials import request, roots, signed


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (b"null", None),
        (b"true", True),
        (b" 12 ", 12),
        (b"-.5", -0.5),
        (b"4.", 4.0),
        (b"/A#20b", Name("A b")),
        (b"/", Name("")),
        (b"3 0 R", Ref(3, 0)),
        (b"[1 0 R 2]", [Ref(1, 0), 2]),
        (b"% said\n7", 7),
    ],
)
def test_objects_are_read(source: bytes, value: Object) -> None:
    assert read_value(source, 0)[0] == value


@pytest.mark.parametrize(
    ("source", "value", "hexadecimal"),
    [
        (b"(a(b)c)", b"a(b)c", False),
        (rb"(\050\51\n\z\\)", b"()\nz\\", False),
        (b"(a\\\r\nb)", b"ab", False),
        (b"<48 69>", b"Hi", True),
        (b"<486>", b"H`", True),
        (b"<>", b"", True),
    ],
)
def test_strings_know_their_value_and_place(source: bytes, value: bytes, hexadecimal: bool) -> None:
    found, end = read_value(b"  " + source, 0)
    assert found == PdfString(value, 2, 2 + len(source), hexadecimal)
    assert end == 2 + len(source)


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"nul",
        b"<<",
        b"<</A>>",
        b"<<1 2>>",
        b"[1",
        b"(a",
        b"<4x>",
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    ],
)
def test_what_is_no_object_is_refused(source: bytes) -> None:
    with pytest.raises(PdfSyntaxError):
        read_value(source, 0)


@pytest.mark.parametrize(
    "source", [b"%" * 100_000, b"% \n" * 50_000, b"(" * 100_000, b"<" * 100_000, b"1 " * 50_000 + b"R"]
)
def test_long_rubbish_takes_no_long_time(source: bytes) -> None:
    with pytest.raises(PdfSyntaxError):
        read_value(b"[" + source, 0)


def test_a_key_written_twice_is_told() -> None:
    found, _ = read_value(b"<</A 1/B 2/#41 3>>", 0)
    assert isinstance(found, PdfDict)
    assert (found["A"], found.duplicates) == (3, ("A",))


def test_a_stream_with_a_wrong_length_is_told() -> None:
    right = read_indirect(b"1 0 obj<</Length 2>>stream\nab\nendstream endobj", 0)
    wrong = read_indirect(b"1 0 obj<</Length 9>>stream\nab\nendstream endobj", 0)
    assert (right.repaired, wrong.repaired) == (False, True)
    assert isinstance(wrong.value, Stream)


def test_a_deflate_bomb_is_refused() -> None:
    bomb = zlib.compress(bytes(80 * 1024 * 1024), 9)
    dictionary = PdfDict()
    dictionary["Filter"] = Name("FlateDecode")
    with pytest.raises(DecodedTooLargeError):
        decode(bomb, dictionary)


@pytest.mark.parametrize(
    "table",
    [
        b"xref\n0 99999999\n0000000000 65535 f \ntrailer<<>>",
        b"xref\n8388600 99\n" + b"0000000000 65535 f \n" * 99 + b"trailer<<>>",
        b"xref\n0 1\nnonsense\ntrailer<<>>",
        b"xref\n0 1\n0000000000 65535 f \n",
    ],
)
def test_a_table_that_can_t_be_is_refused(table: bytes) -> None:
    with pytest.raises(PdfSyntaxError):
        read_section(table, 0)


def test_cross_references_in_a_loop_are_refused() -> None:
    pdf = b"%PDF-1.4\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 1/Prev 9>>\nstartxref\n9\n%%EOF"
    with pytest.raises(PdfSyntaxError, match="loop"):
        PdfFile(pdf).view()


@pytest.mark.parametrize("letter", letters(), ids=str)
def test_every_letter_of_a_real_producer_is_read(letter: object) -> None:
    name = str(letter)
    structure = examine_structure(read(name))
    assert structure.view is not None
    assert structure.locked == (name == "encrypted-user")
    if not structure.locked:
        known = next(item for item in letters() if item.name == name)
        filled = {item.name for item in signature_fields(structure.view) if item.value is not None}
        assert filled == set(known.signatures)
        assert {field.name for item in structure.signatures for field in item.fields} == filled
        assert all(item.sound and not item.after for item in structure.signatures)


def test_a_dictionary_with_escaped_names_and_no_type_is_found() -> None:
    pdf = signed(read("typst-1.4"), request(Profile.B_B)).pdf
    hidden = pdf.replace(b"/ByteRange", b"/Byte#52ang", 1)
    assert len(find_signatures(PdfFile(hidden), [])) == 1
    bare = pdf.replace(b"/Type/Sig/", b"         /", 1).replace(b"/ByteRange", b"/#42yteRan", 1)
    assert examine_structure(bare).signatures


def test_a_signature_that_no_cross_reference_reaches_is_found() -> None:
    pdf = read("typst-1.4")
    stray = (
        b"\n900 0 obj\n<</Type/Sig/Filter/X/SubFilter/ETSI.CAdES.detached/ByteRange[0 1 2 3]/Contents<00>>>\nendobj\n"
    )
    at = pdf.rindex(b"startxref")
    structure = examine_structure(pdf[:at] + stray + pdf[at:])
    assert [item.found.referenced for item in structure.signatures] == [False]
    assert not structure.signatures[0].sound


def test_a_signed_pdf_inside_a_stream_is_no_signature_of_the_file() -> None:
    inner = signed(read("typst-1.4"), request(Profile.B_B)).pdf
    pdf = read("typst-1.4")
    number = next_number(pdf)
    attached = b"%d 0 obj\n<</Type/EmbeddedFile/Length %d>>\nstream\n%s\nendstream\nendobj\n" % (
        number,
        len(inner),
        inner,
    )
    row = b"xref\n%d 1\n%010d 00000 n \n" % (number, len(pdf))
    last = PdfFile(pdf).view().last.xref
    root = PdfFile(pdf).view().trailer["Root"]
    assert isinstance(root, Ref)
    trailer = b"trailer\n<</Size %d/Root %d 0 R/Prev %d>>\n" % (number + 1, root.number, last)
    whole = pdf + attached + row + trailer + b"startxref\n%d\n%%%%EOF\n" % (len(pdf) + len(attached))
    assert examine_structure(whole).signatures == ()


def test_too_many_signatures_are_not_examined() -> None:
    many = b"".join(b"%d 0 obj<</Type/Sig/ByteRange[]>>endobj\n" % number for number in range(1, 700))
    with pytest.raises(TooManySignaturesError):
        examine_structure(b"%PDF-1.4\n" + many)
    report = validate(b"%PDF-1.4\n" + many, TrustStore(), SystemClock().now())
    assert report.verdict is Verdict.NOT_EXAMINED


def _hybrid(pdf: bytes, *, number: int, in_table: int | None, in_stream: int) -> bytes:
    """The letter with a hybrid update that lists an object in its table, in its stream, or in both."""
    view = PdfFile(pdf).view()
    root = view.trailer["Root"]
    assert isinstance(root, Ref)
    new = next_number(pdf)
    row = b"\1" + in_stream.to_bytes(4, "big") + b"\0\0"
    head = b"<</Type/XRef/Size %d/W[1 4 2]/Index[%d 1]/Length %d>>" % (new + 1, number, len(row))
    stream = b"\n%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\n" % (new, head, row)
    rows = b"%d 1\n%010d 00000 n \n" % (number, in_table) if in_table is not None else b"0 1\n0000000000 65535 f \n"
    trailer = b"trailer\n<</Size %d/Root %d 0 R/Prev %d/XRefStm %d>>\n" % (
        new + 1,
        root.number,
        view.last.xref,
        len(pdf) + 1,
    )
    table = b"xref\n" + rows + trailer
    return pdf + stream + table + b"startxref\n%d\n%%%%EOF\n" % (len(pdf) + len(stream))


def test_a_hybrid_update_whose_table_and_stream_disagree_is_not_genuine() -> None:
    pdf = signed(read("typst-1.4"), request(Profile.B_LT)).pdf
    place = target(pdf)
    page = place.view.indirect(place.page)
    assert page is not None
    changed = with_key(place.text(place.page), b"Rotate", b"180")
    evil = len(pdf)
    body = pdf + b"%d 0 obj\n%s\nendobj\n" % (place.page, changed)
    trust, now = TrustStore(anchors=tuple(roots())), SystemClock().now()
    for in_table, in_stream in ((page.start, evil), (evil, page.start), (None, evil)):
        forged = _hybrid(body, number=place.page, in_table=in_table, in_stream=in_stream)
        report = validate(forged, trust, now)
        assert not report.verdict.good, (in_table, in_stream)
        assert report.findings or report.verdict is Verdict.ALTERED


def test_encryption_for_certificates_is_no_signature() -> None:
    """Its dictionary has /Filter and /SubFilter as a signature's has (7.6.5)."""
    names = b"/Filter/Adobe.PubSec/SubFilter/adbe.pkcs7.s5"
    pdf = read("typst-1.4")
    number = next_number(pdf)
    for keys, counted in ((b"/V 5/Recipients[<00>]", 0), (b"/ByteRange[0 1 2 3]", 1)):
        found = examine_structure(updated(pdf, {number: b"<<" + names + keys + b">>"})).signatures
        assert len(found) == counted
