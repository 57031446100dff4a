"""The one exception of all checks on what others answered."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    NotImplementedError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What asn1crypto and cryptography raise over malformed or unforeseen ASN.1."""


class Rejected(Exception):  # noqa: N818
    """An OCSP answer, CRL, time-stamp or certificate that can't be believed; ``reason`` says why, in plain English.

    Whatever malformed input breaks inside a check, this comes out.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotSupported(Rejected):
    """It can't be judged: made with an algorithm that is not known."""
