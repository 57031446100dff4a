"""What is asked in the CSC API. Where v1 and v2 call the same thing otherwise, both names are taken."""

import base64
import binascii
from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, StrictBool, StrictInt, StrictStr

from esign.api.csc.refusals import Refused, invalid, missing
from esign.ca.authority import Consent, Secret
from esign.x509.der import DIGEST_OIDS

_DIGESTS = {DIGEST_OIDS[name]: name for name in ("sha256", "sha384", "sha512")}
_OCTETS = {"sha256": 32, "sha384": 48, "sha512": 64}

_HASHES = AliasChoices("hash", "hashes")
_DIGEST = AliasChoices("hashAlgo", "hashAlgorithmOID")
CredentialId = Annotated[StrictStr, Field(alias="credentialID", min_length=1, max_length=200)]


class Message(BaseModel):
    """A request. Members that are not known here are passed over, as the specification has it."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class ListQuery(Message):
    """``credentials/list``."""

    user: StrictStr | None = Field(default=None, alias="userID", min_length=1, max_length=320)
    most: StrictInt = Field(default=100, alias="maxResults", ge=1)
    page: StrictStr | None = Field(default=None, alias="pageToken", max_length=20)
    with_infos: StrictBool = Field(default=False, alias="credentialInfo")
    only_valid: StrictBool = Field(default=False, alias="onlyValid")
    certificates: Literal["none", "single", "chain"] = "single"
    with_names: StrictBool = Field(default=False, alias="certInfo")


class InfoQuery(Message):
    """``credentials/info``."""

    credential: CredentialId
    certificates: Literal["none", "single", "chain"] = "single"
    with_names: StrictBool = Field(default=False, alias="certInfo")


class CodeOrder(Message):
    """``credentials/sendOTP`` and ``credentials/getChallenge``."""

    credential: CredentialId
    object: StrictStr | None = Field(default=None, alias="authObjectID")
    signatures: StrictInt = Field(default=1, alias="numSignatures", ge=1, le=500)
    """Ours: the specification lets a code be asked for without saying how many signatures it is for."""


class AuthDatum(Message):
    """One of ``authData``."""

    id: StrictStr
    value: SecretStr | None = None


class ConsentOrder(Message):
    """``credentials/authorize``."""

    credential: CredentialId
    signatures: StrictInt = Field(alias="numSignatures", ge=1)
    hashes: tuple[StrictStr, ...] | None = Field(default=None, validation_alias=_HASHES, max_length=10_000)
    digest: StrictStr | None = Field(default=None, validation_alias=_DIGEST)
    pin: SecretStr | None = Field(default=None, alias="PIN", max_length=1024)
    otp: SecretStr | None = Field(default=None, alias="OTP", max_length=1024)
    data: tuple[AuthDatum, ...] = Field(default=(), alias="authData", max_length=10)

    def consent(self) -> Consent:
        """What the signer gave. Raises `Refused` for something that nobody asked of him."""
        given: dict[str, SecretStr | None] = {"PIN": self.pin, "OTP": self.otp}
        for datum in self.data:
            if datum.id not in given or given[datum.id] is not None:
                raise invalid("authData")
            given[datum.id] = datum.value
        passphrase, code = (_secret(given[name]) for name in ("PIN", "OTP"))
        return Consent(passphrase, code, self.signatures)


class SignOrder(Message):
    """``signatures/signHash``."""

    credential: CredentialId
    sad: SecretStr = Field(alias="SAD", min_length=1, max_length=1024)
    hashes: tuple[StrictStr, ...] = Field(validation_alias=_HASHES, max_length=10_000)
    digest: StrictStr | None = Field(default=None, validation_alias=_DIGEST)
    algorithm: StrictStr = Field(alias="signAlgo", max_length=100)
    parameters: StrictStr | None = Field(default=None, alias="signAlgoParams", max_length=1024)
    operation: StrictStr = Field(default="S", alias="operationMode")


class StampOrder(Message):
    """``signatures/timestamp``."""

    hash: StrictStr = Field(max_length=200)
    digest: StrictStr = Field(alias="hashAlgo")
    nonce: StrictStr | None = Field(default=None, max_length=64)


def digests(hashes: tuple[str, ...] | None, oid: str | None) -> list[bytes]:
    """The hashes, all of one kind, which is ``oid`` where that is given. Raises `Refused`."""
    if hashes is None:
        raise missing("hash", "array")
    if not hashes:
        raise Refused("Empty hash array")
    found = [_decoded(text) for text in hashes]
    if len({len(digest) for digest in found}) != 1 or len(found[0]) not in _OCTETS.values():
        raise Refused("Invalid digest value length")
    if oid is not None and _OCTETS[digest_name(oid, "hashAlgo")] != len(found[0]):
        raise Refused("Invalid digest value length")
    return found


def digest_name(oid: str, parameter: str) -> str:
    """The digest algorithm of that OID, by asn1crypto's name. Raises `Refused`."""
    if oid not in _DIGESTS:
        raise invalid(parameter)
    return _DIGESTS[oid]


def nonce(text: str | None) -> int | None:
    """The number that is written in hexadecimal. Raises `Refused`."""
    try:
        return int(text, 16) if text is not None else None
    except ValueError:
        raise invalid("nonce") from None


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("Invalid Base64 hash string parameter") from None


def _secret(given: SecretStr | None) -> Secret | None:
    return Secret(given.get_secret_value()) if given is not None and given.get_secret_value() else None
