"""Write small ICC profiles of sRGB (IEC 61966-2-1) and of a gray of the same tones: ``make_profiles.py FOLDER``.

Version 2.1, which PDF/A-1 and PDF/A-2 both take: a matrix and one tone curve for three channels, or the curve alone
(ICC.1:2001-04, 6.3.1.2 and 6.3.1.1). Made from the numbers of the standard alone, so they are free of rights.
"""

import struct
import sys
from pathlib import Path

D50 = (0.9642, 1.0, 0.8249)
RED = (0.43607, 0.22249, 0.01392)
GREEN = (0.38515, 0.71687, 0.09708)
BLUE = (0.14307, 0.06061, 0.71410)
"""The primaries, adapted to D50 (Bradford)."""
CURVE_POINTS = 64


def fixed(value: float) -> bytes:
    """s15Fixed16Number (5.3.5)."""
    return struct.pack(">i", round(value * 65536))


def xyz(values: tuple[float, float, float]) -> bytes:
    """XYZType (6.5.26)."""
    return b"XYZ \0\0\0\0" + b"".join(map(fixed, values))


def linear(sample: float) -> float:
    """The light of an encoded sample, both 0 to 1."""
    return sample / 12.92 if sample <= 0.04045 else float(((sample + 0.055) / 1.055) ** 2.4)


def curve() -> bytes:
    """CurveType (6.5.3)."""
    points = [round(linear(i / (CURVE_POINTS - 1)) * 65535) for i in range(CURVE_POINTS)]
    return b"curv\0\0\0\0" + struct.pack(f">I{CURVE_POINTS}H", CURVE_POINTS, *points)


def description(text: bytes) -> bytes:
    """TextDescriptionType (6.5.17), ASCII only."""
    return b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + b"\0" + bytes(4 + 4 + 2 + 1 + 67)


def srgb() -> bytes:
    """The profile of the three colours."""
    tone = curve()
    primaries = [(b"rXYZ", xyz(RED)), (b"gXYZ", xyz(GREEN)), (b"bXYZ", xyz(BLUE))]
    return profile(b"RGB ", b"sRGB", [*primaries, (b"rTRC", tone), (b"gTRC", tone), (b"bTRC", tone)])


def gray() -> bytes:
    """The profile of gray."""
    return profile(b"GRAY", b"Gray", [(b"kTRC", curve())])


def profile(space: bytes, name: bytes, colorants: list[tuple[bytes, bytes]]) -> bytes:
    """A display profile: header, table of tags, and their data, equal ones once."""
    tags = [(b"desc", description(name)), (b"cprt", b"text\0\0\0\0CC0\0"), (b"wtpt", xyz(D50)), *colorants]
    table, body, written = b"", b"", {}
    start = 128 + 4 + 12 * len(tags)
    for signature, data in tags:
        if data not in written:
            written[data] = start + len(body)
            body += data + bytes(-len(data) % 4)
        table += signature + struct.pack(">II", written[data], len(data))
    header = struct.pack(">I4sI4s4s4s", start + len(body), b"\0" * 4, 0x02100000, b"mntr", space, b"XYZ ")
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(4 + 4 + 4 + 4 + 8 + 4)
    header += b"".join(map(fixed, D50))
    return header + bytes(128 - len(header)) + struct.pack(">I", len(tags)) + table + body


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / "srgb.icc").write_bytes(srgb())
    (folder / "gray.icc").write_bytes(gray())
