"""Cross-origin reading of the public endpoints: any site may ask, none with a visitor's credentials."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PUBLIC = "/v1/verify"

OPENED = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After, X-Request-Id",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""What opens an answer to all sites."""

_PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Accept, Accept-Language, Content-Type, X-Request-Id",
    "Access-Control-Max-Age": "86400",
}


class PublicCors:
    """Plain ASGI: answers preflights of, and opens the answers of, what lies under `PUBLIC`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http" or not is_public(scope["path"]):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, send)
            return

        async def send_open(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(OPENED)
            await send(message)

        await self._app(scope, receive, send_open)


def is_public(path: str) -> bool:
    """Whether what lies at this path is for all sites."""
    return path == PUBLIC or path.startswith(PUBLIC + "/")
