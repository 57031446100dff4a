"""Write the fonts of stamps and footers: ``make_fonts.py REGULAR.ttf BOLD.ttf FOLDER``.

From Liberation Sans 2.1.5, cut into subsets small enough to be embedded in every letter: nearly all
letters need the first alone, a name with an é the second too. Each is a simple TrueType font of PDF, so
it holds at most what one byte can say. Hints are left out: paper and today's screens don't use them, and
they are a third of the size. The Open Font License keeps the name Liberation for the original, so the
subsets are called Esign Sans. Run again, it writes the same bytes.
"""

import io
import json
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fontTools import agl
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

WIN_ANSI = {bytes([code]).decode("cp1252", "ignore"): code for code in (*range(32, 127), *range(128, 256))}
PUNCTUATION = "…‘’“”•–—§©°·×"
SPARE_CODES = (*range(33, 127), *range(161, 256))
"""Codes for characters that WinAnsiEncoding has not; no control character among them."""
NAMES = {chr(values[0]): name for name, values in agl.LEGACY_AGL2UV.items() if len(values) == 1}
NAMES |= {chr(value): name for value, name in agl.UV2AGL.items()}
DROPPED = ["GSUB", "GPOS", "GDEF", "kern", "DSIG", "FFTM", "gasp", "hdmx", "VDMX", "LTSH", "prep", "fpgm", "cvt "]
STEM_V = {"regular": 84, "bold": 142}


def characters(first: int, last: int) -> Iterable[str]:
    """The characters from one code point to another, both included."""
    return map(chr, range(first, last + 1))


def subsets(known: set[str]) -> dict[str, dict[str, int]]:
    """Each subset's characters with their codes, the one most often needed first."""
    latin = [c for c in WIN_ANSI if c and (c in PUNCTUATION or " " <= c <= "~")]
    western = [c for c in WIN_ANSI if c and c not in latin and c not in "\xa0\xad"]
    parts = {
        "extended": [*characters(0x0100, 0x017F), *characters(0x0218, 0x021B)],
        "additional": [*characters(0x1E00, 0x1E9B)],
        "stacked": [*characters(0x1EA0, 0x1EF9)],
    }
    coded = {"latin": {c: WIN_ANSI[c] for c in latin}, "western": {c: WIN_ANSI[c] for c in western}}
    for name, wanted in parts.items():
        new = [c for c in wanted if c in known and c in NAMES and c not in WIN_ANSI]
        coded[name] = dict(zip(new, SPARE_CODES, strict=False))
        if len(new) > len(SPARE_CODES):
            raise SystemExit(f"{name} has more characters than one font can hold")
    return coded


def cut(path: Path, wanted: Iterable[str], family: str, style: str) -> TTFont:
    """The font with those characters alone, renamed."""
    options = Options()
    options.hinting = False
    options.notdef_outline = True
    options.glyph_names = False
    options.layout_features = []
    options.drop_tables += DROPPED
    options.name_IDs = [0, 13]
    font = TTFont(path, recalcTimestamp=False)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=map(ord, wanted))
    subsetter.subset(font)
    name = font["name"]
    name.names = [record for record in name.names if (record.platformID, record.langID) == (3, 0x409)]
    for number, text in {1: family, 2: style, 4: f"{family} {style}", 6: f"{family}-{style}".replace(" ", "")}.items():
        name.setName(text, number, 3, 1, 0x409)
    return font


def described(font: TTFont, codes: dict[str, int], program: bytes, file: str) -> dict[str, Any]:
    """What a PDF says of this subset (EmbeddedFont in esign/pades/appearance.py)."""
    units: int = font["head"].unitsPerEm
    table = font.getBestCmap()

    def thousandths(value: int) -> int:
        return round(value * 1000 / units)

    by_code = {code: character for character, code in codes.items()}
    first, last = min(by_code), max(by_code)
    widths = [
        thousandths(font["hmtx"][table[ord(by_code[code])]][0]) if code in by_code else 0
        for code in range(first, last + 1)
    ]
    differences: list[tuple[int, list[str]]] = []
    for code in sorted(by_code):
        if WIN_ANSI.get(by_code[code]) == code:
            continue
        if differences and differences[-1][0] + len(differences[-1][1]) == code:
            differences[-1][1].append(NAMES[by_code[code]])
        else:
            differences.append((code, [NAMES[by_code[code]]]))
    head, hhea, metrics = font["head"], font["hhea"], font["OS/2"]
    number = zlib.crc32(program)
    tag = "".join(chr(65 + number // 26**place % 26) for place in range(6))
    return {
        "file": file,
        "tag": tag,
        "codes": codes,
        "first_char": first,
        "widths": widths,
        "differences": differences,
        "bbox": [thousandths(value) for value in (head.xMin, head.yMin, head.xMax, head.yMax)],
        "ascent": thousandths(hhea.ascent),
        "descent": thousandths(hhea.descent),
        "cap_height": thousandths(metrics.sCapHeight),
    }


def main(regular: Path, bold: Path, folder: Path) -> None:
    """Write the subsets of both faces and the table that describes them."""
    faces: dict[str, Any] = {}
    for face, source in {"regular": regular, "bold": bold}.items():
        known = {chr(value) for value in TTFont(source).getBestCmap()}
        faces[face] = {"name": f"EsignSans-{face.title()}", "stem_v": STEM_V[face], "subsets": []}
        for name, codes in subsets(known).items():
            font = cut(source, codes, f"Esign Sans {name.title()}", face.title())
            buffer = io.BytesIO()
            font.save(buffer)
            file = f"{face}-{name}.ttf"
            (folder / file).write_bytes(buffer.getvalue())
            faces[face]["subsets"].append(described(font, codes, buffer.getvalue(), file))
    (folder / "faces.json").write_text(json.dumps(faces, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
