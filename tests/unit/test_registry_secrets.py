from base64 import b64encode
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from esign.errors import ConfigurationError
from esign.registry import secrets
from esign.registry.secrets import Keys
from esign.settings import Settings

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


def settings(folder: Path, **given: object) -> Settings:
    return Settings.model_validate({"data_dir": folder, **given})


@given(st.binary(max_size=100), st.text(max_size=40))
def test_what_is_sealed_opens_in_its_place_only(plaintext: bytes, place: str) -> None:
    keys = Keys(OLD)
    sealed = keys.seal(plaintext, place)
    assert keys.open(sealed, place) == plaintext
    with pytest.raises(ConfigurationError):
        keys.open(sealed, place + "x")


def test_the_same_text_is_sealed_differently_each_time() -> None:
    keys = Keys(OLD)
    assert len({keys.seal(b"3271044607800012", "row") for _ in range(20)}) == 20


def test_no_bit_of_a_sealed_value_can_be_changed() -> None:
    keys = Keys(OLD)
    sealed = keys.seal(b"3271044607800012", "row")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(ConfigurationError):
            keys.open(bytes(changed), "row")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"3271044607800012"])
def test_what_was_never_sealed_does_not_open(sealed: bytes) -> None:
    with pytest.raises(ConfigurationError):
        Keys(OLD).open(sealed, "row")


def test_an_earlier_key_still_opens_and_finds_while_keys_change() -> None:
    old, both, new = Keys(OLD), Keys(NEW, OLD), Keys(NEW)
    sealed = old.seal(b"nik", "row")
    assert both.open(sealed, "row") == b"nik"
    assert not both.is_present(sealed)
    assert new.open(both.seal(b"nik", "row"), "row") == b"nik"
    assert both.macs("use", "x") == [new.mac("use", "x"), old.mac("use", "x")]
    with pytest.raises(ConfigurationError) as caught:
        new.open(sealed, "row")
    assert caught.value.details["variable"] == "ESIGN_SECRET_KEY"


def test_each_use_has_a_key_of_its_own_and_parts_do_not_run_together() -> None:
    keys = Keys(OLD)
    seen = [keys.mac("a", "x"), keys.mac("b", "x"), keys.mac("a", "x", ""), keys.mac("a", "", "x"), keys.mac("a", "xx")]
    assert len(set(seen)) == len(seen)


def test_keys_do_not_show_themselves() -> None:
    keys = Keys(OLD, NEW)
    shown = repr(keys) + repr(keys._keys) + str(keys.key_id)
    assert OLD.hex() not in shown
    assert repr(OLD) not in shown


def test_in_development_a_key_is_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    made = secrets.keys(settings(folder))
    file = folder / "secret.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert secrets.keys(settings(folder)).key_id == made.key_id
    assert [path.name for path in folder.iterdir()] == ["secret.key"]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPool(8) as pool:
        made = pool.map(lambda _: secrets.keys(settings(tmp_path / "var")).key_id, range(8))
    assert len(set(made)) == 1


def test_a_key_that_is_set_is_used_and_none_is_made(tmp_path: Path) -> None:
    given = settings(tmp_path, secret_key=SecretStr(b64encode(NEW).decode()), old_secret_keys=b64encode(OLD).decode())
    keys = secrets.keys(given)
    assert keys.key_id == Keys(NEW).key_id
    assert keys.open(Keys(OLD).seal(b"x", "row"), "row") == b"x"
    assert list(tmp_path.iterdir()) == []


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    secrets.keys(settings(tmp_path))
    (tmp_path / "secret.key").chmod(0o640)
    with pytest.raises(ConfigurationError, match="600"):
        secrets.keys(settings(tmp_path))


@pytest.mark.parametrize("content", ["", "geheim", b64encode(b"geheim").decode(), "\xe9"])
def test_a_key_file_without_a_key_is_refused_and_not_shown(tmp_path: Path, content: str) -> None:
    file = tmp_path / "secret.key"
    file.write_text(content, "latin-1")
    file.chmod(0o600)
    with pytest.raises(ConfigurationError) as caught:
        secrets.keys(settings(tmp_path))
    assert "geheim" not in str(caught.value)
