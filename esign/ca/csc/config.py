"""What an operator says of a CSC provider."""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from esign.ca.authority import Secret
from esign.errors import ConfigurationError

Version = Literal["v1", "v2"]


def _an_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an https address")
    if parts.query or parts.fragment or parts.username:
        raise ValueError("must be an address without query, fragment or user")
    return value.rstrip("/")


Address = Annotated[str, AfterValidator(_an_address)]


class CscConfig(BaseModel):
    """One provider. Values are in no error and no repr that could hold a secret."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True, validate_default=True
    )

    kind: Literal["csc"]
    url: Address
    """The base address of its API, version included: `https://provider.example/csc/v1`."""
    version: Version | None = None
    """`v1` or `v2`, where the address does not end in it."""
    insecure: bool = False
    """Whether plain http will do: for development alone."""
    grant: Literal["client_credentials", "refresh_token", "none"] = "client_credentials"
    """How access is had: as a program, by a refresh token that a person obtained once, or by the network alone."""
    client_id: str | None = None
    client_secret: SecretStr | None = None
    client_secret_file: Path | None = None
    """A file that holds the secret, instead of `client_secret`."""
    refresh_token_file: Path | None = None
    """Where the refresh token is kept. A provider that gives out another one each time has it written there."""
    oauth2_url: Address | None = None
    """The OAuth 2.0 server, if it is on another host than `url`. Secrets go to no host that is not named here."""
    redirect_uri: Address | None = None
    """As registered with the provider, for authorisation codes."""
    credentials: dict[str, str] = Field(default_factory=dict)
    """The provider's `credentialID` of each holder; a holder who is not in it is looked up as `user` says."""
    user: Literal["holder", "nik", "email"] | None = None
    """What the provider knows people by (`userID`). Without it, a holder's name is his `credentialID`."""
    timestamps_url: Address | None = None
    """A time-stamp authority (RFC 3161) to use instead of the provider's own."""
    trust_files: tuple[Path, ...] = ()
    """PEM files of the roots of its certificates and time-stamps; without them, all that is trusted here."""
    seconds: float = Field(default=20.0, gt=0, le=120)
    """Time of each exchange."""
    sign_seconds: float = Field(default=60.0, gt=0, le=300)
    """Time of authorising and of signing, where a person or an HSM is waited for."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        addresses = (self.url, self.oauth2_url, self.timestamps_url)
        if not self.insecure and any(each and not each.startswith("https://") for each in addresses[:2]):
            raise ValueError("addresses must begin with https://, unless insecure = true says otherwise")
        if self.version is None and self.url.rpartition("/")[2] not in ("v1", "v2"):
            raise ValueError("say the version: the address ends in neither /v1 nor /v2")
        if self.client_secret is not None and self.client_secret_file is not None:
            raise ValueError("say client_secret or client_secret_file, not both")
        if self.grant != "none" and self.client_id is None:
            raise ValueError("a client_id is needed")
        if self.grant == "client_credentials" and self.client_secret is None and self.client_secret_file is None:
            raise ValueError("a client_secret or client_secret_file is needed")
        if self.grant == "refresh_token" and self.refresh_token_file is None:
            raise ValueError("a refresh_token_file is needed")
        return self

    @property
    def api(self) -> Version:
        """The version that is spoken."""
        ending = self.url.rpartition("/")[2]
        return self.version or ("v2" if ending == "v2" else "v1")

    def secret(self, name: str) -> Secret | None:
        """The client secret; None where there is none. Raises `ConfigurationError` for a file that can't be read."""
        if self.client_secret is not None:
            return Secret(self.client_secret.get_secret_value())
        if self.client_secret_file is None:
            return None
        return Secret(read_secret(self.client_secret_file, name))


def read_secret(path: Path, name: str) -> str:
    """The one line of a file. Raises `ConfigurationError`, which names authority and file."""
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(variable=f"authorities.{name}", reason=f"{path} can't be read") from error
    if not text or "\n" in text:
        raise ConfigurationError(variable=f"authorities.{name}", reason=f"{path} must hold one line")
    return text
