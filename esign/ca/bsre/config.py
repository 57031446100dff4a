"""What an operator says of an eSign Client Service."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from esign.ca.authority import Secret
from esign.errors import ConfigurationError


def _an_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http or https address")
    if parts.query or parts.fragment or parts.username:
        raise ValueError("must be an address without query, fragment or user")
    return value.rstrip("/")


Address = Annotated[str, AfterValidator(_an_address)]
ServiceAddress = Annotated[Address, AfterValidator(lambda value: value.removesuffix("/api").rstrip("/"))]


class BsreConfig(BaseModel):
    """One service. Values are in no error."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True, validate_default=True
    )

    kind: Literal["bsre"]
    url: ServiceAddress
    """The service's address: `http://10.1.2.3`, with or without `/api` at its end."""
    username: str = Field(min_length=1, pattern=r"^[^:]+$")
    """The name that the service's own pages gave this application (HTTP Basic)."""
    password_file: Path
    """A file with the password beside it, one line."""
    api: Literal["v2", "v1"] = "v2"
    """The version that is spoken. v1 is for old services: one letter a call, passphrase only, no seals."""
    by: Literal["nik", "email"] = "nik"
    """What a signer is called by at v2; v1 knows the NIK alone."""
    stamp: Literal["picture", "page"] = "picture"
    """Our stamp is drawn by the service from a picture that we make, in the signature's own box; or it stands on the
    page as vectors, by us, and the signature is invisible. A letter that is signed already always gets the picture."""
    v1_rect: Literal["corners", "size"] = "corners"
    """What v1 takes `width` and `height` for: the upper right corner, or sizes."""
    timestamps_url: Address | None = None
    """A time-stamp authority (RFC 3161): for B-LTA, and where the service gives no time-stamp."""
    trust_files: tuple[Path, ...] = ()
    """PEM files of the roots of its certificates and time-stamps; without them, all that is trusted here."""
    seconds: float = Field(default=10.0, gt=0, le=120)
    """Time of a question: a signer's status, a one-time code."""
    sign_seconds: float = Field(default=120.0, gt=0, le=480)
    """Time of a call that signs. When it is over, nobody knows whether the letters were signed."""

    def password(self, name: str) -> Secret:
        """The password. Raises `ConfigurationError`, which names authority and file."""
        variable = f"authorities.{name}.password_file"
        try:
            text = self.password_file.read_text("utf-8").strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(variable=variable, reason=f"{self.password_file} can't be read") from error
        if not text or "\n" in text:
            raise ConfigurationError(variable=variable, reason=f"{self.password_file} must hold one line")
        return Secret(text)
