"""One exchange with an authority of another house, bounded in size and in time.

Whatever the answer's status, it is an answer. Where there is none, it counts whether the request can have arrived.
"""

import json
import time
from dataclasses import dataclass
from functools import cached_property

import httpx

NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.WriteTimeout,  # a body that is not whole is no order
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)


class Unreached(Exception):  # noqa: N818
    """The request surely did not arrive as a whole."""


class Unanswered(Exception):  # noqa: N818
    """The request may have arrived, and no whole answer came back."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    retry_after: int | None = None
    """Seconds."""

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


def exchanged(
    client: httpx.Client, request: httpx.Request, seconds: float, largest: int, auth: httpx.Auth | None = None
) -> Answer:
    """The answer within so many seconds and octets. Raises `Unreached` and `Unanswered`, which repeat nothing of it.

    The exceptions of httpx hold the request and with it secrets, so none is passed on.
    """
    deadline = time.monotonic() + seconds
    request.headers["Accept-Encoding"] = "identity"
    request.extensions = {**request.extensions, "timeout": httpx.Timeout(seconds).as_dict()}
    try:
        response = client.send(request, stream=True, auth=auth or httpx.USE_CLIENT_DEFAULT, follow_redirects=False)
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
    except NOT_SENT as error:
        raise Unreached(type(error).__name__) from None
    except (httpx.HTTPError, httpx.StreamError, ValueError) as error:
        raise Unanswered(type(error).__name__) from None
    wait = response.headers.get("Retry-After", "")
    return Answer(response.status_code, bytes(body), int(wait) if wait.isdecimal() and len(wait) < 10 else None)
