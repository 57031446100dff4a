"""What is signed for the readers of others: each case one file, with one signature or several."""

from dataclasses import dataclass

from esign.pades.placement import (
    AutoPlacement,
    BoxPlacement,
    FieldPlacement,
    InvisiblePlacement,
    Placement,
    TagPlacement,
)
from esign.pades.profile import Profile
from esign.x509.keys import KeyAlgorithm
from tests.letter_files import letters

FEW = ("libreoffice-docx", "typst-2.0", "qpdf-object-streams", "hybrid-word")
"""A table, a stream, object streams, and both: letters that stand for the rest."""
MM = 72 / 25.4


@dataclass(frozen=True)
class Step:
    """One signature."""

    placement: Placement
    profile: Profile = Profile.B_LT
    key: KeyAlgorithm = KeyAlgorithm.RSA_2048
    official: int = 0
    """Each signs a letter once."""


@dataclass(frozen=True)
class Case:
    """One file: a letter of tests/letters (or ``pages:300``), and who signs it how, one after the other."""

    name: str
    letter: str
    steps: tuple[Step, ...]
    certified: bool = False
    """The first signature certifies, with the fields of those who follow prepared."""
    dressed: bool = False
    """With a logo in the stamp, and a footer on each page."""

    def __str__(self) -> str:
        return self.name


def cases() -> list[Case]:
    """All of them."""
    found = [*_every_letter(), *_every_level_and_key(), *_every_placement(), *_several_signatures(), *_dressed()]
    found.append(Case("300 pages", "pages:300", (Step(AutoPlacement()),)))
    names = [case.name for case in found]
    assert len(set(names)) == len(names)
    return found


def _every_letter() -> list[Case]:
    return [
        Case(f"{letter.name} signed", letter.name, (Step(_usual(letter.name)),)) for letter in letters(refusal=None)
    ]


def _usual(name: str) -> Placement:
    """Where the letter itself says, or else where there is room."""
    letter = next(letter for letter in letters() if letter.name == name)
    if letter.signature_fields:
        return FieldPlacement(field=letter.signature_fields[-1])
    if letter.tags and not letter.signatures:
        return TagPlacement(tag=next(iter(letter.tags)), occurrence=-1)
    return AutoPlacement()


def _every_level_and_key() -> list[Case]:
    found = [
        Case(f"{profile} with {key}", FEW[0], (Step(_usual(FEW[0]), profile, key),))
        for profile in Profile
        for key in KeyAlgorithm
        if (profile, key) != (Profile.B_LT, KeyAlgorithm.RSA_2048)
    ]
    found += [
        Case(f"{name} at {profile}", name, (Step(_usual(name), profile, KeyAlgorithm.P256),))
        for name in FEW[1:]
        for profile in (Profile.B_B, Profile.B_LTA)
    ]
    return found


def _every_placement() -> list[Case]:
    places: dict[str, Placement] = {
        "box": BoxPlacement(page=1, x=60, y=60, width=80 * MM, height=26 * MM),
        "box from the top": BoxPlacement(page=-1, x=300, y=20, width=70 * MM, height=30 * MM, origin="top-left"),
        "tag centred": TagPlacement(tag="${ttd}", anchor="centre"),
        "tag at its baseline": TagPlacement(tag="${ttd}", anchor="baseline-start"),
        "free space": AutoPlacement(),
        "nowhere": InvisiblePlacement(),
    }
    found = [Case(f"placed: {name}", FEW[0], (Step(place),)) for name, place in places.items()]
    found.append(Case("placed: field", "signature-fields", (Step(FieldPlacement(field="kepala")),)))
    return found


def _several_signatures() -> list[Case]:
    found = []
    for count in (2, 5):
        for name in FEW:
            found += [
                Case(f"{name} signed {count} times", name, _in_a_row(count)),
                Case(f"{name} certified, signed {count} times", name, _in_a_row(count), certified=True),
            ]
    found += [
        Case("certified by one", FEW[0], _in_a_row(1), certified=True),
        Case("certified and invisible", FEW[0], (Step(InvisiblePlacement()),), certified=True),
        Case("twice at B-LTA", FEW[0], _in_a_row(2, Profile.B_LTA)),
        Case("certified, twice at B-LTA", FEW[1], _in_a_row(2, Profile.B_LTA), certified=True),
        Case("five at B-B", FEW[0], _in_a_row(5, Profile.B_B)),
        Case("five at B-T", FEW[0], _in_a_row(5, Profile.B_T)),
        Case("five of mixed levels", FEW[1], _of_levels(*Profile, Profile.B_LT)),
        Case("five of mixed keys", FEW[0], _with_keys(*KeyAlgorithm)),
        Case("encrypted-aes-256 signed twice", "encrypted-aes-256", _in_a_row(2)),
        Case("encrypted-rc4 signed twice", "encrypted-rc4", _in_a_row(2)),
        Case("rotated signed twice", "rotated", _in_a_row(2)),
        Case("foreign signature, then two", "signed-pkcs7", _in_a_row(2)),
        Case("both fields of a form", "signature-fields", _in_fields("kepala", "pejabat.sekretaris")),
        Case("both fields of a form, certified", "signature-fields", _in_fields("kepala", "pejabat.sekretaris"), True),
    ]
    return found


def _dressed() -> list[Case]:
    found = [
        Case(f"{letter.name} dressed, signed {count} times", letter.name, _in_a_row(count, Profile.B_LTA), dressed=True)
        for letter in letters(pdfa="2B", signatures=())
        for count in (1, 2)
    ]
    found += [
        Case(f"{name} certified, dressed, signed 3 times", name, _in_a_row(3), certified=True, dressed=True)
        for name in ("libreoffice-pdfa-2b", "typst-pdfa-2b")
    ]
    found += [
        Case(f"{name} dressed", name, (Step(_usual(name)),), dressed=True) for name in ("rotated", "user-unit", "scan")
    ]
    return found


def _in_a_row(count: int, profile: Profile = Profile.B_LT) -> tuple[Step, ...]:
    return tuple(_row_step(number, profile, KeyAlgorithm.RSA_2048) for number in range(count))


def _of_levels(*profiles: Profile) -> tuple[Step, ...]:
    return tuple(_row_step(number, profile, KeyAlgorithm.P256) for number, profile in enumerate(profiles))


def _with_keys(*keys: KeyAlgorithm) -> tuple[Step, ...]:
    return tuple(_row_step(number, Profile.B_LT, key) for number, key in enumerate(keys))


def _row_step(number: int, profile: Profile, key: KeyAlgorithm) -> Step:
    """A box beside and above those before it, at the foot of the last page."""
    column, row = number % 2, number // 2
    box = BoxPlacement(x=40 + column * 260, y=90 + row * 80, width=80 * MM, height=26 * MM)
    return Step(box, profile, key, number)


def _in_fields(*names: str) -> tuple[Step, ...]:
    return tuple(Step(FieldPlacement(field=name), official=number) for number, name in enumerate(names))
