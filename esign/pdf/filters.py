"""Decoding of the streams that the structure of a file stands in: cross-references and object streams.

Only what these need (ISO 32000-2, 7.4.4): Flate with PNG or TIFF predictors, and no filter at all. Bounded:
a stream that decodes to more than the limit is refused.
"""

import zlib

from esign.pdf.syntax import Object, PdfDict, PdfSyntaxError

MAX_DECODED = 64 * 1024 * 1024
"""Bytes that one structural stream may decode to."""


class DecodedTooLargeError(PdfSyntaxError):
    """The stream decodes to more than `MAX_DECODED`."""


def decode(raw: bytes, dictionary: PdfDict, limit: int = MAX_DECODED) -> bytes:
    """The decoded data of a stream. Raises `PdfSyntaxError` for a filter that structure may not use, or bad data."""
    filters = _as_list(dictionary.get("Filter"))
    parameters = _as_list(dictionary.get("DecodeParms"))
    for index, name in enumerate(filters):
        if name not in ("FlateDecode", "Fl"):
            raise PdfSyntaxError(f"the filter {name} is not understood here")
        raw = _inflate(raw, limit)
        parameter = parameters[index] if index < len(parameters) else None
        if isinstance(parameter, PdfDict):
            raw = _unpredict(raw, parameter)
    return raw


def _as_list(value: Object) -> list[Object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _inflate(raw: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(raw, limit)
    except zlib.error as error:
        raise PdfSyntaxError("the deflated data are damaged") from error
    if inflater.unconsumed_tail:
        raise DecodedTooLargeError(f"a structural stream decodes to more than {limit} bytes")
    return data


def _integer(parameters: PdfDict, key: str, default: int) -> int:
    value = parameters.get(key, default)
    if not isinstance(value, int) or not 1 <= value <= 1_000_000:
        raise PdfSyntaxError(f"/{key} is not a number that makes sense")
    return value


def _unpredict(data: bytes, parameters: PdfDict) -> bytes:
    predictor = _integer(parameters, "Predictor", 1)
    if predictor == 1:
        return data
    colors, bits = _integer(parameters, "Colors", 1), _integer(parameters, "BitsPerComponent", 8)
    row = (_integer(parameters, "Columns", 1) * colors * bits + 7) // 8
    pixel = max(1, colors * bits // 8)
    if predictor < 10:
        raise PdfSyntaxError("the TIFF predictor is not used by structure")
    previous = bytearray(row)
    result = bytearray()
    for start in range(0, len(data), row + 1):
        current = bytearray(data[start + 1 : start + 1 + row])
        current.extend(bytes(row - len(current)))
        _png_row(data[start], current, previous, pixel)
        result += current
        previous = current
    return bytes(result)


def _png_row(kind: int, current: bytearray, previous: bytearray, pixel: int) -> None:
    """Undoes one row's PNG filter in place (RFC 2083, 6)."""
    if kind == 2:
        for index, above in enumerate(previous):
            current[index] = (current[index] + above) & 0xFF
    elif kind in (1, 3, 4):
        for index in range(len(current)):
            left = current[index - pixel] if index >= pixel else 0
            corner = previous[index - pixel] if index >= pixel else 0
            above = previous[index]
            guess = left if kind == 1 else (left + above) // 2 if kind == 3 else _paeth(left, above, corner)
            current[index] = (current[index] + guess) & 0xFF
    elif kind != 0:
        raise PdfSyntaxError(f"no PNG filter has the number {kind}")


def _paeth(left: int, above: int, corner: int) -> int:
    estimate = left + above - corner
    distances = (abs(estimate - left), abs(estimate - above), abs(estimate - corner))
    return (left, above, corner)[distances.index(min(distances))]
