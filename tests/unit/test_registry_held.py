from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import col

from esign.errors import HashNotAuthorised
from esign.registry import clients, held
from esign.registry.clients import NewClient
from esign.registry.models import HeldSignatures, Scope
from esign.registry.secrets import Keys
from tests.registers import NOW, SERVER_KEY, Register, after, migrated_sqlite, open_register, race

UNTIL = after(minutes=5)


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with open_register(migrated_sqlite(tmp_path)) as opened:
        yield opened


def keep(register: Register, sad: str, content: bytes = b"nilai", **timing: float) -> None:
    at = after(**timing)
    with register.database.write() as session:
        held.keep(session, register.keys, sad, register.client.id, register.signer.id, content, at, at + (UNTIL - NOW))


def take(register: Register, sad: str, client_id: str | None = None, keys: Keys | None = None) -> held.Held | None:
    with register.database.write() as session:
        return held.take(session, keys or register.keys, sad, client_id or register.client.id)


def sealed(register: Register) -> list[bytes]:
    """What waits for the client, as the database has it."""
    query = sa.select(col(HeldSignatures.sealed)).where(col(HeldSignatures.client_id) == register.client.id)
    with register.database.read() as session:
        return list(session.scalars(query))


def test_what_is_kept_is_taken_once_by_who_has_the_activation_data(register: Register) -> None:
    keep(register, "sad-satu")
    assert take(register, "sad-dua") is None
    found = take(register, "sad-satu")
    assert found is not None
    assert (found.content, found.signer_id, found.expires_at) == (b"nilai", register.signer.id, UNTIL)
    assert found.name == held.name_of(register.keys, "sad-satu")
    assert take(register, "sad-satu") is None


def test_another_client_takes_nothing(register: Register) -> None:
    keep(register, "sad-satu")
    with register.database.write() as session:
        new = NewClient(agency_id=register.agency.id, name="lain", scopes=frozenset({Scope.HASHES_SIGN}))
        other, _ = clients.add(session, register.keys, new, NOW)
    assert take(register, "sad-satu", other.id) is None
    assert take(register, "sad-satu") is not None


def test_what_is_refused_after_it_was_taken_is_there_again(register: Register) -> None:
    def take_and_refuse() -> None:
        with register.database.write() as session:
            assert held.take(session, register.keys, "sad-satu", register.client.id) is not None
            raise HashNotAuthorised

    keep(register, "sad-satu")
    with pytest.raises(HashNotAuthorised):
        take_and_refuse()
    assert take(register, "sad-satu") is not None


def test_of_many_who_come_at_once_one_takes_it(register: Register) -> None:
    keep(register, "sad-satu")
    taken, _ = race(6, lambda _: take(register, "sad-satu"))
    assert len([found for found in taken if found is not None]) == 1


def test_what_nobody_takes_is_cleared_away_some_time_after_its_end(register: Register) -> None:
    keep(register, "lama")
    keep(register, "baru", minutes=14)
    assert len(sealed(register)) == 2
    assert take(register, "lama") is not None
    keep(register, "lama")
    keep(register, "terbaru", minutes=16)
    assert take(register, "lama") is None
    assert len(sealed(register)) == 2


def test_a_change_of_the_server_key_keeps_what_waits(register: Register) -> None:
    keep(register, "sad-satu", b"rahasia")
    assert [b"rahasia" in each for each in sealed(register)] == [False]
    assert take(register, "sad-satu", keys=Keys(bytes(32))) is None
    found = take(register, "sad-satu", keys=Keys(bytes(32), SERVER_KEY))
    assert found is not None
    assert found.content == b"rahasia"


def test_what_nobody_fetched_is_forgotten_in_time(register: Register) -> None:
    keep(register, "sad-satu")
    for passed, left in ((timedelta(minutes=5), 1), (timedelta(minutes=5) + held.REMEMBERED_FOR, 0)):
        with register.database.write() as session:
            held.forget(session, NOW + passed + timedelta(seconds=1))
        assert len(sealed(register)) == left
