"""Mutations of the words of the format: numbers, names, offsets, brackets. Half of them keep the length, so that what
stands behind is still found."""

import random
import re

from tests.fuzz.specimens import Specimen

_WORD = re.compile(
    rb"/[A-Za-z][A-Za-z0-9.]*|\d+ \d+ R|\d{10} \d{5} [nf]|-?\d+\.?\d*|<<|>>|\[|\]"
    rb"|endobj|obj|endstream|stream|xref|trailer|startxref|%%EOF|true|false|null|\([^()\\]{0,60}\)"
)
_NUMBER = re.compile(rb"-?\d+")
_NAMES = tuple(
    (
        b"/Pages /Kids /Count /Contents /Annots /AcroForm /Fields /V /FT /Sig /Tx /Parent /Type /Catalog /Page "
        b"/Root /Prev /Size /XRefStm /Encrypt /ByteRange /SubFilter /Filter /Length /W /Index /ObjStm /XRef /N "
        b"/First /Extends /AP /Rect /DSS /VRI /Certs /FlateDecode /DecodeParms /Predictor /Resources /MediaBox "
        b"/OpenAction /Names /Reference /DocTimeStamp /ETSI.RFC3161 /adbe.pkcs7.detached /ETSI.CAdES.detached "
        b"/Perms /DocMDP /M /Name"
    ).split()
)
_NUMBERS = (0, 1, 2, -1, 65535, 65536, 8388607, 8388608, 2**31 - 1, 2**31, 2**32, 2**63, 10**15, 10**40)


_STREAM = re.compile(rb"\bstream\r?\n.*?endstream", re.DOTALL)
_EDGES = re.compile(
    rb"/ByteRange\s*\[[^\]]*\]|startxref\s+\d+|trailer\s*<<[^>]*>|/Type ?/XRef[^>]*|xref\s[\d\s nf]*|/Prev \d+"
)


class Words:
    """Where the words of a file stand from a position on, but for those in its streams and gaps."""

    def __init__(self, pdf: bytes, specimen: Specimen, since: int = 0) -> None:
        masked = bytearray(pdf)
        for match in _STREAM.finditer(pdf, since):
            masked[match.start() + 6 : match.end() - 9] = b"~" * (match.end() - match.start() - 15)
        for start, end in specimen.gaps:
            masked[start:end] = b"~" * (end - start)
        self.found = [match.span() for match in _WORD.finditer(masked, since)]
        self.late = [span for span in self.found if span[0] >= specimen.ends[0]]
        self.brittle = [
            (match.start() + word.start(), match.start() + word.end())
            for match in _EDGES.finditer(masked, since)
            for word in _WORD.finditer(match[0])
        ]

    def choose(self, chance: random.Random) -> tuple[int, int]:
        """One of them: often one that the structure hangs on, or one behind what is signed."""
        kind = chance.random()
        if self.late and kind < 0.4:
            return chance.choice(self.late)
        if not self.found:
            return (0, 0)
        return chance.choice(self.brittle if self.brittle and kind < 0.7 else self.found)


def change_words(pdf: bytearray, words: Words, chance: random.Random) -> None:
    """Some words changed, from the last to the first, so that their places are right."""
    chosen = sorted({words.choose(chance) for _ in range(chance.choice((1, 1, 1, 2, 3)))}, reverse=True)
    for start, end in chosen:
        if end > len(pdf):
            continue
        other = _other(bytes(pdf[start:end]), pdf, words, chance)
        if chance.random() < 0.5:
            other = other[: end - start].ljust(end - start)
        pdf[start:end] = other


def _other(word: bytes, pdf: bytearray, words: Words, chance: random.Random) -> bytes:
    kind = chance.random()
    if kind < 0.1:
        return b""
    if kind < 0.2:
        start, end = words.choose(chance)
        return bytes(pdf[start:end])
    if kind < 0.25:
        return chance.choice((b"null", b"[]", b"<<>>", b"()", b"true", b"<</Length 9>>", b"1 0 R", word + b" " + word))
    if word.startswith(b"/"):
        if chance.random() < 0.3:
            at = chance.randrange(1, len(word))
            return word[:at] + b"#%02x" % word[at] + word[at + 1 :]
        return chance.choice(_NAMES)
    if _NUMBER.search(word):
        return _NUMBER.sub(lambda match: _number(match[0], chance, len(pdf)), word, count=chance.randint(1, 2))
    return chance.choice(
        (b"<<", b">>", b"[", b"]", b"endobj", b"obj", b"stream", b"endstream", b"xref", b"trailer", b"%%EOF", b"%", b"")
    )


def _number(text: bytes, chance: random.Random, size: int) -> bytes:
    kind = chance.random()
    if kind < 0.4:
        new = int(text) + chance.choice((-20, -10, -2, -1, 1, 2, 10, 20))
    elif kind < 0.6:
        new = chance.choice(_NUMBERS)
    elif kind < 0.85:
        new = chance.randrange(size)
    else:
        new = chance.randrange(40)
    padded = str(new).encode()
    return padded.zfill(len(text)) if text.startswith(b"0") else padded
