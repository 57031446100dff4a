"""The levels of a signature: what is asked for, and what was reached (ETSI EN 319 142-1, section 6)."""

from enum import StrEnum


class Profile(StrEnum):
    """A PAdES baseline level. They are ordered: each holds all that the one before it holds."""

    B_B = "B-B"
    """The signature alone, bound to the signer's certificate."""
    B_T = "B-T"
    """With a time-stamp over the signature value: it existed at that time."""
    B_LT = "B-LT"
    """With certificates and revocation data: it can be validated offline, after the authorities have gone."""
    B_LTA = "B-LTA"
    """With a time-stamp over all of it: it can be validated after the algorithms have aged."""

    @property
    def told(self) -> str:
        """As it is told: ``PAdES B-T``."""
        return f"PAdES {self.value}"

    @property
    def rank(self) -> int:
        """0 for B-B to 3 for B-LTA."""
        return _ORDER.index(self)

    def includes(self, other: "Profile") -> bool:
        """Whether a signature of this level is also one of the other."""
        return self.rank >= other.rank


_ORDER = (Profile.B_B, Profile.B_T, Profile.B_LT, Profile.B_LTA)


class Pkcs7Level(StrEnum):
    """The level of a signature that another made and that is no PAdES (TS 119 142-3, annex A): most of BSrE's were so.

    It can be reached, and not be asked for. It has no level with a time-stamp over all of it.
    """

    B = "PKCS7-B"
    """The signature alone."""
    T = "PKCS7-T"
    """With a time-stamp."""
    LT = "PKCS7-LT"
    """With certificates and revocation data."""

    @property
    def told(self) -> str:
        """As it is told: ``PKCS#7-T``."""
        return self.value.replace("PKCS7", "PKCS#7")

    @property
    def rank(self) -> int:
        """That of the PAdES level that holds as much."""
        return _PKCS7.index(self)

    def includes(self, other: Profile) -> bool:
        """Whether it holds all that the PAdES level holds, but for its form."""
        return self.rank >= other.rank


_PKCS7 = (Pkcs7Level.B, Pkcs7Level.T, Pkcs7Level.LT)

Reached = Profile | Pkcs7Level
"""What a signature that was made can be."""


def reached(profile: Profile, *, pades: bool) -> Reached:
    """That level, in the name of what the signature is."""
    return profile if pades else _PKCS7[min(profile.rank, len(_PKCS7) - 1)]
