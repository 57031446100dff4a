"""The levels of a signature (ETSI EN 319 142-1, section 6): what is asked for, and what was reached."""

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
    def rank(self) -> int:
        """0 for B-B to 3 for B-LTA."""
        return _ORDER.index(self)

    def includes(self, other: "Profile") -> bool:
        """Whether a signature of this level is also one of the other."""
        return self.rank >= other.rank


_ORDER = (Profile.B_B, Profile.B_T, Profile.B_LT, Profile.B_LTA)
