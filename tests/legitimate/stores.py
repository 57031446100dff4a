"""Validation data added later, in the shapes of several programs."""

from collections.abc import Iterator

from esign.pdf.revisions import PdfFile
from esign.pdf.syntax import Ref
from tests.attacks.forgery import next_number, with_key, written
from tests.legitimate.by_hand import PLAIN_ENDS, Ends, Manner, append, second, sign_by_hand, stream
from tests.legitimate.made import AUTHORITY, OFFICIAL, SECOND, Made, plainly


def with_lists(pdf: bytes, *crls: bytes, ends: Ends = PLAIN_ENDS) -> bytes:
    """The file with these lists in its document security store."""
    return _stored(pdf, list(crls), [], b"", ends)


def _stored(
    pdf: bytes, crls: list[bytes], certificates: list[bytes], keys: bytes, ends: Ends, *, direct: bool = True
) -> bytes:
    view, number = PdfFile(pdf).view(), next_number(pdf)
    root = view.trailer["Root"]
    assert isinstance(root, Ref)
    objects: dict[int, bytes | None] = {number + n: stream(data) for n, data in enumerate([*crls, *certificates])}
    listed = b" ".join(b"%d 0 R" % (number + n) for n in range(len(crls)))
    held = b" ".join(b"%d 0 R" % (number + len(crls) + n) for n in range(len(certificates)))
    last = number + len(objects)
    keys = keys.replace(b"@crls", b"[" + listed + b"]").replace(b"@certs", b"[" + held + b"]")
    store = b"<</CRLs[%s]/Certs[%s]%s>>" % (listed, held, keys)
    if direct:
        objects[root.number] = with_key(written(view.catalogue), b"DSS", store)
    else:
        objects[last] = b"<</CRLs %d 0 R/Certs %d 0 R%s>>" % (last + 1, last + 2, keys)
        objects[last + 1], objects[last + 2] = b"[%s]" % listed, b"[%s]" % held
        objects[root.number] = with_key(written(view.catalogue), b"DSS", b"%d 0 R" % last)
    return append(pdf, objects, ends)


def stores(pdf: bytes) -> Iterator[Made]:
    """One and two stores, direct and as objects, with entries by signature, with what is freed or missing."""
    signed = sign_by_hand(pdf)
    crl, certificates = AUTHORITY.crl(), [OFFICIAL.der, AUTHORITY.root.der]
    entry = b"/VRI<</0123456789ABCDEF0123456789ABCDEF01234567<</Type/VRI/CRL @crls/Cert @certs/TU(D:20260106)>>>>"
    for name, keys in {
        "bare": b"",
        "type": b"/Type/DSS",
        "entry": entry,
        "empty lists": b"/OCSPs[]/VRI<<>>",
        "references to nothing": b"/OCSPs[99999 0 R]",
        "unknown key": b"/Program(x)",
    }.items():
        for direct in (True, False):
            for ends in (Ends(), Ends(table=False), Ends(before_startxref=b"%Program\n", eof=b"%%EOF")):
                told = f"{name}, {'direct' if direct else 'objects'}, {ends.table} {ends.eof!r}"
                stored = _stored(signed, [crl], certificates, keys, ends, direct=direct)
                yield Made(told, stored)
                yield Made(f"{told}, again", _stored(stored, [crl], certificates, keys, ends, direct=direct))
                yield Made(f"{told}, signed", sign_by_hand(stored, second(Manner()), plainly(SECOND)))
    stored = _stored(signed, [crl], certificates, entry, Ends(), direct=False)
    freed = append(stored, {next_number(signed): None})
    yield Made("a list freed later", freed)
    yield Made("a list freed later, signed", sign_by_hand(freed, second(Manner()), plainly(SECOND)))
