"""Which certificates, OCSP answers and CRLs a validation was given, and from where each came."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from asn1crypto import x509

from esign.verify.lists import Origin
from esign.x509.encoding import as_found

MAX_ITEMS = 4096
"""Items noted in one validation."""


@dataclass(frozen=True)
class Source:
    """Where something came from."""

    origin: Origin
    signature: int | None = None
    """The number of the signature whose CMS brought it, from 1."""


class Inventory:
    """What came in, each item once, with all its sources."""

    def __init__(self) -> None:
        self._certificates: dict[bytes, list[Source]] = {}
        self._revocation: dict[tuple[Literal["ocsp", "crl"], bytes], list[Source]] = {}

    def certificates(self, found: Iterable[x509.Certificate], origin: Origin, signature: int | None = None) -> None:
        """Notes certificates."""
        for item in found:
            if len(self._certificates) < MAX_ITEMS:
                _add(self._certificates.setdefault(as_found(item), []), Source(origin, signature))

    def revocation(
        self, kind: Literal["ocsp", "crl"], der: bytes, origin: Origin, signature: int | None = None
    ) -> None:
        """Notes an OCSP answer or a CRL."""
        if len(self._revocation) < MAX_ITEMS:
            _add(self._revocation.setdefault((kind, der), []), Source(origin, signature))

    @property
    def all_certificates(self) -> dict[bytes, list[Source]]:
        """By DER."""
        return self._certificates

    @property
    def all_revocation(self) -> dict[tuple[Literal["ocsp", "crl"], bytes], list[Source]]:
        """By kind and DER."""
        return self._revocation


def _add(sources: list[Source], source: Source) -> None:
    if source not in sources:
        sources.append(source)
