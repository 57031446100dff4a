"""Octets as they were found, which signatures and digests are over."""

from typing import cast

from asn1crypto import core, x509


def as_found(value: core.Asn1Value) -> bytes:
    """The encoding of a value that was read, octet for octet.

    asn1crypto's own ``dump`` takes a length that ends in 0x80 for an indefinite one, and encodes such a value anew:
    once in 256 certificates, where bits or sets may then come out otherwise than they were signed.
    """
    if isinstance(value, core.Choice):
        return as_found(value.chosen)
    header, contents, trailer = value._header, value.contents, value._trailer
    if not header or contents is None:
        return cast("bytes", core.Asn1Value.dump(value))
    return cast("bytes", header + contents + trailer)


def read_certificate(der: bytes, *, strict: bool = False) -> x509.Certificate:
    """A certificate that stays octet for octet what it is, whatever is asked of it.

    ``strict`` refuses octets after it. Raises ValueError; asn1crypto reads lazily, so much that is broken shows later.
    """
    return cast("x509.Certificate", _FoundCertificate.load(der, strict=strict))


class _FoundCertificate(x509.Certificate):  # type: ignore[misc]
    def dump(self, force: bool = False) -> bytes:  # noqa: ARG002, FBT001, FBT002
        return as_found(self)
