"""What surrounds every request: its id, the headers of every answer, the access line, the last resort.

Plain ASGI, so that it costs microseconds, and outermost, so that nothing answers past it.
"""

from collections.abc import Mapping
from time import perf_counter

import structlog
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from esign import errors
from esign.api import context, cors, logs, problems
from esign.api.bsre import paths, refusals
from esign.api.context import Context, Network
from esign.api.metrics import Metrics

_access = structlog.stdlib.get_logger("esign.access")
_failures = structlog.stdlib.get_logger("esign.failure")

CLIENT_GONE = 499
"""What the access line says where the client left before it had its answer; never sent."""

_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
_UNLESS_SET = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


class Edge:
    """The outermost ASGI application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        trusted_proxies: tuple[Network, ...],
        max_body: int,
        max_bsre_body: int,
        longer: Mapping[str, int],
        https: bool,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._trusted_proxies = trusted_proxies
        self._max_body = max_body
        self._max_bsre_body = max_bsre_body
        self._longer = longer
        self._always = list((_ALWAYS | ({"Strict-Transport-Security": "max-age=31536000"} if https else {})).items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        of_bsre = paths.canonical(scope["path"])
        if of_bsre is not None:
            scope = {**scope, "path": of_bsre}
        max_body = self._longer.get(scope["path"], self._max_body) if of_bsre is None else self._max_bsre_body
        about = context.begin(scope, self._trusted_proxies, max_body)
        method = scope["method"]
        # The server leaves the body of a HEAD out; the copy keeps it knowing that it has to. A download of BSrE's API
        # is there once, and not for a HEAD.
        if method == "HEAD" and of_bsre is None:
            scope = {**scope, "method": "GET"}
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(message, about)
            await send(message)

        structlog.contextvars.bind_contextvars(request_id=about.request_id)
        try:
            await self._answer(scope, receive, send_with_headers, about)
        except ClientDisconnect:
            status = CLIENT_GONE
        except Exception as error:  # noqa: BLE001 the last resort: whatever it was, the caller gets a problem
            _failures.error("request_failed", route=_route(scope), failure=logs.describe(error))
            if status:
                raise _Broken from None
            await _refusal(errors.EsignError(), scope, about)(scope, receive, send_with_headers)
        finally:
            self._tell(method, _route(scope), status or CLIENT_GONE, about)
            structlog.contextvars.unbind_contextvars("request_id")

    async def _answer(self, scope: Scope, receive: Receive, send: Send, about: Context) -> None:
        """Hands the request on, with a body that ends at the limit: before it is read where its length is told."""
        if b"%00" in scope["query_string"] or "\0" in scope["path"]:  # no text that anything here takes holds NUL
            await _refusal(errors.NotFound(), scope, about)(scope, receive, send)
            return
        seen = content_length(scope) or 0
        announced = seen > 0

        async def receive_counted() -> Message:
            nonlocal seen
            if seen > about.max_body:
                raise HTTPException(413)
            message = await receive()
            if message["type"] == "http.request" and not announced:
                seen += len(message.get("body", b""))
                if seen > about.max_body:
                    raise HTTPException(413)
            return message

        await self._app(scope, receive_counted, send)

    def _add_headers(self, message: Message, about: Context) -> None:
        headers = MutableHeaders(scope=message)
        headers["X-Request-Id"] = about.request_id
        for name, value in self._always:
            headers[name] = value
        for name, value in _UNLESS_SET.items():
            headers.setdefault(name, value)

    def _tell(self, method: str, route: str, status: int, about: Context) -> None:
        seconds = perf_counter() - about.began
        self._metrics.request(method, route, status, seconds)
        if about.error is not None:
            self._metrics.problem(about.error)
        if route in _QUIET and status < 400:
            return
        extra = {"error": about.error} if about.error else {}
        _access.info(
            "request",
            method=method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            client=about.client_id,
            **extra,
        )


def _refusal(error: errors.EsignError, scope: Scope, about: Context) -> Response:
    """The refusal in the form of the API that was asked."""
    if paths.is_ours(scope["path"]):
        return refusals.response(error, scope)
    headers = cors.OPENED if cors.is_public(scope["path"]) else None
    return problems.response(error, about, headers=headers)


class _Broken(Exception):  # noqa: N818
    """The answer had begun and can't be completed: the server closes the connection."""


def content_length(scope: Scope) -> int | None:
    """The length that the request announces; None without one, or where it is no number."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else None
    return None


def _route(scope: Scope) -> str:
    """The template of the route, never the path itself: a path may hold a NIK."""
    return str(getattr(scope.get("route"), "path", "unmatched"))
