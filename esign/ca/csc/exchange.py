"""One POST to a provider, bounded in size and in time; whatever the answer's status, it is an answer."""

import time
from dataclasses import dataclass

import httpx

LARGEST = 1024 * 1024
"""Octets of an answer."""

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)


class Unreached(Exception):  # noqa: N818
    """The request surely did not arrive."""


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


def post(client: httpx.Client, url: str, content: bytes, headers: dict[str, str], seconds: float) -> Answer:
    """The answer to a POST within so many seconds. Raises `Unreached` and `Unanswered`, which repeat nothing of it.

    The exceptions of httpx hold the request and with it secrets, so none is passed on.
    """
    deadline = time.monotonic() + seconds
    try:
        request = client.build_request(
            "POST", url, content=content, headers={"Accept-Encoding": "identity", **headers}, timeout=seconds
        )
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            body = bytearray()
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise Unanswered("an encoding that was not asked for")
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > LARGEST:
                    raise Unanswered("more than the limit")
                if time.monotonic() > deadline:
                    raise Unanswered("too slow")
        finally:
            response.close()
    except _NOT_SENT as error:
        raise Unreached(type(error).__name__) from None
    except (httpx.HTTPError, httpx.StreamError, ValueError) as error:
        raise Unanswered(type(error).__name__) from None
    seconds_to_wait = response.headers.get("Retry-After", "")
    return Answer(response.status_code, bytes(body), int(seconds_to_wait) if seconds_to_wait.isdecimal() else None)
