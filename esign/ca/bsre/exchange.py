"""What goes to the service and comes back, in size, and what of it is never logged."""

import base64
import json
import logging
import re
from collections.abc import Iterable, Iterator, Sequence

import httpx

_CHUNK = 3 * 64 * 1024
"""Octets that are written as base64 at a time: a multiple of three, so that only the last is padded."""


class JsonWithFiles(httpx.SyncByteStream):
    """A JSON object with a list of files in base64 at its end, which is never in memory as a whole."""

    def __init__(self, fields: dict[str, object], files: Sequence[bytes], *, name: str = "file") -> None:
        head = json.dumps(fields, ensure_ascii=False)[:-1] + (", " if fields else "") + json.dumps(name) + ": ["
        self._head = head.encode()
        self._files = files

    def __len__(self) -> int:
        quotes = 2 * len(self._files) + 2 * max(0, len(self._files) - 1)
        return len(self._head) + quotes + sum((len(each) + 2) // 3 * 4 for each in self._files) + len(b"]}")

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        for number, each in enumerate(self._files):
            yield b', "' if number else b'"'
            view = memoryview(each)
            for start in range(0, len(each), _CHUNK):
                yield base64.b64encode(view[start : start + _CHUNK])
            yield b'"'
        yield b"]}"


def within(sent: Iterable[bytes]) -> int:
    """Octets that the answer may have that gives back these files signed, each in base64 and with room for more."""
    return sum(2 * len(each) + _GROWTH for each in sent) * 4 // 3 + 64 * 1024


_GROWTH = 4 * 1024 * 1024
"""Octets by which a letter may grow, its own size aside: picture, certificates, revocation data."""

_PERSONAL = re.compile(r"/user/(?:status|profile|certificate/chain)/[^?\s\"']+")


class _WithoutNames(logging.Filter):
    """httpx logs addresses whole, and v1 puts a person's number into them."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_nameless(argument) for argument in record.args)
        return True


def _nameless(argument: object) -> object:
    if not isinstance(argument, httpx.URL) or not _PERSONAL.search(argument.path):
        return argument
    return argument.copy_with(path=_PERSONAL.sub(lambda found: found[0].rpartition("/")[0] + "/-", argument.path))


logging.getLogger("httpx").addFilter(_WithoutNames())
