"""What rows are made from: validated input, whose errors never show what was given."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, StringConstraints

Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")
]
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


def masked_nik(nik: str) -> str:
    """A NIK as it may be shown to those who manage the signer: the last four digits."""
    return "*" * 12 + nik[-4:]
