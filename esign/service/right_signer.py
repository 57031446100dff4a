"""Whether a certificate is that of the official who was asked: where his authority told it, and where it did not.

An authority that signs whole documents may tell a signer's certificate only by signing. Then a NIK in the certificate
proves him, where it carries one; else his name has to do. See docs/decisions/bsre.md.
"""

import re

from asn1crypto import x509

from esign.service.signers import common_name

_NIK = re.compile(r"(?<!\d)\d{16}(?!\d)")
_WORDS = re.compile(r"[^\W\d_]+")
_TITLES = frozenset({"dr", "drs", "dra", "drg", "drh", "ir", "prof", "h", "hj", "kh", "apt", "ns"})


def doubt(certificate: x509.Certificate, expected: x509.Certificate | None, name: str, nik: str | None) -> str | None:
    """Why it can't be said that the certificate is his, in plain English and without a NIK; None where it can.

    ``expected`` is what his authority told before; ``name`` and ``nik`` what the register knows of him.
    """
    if expected is not None:
        same = certificate.sha256 == expected.sha256
        return None if same else "it is signed by another certificate than the authority told of the signer"
    numbers = {found for value in _values(certificate.subject) for found in _NIK.findall(value)}
    if numbers and nik is not None:
        return None if nik in numbers else "it is signed by somebody of another NIK"
    if names_match(common_name(certificate.subject), name):
        return None
    return "the certificate that signed names somebody else than the signer"


def names_match(one: str, other: str) -> bool:
    """Whether two names may be one person's: the same words, or one leaves some out; titles don't count."""
    first, second = _words(one), _words(other)
    if first == second:
        return bool(first)
    shorter, longer = sorted((first, second), key=len)
    return len(shorter) > 1 and set(shorter) <= set(longer)


def _words(name: str) -> list[str]:
    """The words of a name in small letters, without the titles before it and those behind its comma."""
    words = [word.casefold() for word in _WORDS.findall(name.partition(",")[0])]
    while len(words) > 1 and words[0] in _TITLES:
        words = words[1:]
    return words


def _values(name: x509.Name) -> list[str]:
    return [str(part["value"].native) for relative in name.chosen for part in relative]
