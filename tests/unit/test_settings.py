import os
from base64 import b64encode, urlsafe_b64encode
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import SecretStr

from esign import settings
from esign.errors import ConfigurationError
from esign.settings import Settings

KEY = b64encode(bytes(range(32))).decode()
PRODUCTION = {
    "ESIGN_ENVIRONMENT": "production",
    "ESIGN_PUBLIC_URL": "https://surat.contoh.go.id",
    "ESIGN_SECRET_KEY": KEY,
}


@pytest.fixture(autouse=True)
def _no_variables_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("ESIGN_"):
            monkeypatch.delenv(name)


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> "Variables":
    return Variables(monkeypatch)


class Variables:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def set(self, values: dict[str, str]) -> None:
        for name, value in values.items():
            self._monkeypatch.setenv(name, value)


def test_nothing_need_be_set_for_a_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    read = settings.read()
    assert read.environment == "development"
    assert read.database == f"sqlite:///{tmp_path}/var/esign.db"
    assert read.blobs == f"file://{tmp_path}/var/blobs"
    assert (read.public_url, read.pki_url) == ("http://127.0.0.1:8000", "http://127.0.0.1:8000/pki")
    assert read.dev_ca
    assert read.log_renderer == "console"
    assert not (tmp_path / "var").exists(), "reading settings touches nothing"


def test_the_addresses_follow_host_and_port(variables: Variables) -> None:
    variables.set({"ESIGN_HOST": "0.0.0.0", "ESIGN_PORT": "9000"})
    assert settings.read().public_url == "http://127.0.0.1:9000"
    variables.set({"ESIGN_PUBLIC_URL": "https://surat.contoh.go.id/"})
    assert settings.read().pki_url == "https://surat.contoh.go.id/pki"


def test_lists_are_written_with_commas(variables: Variables) -> None:
    variables.set({"ESIGN_TRUSTED_PROXIES": "10.0.0.0/8, ::1", "ESIGN_TRUST_FILES": "a.pem,b.pem"})
    read = settings.read()
    assert read.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1"))
    assert read.trust_files == (Path("a.pem"), Path("b.pem"))


def test_a_settings_file_is_read_and_the_environment_wins(variables: Variables, tmp_path: Path) -> None:
    file = tmp_path / "esign.env"
    file.write_text("# of the city\nESIGN_PORT=9000\nESIGN_HOST=10.1.1.1\nOTHER=1\n")
    variables.set({"ESIGN_SETTINGS_FILE": str(file), "ESIGN_HOST": "10.2.2.2"})
    read = settings.read()
    assert (read.port, read.host) == (9000, "10.2.2.2")


def test_a_misspelt_setting_is_refused_and_a_variable_of_another_program_is_not(
    variables: Variables, tmp_path: Path
) -> None:
    variables.set({"ESIGN_API_KEY": "x", "ESIGN_PASSPHRASE": "x", "ESIGN_REQUIRE_ALL": "1", "ESIGN_URL": "x"})
    settings.read()
    file = tmp_path / "esign.env"
    file.write_text("ESIGN_LOCKSECONDS=900\n")
    for given in ({"ESIGN_LOCK_SECOND": "900"}, {"ESIGN_SETTINGS_FILE": str(file)}):
        with pytest.MonkeyPatch.context() as patch:
            Variables(patch).set(given)
            with pytest.raises(ConfigurationError) as caught:
                settings.read()
        assert "ESIGN_LOCK_SECONDS" in str(caught.value)


def test_settings_are_read_once_for_a_process(variables: Variables) -> None:
    settings.load.cache_clear()
    try:
        variables.set({"ESIGN_PORT": "9001"})
        first = settings.load()
        variables.set({"ESIGN_PORT": "9002"})
        assert settings.load() is first
    finally:
        settings.load.cache_clear()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ESIGN_PORT", "geheim"),
        ("ESIGN_PUBLIC_URL", "https://surat.contoh.go.id/esign"),
        ("ESIGN_PORT", "70000"),
        ("ESIGN_ENVIRONMENT", "prod"),
        ("ESIGN_SECRET_KEY", "geheim"),
        ("ESIGN_SECRET_KEY", b64encode(b"geheim").decode()),
        ("ESIGN_SECRET_KEY", b64encode(bytes(32)).decode()),
        ("ESIGN_OLD_SECRET_KEYS", f"{KEY},geheim"),
        ("ESIGN_PUBLIC_URL", "ftp://geheim"),
        ("ESIGN_PUBLIC_URL", "https://user:geheim@surat.go.id"),
        ("ESIGN_PUBLIC_URL", "https://surat.go.id/?geheim"),
        ("ESIGN_DATABASE_URL", "mysql://u:geheim@h/d"),
        ("ESIGN_BLOB_URL", "ftp://geheim"),
        ("ESIGN_TIMEZONE", "Mars/geheim"),
        ("ESIGN_TRUSTED_PROXIES", "10.0.0.0/8,geheim"),
        ("ESIGN_LOCK_SECONDS", "60"),
        ("ESIGN_ATTEMPTS_PER_SIGNER", "1"),
        ("ESIGN_PROFILE", "B-geheim"),
        ("ESIGN_SETTINGS_FILE", "/nowhere/geheim"),
    ],
)
def test_a_wrong_value_stops_the_start_and_is_named_but_not_shown(variables: Variables, name: str, value: str) -> None:
    variables.set({name: value})
    with pytest.raises(ConfigurationError) as caught:
        settings.read()
    assert caught.value.details["variable"] == name
    assert "geheim" not in str(caught.value)
    assert caught.value.__cause__ is None, "a cause would be printed with its values"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ESIGN_PUBLIC_URL", "http://surat.contoh.go.id"),
        ("ESIGN_PUBLIC_URL", ""),
        ("ESIGN_SECRET_KEY", None),
        ("ESIGN_DEV_CA", "true"),
        ("ESIGN_BLOB_URL", "memory:///"),
    ],
)
def test_production_refuses_what_is_only_fit_for_trying_out(variables: Variables, name: str, value: str | None) -> None:
    variables.set({key: text for key, text in (PRODUCTION | {name: value}).items() if text is not None})
    with pytest.raises(ConfigurationError) as caught:
        settings.read()
    assert caught.value.details["variable"] == name


def test_production_starts_with_what_it_needs(variables: Variables) -> None:
    variables.set(PRODUCTION)
    read = settings.read()
    assert not read.dev_ca
    assert read.log_renderer == "json"


def test_no_secret_is_shown_by_the_settings_themselves(variables: Variables) -> None:
    variables.set(
        {"ESIGN_SECRET_KEY": KEY, "ESIGN_OLD_SECRET_KEYS": KEY, "ESIGN_DATABASE_URL": "postgresql://u:geheim@h/d"}
    )
    read = settings.read()
    assert read.database == "postgresql://u:geheim@h/d"
    for shown in (repr(read), str(read), str(read.model_dump()), read.model_dump_json()):
        assert KEY not in shown
        assert "geheim" not in shown


def test_a_key_may_be_in_either_alphabet_of_base64() -> None:
    raw = bytes(range(224, 256))
    for text in (b64encode(raw).decode(), urlsafe_b64encode(raw).decode().rstrip("=")):
        given = Settings(secret_key=SecretStr(text)).secret_key
        assert given is not None
        assert settings.decode_key(given) == raw


def test_every_knob_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_hosts_and_fingerprints_are_read_as_people_write_them(variables: Variables) -> None:
    variables.set(
        {
            "ESIGN_FETCH_HOSTS": "OCSP.Contoh.go.id, va.bsre.go.id",
            "ESIGN_TRUST_LISTS": "a.toml,b.toml",
            "ESIGN_TRUST_LIST_SIGNERS": ":".join(["AB"] * 32),
        }
    )
    read = settings.read()
    assert read.fetch_hosts == ("ocsp.contoh.go.id", "va.bsre.go.id")
    assert read.trust_list_signers == ("ab" * 32,)
    assert read.trust_lists == (Path("a.toml"), Path("b.toml"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ESIGN_FETCH_HOSTS", "http://va.bsre.go.id"),
        ("ESIGN_FETCH_HOSTS", "127.0.0.1"),
        ("ESIGN_FETCH_HOSTS", "localhost"),
        ("ESIGN_FETCH_HOSTS", "va.bsre.go.id:8080"),
        ("ESIGN_FETCH_HOSTS", "[::1]"),
        ("ESIGN_TRUST_LIST_SIGNERS", "abc"),
        ("ESIGN_FETCH_SECONDS", "0"),
    ],
)
def test_what_may_be_fetched_is_checked_at_the_start(variables: Variables, name: str, value: str) -> None:
    variables.set({name: value})
    with pytest.raises(ConfigurationError) as refused:
        settings.read()
    assert refused.value.details["variable"] == name


MAIL = {"ESIGN_SMTP_URL": "smtps://tte@mail.kab.go.id", "ESIGN_SMTP_PASSWORD": "x", "ESIGN_MAIL_FROM": "tte@kab.go.id"}


@pytest.mark.parametrize(
    "url", ["smtp://mail", "smtp://10.0.0.1:25", "smtp://[::1]:2525", "smtps://tte%40kab.go.id@mail.kab.go.id:465/"]
)
def test_a_mail_server_is_an_address(variables: Variables, url: str) -> None:
    variables.set(MAIL | {"ESIGN_SMTP_URL": url, "ESIGN_SMTP_PASSWORD": "x" if "@" in url else ""})
    assert settings.read().smtp_url == url


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"ESIGN_SMTP_URL": "mail.kab.go.id"}, "ESIGN_SMTP_URL"),
        ({"ESIGN_SMTP_URL": "http://mail.kab.go.id"}, "ESIGN_SMTP_URL"),
        ({"ESIGN_SMTP_URL": "smtp://mail.kab.go.id/a?b"}, "ESIGN_SMTP_URL"),
        ({"ESIGN_SMTP_URL": "smtp://tte:s3s4me@mail.kab.go.id"}, "ESIGN_SMTP_URL"),
        ({"ESIGN_SMTP_URL": "smtp://tte:s3/s4me@mail.kab.go.id"}, "ESIGN_SMTP_URL"),
        ({"ESIGN_MAIL_FROM": ""}, "ESIGN_MAIL_FROM"),
        ({"ESIGN_MAIL_FROM": "a@b.id, s3s4me@d.id"}, "ESIGN_MAIL_FROM"),
        ({"ESIGN_MAIL_FROM": "a@b.id\nBcc: s3s4me@d.id"}, "ESIGN_MAIL_FROM"),
        ({"ESIGN_SMTP_URL": "smtps://mail.kab.go.id"}, "ESIGN_SMTP_PASSWORD"),
        ({"ESIGN_SMTP_URL": "smtp://tte@mail.kab.go.id", "ESIGN_SMTP_STARTTLS": "false"}, "ESIGN_SMTP_STARTTLS"),
        ({"ESIGN_SMTP_SECONDS": "0"}, "ESIGN_SMTP_SECONDS"),
    ],
)
def test_mail_that_is_set_up_wrongly_stops_the_start(variables: Variables, changed: dict[str, str], named: str) -> None:
    variables.set(MAIL | changed)
    with pytest.raises(ConfigurationError) as refused:
        settings.read()
    assert refused.value.details["variable"] == named
    assert "s3" not in str(refused.value)
