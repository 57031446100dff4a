"""An output intent that says sRGB, as EU DSS adds it to a letter without one when its signature shows a picture.

An output intent (ISO 32000-2, 14.11.5) tells readers that heed it what the device colours of the pages mean. Another
one, or another profile, could show black as white. One that means what readers take those colours for anyway changes
nothing that is shown: so the profile is read (ICC.1:2010) and has to be sRGB by matrix and curves, without any table.
"""

import struct
from collections.abc import Iterator, Mapping

from esign.pdf.revisions import View
from esign.pdf.syntax import Object, PdfDict, PdfSyntaxError, Ref, Stream

_KEYS = frozenset(
    {"Type", "S", "OutputCondition", "OutputConditionIdentifier", "RegistryName", "Info", "DestOutputProfile"}
)
_MOST = 4
_HEADER = 128
_LARGEST = 1 << 20
_COLORANTS = {
    b"rXYZ": (0.4361, 0.2225, 0.0139),
    b"gXYZ": (0.3851, 0.7169, 0.0971),
    b"bXYZ": (0.1431, 0.0606, 0.7141),
}
"""Of sRGB, adapted to the D50 of the profile connection space (IEC 61966-2-1; ICC.1, annex E)."""
_CURVES = (b"rTRC", b"gTRC", b"bTRC")
_OFF = 0.01
"""How far a colorant or a point of a curve may be off: less than anybody sees."""
_POINTS = 255


def added(view: View, value: Object) -> set[int] | None:
    """The numbers of the objects of output intents that say sRGB; None where there is anything else in them.

    ``value`` is the catalogue's /OutputIntents in a revision whose signed one has none.
    """
    numbers = {value.number} if isinstance(value, Ref) else set()
    intents = view.resolve(value)
    if not isinstance(intents, list) or not 1 <= len(intents) <= _MOST:
        return None
    for each in intents:
        intent = view.resolve(each)
        if not isinstance(intent, PdfDict) or not intent.keys() <= _KEYS:
            return None
        profile = intent.get("DestOutputProfile")
        if not isinstance(profile, Ref) or any(isinstance(entry, Ref) for key, entry in _others(intent)):
            return None
        if not _says_srgb(view, profile):
            return None
        numbers |= {profile.number} | ({each.number} if isinstance(each, Ref) else set())
    return numbers


def _others(intent: PdfDict) -> Iterator[tuple[str, Object]]:
    return ((key, entry) for key, entry in intent.items() if key != "DestOutputProfile")


def _says_srgb(view: View, profile: Ref) -> bool:
    stream = view.resolve(profile)
    if not isinstance(stream, Stream) or not stream.dictionary.keys() <= {
        "Length",
        "Filter",
        "N",
        "Alternate",
        "DecodeParms",
    }:
        return False
    if stream.dictionary.get("N") != 3 or stream.dictionary.get("Alternate", "DeviceRGB") != "DeviceRGB":
        return False
    try:
        data = view.decoded(profile)
    except PdfSyntaxError:
        return False
    return data is not None and is_srgb(data)


def is_srgb(profile: bytes) -> bool:
    """Whether an ICC profile is sRGB by three colorants and three curves, and has nothing that readers would prefer."""
    try:
        tags = _tags(profile)
        if profile[12:16] not in (b"mntr", b"scnr") or profile[16:24] != b"RGB XYZ ":
            return False
        if any(name[:3] in (b"A2B", b"B2A", b"D2B", b"B2D") for name in tags):
            return False
        return all(_near(_xyz(tags[name]), wanted) for name, wanted in _COLORANTS.items()) and all(
            _is_srgb_curve(tags[name]) for name in _CURVES
        )
    except (KeyError, IndexError, struct.error, ValueError, OverflowError, ZeroDivisionError):
        return False


def _tags(profile: bytes) -> Mapping[bytes, bytes]:
    """The elements by their signature (ICC.1, 7.3). A signature that is there twice is nobody's sRGB."""
    if len(profile) > _LARGEST or profile[36:40] != b"acsp":
        raise ValueError("no ICC profile")
    (count,) = struct.unpack_from(">I", profile, _HEADER)
    if count > 100:
        raise ValueError("too many elements")
    found: dict[bytes, bytes] = {}
    for index in range(count):
        name, offset, size = struct.unpack_from(">4sII", profile, _HEADER + 4 + 12 * index)
        if name in found or offset < _HEADER or offset + size > len(profile):
            raise ValueError("an element is there twice, or nowhere")
        found[name] = profile[offset : offset + size]
    return found


def _xyz(element: bytes) -> tuple[float, float, float]:
    """An XYZType (10.31)."""
    kind, x, y, z = struct.unpack(">4s4xiii", element)
    if kind != b"XYZ ":
        raise ValueError("no XYZType")
    return x / 65536, y / 65536, z / 65536


def _near(found: tuple[float, float, float], wanted: tuple[float, float, float]) -> bool:
    return all(abs(one - other) <= _OFF for one, other in zip(found, wanted, strict=True))


def _is_srgb_curve(curve: bytes) -> bool:
    """Whether a curve is near sRGB's everywhere: between the points of a table it is straight."""
    (count,) = struct.unpack_from(">I", curve, 8) if curve[:4] == b"curv" else (0,)
    points = max(_POINTS, min(count - 1, 65535))
    return all(abs(_value(curve, x / points) - _srgb(x / points)) <= _OFF for x in range(points + 1))


def _value(curve: bytes, x: float) -> float:
    """A curve at ``x`` (10.6 curveType; 10.18 parametricCurveType), both from 0 to 1."""
    match curve[:4]:
        case b"curv":
            (count,) = struct.unpack_from(">I", curve, 8)
            entries = struct.unpack_from(f">{min(count, 65536)}H", curve, 12)
            if count == 0:
                return x
            if count == 1:
                return float(x ** (entries[0] / 256))
            place = x * (count - 1)
            below = min(int(place), count - 2)
            return float((entries[below] + (entries[below + 1] - entries[below]) * (place - below)) / 65535)
        case b"para":
            (kind,) = struct.unpack_from(">H", curve, 8)
            if kind == 0:
                return float(x ** (struct.unpack_from(">i", curve, 12)[0] / 65536))
            if kind != 3:
                raise ValueError("a curve that sRGB is not written as")
            g, a, b, c, d = (part / 65536 for part in struct.unpack_from(">5i", curve, 12))
            return float((a * x + b) ** g) if x >= d else c * x
        case _:
            raise ValueError("no curve")


def _srgb(x: float) -> float:
    """The curve of sRGB (IEC 61966-2-1, 5.2)."""
    return x / 12.92 if x <= 0.04045 else float(((x + 0.055) / 1.055) ** 2.4)
