"""One HTTP exchange with a responder: bounded in size and in time, followed nowhere else."""

import logging
import time
from dataclasses import dataclass

import httpx

from esign.x509.addresses import Target
from esign.x509.rejection import Rejected


@dataclass(frozen=True)
class Limits:
    """What an exchange may cost."""

    seconds: float = 10.0
    """From the first octet sent to the last received, however slowly they drip."""
    largest: int = 256 * 1024
    """Octets of the answer."""


_REDIRECTS = (301, 302, 303, 307, 308)


class Redirected(Rejected):
    """The server sends elsewhere; whoever asked judges where to."""

    def __init__(self, location: str) -> None:
        super().__init__("the server sends elsewhere")
        self.location = location


class Unreachable(Rejected):
    """The server is down, or as good as down."""


def exchange(
    client: httpx.Client,
    target: Target,
    limits: Limits,
    *,
    body: bytes | None = None,
    content_type: str | None = None,
    auth: httpx.Auth | None = None,
) -> bytes:
    """The body of the answer to a POST of ``body``, or to a GET without one.

    Only a plain 200 counts. Raises `Rejected`, which never repeats the address: `Redirected` where a GET is sent on,
    `Unreachable` where the fault is the server's, whatever it is asked.
    """
    headers = {"Accept-Encoding": "identity"}
    if target.host is not None:
        headers["Host"] = target.host
    if content_type is not None:
        headers["Content-Type"] = content_type
    deadline = time.monotonic() + limits.seconds
    try:
        request = client.build_request(
            "GET" if body is None else "POST",
            target.url,
            content=body,
            headers=headers,
            timeout=limits.seconds,
            extensions={} if target.host is None else {"sni_hostname": target.host},
        )
        response = client.send(request, stream=True, auth=auth or httpx.USE_CLIENT_DEFAULT, follow_redirects=False)
        try:
            if response.status_code in _REDIRECTS and body is None:
                raise Redirected(response.headers.get("Location", ""))
            if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
                raise Unreachable(f"the server answers {response.status_code}")
            if response.status_code != httpx.codes.OK:
                raise Rejected(f"the server answers {response.status_code}")
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise Rejected("the server answers in an encoding that was not asked for")
            received = bytearray()
            for chunk in response.iter_bytes():
                received += chunk
                if len(received) > limits.largest:
                    raise Rejected("the server answers more than the limit")
                if time.monotonic() > deadline:
                    raise Unreachable("the server answers too slowly")
        finally:
            response.close()
    except httpx.PoolTimeout as error:
        raise Rejected("too much is asked of others at once") from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError) as error:
        raise Unreachable(f"the server can't be reached ({type(error).__name__})") from error
    return bytes(received)


class _WithoutQuery(logging.Filter):
    """httpx logs addresses whole; what follows the question mark may be somebody's secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                argument.copy_with(query=None, username=None, password=None)
                if isinstance(argument, httpx.URL)
                else argument
                for argument in record.args
            )
        return True


logging.getLogger("httpx").addFilter(_WithoutQuery())
