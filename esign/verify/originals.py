"""The originals: what each signature signed, as the first bytes of the file.

They are counted from its header on where offsets count from there. A signed revision holds the signature's own
dictionary with the unsigned gap in it, so that it is a whole PDF which any reader opens and any validator validates.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from esign.verify.report import Report

_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Original:
    """A signed revision."""

    number: int
    """From 1, the oldest first."""
    end: int
    """Its size in bytes."""
    sha256: str
    """In hexadecimal."""
    fields: tuple[str, ...]
    """The fields of the signatures that cover exactly this much; ``?`` for one without a field."""

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"revision-{self.number}.pdf"


def originals(report: Report) -> tuple[Original, ...]:
    """The signed revisions of the file that the report is on; those whose structure is broken sign nothing."""
    fields: dict[tuple[int, str], list[str]] = {}
    for item in report.signatures:
        if item.integrity.structure and item.signed_end is not None and item.signed_sha256 is not None:
            fields.setdefault((item.signed_end, item.signed_sha256), []).append(item.field or "?")
    return tuple(
        Original(number, end, sha256, tuple(names))
        for number, ((end, sha256), names) in enumerate(sorted(fields.items()), 1)
    )


def content(pdf: bytes, original: Original) -> memoryview:
    """The bytes of a signed revision: the file's first, or the first from ``%PDF-`` on.

    Raises ValueError where the file is not the one that was reported on.
    """
    for start in (0, pdf.find(b"%PDF-", 0, 1024)):
        found = memoryview(pdf)[max(start, 0) :][: original.end]
        if hashlib.sha256(found).hexdigest() == original.sha256:
            return found
    raise ValueError(f"{original.name} is not in the file")


def archive(pdf: bytes, found: tuple[Original, ...]) -> Iterator[bytes]:
    """A ZIP archive of all of them, with ``revisions.json`` that says what each is, piece by piece."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as archive:  # type: ignore[call-overload]
        listed = [
            {"name": item.name, "size": item.end, "sha256": item.sha256, "fields": list(item.fields)} for item in found
        ]
        archive.writestr(zipfile.ZipInfo("revisions.json"), json.dumps(listed, ensure_ascii=False, indent=1) + "\n")
        yield sink.taken()
        for item in found:
            signed = content(pdf, item)
            with archive.open(zipfile.ZipInfo(item.name), "w") as entry:
                for start in range(0, item.end, _CHUNK):
                    entry.write(signed[start : start + _CHUNK])
                    yield sink.taken()
    yield sink.taken()


class _Sink:
    """What a ZIP archive is written to when nobody seeks in it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """There is nothing to flush."""

    def taken(self) -> bytes:
        """What was written since it was last asked for."""
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data
