"""Whether bytes are DER (X.690, clause 10), looked at on the encoding itself."""

MAX_DEPTH = 32
_SET = 0x31
_ALWAYS_PRIMITIVE = frozenset({0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x2A, 0x2C, 0x33, 0x34, 0x36, 0x37, 0x38, 0x3E})
"""Tags of constructed strings and times, which BER allows and DER doesn't."""


class EncodingError(ValueError):
    """The bytes are no BER at all, or end too early."""


def element(data: bytes, position: int, limit: int) -> tuple[int, int, int, bool]:
    """One definite-length element: its tag octet, where its contents start and end, and whether its length is minimal.

    Raises `EncodingError`, for an indefinite length too.
    """
    if position + 2 > limit:
        raise EncodingError("an element is cut off")
    tag, length = data[position], data[position + 1]
    position += 2
    if tag & 0x1F == 0x1F:
        raise EncodingError("a tag of several octets")
    minimal = True
    if length == 0x80:
        raise EncodingError("an indefinite length")
    if length > 0x80:
        count = length & 0x7F
        if count > 4 or position + count > limit:
            raise EncodingError("a length that can't be")
        octets = data[position : position + count]
        length = int.from_bytes(octets)
        minimal = octets[0] != 0 and length >= 0x80
        position += count
    if position + length > limit:
        raise EncodingError("an element is longer than what holds it")
    return tag, position, position + length, minimal


def is_der(data: bytes) -> bool:
    """Whether the bytes are one element in DER: minimal definite lengths, no constructed strings, sets in order."""
    try:
        tag, start, end, minimal = element(data, 0, len(data))
        return minimal and end == len(data) and _contents_are_der(data, tag, start, end, 0)
    except EncodingError:
        return False


def in_order(encoded: bytes) -> bytes:
    """A SET OF with its elements in the order of DER; anything that can't be read comes back as it is."""
    try:
        _, start, end, _ = element(encoded, 0, len(encoded))
        parts, position = [], start
        while position < end:
            _, _, following, _ = element(encoded, position, end)
            parts.append(encoded[position:following])
            position = following
    except EncodingError:
        return encoded
    return encoded[:start] + b"".join(sorted(parts)) + encoded[end:]


def _contents_are_der(data: bytes, tag: int, start: int, end: int, depth: int) -> bool:
    if tag in _ALWAYS_PRIMITIVE or depth > MAX_DEPTH:
        return False
    if tag == 0x01:
        return end - start == 1 and data[start] in (0x00, 0xFF)
    if tag == 0x02:
        return end > start and not (
            end - start > 1
            and ((data[start] == 0 and data[start + 1] < 0x80) or (data[start] == 0xFF and data[start + 1] >= 0x80))
        )
    if not tag & 0x20:
        return True
    previous = b""
    position = start
    while position < end:
        inner, inner_start, inner_end, minimal = element(data, position, end)
        if not minimal or not _contents_are_der(data, inner, inner_start, inner_end, depth + 1):
            return False
        if tag == _SET:
            encoded = data[position:inner_end]
            if encoded < previous:
                return False
            previous = encoded
        position = inner_end
    return True
