"""Every knob of the service, typed, read once from variables named ``ESIGN_…``.

A variable comes from the environment or from the file that ``ESIGN_SETTINGS_FILE`` names (one
``NAME=value`` a line; the environment wins). A wrong value stops the start with `ConfigurationError`,
which names the variable and never its value. Lists are written with commas.
"""

import os
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from esign.errors import ConfigurationError

PREFIX = "ESIGN_"
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_MAIL = re.compile(r"[!#-'*+\-./0-9=?A-Z^-~]{1,64}@[A-Za-z0-9.-]{1,253}")
_MAIL_SERVER = re.compile(r"smtps?://([^/@:?#\s]+@)?([A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(:[1-9][0-9]{0,4})?/?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
MEBIBYTE = 1024 * 1024

Network = IPv4Network | IPv6Network


class Settings(BaseSettings):
    """The settings of one process. Frozen: a running process does not change its mind."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, hide_input_in_errors=True, extra="ignore", validate_default=True
    )

    # --- where things are ---

    environment: Literal["development", "production"] = Field(
        default="development", description="`production` refuses what is only fit for trying out."
    )
    data_dir: Path = Field(
        default=Path("var"), description="Folder of what the service keeps: database, blobs, server key."
    )
    database_url: SecretStr | None = Field(
        default=None, description="`sqlite:///…` or `postgresql://…`; without it, `esign.db` in the data folder."
    )
    blob_url: str | None = Field(
        default=None, description="`file:///…` or `s3://bucket/prefix`; without it, `blobs` in the data folder."
    )
    ca_dir: Path = Field(default=Path("certs/dev"), description="Folder of the development CA's keys and certificates.")
    trust_files: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(), description="PEM files of further trusted roots and intermediates."
    )

    # --- verification ---

    policy_file: Path | None = Field(
        default=None, description="Policy of the check (TOML or JSON); without it, the strict one that is shipped."
    )
    trust_lists: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(), description="Trust lists (TOML), beside the shipped one of Indonesian authorities."
    )
    trust_list_signers: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="SHA-256 of operators' certificates; if any, each trust list must be signed by one of them.",
    )
    indonesian_trust: bool = Field(
        default=True, description="Whether the shipped Indonesian authorities are trusted; else only those listed."
    )
    offline: bool = Field(
        default=False, description="Whether nothing is fetched for a check: all evidence must be in the file."
    )
    fetch_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("crl.rootca.id", "cvs-bsre.bssn.go.id", "va.bsre.go.id"),
        description="Hosts that may be asked for OCSP answers, CRLs and issuers' certificates; nobody else is.",
    )
    fetch_seconds: float = Field(default=10.0, gt=0, le=60, description="Time of all fetching for one check.")
    fetch_at_once: int = Field(
        default=4, ge=1, le=64, description="Certificates of one check that are asked about side by side."
    )

    # --- addresses ---

    host: str = Field(default="127.0.0.1", description="Address that the server listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port that the server listens on.")
    public_url: str = Field(
        default="",
        description="Address that citizens see and QR codes hold, without a path; else the server's own here.",
    )
    pki_url: str = Field(
        default="",
        description="Address of the development CA's services, written into certificates; public_url + `/pki`.",
    )
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field(
        default=(), description="Networks of proxies whose X-Forwarded-For is believed."
    )

    # --- secrets ---

    secret_key: SecretStr | None = Field(
        default=None,
        description="Server key: 32 random bytes in base64. In development made once into `secret.key` in data_dir.",
    )
    old_secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(), description="Earlier server keys, which still open what they sealed."
    )

    # --- signing ---

    dev_ca: bool = Field(
        default=True, description="Whether the development CA runs in this process. Not in production."
    )
    authorities: Path | None = Field(
        default=None, description="File (TOML) of the authorities of other houses: BSrE, CSC providers, HSMs."
    )
    profile: Literal["B-B", "B-T", "B-LT", "B-LTA"] = Field(
        default="B-LT", description="PAdES level of a signature for which none is asked."
    )
    report_seal: str = Field(
        default="esign-report-seal",
        description="Holder of the service's own seal at the development CA, for printed reports; empty: not sealed.",
    )
    timezone: str = Field(default="Asia/Jakarta", description="Zone of agencies that have none of their own.")
    clock_tolerance_seconds: int = Field(
        default=60,
        ge=1,
        le=3600,
        description="How far the clock may be off the time-stamp authority before signing stops.",
    )
    duplicate_numbers: Literal["refuse", "warn"] = Field(
        default="refuse", description="What happens to a letter number that the agency already used that year."
    )
    reservation_minutes: int = Field(
        default=15, ge=1, le=24 * 60, description="How long an unfinished letter holds its number."
    )
    idempotency_hours: int = Field(
        default=24, ge=1, le=24 * 30, description="How long an answer is kept to be replayed."
    )
    idempotency_lease_seconds: int = Field(
        default=300, ge=10, le=3600, description="After how long without a sign of life a request counts as crashed."
    )

    # --- mail, for one-time codes ---

    smtp_url: str | None = Field(
        default=None,
        description="Mail server: `smtp://host:25`, `smtps://user@host:465`. Without it, in development only, mail "
        "goes to `outbox` in data_dir.",
    )
    smtp_password: SecretStr | None = Field(default=None, description="Password of the user that smtp_url names.")
    smtp_starttls: bool = Field(
        default=True, description="Whether an smtp:// connection must turn to TLS before anything is sent."
    )
    smtp_ca_file: Path | None = Field(
        default=None, description="PEM file of further authorities by which the mail server's certificate is trusted."
    )
    smtp_seconds: float = Field(default=15.0, gt=0, le=120, description="Time in which a mail must be taken.")
    mail_from: str = Field(default="", description="Sender of mail: `tte@kab.go.id`. Needed with smtp_url.")

    # --- other APIs ---

    csc_server: bool = Field(
        default=False,
        description="Whether `/csc/v1` and `/csc/v2` answer as a CSC provider, for clients with the scope hashes:sign.",
    )

    # --- limits: letters and sandbox ---

    max_letter_bytes: int = Field(default=50 * MEBIBYTE, ge=1024, description="Largest PDF, in bytes.")
    max_pages: int = Field(default=2000, ge=1, description="Most pages of a PDF.")
    sandbox_workers: int = Field(
        default=min(4, os.cpu_count() or 1), ge=1, le=256, description="Sandbox workers of each kind (parse, render)."
    )
    sandbox_queue: int = Field(
        default=32, ge=0, description="Sandbox jobs that may wait; one more is refused with 503."
    )
    sandbox_memory_bytes: int = Field(
        default=1024 * MEBIBYTE, ge=256 * MEBIBYTE, description="Address space of a sandbox worker, in bytes."
    )
    verify_seconds: float = Field(
        default=10.0, gt=0, le=600, description="Time in which a file is verified, fetching left out, in seconds."
    )
    sandbox_seconds: float = Field(default=30.0, gt=0, le=600, description="Time of one sandbox job, in seconds.")

    # --- limits: passphrases ---

    attempts_per_client: int = Field(
        default=5, ge=1, description="Wrong passphrases for one signer through one client before that pair is locked."
    )
    attempts_per_signer: int = Field(
        default=20, ge=1, description="Wrong passphrases for one signer over all clients before the signer is locked."
    )
    attempts_window_seconds: int = Field(default=900, ge=60, description="Time within which wrong passphrases add up.")
    lock_seconds: int = Field(default=900, ge=60, description="How long a lock lasts; at least as long as the window.")

    # --- limits: public endpoints, per address ---

    public_uploads_per_minute: int = Field(
        default=20, ge=1, description="Files that one address may have checked a minute."
    )
    public_lookups_per_minute: int = Field(
        default=120, ge=1, description="Codes that one address may look up a minute."
    )

    public_uploads_at_once: int = Field(
        default=8, ge=1, description="Files of the public that are received and checked at the same time."
    )
    public_uploads_at_once_per_address: int = Field(
        default=4, ge=1, description="How many of these may come from one address."
    )
    public_batch_files: int = Field(
        default=20, ge=1, le=500, description="Most files of one batch; each counts as a file that is checked."
    )
    public_batch_bytes: int = Field(
        default=200 * MEBIBYTE, ge=1024, description="Most bytes of all files of one batch, in bytes."
    )
    public_batches_at_once: int = Field(
        default=2, ge=1, description="Batches that are received and checked at the same time; one from one address."
    )

    # --- limits: requests ---

    signing_at_once: int = Field(default=16, ge=1, description="Letters that are received and signed at the same time.")
    body_seconds: float = Field(
        default=120.0, gt=0, le=3600, description="Time in which the body of a request must arrive, in seconds."
    )
    bsre_body_bytes: int = Field(
        default=150 * MEBIBYTE,
        ge=64 * 1024,
        description="Largest request at the API of BSrE's service, in bytes; base64 makes letters a third larger.",
    )
    handout_hours: int = Field(
        default=24, ge=1, le=24 * 30, description="How long a letter signed there may be downloaded, once."
    )
    bsre_files: int = Field(default=100, ge=1, le=10_000, description="Most letters of one request there.")
    bsre_replay_seconds: int = Field(
        default=60,
        ge=0,
        le=3600,
        description="How long the same request sent again there gets the answer of the first, instead of a second "
        "signature.",
    )
    metrics_networks: Annotated[tuple[Network, ...], NoDecode] = Field(
        default=(IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")),
        description="Networks that may read `/metrics`.",
    )

    # --- logs ---

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged."
    )
    log_format: Literal["json", "console"] | None = Field(
        default=None, description="Without it, console in development and json in production."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What wins, first to last: arguments, the environment, the settings file."""
        file = os.environ.get(f"{PREFIX}SETTINGS_FILE") or None
        return init_settings, env_settings, DotEnvSettingsSource(settings_cls, env_file=file)

    @field_validator(
        "trust_files",
        "trust_lists",
        "trust_list_signers",
        "fetch_hosts",
        "trusted_proxies",
        "old_secret_keys",
        "metrics_networks",
        mode="before",
    )
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("secret_key", "old_secret_keys")
    @classmethod
    def _is_a_key(cls, value: SecretStr | tuple[SecretStr, ...] | None) -> SecretStr | tuple[SecretStr, ...] | None:
        for key in value if isinstance(value, tuple) else (value,) if value else ():
            decode_key(key)
        return value

    @field_validator("fetch_hosts")
    @classmethod
    def _are_host_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if not _HOST.fullmatch(host.lower()) or host.rpartition(".")[2].isdigit():
                raise ValueError("each must be the name of a host, such as va.bsre.go.id")
        return tuple(host.lower() for host in value)

    @field_validator("trust_list_signers")
    @classmethod
    def _are_fingerprints(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        plain = tuple(each.replace(":", "").replace(" ", "").lower() for each in value)
        if not all(_SHA256.fullmatch(each) for each in plain):
            raise ValueError("each must be a SHA-256 in hexadecimal: 64 digits")
        return plain

    @field_validator("public_url", "pki_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        value = value.rstrip("/")
        if value:
            parts = urlsplit(value)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError("it must be an http or https address")
            if parts.query or parts.fragment or parts.username:
                raise ValueError("it must be an address without query, fragment or user")
        return value

    @field_validator("public_url")
    @classmethod
    def _has_no_path(cls, value: str) -> str:
        if urlsplit(value).path:
            raise ValueError("it must be an address without a path: QR codes hold it in capitals")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_a_database(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("it must begin with sqlite:/// or postgresql://")
        return value

    @field_validator("blob_url")
    @classmethod
    def _is_a_blob_store(cls, value: str | None) -> str | None:
        if value and urlsplit(value).scheme not in ("file", "s3", "memory"):
            raise ValueError("it must begin with file:// or s3://")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _is_a_mail_server(cls, value: str | None) -> str | None:
        if value:
            parts = urlsplit(value)
            if ":" in parts.netloc.rpartition("@")[0]:
                raise ValueError(f"the password belongs into {PREFIX}SMTP_PASSWORD")
            if not _MAIL_SERVER.fullmatch(value):
                raise ValueError("it must be an address such as smtp://host:25 or smtps://user@host:465")
        return value

    @field_validator("mail_from")
    @classmethod
    def _is_a_sender(cls, value: str) -> str:
        if value and not _MAIL.fullmatch(value):
            raise ValueError("it must be a mail address alone, such as tte@kab.go.id")
        return value

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("there is no such time zone") from error
        return value

    @model_validator(mode="before")
    @classmethod
    def _fill_in_what_follows(cls, values: object) -> object:
        """The defaults that depend on other settings: the two addresses, and the dev CA, which is off in production."""
        if isinstance(values, dict):
            host = "127.0.0.1" if values.get("host", "0.0.0.0") in ("0.0.0.0", "::") else values["host"]  # noqa: S104
            if not values.get("public_url"):
                values["public_url"] = f"http://{host}:{values.get('port', 8000)}"
            if not values.get("pki_url") and isinstance(values["public_url"], str):
                values["pki_url"] = values["public_url"].rstrip("/") + "/pki"
            values.setdefault("dev_ca", values.get("environment") != "production")
        return values

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.lock_seconds < self.attempts_window_seconds:
            raise _wrong("lock_seconds", "it must be at least attempts_window_seconds")
        if self.attempts_per_signer < self.attempts_per_client:
            raise _wrong("attempts_per_signer", "it must be at least attempts_per_client")
        self._mail_fits_together()
        if self.environment == "production":
            if not self.public_url.startswith("https://"):
                raise _wrong("public_url", "in production it must be set, and begin with https://")
            if self.secret_key is None:
                raise _wrong("secret_key", "in production it must be set")
            if self.dev_ca:
                raise _wrong("dev_ca", "the development CA vouches for nobody; it never runs in production")
            if self.blob_url and self.blob_url.startswith("memory:"):
                raise _wrong("blob_url", "letters kept in memory are lost at the next start")
        return self

    def _mail_fits_together(self) -> None:
        server = urlsplit(self.smtp_url or "")
        if self.smtp_url and not self.mail_from:
            raise _wrong("mail_from", "it must be set where smtp_url is")
        password = self.smtp_password.get_secret_value() if self.smtp_password is not None else ""
        if (server.username is None) != (not password):
            raise _wrong("smtp_password", "it must be set exactly where smtp_url names a user")
        if server.username is not None and server.scheme == "smtp" and not self.smtp_starttls:
            raise _wrong("smtp_starttls", "without TLS the password would be sent in the clear")

    @property
    def database(self) -> str:
        """The database's address, password included; never to be logged."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir.resolve() / 'esign.db'}"

    @property
    def blobs(self) -> str:
        """The blob store's address."""
        return self.blob_url or (self.data_dir.resolve() / "blobs").as_uri()

    @property
    def log_renderer(self) -> Literal["json", "console"]:
        """How log lines are written."""
        return self.log_format or ("json" if self.environment == "production" else "console")


def decode_key(key: SecretStr) -> bytes:
    """The 32 bytes of a server key given in base64 (either alphabet). Raises ValueError, without the value."""
    text = key.get_secret_value().strip().replace("-", "+").replace("_", "/")
    try:
        raw = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (Base64Error, ValueError):
        raise ValueError("it must be base64") from None
    if len(raw) != 32:
        raise ValueError("it must be 32 bytes in base64")
    if len(set(raw)) < 8:
        raise ValueError("it must be random")
    return raw


def read() -> Settings:
    """The settings of the process's variables as they are now, checked.

    Raises `ConfigurationError` with the name of the first variable that is wrong.
    """
    file = os.environ.get(f"{PREFIX}SETTINGS_FILE")
    if file and not Path(file).is_file():
        raise _wrong("settings_file", "there is no such file")
    try:
        _refuse_misspelt([name for name in os.environ if name.startswith(PREFIX)], cutoff=0.85)
        if file:
            lines = DotEnvSettingsSource(Settings, env_file=file).env_vars
            _refuse_misspelt([name for name in lines if name.upper().startswith(PREFIX)], cutoff=0.0)
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        raise _wrong(str(first["loc"][0]), first["msg"].removeprefix("Value error, ")) from None
    except (SettingsError, UnicodeDecodeError):
        raise _wrong("settings_file", "it can't be read") from None


@lru_cache(maxsize=1)
def load() -> Settings:
    """The settings of this process, read once."""
    return read()


def _refuse_misspelt(names: Iterable[str], cutoff: float) -> None:
    """Raises for a name that is no setting's but nearly one's: a limit that nobody reads protects nobody.

    Programs around the service have variables of their own in the environment, so only a likeness of at
    least ``cutoff`` counts there; in the settings file every name is a setting's.
    """
    known = [*Settings.model_fields, "settings_file"]
    for name in names:
        asked = name.lower().removeprefix(PREFIX.lower())
        if asked not in known and (meant := get_close_matches(asked, known, n=1, cutoff=cutoff)):
            raise _wrong(asked, f"there is no such setting; perhaps {PREFIX}{meant[0].upper()} was meant")


def _wrong(name: str, reason: str) -> ConfigurationError:
    return ConfigurationError(variable=PREFIX + name.upper(), reason=reason)
