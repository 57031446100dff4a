"""What the file brings along to prove itself: the document security store (ISO 32000-2, 12.8.4.3)."""

from dataclasses import dataclass, field

from asn1crypto import x509

from esign.pdf.revisions import View
from esign.pdf.syntax import Object, PdfSyntaxError, Ref
from esign.verify.cms import ODD_INPUT
from esign.x509.encoding import read_certificate

MAX_ITEMS = 2048
"""Certificates, OCSP answers and CRLs taken from one store."""


@dataclass(frozen=True)
class Store:
    """The contents of a document security store."""

    present: bool = False
    certificates: tuple[x509.Certificate, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    end: int = 0
    """Where the last of its streams ends in the file: a document time-stamp after it covers it."""
    unreadable: int = 0
    """How many of its entries can't be read (freed objects, for one): told, no failure."""


@dataclass(frozen=True)
class Material:
    """Certificates and revocation data handed in, DER: fetched by the parent, or archived and given by file."""

    certificates: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    given: bool = field(default=False, kw_only=True)
    """They were given by whoever asks (else: fetched)."""


def read_store(view: View) -> Store:
    """The store of a file as it is. Never raises: what can't be read is counted."""
    try:
        store = view.dictionary(view.catalogue.get("DSS"))
    except PdfSyntaxError:
        return Store()
    if not store:
        return Store()
    reading = _Reading(view)
    certificates = [item for der in reading.streams(store.get("Certs")) if (item := _certificate(der)) is not None]
    ocsps = list(reading.streams(store.get("OCSPs")))
    crls = list(reading.streams(store.get("CRLs")))
    for entry in _vri(view, store.get("VRI")):
        certificates += [item for der in reading.streams(entry.get("Cert")) if (item := _certificate(der)) is not None]
        ocsps += reading.streams(entry.get("OCSP"))
        crls += reading.streams(entry.get("CRL"))
    return Store(True, tuple(certificates), tuple(ocsps), tuple(crls), reading.end, reading.unreadable)  # noqa: FBT003


def _vri(view: View, value: Object) -> list[dict[str, Object]]:
    try:
        entries = view.dictionary(value)
        return [view.dictionary(entry) for entry in list(entries.values())[:MAX_ITEMS]]
    except PdfSyntaxError:
        return []


class _Reading:
    """Reads each stream once."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.end = 0
        self.unreadable = 0
        self._seen: set[int] = set()

    def streams(self, value: Object) -> list[bytes]:
        """The decoded streams of an array that were not read before."""
        result: list[bytes] = []
        try:
            references = self.view.array(value)
        except PdfSyntaxError:
            self.unreadable += 1
            return result
        for reference in references[:MAX_ITEMS]:
            if not isinstance(reference, Ref) or reference.number in self._seen or len(self._seen) >= MAX_ITEMS:
                continue
            self._seen.add(reference.number)
            try:
                item = self.view.indirect(reference.number)
                data = self.view.decoded(reference)
            except PdfSyntaxError:
                item, data = None, None
            if item is None or data is None:
                self.unreadable += 1
                continue
            self.end = max(self.end, item.end)
            result.append(data)
        return result


def _certificate(der: bytes) -> x509.Certificate | None:
    try:
        certificate = read_certificate(der)
        _ = certificate.subject.native, certificate.serial_number
    except ODD_INPUT:
        return None
    return certificate
