"""The document security store (ISO 32000-2, 12.8.4.3; ETSI EN 319 142-1, 5.4.2): what is needed to validate later.

No /VRI: it ties data to single signatures, which no validation needs (EN 319 142-1, 5.4.2.3 calls it optional), and it
names signatures by their SHA-1. Where the letter has one already, it stays as it is.
"""

import zlib
from collections.abc import Iterable, Sequence

from esign.errors import LetterTruncated
from esign.pades.increment import Increment
from esign.pades.update import declare_extension
from esign.pdf.filters import decode
from esign.pdf.syntax import Object, PdfDict, PdfSyntaxError, Ref


def append_dss(pdf: bytes, certificates: Sequence[bytes], ocsps: Sequence[bytes], crls: Sequence[bytes]) -> bytes:
    """The update that adds certificates, OCSP responses and CRLs (DER) to the letter's store.

    What the store already holds is not added again; empty where nothing is new. Raises `LetterTruncated` and
    `LetterEncrypted`.
    """
    try:
        increment = Increment(pdf)
        reference = increment.target(increment.catalogue.get("DSS"))
        old = increment.dictionary(increment.catalogue.get("DSS"))
        added = {
            key: refs
            for key, values in (("Certs", certificates), ("OCSPs", ocsps), ("CRLs", crls))
            if (refs := _add(increment, old.get(key), values))
        }
        if not added:
            return b""
        if old and reference is not None:
            store = increment.edit_dictionary(reference)
        else:
            store = PdfDict()
            store.update(old)
        for key, refs in added.items():
            store[key] = [*increment.array(old.get(key)), *refs]
        if not old or reference is None:
            catalogue = increment.edit_dictionary(increment.catalogue_reference)
            catalogue["DSS"] = increment.add_value(store)
        declare_extension(increment)
        return increment.finish().data
    except PdfSyntaxError as error:
        raise LetterTruncated(reason=str(error)) from error


def _add(increment: Increment, old: Object, values: Iterable[bytes]) -> list[Ref]:
    """New streams for what isn't in one array of the store yet."""
    known = {_data(increment, each) for each in increment.array(old)}
    return [increment.add_deflated(b"", value) for value in dict.fromkeys(values) if value not in known]


def _data(increment: Increment, value: Object) -> bytes | None:
    """What a stream of the store holds; None where that can't be told, which only means that it may be there twice."""
    found = increment.stream_data(value)
    try:
        return None if found is None else decode(found[1], found[0])
    except (PdfSyntaxError, zlib.error):
        return None
