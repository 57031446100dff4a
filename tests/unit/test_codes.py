from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esign.errors import CodeMistyped
from esign.registry import codes

numbers = st.integers(min_value=0, max_value=2**128 - 1)
symbols = st.sampled_from(codes.ALPHABET)


def code_of(number: int) -> str:
    body = "".join(codes.ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
    return next(body + check for check in codes.ALPHABET if is_code(body + check))


def is_code(text: str) -> bool:
    try:
        codes.parse(text)
    except CodeMistyped:
        return False
    return True


def test_a_new_code_reads_back_and_no_two_are_alike() -> None:
    made = [codes.new() for _ in range(500)]
    assert all(codes.parse(code) == code for code in made)
    assert len(set(made)) == 500


def test_a_code_carries_128_random_bits() -> None:
    seen_or = seen_and = None
    for _ in range(200):
        number = 0
        for symbol in codes.new()[:-1]:
            number = number << 5 | codes.ALPHABET.index(symbol)
        assert number < 2**128
        seen_or, seen_and = (seen_or or 0) | number, number if seen_and is None else seen_and & number
    assert seen_or == 2**128 - 1
    assert seen_and == 0


@given(numbers)
def test_exactly_one_check_symbol_fits(number: int) -> None:
    body = code_of(number)[:-1]
    assert sum(is_code(body + check) for check in codes.ALPHABET) == 1


@given(numbers, st.integers(0, 26), symbols)
def test_every_single_wrong_symbol_is_caught(number: int, place: int, symbol: str) -> None:
    code = code_of(number)
    wrong = code[:place] + symbol + code[place + 1 :]
    assert is_code(wrong) == (wrong == code)


@given(numbers, st.integers(0, 25))
def test_every_swap_of_neighbours_is_caught_but_that_of_0_and_z(number: int, place: int) -> None:
    code = code_of(number)
    pair = code[place : place + 2]
    swapped = code[:place] + pair[::-1] + code[place + 2 :]
    if pair[0] != pair[1] and set(pair) != {"0", "Z"}:
        assert not is_code(swapped)


def test_no_other_pair_of_neighbours_escapes_at_any_place() -> None:
    for place in (1, 2, 24):  # doubled and not doubled, and not the first symbol, which is small
        for left in codes.ALPHABET:
            for right in codes.ALPHABET:
                body = "0" * place + left + right + "0" * (24 - place)
                code = next(body + check for check in codes.ALPHABET if is_code(body + check))
                swapped = code[:place] + right + left + code[place + 2 :]
                assert is_code(swapped) == (left == right or {left, right} == {"0", "Z"})


@given(numbers)
def test_a_code_is_read_however_it_is_written(number: int) -> None:
    code = code_of(number)
    confused = code.replace("1", "l").replace("0", "o")
    for written in (codes.grouped(code), codes.grouped(code).lower(), codes.grouped(code).replace("-", " "), confused):
        assert codes.parse(f" {written}\n") == code
    assert codes.parse(code.replace("1", "I").replace("0", "O")) == code
    assert codes.parse(codes.grouped(code).replace("-", "\N{EN DASH}")) == code


@given(st.text(max_size=60))
def test_whatever_is_typed_there_is_a_code_or_a_plain_refusal(text: str) -> None:
    with suppress(CodeMistyped):
        assert len(codes.parse(text)) == codes.LENGTH


@pytest.mark.parametrize("text", ["", "0" * 26, "0" * 28, "U" * 27, "-" * 27, "0" * 101, "8" + "0" * 26, "ı" * 27])
def test_what_can_be_no_code_is_refused(text: str) -> None:
    with pytest.raises(CodeMistyped):
        codes.parse(text)


def test_a_code_is_printed_in_groups_of_four() -> None:
    assert codes.grouped("0123456789ABCDEFGHJKMNPQRST") == "0123-4567-89AB-CDEF-GHJK-MNPQ-RST"
