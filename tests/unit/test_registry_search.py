from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from esign.errors import RequestInvalid
from esign.registry import ids, letters, search, states
from esign.registry.models import Disclosure, Status
from esign.registry.search import Filters
from tests.registers import NOW, Register, migrated_sqlite, open_register


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with open_register(migrated_sqlite(tmp_path)) as opened:
        yield opened


def found(register: Register, filters: Filters | None = None, **asked: object) -> list[str | None]:
    with register.database.read() as session:
        page = search.letters(session, register.agency.id, filters or Filters.model_validate(asked))
    return [letter.number for letter in page.letters]


def enter(register: Register, number: str, **changes: object) -> None:
    with register.database.write() as session:
        letters.draft(session, register.new_letter(number, **changes), NOW)


def test_letters_are_listed_newest_first_and_those_of_others_not_at_all(register: Register) -> None:
    for number in "123":
        enter(register, number)
    with open_register(register.database.engine.url.render_as_string(hide_password=False)) as other:
        enter(other, "9")
    assert found(register) == ["3", "2", "1"]


def test_pages_meet_without_gap_or_repetition_while_letters_are_added(register: Register) -> None:
    for number in range(7):
        enter(register, str(number))
    seen: list[str | None] = []
    cursor = None
    while True:
        with register.database.read() as session:
            page = search.letters(session, register.agency.id, Filters(), cursor, limit=3)
        seen += [letter.number for letter in page.letters]
        enter(register, f"new {len(seen)}")
        cursor = page.next
        if cursor is None:
            break
    assert seen == ["6", "5", "4", "3", "2", "1", "0"]


def test_a_full_last_page_is_the_last(register: Register) -> None:
    for number in "12":
        enter(register, number)
    with register.database.read() as session:
        assert search.letters(session, register.agency.id, Filters(), limit=2).next is None


def test_filters_narrow_the_list(register: Register) -> None:
    enter(register, "a/1", subject="Undangan Rapat", date="2026-01-31")
    enter(register, "a/2", subject="Nota dinas 100%", classification="terbatas", disclosure=Disclosure.LIMITED)
    enter(register, "a/3", subject="Surat tugas", date="2026-12-31")
    assert found(register, text="rapat") == ["a/1"]
    assert found(register, text="100%") == ["a/2"]
    assert found(register, text="%") == ["a/2"], "a wildcard is a character like any other"
    assert found(register, text="_") == []
    assert found(register, text="A/2") == ["a/2"], "a part of the number"
    assert found(register, number="A / 3") == ["a/3"]
    assert found(register, classification="terbatas") == ["a/2"]
    assert found(register, date_from="2026-01-31", date_to="2026-03-02") == ["a/2", "a/1"]
    assert found(register, date_from=date(2027, 1, 1)) == []
    assert found(register, status=["signed", "draft"], text="surat") == ["a/3"]
    assert found(register, status=["signed"]) == []


def test_letters_are_found_by_who_signed_them(register: Register) -> None:
    register.signed("1")
    enter(register, "2")
    assert found(register, signer_id=register.signer.id) == ["1"]
    assert found(register, signer_id="another") == []


def test_a_withdrawn_letter_is_found_as_such(register: Register) -> None:
    letter, _ = register.signed("1")
    with register.database.write() as session:
        states.withdraw(session, letter, "salah", NOW)
    assert found(register, status=[Status.WITHDRAWN]) == ["1"]


def test_a_cursor_belongs_to_its_search(register: Register) -> None:
    for number in "123":
        enter(register, number)
    with register.database.read() as session:
        cursor = search.letters(session, register.agency.id, Filters(), limit=1).next
        assert cursor is not None
        for wrong in (cursor[:-1], cursor + "AA", "", "x", "é", cursor[::-1]):
            with pytest.raises(RequestInvalid):
                search.letters(session, register.agency.id, Filters(), wrong)
        with pytest.raises(RequestInvalid):
            search.letters(session, register.agency.id, Filters(text="x"), cursor)
        with pytest.raises(RequestInvalid):
            search.letters(session, "another", Filters(), cursor)


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_a_page_has_a_sensible_size(register: Register, limit: int) -> None:
    with register.database.read() as session, pytest.raises(RequestInvalid):
        search.letters(session, register.agency.id, Filters(), limit=limit)


def test_ids_sort_by_the_time_they_were_made() -> None:
    made = []
    for _ in range(3):
        made.append(ids.new())
        before = made[-1][:13]
        while ids.new()[:13] == before:  # until the clock's next millisecond
            pass
    assert made == sorted(made)
    assert {one[14] for one in made} == {"7"}
