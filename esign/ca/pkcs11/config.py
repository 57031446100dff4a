"""What an operator writes of a PKCS #11 authority."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, HttpUrl, model_validator

_STRICT = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class TokenName(BaseModel):
    """Which token: by label, by serial number, by slot, or by several of them, which must all fit."""

    model_config = _STRICT

    label: str | None = Field(default=None, min_length=1, max_length=32)
    serial: str | None = Field(default=None, min_length=1, max_length=16)
    slot: int | None = Field(default=None, ge=0)
    """The module's number of the slot. Some modules, SoftHSM2 among them, number anew when tokens change."""

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if self.label is None and self.serial is None and self.slot is None:
            raise ValueError("a token is named by label, serial or slot")
        return self

    def __str__(self) -> str:
        named = (("label", self.label), ("serial", self.serial), ("slot", self.slot))
        return " and ".join(f"{kind} {value}" for kind, value in named if value is not None)


class KeyName(BaseModel):
    """Which key on its token: by CKA_LABEL, by CKA_ID, or by both."""

    model_config = _STRICT

    label: str | None = Field(default=None, min_length=1)
    id: str | None = Field(default=None, min_length=2, pattern=r"^([0-9A-Fa-f]{2})+$")
    """Hexadecimal."""

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if self.label is None and self.id is None:
            raise ValueError("a key is named by label or id")
        return self

    @property
    def octets(self) -> bytes | None:
        """The CKA_ID, where it is named."""
        return None if self.id is None else bytes.fromhex(self.id)

    def __str__(self) -> str:
        named = (("label", self.label), ("id", self.id))
        return " and ".join(f"{kind} {value}" for kind, value in named if value is not None)


def _from_label(value: object) -> object:
    return {"label": value} if isinstance(value, str) else value


Token = Annotated[TokenName, BeforeValidator(_from_label)]
Key = Annotated[KeyName, BeforeValidator(_from_label)]


class Pkcs11Config(BaseModel):
    """A module, and whose keys lie where.

    Either each holder has a token of his own, whose PIN is his passphrase: the token has his name as its label, or
    stands in ``tokens``. Or one ``token`` holds the keys of an agency's seals: its PIN is their passphrase, or the
    service has it (docs/decisions/pkcs11.md says why persons' keys never lie so).
    """

    model_config = _STRICT

    kind: Literal["pkcs11"]
    module: Path
    """The maker's library, such as /usr/lib/softhsm/libsofthsm2.so."""
    tokens: dict[str, Token] = Field(default_factory=dict)
    """The tokens of holders that don't have the holder's name as label. A string is a label."""
    token: Token | None = None
    """The one token of all seals."""
    seals: bool = False
    """Says of ``token`` that only seals' keys lie in it."""
    pin_file: Path | None = None
    """A file whose first line is the PIN of ``token``; without one, whoever has a seal used gives the PIN."""
    keys: dict[str, Key] = Field(default_factory=dict)
    """The keys of holders that don't have the holder's name as label; of ``token``, every seal. A string is a label."""
    certificates: Path | None = None
    """A folder with HOLDER.pem for certificates that don't lie on their tokens; issuers may follow in the file."""
    timestamps_url: HttpUrl | None = None
    """A time-stamp authority (RFC 3161)."""
    sessions: int = Field(default=4, ge=1, le=64)
    """Sessions at once with one token."""
    check_revocation: bool = True
    """Whether the state of certificates is asked for; False where there is no way to their CAs: their dates decide."""
    patience_seconds: float = Field(default=10, gt=0, le=60)
    """How long a request waits for its turn at a token."""

    @model_validator(mode="after")
    def _arranged(self) -> Self:
        if not self.module.is_absolute():
            raise ValueError("module must be a whole path")
        if self.token is None:
            if self.seals or self.pin_file is not None:
                raise ValueError("seals and pin_file belong to token, which is not there")
            return self
        if self.tokens:
            raise ValueError("token is for all keys: there can be no tokens beside it")
        if not self.seals:
            raise ValueError("one token may hold seals only (seals = true): its PIN would be no official's consent")
        if not self.keys:
            raise ValueError("token needs keys: every seal by name")
        return self
