"""Signed files that may be fetched once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from esign.registry import handouts
from esign.registry.models import Handout
from tests.registers import NOW, Register, after, open_register


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with open_register(f"sqlite:///{tmp_path / 'register.db'}") as opened:
        yield opened


def offered(register: Register, hours: int = 24) -> Handout:
    letter, signature = register.signed()
    with register.database.write() as session:
        return handouts.offer(
            session, register.client.id, letter.id, signature.revision_sha256, signature.size, NOW, hours
        )


def test_a_file_is_its_clients_once(register: Register) -> None:
    handout = offered(register)
    assert len(handout.id) == 32
    with register.database.write() as session:
        assert handouts.of_client(session, "another", handout.id, NOW) is None
        found = handouts.of_client(session, register.client.id, handout.id, NOW)
        assert found is not None
        assert handouts.take(session, found, NOW)
        assert not handouts.take(session, found, NOW)
    with register.database.read() as session:
        assert handouts.of_client(session, register.client.id, handout.id, NOW) is None


def test_it_is_forgotten_when_its_time_is_over(register: Register) -> None:
    handout = offered(register, hours=2)
    with register.database.write() as session:
        assert handouts.of_client(session, register.client.id, handout.id, after(minutes=119)) is not None
        assert handouts.of_client(session, register.client.id, handout.id, after(hours=2)) is None
        assert handouts.forget(session, after(hours=1)) == 0
        assert handouts.forget(session, after(hours=2)) == 1
        assert handouts.forget(session, after(hours=2)) == 0
