"""The document security store (ISO 32000-2, 12.8.4.3; ETSI EN 319 142-1, 5.4.2): what is needed to validate later.

No /VRI: it ties data to single signatures, which no validation needs (EN 319 142-1, 5.4.2.3 calls it optional), and it
names signatures by their SHA-1. Where the letter has one already, it stays as it is.
"""

from collections.abc import Iterable, Sequence

from pyhanko.pdf_utils import misc
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, StreamObject

from esign.errors import LetterTruncated
from esign.pades.increment import Increment
from esign.pades.update import declare_extension


def append_dss(pdf: bytes, certificates: Sequence[bytes], ocsps: Sequence[bytes], crls: Sequence[bytes]) -> bytes:
    """The update that adds certificates, OCSP responses and CRLs (DER) to the letter's store.

    What the store already holds is not added again; empty where nothing is new. Raises `LetterTruncated` and
    `LetterEncrypted`.
    """
    try:
        increment = Increment(pdf)
        store = increment.catalogue.get("/DSS")
        if not isinstance(store, DictionaryObject):
            store = DictionaryObject()
        added = [
            _add(increment, store, key, values)
            for key, values in (("/Certs", certificates), ("/OCSPs", ocsps), ("/CRLs", crls))
        ]
        if not any(added):
            return b""
        catalogue = increment.catalogue
        if store.container_ref is None:
            reference = increment.reserve()
            increment.put(reference, increment.serialise(store, reference))
            catalogue[NameObject("/DSS")] = IndirectObject(reference.idnum, reference.generation, increment.reader)
            increment.touch(catalogue)
        else:
            increment.touch(store)
        declare_extension(increment)
        return increment.finish().data
    except (misc.PdfError, RecursionError) as error:
        raise LetterTruncated(reason="its long-term data can't be read") from error


def _add(increment: Increment, store: DictionaryObject, key: str, values: Iterable[bytes]) -> bool:
    """Appends to one array of the store what isn't in it yet; whether there was anything."""
    old = store.get(key)
    array = old if isinstance(old, ArrayObject) else ArrayObject()
    known = {each.get_object().data for each in array if isinstance(each.get_object(), StreamObject)}
    new = [value for value in dict.fromkeys(values) if value not in known]
    if not new:
        return False
    for value in new:
        reference = increment.add_deflated(b"", value)
        array.append(IndirectObject(reference.idnum, reference.generation, increment.reader))
    if array is not old:
        store[NameObject(key)] = array
    elif array.container_ref is not None and array.container_ref != store.container_ref:
        increment.touch(array)
    return True
