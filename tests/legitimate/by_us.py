"""Files signed by our own library: every level, several officials, raised and time-stamped by others later."""

from collections.abc import Iterator

from esign.pades.appearance import Appearance
from esign.pades.profile import Profile
from esign.pades.spec import ExistingField, FollowerField, NewField
from esign.pdf.revisions import PdfFile
from tests.legitimate import by_pyhanko
from tests.legitimate.by_hand import Manner, second, sign_by_hand
from tests.legitimate.made import SECOND, Made, plainly
from tests.officials import FIRST, official, request, signed
from tests.officials import SECOND as BESIDE

_STAMP = Appearance(150, 60, b"1 g 0 0 150 60 re f 0 g 5 5 50 50 re f 60 20 80 3 re f")
_LEVELS = (Profile.B_B, Profile.B_T, Profile.B_LT, Profile.B_LTA)


def sign(pdf: bytes, profile: Profile = Profile.B_B, *, stamp: bool = False, again: bool = False) -> bytes:
    """The file with one more signature of ours; ``again``: by another official, elsewhere."""
    place = NewField(rect=BESIDE if again else FIRST)
    wanted = request(profile, field=place, appearance=_STAMP) if stamp else request(profile)
    return signed(pdf, wanted, official("Siti Aminah") if again else official()).pdf


def ours(pdf: bytes) -> Iterator[Made]:
    """One and two signatures of each level, with and without stamps, certified, and mixed with those of others."""
    for profile in _LEVELS:
        name = profile.value
        one = sign(pdf, profile)
        yield Made(name, one)
        yield Made(f"{name}, stamped", sign(pdf, profile, stamp=True))
        yield Made(f"{name}, twice", sign(one, profile, again=True))
        yield Made(f"{name}, stamped twice", sign(sign(pdf, profile, stamp=True), profile, stamp=True, again=True))
        yield Made(f"{name}, then by pyHanko", by_pyhanko.sign(one, "Tanda2"))
        if "Encrypt" not in PdfFile(pdf).view().trailer:  # by hand nothing is encrypted
            yield Made(f"{name}, then by hand", sign_by_hand(one, second(Manner()), plainly(SECOND)))
            yield Made(f"{name}, after one by hand", sign(sign_by_hand(pdf), profile, stamp=True))
        yield Made(f"{name}, after pyHanko", sign(by_pyhanko.sign(pdf), profile, stamp=True))
        stamped = one
        for count in (1, 2, 3):
            stamped = by_pyhanko.stamped(stamped, f"Waktu{count}")
            yield Made(f"{name}, {count} time-stamps later", stamped)
        yield Made(f"{name}, time-stamped and signed", sign(stamped, profile, again=True))
        followers = (FollowerField(rect=BESIDE, name="kedua"),)
        certified = signed(pdf, request(profile, followers=followers, appearance=_STAMP)).pdf
        yield Made(f"{name}, certified", certified)
        filled = request(profile, field=ExistingField("kedua"), appearance=_STAMP)
        yield Made(f"{name}, certified, second signed", signed(certified, filled, official("Siti Aminah")).pdf)
