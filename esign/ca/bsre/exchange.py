"""One exchange with the service, bounded in size and in time, of which nothing personal is logged.

Whatever the answer's status, it is an answer. Where there is none, it counts whether the request can have arrived.
"""

import base64
import json
import logging
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import httpx

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.WriteTimeout,  # a body that is not whole is no order
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)
_CHUNK = 3 * 64 * 1024
"""Octets that are written as base64 at a time: a multiple of three, so that only the last is padded."""


class Unreached(Exception):  # noqa: N818
    """The request surely did not arrive as a whole."""


class Unanswered(Exception):  # noqa: N818
    """The request may have arrived, and no whole answer came back."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    def __repr__(self) -> str:
        return f"Answer({self.status})"

    @cached_property
    def told(self) -> dict[str, object] | None:
        """The JSON object that it is; None where it is something else."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None


def exchanged(client: httpx.Client, request: httpx.Request, auth: httpx.Auth, seconds: float, largest: int) -> Answer:
    """The answer within so many seconds and octets. Raises `Unreached` and `Unanswered`, which repeat nothing of it.

    The exceptions of httpx hold the request and with it secrets, so none is passed on.
    """
    deadline = time.monotonic() + seconds
    request.headers["Accept-Encoding"] = "identity"
    request.extensions = {**request.extensions, "timeout": httpx.Timeout(seconds).as_dict()}
    try:
        response = client.send(request, stream=True, auth=auth, follow_redirects=False)
        try:
            body = bytearray()
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise Unanswered("an encoding that was not asked for")
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > largest:
                    raise Unanswered("more than the limit")
                if time.monotonic() > deadline:
                    raise Unanswered("too slow")
        finally:
            response.close()
    except _NOT_SENT as error:
        raise Unreached(type(error).__name__) from None
    except (httpx.HTTPError, httpx.StreamError, ValueError) as error:
        raise Unanswered(type(error).__name__) from None
    return Answer(response.status_code, bytes(body))


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
