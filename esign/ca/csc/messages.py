"""What providers answer, as far as it is read (CSC API v1.0.4.0, sections 8 and 11; v2, sections 8 and 11).

Providers add members of their own and write numbers as text; neither is held against them.
"""

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from esign.ca.exchange import Answer


class Message(BaseModel):
    """An answer. What is wrong in it is never repeated."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, coerce_numbers_to_str=True)


M = TypeVar("M", bound=Message)


class MalformedError(Exception):
    """The answer is not what the API says."""


class Info(Message):
    """``info``."""

    specs: str = ""
    oauth2: str | None = None
    methods: tuple[str, ...] = ()


class CredentialList(Message):
    """``credentials/list``."""

    identifiers: tuple[str, ...] = Field(alias="credentialIDs")


class Key(Message):
    """The signing key of a credential."""

    status: str = "enabled"
    algo: tuple[str, ...] = ()
    """OIDs of signature algorithms."""


class Certificate(Message):
    """The certificate of a credential."""

    status: str | None = None
    certificates: tuple[str, ...] = ()
    """Base64 of DER, the holder's first."""


def _presence(value: object) -> object:
    return {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value


class Asked(Message):
    """PIN or OTP in v1."""

    presence: Annotated[Literal["true", "false", "optional"], BeforeValidator(_presence)] = "false"
    type: str | None = None
    """``online`` or ``offline``, of an OTP."""


class AuthObject(Message):
    """One thing that v2 asks of the signer."""

    type: str = "Password"
    id: str
    generator: str | None = None


class Auth(Message):
    """How v2 authorises."""

    mode: str = "explicit"
    expression: str | None = None
    objects: tuple[AuthObject, ...] = ()


class CredentialInfo(Message):
    """``credentials/info``."""

    key: Key = Key()
    cert: Certificate = Certificate()
    mode: str | None = Field(default=None, alias="authMode")
    pin: Asked = Field(default=Asked(), alias="PIN")
    otp: Asked = Field(default=Asked(), alias="OTP")
    auth: Auth | None = None
    multisign: int = Field(default=1, ge=1)


class Authorized(Message):
    """``credentials/authorize``."""

    sad: SecretStr | None = Field(default=None, alias="SAD", min_length=1)
    handle: str | None = None
    """v2: a person elsewhere has to agree first."""


class Signed(Message):
    """``signatures/signHash``."""

    signatures: tuple[str, ...] | None = None
    """Base64, in the order of the hashes."""
    response: str | None = Field(default=None, alias="responseID")
    """v2: the signatures are to be fetched later."""


class Stamped(Message):
    """``signatures/timestamp``."""

    timestamp: str
    """Base64 of a TimeStampToken."""


class Token(Message):
    """``oauth2/token``."""

    access_token: SecretStr = Field(min_length=1)
    refresh_token: SecretStr | None = None
    expires_in: int = Field(default=3600, ge=1)
    """Seconds."""


class Refusal(Message):
    """Why a request was refused."""

    error: str = ""
    error_description: str = ""


def read(answer: Answer, kind: type[M]) -> M:
    """The answer as that message. Raises `MalformedError`, which says nothing of it."""
    try:
        return kind.model_validate_json(answer.body)
    except ValidationError:
        raise MalformedError from None


def refusal(answer: Answer) -> Refusal:
    """Why it was refused, as far as that is said in the API's form."""
    try:
        return read(answer, Refusal)
    except MalformedError:
        return Refusal()
