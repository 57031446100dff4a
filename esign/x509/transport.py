"""HTTP connections for asking strangers: straight, each for one exchange, and over when their time is.

httpx counts its time from octet to octet, so a server that drips one each second holds a caller for ever; here the
time is counted from the start of the connection. No proxy of the environment is used: it would look names up itself,
and reach what we may not.
"""

import ssl
import time
from collections.abc import Iterable, Iterator

import httpcore
import httpx

_ERRORS: dict[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.ProtocolError: httpx.ProtocolError,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
}


def open_client(context: ssl.SSLContext | None = None, *, at_once: int = 16) -> httpx.Client:
    """A client whose exchanges end in the seconds that their timeout says, all in all. Close it."""
    return httpx.Client(
        transport=DeadlineTransport(context or ssl.create_default_context(), at_once=at_once),
        trust_env=False,
        follow_redirects=False,
    )


class DeadlineTransport(httpx.BaseTransport):
    """An httpx transport on httpcore's own connections; see the module."""

    def __init__(self, context: ssl.SSLContext, *, at_once: int) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=at_once,
            max_keepalive_connections=0,
            retries=0,
            network_backend=_Backend(),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange. Raises httpx's errors."""
        if not isinstance(request.stream, httpx.SyncByteStream):
            raise TypeError("the request is asynchronous")
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            answer = self._pool.handle_request(asked)
        except tuple(_ERRORS) as error:
            raise _ERRORS[type(error)](str(error)) from error
        if not isinstance(answer.stream, Iterable):
            raise TypeError("the answer is asynchronous")
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Closes all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._stream
        except tuple(_ERRORS) as error:
            raise _ERRORS[type(error)](str(error)) from error

    def close(self) -> None:
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()


class _Backend(httpcore.SyncBackend):
    """Connections that know when their time is over: the connect timeout, counted from their start."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """See httpcore."""
        deadline = None if timeout is None else time.monotonic() + timeout
        stream = super().connect_tcp(host, port, timeout, local_address, socket_options)
        return stream if deadline is None else _Stream(stream, deadline)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def _left(self, timeout: float | None, error: type[Exception]) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise error("the time is over")
        return left if timeout is None else min(left, timeout)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
