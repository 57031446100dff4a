"""Several officials sign one letter, each in an update of his own, and all stay valid."""

import io

import pikepdf
import pytest

from esign.errors import FieldMissing
from esign.pades.profile import Profile
from esign.pades.spec import ExistingField, FollowerField, NewField
from tests.letter_files import read
from tests.officials import official, request, roots, signed
from tests.validators import verdicts

NAMES = ("Siti Aminah", "Agus Wijaya", "Rina Kartika", "Dewi Lestari")
BOXES = tuple((60.0, 60.0 + 70 * number, 210.0, 120.0 + 70 * number) for number in range(5))


def followers(count: int) -> tuple[FollowerField, ...]:
    return tuple(FollowerField(f"pejabat_{number}", 0, BOXES[number]) for number in range(1, count))


@pytest.mark.parametrize("profile", [Profile.B_B, Profile.B_LT, Profile.B_LTA])
@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("certifies", [False, True])
def test_the_signatures_of_all_officials_stay_valid(profile: Profile, count: int, certifies: bool) -> None:
    letter = read("libreoffice-form")
    made = signed(
        letter, request(profile, field=NewField(rect=BOXES[0]), followers=followers(count) if certifies else None)
    )
    for number, name in enumerate(NAMES[: count - 1], start=1):
        field = ExistingField(f"pejabat_{number}") if certifies else NewField(rect=BOXES[number])
        before = made.pdf
        made = signed(before, request(profile, field=field), official(name))
        assert made.pdf.startswith(before)
    told = [verdict for verdict in verdicts(made.pdf, roots()) if not verdict.document_timestamp]
    assert [verdict.sound for verdict in told] == [True] * count
    assert [verdict.certifies for verdict in told] == [certifies] + [False] * (count - 1)


def test_a_certification_prepares_the_fields_of_those_who_follow_and_locks_the_others() -> None:
    made = signed(read("libreoffice-form"), request(field=NewField(rect=BOXES[0]), followers=followers(3)))
    pdf = pikepdf.open(io.BytesIO(made.pdf))
    assert made.certifies
    signature = pdf.Root.Perms.DocMDP
    document, fields = signature.Reference
    assert (str(document.TransformMethod), int(document.TransformParams.P)) == ("/DocMDP", 2)
    assert fields.TransformParams.Action == "/Include"
    assert [str(name) for name in fields.TransformParams.Fields] == ["penerima", "agenda"]
    prepared = [field for field in pdf.Root.AcroForm.Fields if str(field.T).startswith("pejabat")]
    assert [[float(number) for number in field.Rect] for field in prepared] == [list(BOXES[1]), list(BOXES[2])]
    assert all("/V" not in field and "/N" in field.AP for field in prepared)


def test_a_certification_without_other_fields_locks_none() -> None:
    made = signed(read("typst"), request(followers=followers(2)))
    pdf = pikepdf.open(io.BytesIO(made.pdf))
    assert len(pdf.Root.Perms.DocMDP.Reference) == 1
    assert "/Lock" not in pdf.pages[0].Annots[0]


def test_a_field_that_the_letter_already_has_can_be_left_to_one_who_follows() -> None:
    letter = read("signature-fields")
    wanted = request(field=ExistingField("kepala"), followers=(FollowerField("pejabat.sekretaris", rect=None),))
    made = signed(letter, wanted)
    made = signed(made.pdf, request(field=ExistingField("pejabat.sekretaris")), official("Siti Aminah"))
    assert [verdict.sound for verdict in verdicts(made.pdf, roots())] == [True, True]


def test_a_field_to_be_left_that_is_not_there_is_refused() -> None:
    with pytest.raises(FieldMissing):
        signed(read("typst"), request(followers=(FollowerField("tidak-ada", rect=None),)))


def test_a_letter_signed_by_others_is_signed_without_harm_to_them() -> None:
    letter = read("signed-pades")
    before = verdicts(letter, roots())
    made = signed(letter, request(Profile.B_LTA))
    after = verdicts(made.pdf, roots())
    assert made.pdf.startswith(letter)
    assert [verdict.field for verdict in after][: len(before)] == [verdict.field for verdict in before]
    assert all(verdict.sound for verdict in after[len(before) :])
