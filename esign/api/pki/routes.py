"""The addresses under ``/pki``.

What is asked and answered is DER; refusals are those of the protocols, so that their clients understand them.
"""

import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Annotated

from asn1crypto import pem
from fastapi import APIRouter, Depends, Request, Response

from esign.ca.dev import DevCa, responder, timestamps
from esign.ca.dev.hierarchy import Issuer
from esign.ca.dev.responder import Reply
from esign.errors import EsignError, NotFound

OCSP_REPLY = "application/ocsp-response"
TIMESTAMP_REPLY = "application/timestamp-reply"

LONGEST_CACHING = timedelta(minutes=5)
"""Of answers that hold for hours: what is revoked must not stay good in a cache for long."""

_PRACTICE_STATEMENT = """\
This certificate authority is for development and tests of esign only.

{warning}
"""


def router(dev_ca: DevCa, *, prefix: str = "/pki") -> APIRouter:
    """The routes of a dev CA. They need no key, and are no part of the API's description."""
    routes = APIRouter(prefix=prefix, include_in_schema=False)

    @routes.post("/ocsp")
    def ocsp_by_post(question: Annotated[bytes | None, Depends(_body(responder.LARGEST_REQUEST))]) -> Response:
        """RFC 6960, appendix A.1."""
        return _ocsp_response(dev_ca, question, cacheable=False)

    @routes.get("/ocsp/{encoded:path}")
    def ocsp_by_get(encoded: str) -> Response:
        """RFC 6960, appendix A.1: the request as base64, percent-encoded; RFC 5019, section 5, for caches."""
        return _ocsp_response(dev_ca, _from_base64(encoded), cacheable=True)

    @routes.post("/tsa")
    def timestamp(query: Annotated[bytes | None, Depends(_body(timestamps.LARGEST_REQUEST))]) -> Response:
        """RFC 3161, 3.4."""
        if query is None:
            reply = timestamps.failure(timestamps.Failure.BAD_DATA_FORMAT, "the request is too large")
        else:
            reply = dev_ca.timestamp_authority.reply(query)
        return Response(reply, media_type=TIMESTAMP_REPLY, headers={"Cache-Control": "no-store"})

    @routes.get("/crl/{issuer}.crl")
    def crl(issuer: str) -> Response:
        """RFC 2585, 4.2."""
        stored = dev_ca.revocation_lists.current(_issuer(issuer))
        headers = _caching(stored.der or b"", stored.this_update, stored.next_update, dev_ca.now())
        return Response(stored.der, media_type="application/pkix-crl", headers=headers)

    @routes.get("/certs/bundle.pem")
    def bundle() -> Response:
        """All CA certificates, the root last."""
        issuers = (Issuer.PERSONS, Issuer.SEALS, Issuer.ROOT)
        texts = [pem.armor("CERTIFICATE", dev_ca.own_certificate(issuer).dump()) for issuer in issuers]
        return Response(b"".join(texts), media_type="application/x-pem-file")

    @routes.get("/certs/{issuer}.cer")
    def certificate(issuer: str) -> Response:
        """RFC 2585, 4.1."""
        return Response(dev_ca.own_certificate(_issuer(issuer)).dump(), media_type="application/pkix-cert")

    @routes.get("/cps")
    def practice_statement() -> Response:
        """What the policies of its certificates point to."""
        return Response(_PRACTICE_STATEMENT.format(warning=dev_ca.warning), media_type="text/plain")

    return routes


def _ocsp_response(dev_ca: DevCa, question: bytes | None, *, cacheable: bool) -> Response:
    try:
        failed = responder.failure(responder.Failure.MALFORMED_REQUEST)
        reply = Reply(failed) if question is None else dev_ca.responders.reply(question)
    except EsignError:
        reply = Reply(responder.failure(responder.Failure.TRY_LATER))
    headers = {"Cache-Control": "no-store"}
    if cacheable and reply.next_update is not None:
        headers = _caching(reply.der, reply.this_update, reply.next_update, dev_ca.now())
    return Response(reply.der, media_type=OCSP_REPLY, headers=headers)


def _caching(
    answer: bytes, this_update: datetime | None, next_update: datetime | None, now: datetime
) -> dict[str, str]:
    """RFC 5019, section 6.2."""
    if this_update is None or next_update is None:
        return {"Cache-Control": "no-store"}
    seconds = max(0, int(min(next_update - now, LONGEST_CACHING).total_seconds()))
    return {
        "Last-Modified": format_datetime(this_update, usegmt=True),
        "Expires": format_datetime(next_update, usegmt=True),
        "ETag": f'"{hashlib.sha256(answer).hexdigest()}"',
        "Cache-Control": f"max-age={seconds}, public, no-transform, must-revalidate",
    }


def _from_base64(encoded: str) -> bytes | None:
    if len(encoded) > 2 * responder.LARGEST_REQUEST:
        return None
    # Some clients put a second slash before the request.
    text = encoded.lstrip("/").replace(" ", "+")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _body(limit: int) -> Callable[[Request], Awaitable[bytes | None]]:
    """Reads the body, and no more than ``limit`` octets of it: None where there is more."""

    async def read(request: Request) -> bytes | None:
        received = bytearray()
        async for chunk in request.stream():
            received += chunk
            if len(received) > limit:
                return None
        return bytes(received)

    return read


def _issuer(name: str) -> Issuer:
    try:
        return Issuer(name)
    except ValueError as error:
        raise NotFound from error
