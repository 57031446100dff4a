"""The objects that serve validation data, extensions and appearances, by their strict shape and nothing further.

A role is walked only as its standard describes it: what else a value leads to (a page, put where a certificate
belongs) is not part of the role, and may not be changed under its name.
"""

from esign.pdf.revisions import View
from esign.pdf.syntax import Object, PdfDict, Ref, Stream, references

MAX_ITEMS = 8192

_STORE_ARRAYS = ("Certs", "OCSPs", "CRLs")
_ENTRY_ARRAYS = ("Cert", "OCSP", "CRL")


def security_store(view: View, value: Object) -> set[int]:
    """The numbers of a document security store: its dictionaries, arrays and streams (12.8.4.3)."""
    found = _own(value)
    store = view.resolve(value)
    if not isinstance(store, PdfDict):
        return found
    for key in _STORE_ARRAYS:
        found |= _streams(view, store.get(key))
    found |= _own(store.get("VRI"))
    entries = view.resolve(store.get("VRI"))
    if isinstance(entries, PdfDict):
        for reference in list(entries.values())[:MAX_ITEMS]:
            entry = view.resolve(reference)
            if isinstance(entry, PdfDict) and entry.get("Type", "VRI") == "VRI":
                found |= _own(reference) | _streams(view, entry.get("TS"))
                for key in _ENTRY_ARRAYS:
                    found |= _streams(view, entry.get(key))
    return found


def _streams(view: View, value: Object) -> set[int]:
    """An array of streams, or one stream: the array itself and those of its items that are streams or nothing."""
    found = _own(value)
    items = view.resolve(value)
    if isinstance(items, Stream) or not isinstance(items, list):
        return found
    for item in items[:MAX_ITEMS]:
        if isinstance(item, Ref) and _is_plain_stream(view.resolve(item)):
            found.add(item.number)
    return found


def _is_plain_stream(value: Object) -> bool:
    """A stream without a type, or nothing at all (a freed object)."""
    return value is None or (isinstance(value, Stream) and "Type" not in value.dictionary)


def extensions(view: View, value: Object) -> set[int] | None:
    """The number of an extensions dictionary (7.12); None where it leads anywhere else."""
    found = view.resolve(value)
    if found is not None and (not isinstance(found, PdfDict) or any(True for _ in references(found))):
        return None
    return _own(value)


def appearance(view: View, value: Object) -> set[int]:
    """The numbers of an appearance dictionary and its streams (12.5.5), not of what those use."""
    found = _own(value)
    states = view.resolve(value)
    if not isinstance(states, PdfDict):
        return found
    for entry in states.values():
        found |= _own(entry)
        looks = view.resolve(entry)
        if isinstance(looks, PdfDict):
            found |= {number for look in looks.values() for number in _own(look)}
    return found


def _own(value: Object) -> set[int]:
    return {value.number} if isinstance(value, Ref) else set()
