"""Writes DER (X.690, section 10): the few types that X.509 messages are made of.

Answers that are made thousands of times an hour (time-stamps, OCSP) are put together from pieces
encoded once, which no general ASN.1 library does well. Reading is left to those libraries.
"""

from datetime import UTC, datetime
from functools import lru_cache

NULL = b"\x05\x00"


def tlv(tag: int, *parts: bytes) -> bytes:
    """One value with a single-octet tag; its contents are the parts in order."""
    contents = b"".join(parts)
    length = len(contents)
    if length < 0x80:
        return bytes((tag, length)) + contents
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + contents


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE of encoded values."""
    return tlv(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    """A SET OF encoded values, in ascending order of their encodings (X.690, 11.6)."""
    return tlv(0x31, *sorted(parts))


def explicit(number: int, *parts: bytes) -> bytes:
    """``[number]`` around encoded values: explicit, or implicit in place of a constructed type's tag."""
    return tlv(0xA0 | number, *parts)


def implicit(number: int, contents: bytes) -> bytes:
    """``[number]`` in place of a primitive type's tag, over its content octets."""
    return tlv(0x80 | number, contents)


def integer(value: int) -> bytes:
    """An INTEGER."""
    return tlv(0x02, _two_complement(value))


def enumerated(value: int) -> bytes:
    """An ENUMERATED."""
    return tlv(0x0A, _two_complement(value))


def boolean(value: bool) -> bytes:  # noqa: FBT001
    """A BOOLEAN."""
    return b"\x01\x01\xff" if value else b"\x01\x01\x00"


def octet_string(contents: bytes) -> bytes:
    """An OCTET STRING."""
    return tlv(0x04, contents)


def bit_string(contents: bytes) -> bytes:
    """A BIT STRING of whole octets."""
    return tlv(0x03, b"\x00", contents)


def utf8_string(text: str) -> bytes:
    """A UTF8String."""
    return tlv(0x0C, text.encode())


def generalized_time(moment: datetime) -> bytes:
    """A GeneralizedTime in UTC; fractions of a second only where there are any, without trailing zeros."""
    moment = moment.astimezone(UTC)
    text = moment.strftime("%Y%m%d%H%M%S")
    if moment.microsecond:
        text += f".{moment.microsecond:06d}".rstrip("0")
    return tlv(0x18, f"{text}Z".encode("ascii"))


def _two_complement(value: int) -> bytes:
    magnitude = value if value >= 0 else ~value
    return value.to_bytes(magnitude.bit_length() // 8 + 1, "big", signed=True)


@lru_cache(maxsize=256)
def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return tlv(0x06, *(_base128(arc) for arc in (first * 40 + second, *rest)))


def _base128(arc: int) -> bytes:
    octets = [arc & 0x7F]
    while arc := arc >> 7:
        octets.append(arc & 0x7F | 0x80)
    return bytes(reversed(octets))


DIGEST_OIDS = {
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}


@lru_cache(maxsize=8)
def digest_algorithm(name: str) -> bytes:
    """The AlgorithmIdentifier of a digest algorithm, with NULL parameters as most software writes it (RFC 5754, 2)."""
    return sequence(oid(DIGEST_OIDS[name]), NULL)
