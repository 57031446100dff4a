"""What rows are made from: validated input, whose errors never show what was given."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, StringConstraints

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
"""Controls, separators of lines, characters without width, and those that turn the direction of writing."""


def printable(text: str) -> str:
    """The text, which people read as it is. Raises ValueError for characters that hide or turn what they read."""
    if _UNSEEN.search(text):
        raise ValueError("has control characters, or ones that turn the direction of writing")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(printable)]
"""One line of text that is not empty."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 in 64 small hexadecimal digits."""


class Input(BaseModel):
    """Frozen, without unknown fields, silent about values."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _sixteen_digits(value: SecretStr) -> SecretStr:
    nik = value.get_secret_value()
    if len(nik) != 16 or not (nik.isascii() and nik.isdigit()):
        raise ValueError("a NIK has 16 digits")
    return value


Nik = Annotated[SecretStr, AfterValidator(_sixteen_digits)]
"""A population number (NIK): 16 digits, shown to nobody."""
