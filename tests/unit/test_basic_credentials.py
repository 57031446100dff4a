"""Usernames and passwords of applications: what is kept of them and remembered, and the change of the server key."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from esign.errors import ConfigurationError, RequestInvalid
from esign.registry import basic_credentials as basic
from esign.registry.basic_credentials import NewCredentials, Remembered
from esign.registry.clients import NewClient, add
from esign.registry.models import ApiClient, Scope
from esign.registry.secrets import Keys
from tests.registers import NOW, SERVER_KEY, Register, open_register

PASSWORD = "kata sandi é"
OTHER_KEY = bytes(range(32, 64))


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with open_register(f"sqlite:///{tmp_path / 'register.db'}") as opened:
        yield opened


def given(register: Register, password: str = PASSWORD, username: str = "simpeg") -> ApiClient:
    """The client, as its row is once it has a password."""
    new = NewCredentials(username=username, password=SecretStr(password))
    with register.database.write() as session:
        basic.give(session, register.keys, register.client, new)
    return row(register)


def row(register: Register, username: str = "simpeg") -> ApiClient:
    with register.database.read() as session:
        found = basic.of_username(session, username)
    assert found is not None
    return found[0]


def test_only_the_password_itself_is_right(register: Register) -> None:
    client = given(register)
    assert basic.is_right(register.keys, client, PASSWORD)
    for wrong in ("", "kata sandi e", PASSWORD + " ", PASSWORD.upper()):
        assert not basic.is_right(register.keys, client, wrong)
    assert not basic.is_right(register.keys, None, PASSWORD)


def test_a_copied_database_without_the_server_key_gives_nothing_to_guess_at(register: Register) -> None:
    client = given(register)
    kept = client.password_hash
    assert kept is not None
    assert PASSWORD not in kept
    assert given(register).password_hash != kept
    with pytest.raises(ConfigurationError):
        basic.is_right(Keys(OTHER_KEY), client, PASSWORD)
    other = ApiClient(**{**client.model_dump(), "id": "another"})
    with pytest.raises(ConfigurationError):
        basic.is_right(register.keys, other, PASSWORD)


def test_what_is_remembered_is_forgotten_in_time_and_with_the_row(register: Register) -> None:
    now = 0.0
    remembered = Remembered(seconds=600, clock=lambda: now)
    client = given(register)
    assert not remembered.has(client, PASSWORD)
    remembered.note(client, PASSWORD)
    assert remembered.has(client, PASSWORD)
    assert not remembered.has(client, "lain")
    assert not remembered.has(given(register, "baru"), PASSWORD)
    now = 601.0
    assert not remembered.has(client, PASSWORD)
    assert PASSWORD not in str(vars(remembered))


def test_the_change_of_the_server_key_seals_it_anew(register: Register) -> None:
    client = given(register)
    changing = Keys(OTHER_KEY, SERVER_KEY)
    assert basic.is_right(changing, client, PASSWORD)
    with register.database.write() as session:
        assert basic.sealed_otherwise(session, changing) == 1
        assert basic.rotate(session, changing) == 1
    with register.database.write() as session:
        assert basic.sealed_otherwise(session, changing) == 0
        assert basic.rotate(session, changing) == 0
        assert basic.unreadable(session, Keys(OTHER_KEY)) == 0
        assert basic.unreadable(session, Keys(SERVER_KEY)) == 1
    assert basic.is_right(Keys(OTHER_KEY), row(register), PASSWORD)


def test_no_two_clients_have_one_username_and_it_can_be_taken_away(register: Register) -> None:
    given(register)
    new = NewClient(agency_id=register.agency.id, name="Lain", scopes=frozenset({Scope.LETTERS_SIGN}))
    with register.database.write() as session:
        other, _ = add(session, register.keys, new, NOW)
    with pytest.raises(RequestInvalid), register.database.write() as session:
        basic.give(session, register.keys, other, NewCredentials(username="simpeg", password=SecretStr("x")))
    with register.database.write() as session:
        basic.take_away(session, register.client)
        assert basic.of_username(session, "simpeg") is None


@pytest.mark.parametrize(
    ("username", "password"), [("a:b", "x"), ("", "x"), ("a\nb", "x"), ("a", ""), ("a", "b\0"), ("a", "x" * 501)]
)
def test_what_http_basic_can_not_carry_is_refused_without_showing_it(username: str, password: str) -> None:
    with pytest.raises(ValidationError) as refused:
        NewCredentials(username=username, password=SecretStr(password))
    assert "xxxx" not in str(refused.value)


def test_generated_passwords_are_long_and_never_the_same() -> None:
    made = {basic.generated() for _ in range(100)}
    assert len(made) == 100
    assert all(len(each) == 32 for each in made)
