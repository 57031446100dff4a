"""Fields that a letter already has, and what earlier signatures allow."""

import io

import pikepdf
import pytest
from asn1crypto import pem, x509

from esign.errors import (
    EsignError,
    FieldDemands,
    FieldFilled,
    FieldLocked,
    FieldMissing,
    FieldNameTaken,
    LetterAlreadySigned,
    LetterCertified,
    LetterCertifiedWithoutRoom,
)
from esign.pades.profile import Profile
from esign.pades.spec import ExistingField, FollowerField, NewField
from tests.handmade import PAGE, handmade
from tests.letter_files import FOLDER, read
from tests.officials import FIRST, SECOND, official, request, roots, signed
from tests.validators import verdicts

SIGNATURE_FIELD = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(kepala)/Rect[60 60 210 120]/P 3 0 R%b>>"
TEXT_FIELD = (
    b"<</Type/Annot/Subtype/Widget/FT/Tx/T(nomor)/V(1)/Rect[60 300 210 320]/P 3 0 R/AP<</N 8 0 R>>/DA(/Helv 9 Tf)>>"
)
PICTURE = b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 0>>\nstream\n\nendstream"


def form(fields: dict[int, bytes], *, entries: bytes = b"", indirect: bool = True) -> bytes:
    """A page whose form has these fields, all of them widgets of it."""
    listed = b" ".join(b"%d 0 R" % number for number in fields)
    body = b"<</Fields[%b]%b>>" % (listed, entries)
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R/AcroForm %b>>" % (b"9 0 R" if indirect else body),
        3: PAGE[:-2] + b"/Annots[%b]>>" % listed,
        8: PICTURE,
        **fields,
    }
    return handmade(objects | ({9: body} if indirect else {}))


def with_field(extra: bytes = b"") -> bytes:
    return form({5: SIGNATURE_FIELD % extra})


def opened(pdf: bytes) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(pdf))


@pytest.mark.parametrize("indirect", [True, False])
def test_an_empty_field_is_filled_where_it_stands(indirect: bool) -> None:
    letter = form({5: SIGNATURE_FIELD % b""}, indirect=indirect)
    made = signed(letter, request(field=ExistingField("kepala")))
    pdf = opened(made.pdf)
    assert made.field == "kepala"
    assert len(pdf.Root.AcroForm.Fields) == 1
    assert int(pdf.Root.AcroForm.SigFlags) == 3
    assert pdf.pages[0].Annots[0].V.Type == "/Sig"
    assert int(pdf.pages[0].Annots[0].F) == 132
    assert [verdict.sound for verdict in verdicts(made.pdf, roots())] == [True]


def test_a_field_within_fields_is_found_by_its_full_name() -> None:
    made = signed(with_nested_field(), request(field=ExistingField("dinas.kepala")))
    assert [(verdict.field, verdict.sound) for verdict in verdicts(made.pdf, roots())] == [("dinas.kepala", True)]


def with_nested_field() -> bytes:
    return handmade(
        {
            1: b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields 7 0 R>>>>",
            3: PAGE[:-2] + b"/Annots[5 0 R]>>",
            5: b"<</Type/Annot/Subtype/Widget/Rect[60 60 210 120]/T(kepala)/FT/Sig/Parent 6 0 R/P 3 0 R>>",
            6: b"<</T(dinas)/Kids[5 0 R]>>",
            7: b"[6 0 R]",
        }
    )


def test_new_fields_join_an_indirect_array_of_fields() -> None:
    made = signed(with_nested_field(), request())
    pdf = opened(made.pdf)
    assert [str(field.T) for field in pdf.Root.AcroForm.Fields] == ["dinas", "esign_1"]
    assert [verdict.sound for verdict in verdicts(made.pdf, roots())] == [True]


def test_a_field_with_its_widget_apart_gets_the_picture_on_the_widget() -> None:
    letter = handmade(
        {
            1: b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R]>>>>",
            3: PAGE[:-2] + b"/Annots[5 0 R]>>",
            5: b"<</Type/Annot/Subtype/Widget/Rect[60 60 210 120]/Parent 6 0 R/P 3 0 R>>",
            6: b"<</T(kepala)/FT/Sig/Kids[5 0 R]>>",
        }
    )
    made = signed(letter, request(field=ExistingField("kepala")))
    pdf = opened(made.pdf)
    assert "/V" in pdf.Root.AcroForm.Fields[0]
    assert "/AP" in pdf.pages[0].Annots[0]
    assert [verdict.sound for verdict in verdicts(made.pdf, roots())] == [True]


@pytest.mark.parametrize(
    ("field", "error"),
    [
        (ExistingField("tidak-ada"), FieldMissing),
        (ExistingField("nomor"), FieldMissing),
        (NewField(rect=SECOND, name="kepala"), FieldNameTaken),
    ],
)
def test_a_field_that_does_not_fit_is_refused(field: ExistingField | NewField, error: type[EsignError]) -> None:
    with pytest.raises(error):
        signed(form({5: SIGNATURE_FIELD % b"", 6: TEXT_FIELD}), request(field=field))


def test_a_filled_field_is_not_filled_again() -> None:
    once = signed(with_field(), request(field=ExistingField("kepala")))
    with pytest.raises(FieldFilled):
        signed(once.pdf, request(field=ExistingField("kepala")))


def test_new_names_leave_out_those_that_are_taken() -> None:
    letter = form({5: SIGNATURE_FIELD.replace(b"kepala", b"esign_1") % b""})
    assert signed(letter, request(field=NewField(rect=SECOND))).field == "esign_2"


@pytest.mark.parametrize(("entries", "left"), [(b"/AP<</N 8 0 R>>", False), (b"", True)])
def test_fields_with_pictures_are_not_drawn_anew_by_viewers(entries: bytes, left: bool) -> None:
    text = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(nomor)/Rect[60 300 210 320]/P 3 0 R%b>>" % entries
    made = opened(signed(form({5: text}, entries=b"/NeedAppearances true"), request()).pdf)
    assert bool(made.Root.AcroForm.NeedAppearances) is left


# --- locks -------------------------------------------------------------------------------------


def test_a_lock_of_the_field_is_stated_by_its_signature_and_kept_by_those_after() -> None:
    lock = b"/Lock<</Type/SigFieldLock/Action/Include/Fields[(nomor)(camat)]>>"
    camat = SIGNATURE_FIELD.replace(b"kepala", b"camat").replace(b"60 60", b"60 160") % b""
    letter = form({5: SIGNATURE_FIELD % lock, 6: TEXT_FIELD, 7: camat})
    once = signed(letter, request(field=ExistingField("kepala")))
    pdf = opened(once.pdf)
    assert pdf.pages[0].Annots[0].V.Reference[0].TransformMethod == "/FieldMDP"
    with pytest.raises(FieldLocked) as refusal:
        signed(once.pdf, request(field=ExistingField("camat")))
    assert refusal.value.details == {"field": "camat"}
    twice = signed(once.pdf, request(field=NewField(rect=(300, 60, 400, 120))), official("Siti Aminah"))
    assert [verdict.sound for verdict in verdicts(twice.pdf, roots())] == [True, True]


@pytest.mark.parametrize("lock", [b"<</Action/All>>", b"<</Action/Exclude/Fields[(nomor)]>>"])
def test_a_lock_on_all_others_lets_no_field_be_added(lock: bytes) -> None:
    once = signed(with_field(b"/Lock" + lock), request(field=ExistingField("kepala")))
    with pytest.raises(FieldLocked):
        signed(once.pdf, request(field=NewField(rect=SECOND)))


# --- seed values -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seed", "demand"),
    [
        (b"/Ff 1/Filter/Entrust.PPKEF", "another /Filter"),
        (b"/Ff 2/SubFilter[/adbe.pkcs7.detached]", "another /SubFilter"),
        (b"/Ff 4/V 4", "a newer seed value handler"),
        (b"/Ff 8/Reasons[(Paraf)]", "another reason"),
        (b"/Ff 8/Reasons[(.)]", "another reason"),
        (b"/Ff 16/LegalAttestation[(x)]", "a legal attestation"),
        (b"/Ff 32/AddRevInfo true", "revocation data inside the signature"),
        (b"/Ff 64/DigestMethod[(SHA512)]", "another digest algorithm"),
        (b"/Ff 128/LockDocument/true", "a locked document"),
        (b"/Ff 256/AppearanceFilter(x)", "a named appearance"),
        (b"/MDP<</P 2>>", "a certification"),
        (b"/Cert<</Ff 1/Subject[(x)]>>", "a certain certificate"),
        (b"/TimeStamp<</Ff 1/URL(http://tsa)>>", "a time-stamp"),
    ],
)
def test_a_demand_of_the_field_that_is_not_met_is_named(seed: bytes, demand: str) -> None:
    with pytest.raises(FieldDemands) as refusal:
        signed(with_field(b"/SV<</Type/SV%b>>" % seed), request(field=ExistingField("kepala")))
    assert refusal.value.details == {"field": "kepala", "demand": demand}


@pytest.mark.parametrize(
    "seed",
    [
        b"/Filter/Entrust.PPKEF/SubFilter[/adbe.pkcs7.detached]/Reasons[(Paraf)]/DigestMethod[(SHA512)]",
        b"/Ff 3/Filter/Adobe.PPKLite/SubFilter[/ETSI.CAdES.detached/adbe.pkcs7.detached]",
        b"/Ff 72/DigestMethod[(SHA256)(SHA512)]/Reasons[(Persetujuan)]",
        b"/MDP<</P 0>>/TimeStamp<</Ff 1/URL(http://tsa)>>",
    ],
)
def test_a_demand_that_is_met_or_only_suggested_is_no_hindrance(seed: bytes) -> None:
    letter = with_field(b"/SV<</Type/SV%b>>" % seed)
    made = signed(letter, request(Profile.B_T, field=ExistingField("kepala"), reason="Persetujuan"))
    assert [verdict.sound for verdict in verdicts(made.pdf, roots())] == [True]


# --- certifications of others ------------------------------------------------------------------


def test_a_letter_certified_against_changes_is_refused_by_name() -> None:
    with pytest.raises(LetterCertified):
        signed(read("certified-no-changes"), request())


@pytest.mark.parametrize("name", ["certified-no-fields", "certified-fields"])
def test_a_certified_letter_takes_no_new_field(name: str) -> None:
    with pytest.raises(LetterCertifiedWithoutRoom) as refusal:
        signed(read(name), request())
    assert refusal.value.code == "letter.certified_no_new_fields"


def test_a_certified_letter_takes_a_signature_in_a_field_that_it_prepared() -> None:
    letter = read("certified-fields")
    made = signed(letter, request(Profile.B_LTA, field=ExistingField("Signature2")))
    assert [verdict.sound for verdict in verdicts(made.pdf, roots())][1:] == [True, True]
    foreign = x509.Certificate.load(pem.unarmor((FOLDER / "foreign-root.pem").read_bytes())[2])
    assert verdicts(made.pdf, [*roots(), foreign])[0].sound


def test_a_certification_must_be_the_first_signature() -> None:
    once = signed(read("typst"), request())
    with pytest.raises(LetterAlreadySigned):
        signed(once.pdf, request(field=NewField(rect=SECOND), followers=(FollowerField("x", 0, FIRST),)))
