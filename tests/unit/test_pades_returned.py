"""What came back from another's hand: the one new signature is found, and whatever else there is, is a fault."""

import re

import pytest

from esign.pades.page_content import append_content
from esign.pades.profile import Profile
from esign.pades.returned import Fault, Returned, read, read_in
from esign.pades.spec import NewField, PageContent, PlacedDrawing
from esign.pades.stamp import draw
from esign.pades.theme import StampTheme
from esign.pdf.sandbox import InProcess
from esign.verify.additions import additions, additions_in
from esign.verify.report import ChangeState
from tests import letter_files
from tests.handmade import handmade
from tests.legitimate import by_pyhanko
from tests.legitimate.by_hand import sign_by_hand
from tests.legitimate.indonesian import OLD_WAYS, old_message
from tests.officials import FIRST, SECOND, official, request, signed
from tests.stamped_pages import REGENT

LETTER = letter_files.read("typst")
BOX = (60, 60, 260, 140)
STAMP = draw(REGENT, StampTheme(), 200, 80)


def found(pdf: bytes, length: int = len(LETTER)) -> Returned:
    result = read_in(InProcess(), pdf, length)
    assert isinstance(result, Returned), result
    return result


def fault(pdf: bytes, length: int = len(LETTER)) -> str:
    result = read_in(InProcess(), pdf, length)
    assert isinstance(result, Fault)
    assert read(pdf, length) == result
    return result.reason


@pytest.mark.parametrize("profile", [Profile.B_B, Profile.B_T, Profile.B_LT, Profile.B_LTA])
def test_the_new_signature_is_found_at_every_level(profile: Profile) -> None:
    made = signed(LETTER, request(profile, field=NewField(rect=BOX), appearance=STAMP))
    result = found(made.pdf)
    assert (result.field, result.byte_range, result.page, result.box) == (made.field, made.byte_range, 1, BOX)
    assert result.certificate == made.certificate.dump()
    assert (result.pades, result.certifies, result.digest_algorithm) == (True, False, "sha256")
    assert (result.token is not None) == profile.includes(Profile.B_T)
    assert result.raised == profile.includes(Profile.B_LT)


def test_a_signature_in_an_encrypted_letter_is_found() -> None:
    letter = letter_files.read("encrypted-aes-256")
    made = signed(letter, request(field=NewField(rect=FIRST, name="ketua")))
    assert found(made.pdf, len(letter)).field == "ketua"
    assert additions(made.pdf, len(letter)).state is ChangeState.PERMITTED


def test_what_is_no_pades_is_told_so() -> None:
    pdf = letter_files.read("signed-pkcs7")
    length = next(iter(re.finditer(rb"%%EOF\r?\n?", pdf))).end()
    result = found(pdf, length)
    assert (result.sub_filter, result.pades) == ("adbe.pkcs7.detached", False)


def test_of_two_signatures_only_the_new_one_is_found() -> None:
    first = signed(LETTER, request()).pdf
    second = signed(first, request(field=NewField(rect=SECOND, name="dua")), official("Dua")).pdf
    assert found(second, len(first)).field == "dua"
    assert fault(second) == "it has 2 signatures more instead of one"


@pytest.mark.parametrize(
    ("pdf", "reason"),
    [
        (LETTER, "it has 0 signatures more instead of one"),
        (LETTER + append_content(LETTER, PageContent(PlacedDrawing(STAMP, 0, 9, 9))), "it has 0 signatures more"),
        (b"%PDF-1.7\nnothing", "the file can't be read"),
        (b"", "the file can't be read"),
    ],
    ids=["the same", "only content", "no pdf", "empty"],
)
def test_what_holds_no_signature_is_a_fault(pdf: bytes, reason: str) -> None:
    assert fault(pdf).startswith(reason)


@pytest.mark.parametrize("contents", [b"<00>", b"<3003>", b"(abc)", b"null"])
def test_a_signature_that_can_not_be_read_is_a_fault(contents: bytes) -> None:
    pdf = handmade(
        {
            1: b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R]/SigFlags 3>>>>",
            5: b"<</FT/Sig/T(x)/Type/Annot/Subtype/Widget/Rect[0 0 0 0]/P 3 0 R/V 6 0 R>>",
            6: b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange[0 1 2 3]/Contents%b>>"
            % contents,
        }
    )
    assert fault(pdf, 0)


def test_what_signing_adds_is_permitted_and_nothing_else_is() -> None:
    made = signed(LETTER, request(Profile.B_LTA, field=NewField(rect=BOX), appearance=STAMP)).pdf
    assert additions_in(InProcess(), made, len(LETTER)).state is ChangeState.PERMITTED
    assert additions_in(InProcess(), LETTER, len(LETTER)).state is ChangeState.NONE
    changed = LETTER + append_content(LETTER, PageContent(PlacedDrawing(STAMP, 0, 9, 9)))
    told = additions(signed(changed, request()).pdf, len(LETTER))
    assert told.state is ChangeState.SUSPICIOUS
    assert told.list
    loose = LETTER + b"9 0 obj\n(x)\nendobj\n"
    assert additions(signed(loose + LETTER[len(LETTER) :], request()).pdf, len(LETTER)).state is ChangeState.SUSPICIOUS
    assert additions(b"%PDF-1.7", 4).state is ChangeState.SUSPICIOUS


@pytest.mark.parametrize("name", ["typst", "libreoffice-pdfa-2b", "hybrid-word", "qpdf-object-streams", "chromium"])
def test_what_old_and_new_programs_add_to_sign_a_letter_first_is_permitted(name: str) -> None:
    pdf = letter_files.read(name)
    made = [sign_by_hand(pdf, manner, old_message(stamp=True)) for manner in OLD_WAYS.values()]
    made.extend((by_pyhanko.sign(pdf), by_pyhanko.sign(pdf, visible=(60, 60, 200, 100), stamp=True)))
    for each in made:
        told = additions(each, len(pdf))
        assert told.state is ChangeState.PERMITTED, told.list
        assert isinstance(read(each, len(pdf)), Returned)
