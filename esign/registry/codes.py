"""Verification codes: what the QR holds, and what a person types from paper.

128 random bits as 26 Crockford base32 symbols, and one check symbol of the same alphabet by Luhn mod N
with N = 32. The check catches every wrong symbol, and every swap of two neighbours except ``0`` with
``Z`` (the first and the last symbol of the alphabet, which Luhn's doubling maps alike for every even
N). It catches typing, not forgery: that the code can't be guessed is its 128 bits.
"""

import secrets

from esign.errors import CodeMistyped

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O, U."""
RANDOM_BITS = 128
LENGTH = 27
GROUP = 4
LONGEST_TYPED = 100
"""Characters that `parse` looks at; more can't be a code."""

_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)}
_READ = (
    {symbol: symbol for symbol in ALPHABET}
    | {symbol.lower(): symbol for symbol in ALPHABET}
    | {"I": "1", "i": "1", "L": "1", "l": "1", "O": "0", "o": "0"}
    | dict.fromkeys(
        "- \t\n\r\N{NO-BREAK SPACE}\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}", ""
    )
)


def new() -> str:
    """A new code: 27 symbols in capitals, ungrouped."""
    number = secrets.randbits(RANDOM_BITS)
    body = "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
    return body + _check_symbol(body)


def parse(text: str) -> str:
    """The code that somebody typed or scanned, in capitals and ungrouped.

    Letters of either size; I and L are read as 1, O as 0; hyphens and spaces are passed over. Raises
    `CodeMistyped` where the length, a symbol or the check symbol does not fit.
    """
    if len(text) > LONGEST_TYPED:
        raise CodeMistyped
    try:
        code = "".join(_READ[character] for character in text)
    except KeyError:
        raise CodeMistyped from None
    if len(code) != LENGTH or _VALUES[code[0]] >= 1 << RANDOM_BITS % 5 or _check_symbol(code[:-1]) != code[-1]:
        raise CodeMistyped
    return code


def grouped(code: str) -> str:
    """The code as it is printed: groups of four with hyphens between."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def _check_symbol(body: str) -> str:
    """Luhn mod N (ISO/IEC 7812-1, annex B, has N = 10).

    From the right, every other value is doubled and replaced by the sum of its digits in base N.
    """
    total = 0
    for place, symbol in enumerate(reversed(body)):
        value = _VALUES[symbol]
        total += sum(divmod(2 * value, 32)) if place % 2 == 0 else value
    return ALPHABET[-total % 32]
