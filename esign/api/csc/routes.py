"""The methods of the CSC API under ``/csc/v1`` and ``/csc/v2``. They are no part of the API's own description."""

import base64
import binascii
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import JsonValue
from starlette.responses import JSONResponse, Response

from esign import errors
from esign.api import context, state, uploads
from esign.api.csc import answers, messages
from esign.api.csc.answers import Version
from esign.api.csc.refusals import CscRoute, Refused, invalid, missing
from esign.ca.authority import CredentialStatus, Secret
from esign.service import csc, csc_access
from esign.service.csc_access import LIFETIME
from esign.service.orders import Caller

_bearer = HTTPBearer(auto_error=False, scheme_name="CSC access token")
_MOST_FIELDS = 50
_MOST_INFOS = 50


async def _received(request: Request) -> bytes:
    """The body, within its bounds."""
    seconds = state.of(request).services.settings.body_seconds
    async with uploads.bare_file(request, uploads.FORM_BYTES, seconds) as form:
        return form.upload("body").read()


Body = Annotated[bytes, Depends(_received)]


def _caller(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Caller:
    """Who calls, by an access token. Raises `Unauthenticated`, `TokenExpired`, `Forbidden`, `TooManyRequests`."""
    about, own = context.of(request), state.of(request)
    try:
        token = given.credentials if given is not None else ""
        caller = csc_access.authenticate(own.services, token, about.address, about.request_id)
    except errors.Unauthenticated:
        own.failures.take(about.address)
        raise
    about.client_id = caller.client_id
    return caller


MaySignHashes = Annotated[Caller, Depends(_caller)]


def routers() -> list[APIRouter]:
    """The routes of both versions."""
    return [_router("v1"), _router("v2")]


def _router(version: Version) -> APIRouter:
    routes = APIRouter(prefix=f"/csc/{version}", route_class=CscRoute, include_in_schema=False)

    @routes.post("/info")
    def info(request: Request) -> Response:
        """11.1 (v1 and v2)."""
        own = state.of(request)
        own.lookups.take(context.of(request).address)  # anybody may ask, and an authority may be asked for it
        url = own.services.settings.public_url
        return _json(answers.info(version, url, timestamps=csc.has_timestamps(own.services)))

    @routes.post("/oauth2/token")
    def token(request: Request, body: Body) -> Response:
        """8.3.3 (v1), 8.4.4 (v2): client credentials alone."""
        return _token(request, body)

    @routes.post("/credentials/list")
    def credentials_list(request: Request, caller: MaySignHashes, body: Body) -> Response:
        """11.4 (v1 and v2)."""
        return _list(request, caller, messages.ListQuery.model_validate(_object(body)), version)

    @routes.post("/credentials/info")
    def credentials_info(request: Request, caller: MaySignHashes, body: Body) -> Response:
        """11.5 (v1 and v2)."""
        query = messages.InfoQuery.model_validate(_object(body))
        found = csc.credential(state.of(request).services, caller, query.credential)
        return _json(answers.credential(version, found, query.certificates, with_names=query.with_names))

    @routes.post("/credentials/authorize")
    def credentials_authorize(request: Request, caller: MaySignHashes, body: Body) -> Response:
        """11.6 (v1 and v2)."""
        return _authorize(request, caller, messages.ConsentOrder.model_validate(_object(body)))

    def send_code(request: Request, caller: MaySignHashes, body: Body) -> Response:
        """11.8 (v1: sendOTP; v2: getChallenge, the answer out of band)."""
        order = messages.CodeOrder.model_validate(_object(body))
        if version == "v2" and order.object != "OTP":
            raise invalid("authObjectID")
        csc.send_code(state.of(request).services, caller, order.credential, order.signatures)
        return Response(status_code=204)

    routes.post("/credentials/sendOTP" if version == "v1" else "/credentials/getChallenge")(send_code)

    @routes.post("/signatures/signHash")
    def sign_hash(request: Request, caller: MaySignHashes, body: Body) -> Response:
        """11.9 (v1), 11.10 (v2)."""
        return _sign(request, caller, messages.SignOrder.model_validate(_object(body)))

    @routes.post("/signatures/timestamp")
    def timestamp(request: Request, caller: MaySignHashes, body: Body) -> Response:
        """11.10 (v1), 11.13 (v2)."""
        order = messages.StampOrder.model_validate(_object(body))
        (digest,) = messages.digests((order.hash,), order.digest)
        algorithm, nonce = messages.digest_name(order.digest, "hashAlgo"), messages.nonce(order.nonce)
        token = csc.timestamp(state.of(request).services, caller, digest, algorithm, nonce)
        return _json({"timestamp": answers.base64_of(token)})

    @routes.api_route("/{method:path}", methods=["GET", "POST", "PUT", "DELETE", "PATCH"])
    def other(method: str) -> Response:  # noqa: ARG001
        """What is not offered."""
        raise errors.NotFound

    return routes


def _list(request: Request, caller: Caller, query: messages.ListQuery, version: Version) -> Response:
    services = state.of(request).services
    try:
        identifiers = csc.all_credentials(services, caller, query.user)
    except errors.SignerUnknown:
        raise invalid("userID") from None
    start = int(query.page) if query.page is not None and query.page.isdecimal() else 0
    if query.page is not None and not 0 < start < len(identifiers):
        raise invalid("pageToken")
    if not (version == "v2" and (query.with_infos or query.only_valid)):
        page = identifiers[start : start + query.most]
        said: dict[str, JsonValue] = {"credentialIDs": [*page]}
        if start + query.most < len(identifiers):
            said["nextPageToken"] = str(start + query.most)
        return _json(said)
    if len(identifiers) > _MOST_INFOS:
        raise Refused(f"Say userID: credentialInfo and onlyValid are given for at most {_MOST_INFOS} credentials")
    found = [csc.credential(services, caller, each) for each in identifiers]
    kept = [each for each in found if not query.only_valid or each.seen.status is CredentialStatus.ISSUE]
    told: dict[str, JsonValue] = {"credentialIDs": [each.id for each in kept]}
    if query.only_valid:
        told["onlyValid"] = True
    if query.with_infos:
        told["credentialInfos"] = [
            {
                "credentialID": each.id,
                **answers.credential(version, each, query.certificates, with_names=query.with_names),
            }
            for each in kept
        ]
    return _json(told)


def _authorize(request: Request, caller: Caller, order: messages.ConsentOrder) -> Response:
    own, about = state.of(request), context.of(request)
    digests = messages.digests(order.hashes, order.digest)
    if order.signatures > csc.MOST_HASHES or len(digests) > csc.MOST_HASHES:
        raise Refused("Numbers of signatures is too high")
    if order.signatures != len(digests):
        raise Refused("Invalid value for parameter numSignatures")
    with own.signing_gate.enter(about.address):
        consented = csc.consent(own.services, caller, order.credential, digests, order.consent())
    return _json({"SAD": consented.sad.reveal(), "expiresIn": consented.seconds})


def _sign(request: Request, caller: Caller, order: messages.SignOrder) -> Response:
    services = state.of(request).services
    digests = messages.digests(order.hashes, order.digest)
    answers.refuse_operation(order.operation)
    found = csc.credential(services, caller, order.credential)
    answers.refuse_algorithm(found, order.algorithm, order.parameters, len(digests[0]))
    values = csc.fetch(services, caller, found, Secret(order.sad.get_secret_value()), digests)
    return _json({"signatures": [answers.base64_of(value) for value in values]})


def _token(request: Request, body: bytes) -> Response:
    """An access token. Raises `Refused` in the words of RFC 6749, 5.2, and `Forbidden`, `TooManyRequests`."""
    own, about = state.of(request), context.of(request)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Refused("The request is malformed") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Refused("A parameter stands twice")
    if "grant_type" not in fields:
        raise missing("grant_type")
    if fields["grant_type"] != "client_credentials":
        raise Refused("Only client credentials are granted", "unsupported_grant_type")
    if fields.get("scope", "service") not in ("service", ""):
        raise Refused("The scope is service", "invalid_scope")
    client, key = _basic(request) or (fields.get("client_id", ""), fields.get("client_secret", ""))
    try:
        granted = csc_access.grant(own.services, client, key, about.address, about.request_id)
    except errors.Unauthenticated:
        own.failures.take(about.address)
        about.error = errors.Unauthenticated.code
        raise Refused("The client is not known, or its secret is wrong", "invalid_client", 401) from None
    about.client_id = client
    return _json({"access_token": granted, "token_type": "Bearer", "expires_in": int(LIFETIME.total_seconds())})


def _basic(request: Request) -> tuple[str, str] | None:
    """Client id and secret of the Authorization header; None without one."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, key = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise Refused("Malformed authorization header") from None
    return client, key


def _object(body: bytes) -> dict[str, JsonValue]:
    """The JSON object of a body. Raises `InvalidFields`, `Refused`."""
    found = uploads.parse_json(body, "body")
    if not isinstance(found, dict):
        raise Refused("The request is malformed")
    return found


def _json(said: dict[str, JsonValue]) -> Response:
    return JSONResponse(said)
