"""Universal signature forgery and signature wrapping: the signature itself is spoilt, or what it covers is moved."""

import re
from collections.abc import Iterator

from tests.attacks.forgery import Forgery, target, updated

_RANGE = rb"/ByteRange\s*\[[^\]]*\]"


def universal(pdf: bytes) -> Iterator[Forgery]:
    """The signed bytes stay; a step of verification has nothing to work on (USF)."""
    place = target(pdf)
    start, end = place.gap
    size = end - start
    whole = len(pdf)
    for name, value in {
        "null": b"null",
        "empty": b"<>",
        "zero": b"<" + b"0" * (size - 2) + b">",
        "one zero": b"<00>",
        "a number": b"0",
        "an empty literal": b"()",
        "a name": b"/Nothing",
        "an array": b"[]",
        "true": b"true",
        "a reference to nothing": b"99999 0 R",
    }.items():
        yield Forgery(
            f"contents {name}", pdf[:start] + (b" " + value if size > len(value) else value).ljust(size) + pdf[end:]
        )
    yield Forgery("contents missing", place.replaced(rb"/Contents\s*<[^>]*>", b""))
    yield Forgery("contents by another name", place.replaced(rb"/Contents", b"/Contentz"))
    for name, value in {
        "null": b"/ByteRange null",
        "missing": b"",
        "empty": b"/ByteRange []",
        "zeros": b"/ByteRange [0 0 0 0]",
        "two numbers": b"/ByteRange [0 %d]" % whole,
        "three numbers": b"/ByteRange [0 9 9]",
        "five numbers": b"/ByteRange [0 1 2 3 4]",
        "strings": b"/ByteRange [()()()()]",
        "negative": b"/ByteRange [0 -1 -1 -1]",
        "huge": b"/ByteRange [0 9 99 99999999]",
        "reals": b"/ByteRange [0. 9. 99. 9.]",
        "a name": b"/ByteRange /Any",
        "a number": b"/ByteRange 0",
        "nothing covered": b"/ByteRange [0 0 %d 0]" % whole,
        "no gap": b"/ByteRange [0 9 9 9]",
        "backwards": b"/ByteRange [0 99 9 9]",
        "not from the start": b"/ByteRange [1 9 99 9]",
        "names": b"/ByteRange [/a/b/c/d]",
        "nulls": b"/ByteRange [null]",
    }.items():
        yield Forgery(f"byte range {name}", place.replaced(_RANGE, value))
    yield Forgery("byte range by another name", place.replaced(rb"/ByteRange", b"/ByteRangs"))


def wrapped(pdf: bytes) -> Iterator[Forgery]:
    """The second range is moved, and what a reader follows sits in the gap (SWA)."""
    place = target(pdf)
    start, end = place.gap
    before, gap, after = pdf[:start], pdf[start:end], pdf[end : place.end]
    startxref = int(re.findall(rb"startxref\s+(\d+)", pdf[: place.end])[-1])
    for padding in (0, 64, 4096):
        for with_signature in (True, False):
            yield Forgery(
                f"wrapped with padding {padding}{', signature copied' if with_signature else ''}",
                _wrap(place.pdf, before, gap, after, startxref, padding, place.signature.found.number, with_signature),
            )
    yield Forgery("gap with white space", pdf[:start] + b" " + pdf[start : end - 2] + b">" + pdf[end:])
    yield Forgery("gap ending early", pdf[: end - 40] + b">" + b" " * 39 + pdf[end:])
    yield Forgery("gap with an object in it", pdf[: end - 40] + b"> 9 0 obj null endobj".ljust(40) + pdf[end:])
    yield Forgery("gap with a comment", pdf[: end - 40] + b"> % 9 0 obj null endobj".ljust(39) + b"\n" + pdf[end:])
    yield Forgery("gap with a key in it", pdf[: end - 40] + b">/Contents<00>/Reason(other)".ljust(40) + pdf[end:])
    literal = (
        b"(" + bytes.fromhex(gap[1:-1].decode()[: (len(gap) - 4) // 2 // 2 * 2]).hex().encode()[: len(gap) - 2] + b")"
    )
    yield Forgery("contents as a literal string", pdf[:start] + literal.ljust(len(gap)) + pdf[end:])
    octal = "".join(f"\\{byte:03o}" for byte in bytes.fromhex(gap[1:61].decode())).encode()
    yield Forgery("contents as octal escapes", pdf[:start] + (b"(" + octal + b")").ljust(len(gap)) + pdf[end:])
    yield Forgery("contents with a space in it", pdf[:start] + gap[:-2] + b" >" + pdf[end:])
    yield Forgery("contents with a letter in it", pdf[:start] + gap[:-2] + b"x>" + pdf[end:])


def _wrap(
    pdf: bytes, before: bytes, gap: bytes, after: bytes, startxref: int, padding: int, number: int, copy: bool
) -> bytes:
    """The file whose last startxref leads into the grown gap, where new objects and a new table stand."""
    head = before + gap
    room = max(startxref - len(head), 0)
    injected = b"\n" + b"%d 0 obj\n<</Type/Catalog/Pages 900 0 R>>\nendobj\n" % 901
    if copy:
        injected += b"%d 0 obj\n<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached" % number
        injected += b"/ByteRange[0 %d %d %d]/Contents%s>>\nendobj\n" % (len(before), 10**9, len(after), gap)
    filler = b" " * (room + padding)
    table = b"xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 902/Root 901 0 R>>\nstartxref\n%d\n%%%%EOF\n" % startxref
    return head + filler + injected + table + after


def copied_signature(pdf: bytes) -> Iterator[Forgery]:
    """The signature is copied into a new revision, over changed content (ISA with a copy, dictionary spoofing)."""
    place = target(pdf)
    item = place.view.indirect(place.signature.found.number)
    assert item is not None
    source = pdf[item.start : item.end]
    body = source[source.index(b"obj") + 3 : source.rindex(b"endobj")]
    number = place.signature.found.number
    yield Forgery("signature written again", updated(pdf, {number: body}))
    for key in (b"/Reason", b"/Name", b"/Location"):
        spoilt = re.sub(key + rb"\s*(\((?:[^()\\]|\\.)*\)|<[^>]*>)", key + b"(forged)", body)
        yield Forgery(f"{key.decode()} overwritten", updated(pdf, {number: spoilt + b" "}))
    spoilt = re.sub(rb"/M\s*\([^)]*\)", b"/M(D:20200101000000Z)", body)
    yield Forgery("/M overwritten", updated(pdf, {number: spoilt}))
    yield Forgery("signature freed", updated(pdf, {number: None}))
    yield Forgery("signature made null", updated(pdf, {number: b"null"}))
