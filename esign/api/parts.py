"""One multipart body (RFC 7578), taken apart as it arrives: who collects its parts says what each may be."""

from collections.abc import Mapping
from typing import Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from esign.api.received import Upload

_PART_HEADERS = 16
_PART_HEADER_BYTES = 8192
_AT_A_TIME = 64 * 1024
"""Bytes that are taken apart before what they hold of files is written."""


class BrokenForm(Exception):  # noqa: N818
    """The body is no whole multipart form."""


class TooMuch(Exception):  # noqa: N818
    """The body is larger than the limit."""


class Collector(Protocol):
    """What takes the parts in."""

    def begin_part(self, kind: bytes, options: Mapping[bytes, bytes]) -> Upload | None:
        """A part begins, with its Content-Disposition: the upload that takes its bytes, where it is a file."""
        ...

    def add(self, data: bytes) -> None:
        """More of the value of a part that is no file."""
        ...

    def finish(self) -> None:
        """The part is whole."""
        ...


class PartsReader:
    """Reads one multipart body. The parser's callbacks are sync: what goes to files is written between chunks."""

    def __init__(self, collector: Collector, boundary: bytes, limit: int) -> None:
        """``limit``: bytes of the body."""
        self._collector = collector
        self._limit = limit
        self._file: Upload | None = None
        self._pending: list[tuple[Upload, bytes]] = []
        self._header = bytearray()
        self._header_value = bytearray()
        self._disposition = b""
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
            max_header_count=_PART_HEADERS,
            max_header_size=_PART_HEADER_BYTES,
        )

    async def read(self, request: Request) -> None:
        """Reads the body to its end. Raises `BrokenForm`, `TooMuch`, and what the collector raises."""
        seen = 0
        try:
            async for chunk in request.stream():
                seen += len(chunk)
                if seen > self._limit:
                    raise TooMuch
                for start in range(0, len(chunk), _AT_A_TIME):
                    self._parser.write(chunk[start : start + _AT_A_TIME])
                    for upload, data in self._pending:
                        await upload.write(data)
                    self._pending.clear()
            self._parser.finalize()
        except FormParserError:
            raise BrokenForm from None
        if not self._ended:
            raise BrokenForm

    def _on_part_begin(self) -> None:
        self._disposition = b""

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._header_value)
        self._header.clear()
        self._header_value.clear()

    def _on_headers_finished(self) -> None:
        self._file = self._collector.begin_part(*parse_options_header(self._disposition))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is None:
            self._collector.add(data[start:end])
        else:
            self._pending.append((self._file, data[start:end]))

    def _on_part_end(self) -> None:
        self._collector.finish()
        self._file = None

    def _on_end(self) -> None:
        self._ended = True
