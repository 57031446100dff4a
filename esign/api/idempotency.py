"""``Idempotency-Key``: a request that is repeated is answered again, not done again.

The answer is kept before it is sent, in the thread that did the work: a client that is gone by then finds
it when it asks again with the same key.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import structlog
from fastapi import Header, Request
from pydantic import JsonValue
from starlette.responses import Response

from esign import errors
from esign.api import context, logs, problems, state
from esign.api.reasons import InvalidFields, Reason
from esign.service import idempotency
from esign.service.orders import Caller

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"

LONGEST = 255

_log = structlog.stdlib.get_logger("esign.idempotency")

RAISES: tuple[type[errors.EsignError], ...] = (errors.IdempotencyInFlight, errors.IdempotencyMismatch)
"""What the header alone may lead to."""

_WRONG_KEY = Reason("harus 1 sampai 255 karakter ASCII yang terlihat", "has to be 1 to 255 visible ASCII characters")

_ONLY_THIS_TIME: tuple[type[errors.EsignError], ...] = (
    # The secrets, which are no part of what tells requests apart.
    errors.WrongPassphrase,
    errors.WrongCode,
    errors.ConsentIncomplete,
    errors.SignerLocked,
    errors.Unauthenticated,
    errors.Forbidden,
    # What the register or an authority says now, and may say otherwise a moment later: a certificate is
    # resumed, a number freed, an official entered.
    errors.CredentialUnusable,
    errors.AuthorityRefused,
    errors.CodesUnsupported,
    errors.SignerUnknown,
    errors.NumberTaken,
    errors.LetterUnknown,
    errors.LetterStateForbids,
)
"""Refusals that depend on more than the request: the same request is looked at anew."""

Key = Annotated[
    str | None,
    Header(
        alias=HEADER,
        description=(
            "Any string of yours that names this one request (1 to 255 visible ASCII characters; a UUID is fine). "
            "Sent again with the same request, it brings the same answer, with `Idempotency-Replayed: true`, for "
            "24 hours; nothing is signed twice. With another request it is refused."
        ),
        examples=["0b9e7a52-6f0c-4a7e-9a58-2f0f6c1d9a11"],
    ),
]


@dataclass(frozen=True)
class Answer:
    """A whole answer, as it is kept and sent."""

    status: int
    media_type: str | None
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self, *, replayed: bool = False) -> Response:
        """The response, marked where it is a repetition."""
        headers = {**self.headers, **({REPLAYED: "true"} if replayed else {})}
        return Response(self.body, status_code=self.status, headers=headers, media_type=self.media_type)


def once(
    request: Request,
    caller: Caller,
    key: str | None,
    *,
    files: Mapping[str, str],
    fields: Mapping[str, JsonValue],
    work: Callable[[str | None], Answer],
) -> Response:
    """The answer of ``work``, which is done once for each key.

    ``files`` are the SHA-256 of each file by its field, ``fields`` the fields of the request without
    passphrase or code. ``work`` is given what tells the request from others, so that its retry may take over
    what it had reserved; None without a key.

    Kept are success and refusals of the request itself, which would come again; a wrong passphrase or code, a lock,
    what the register or the authority may answer otherwise later, and all that is worth trying again leave the
    key free. Raises what ``work`` raises, `IdempotencyInFlight`,
    `IdempotencyMismatch`, `InvalidFields` for a key that is none.
    """
    if key is None:
        return work(None).response()
    if not 0 < len(key) <= LONGEST or not all("!" <= character <= "~" for character in key):
        raise InvalidFields.one(HEADER, _WRONG_KEY)
    begun = idempotency.begin(state.of(request).services, caller, key, request.url.path, files, fields)
    if isinstance(begun, idempotency.Replay):
        return Answer(begun.status, begun.media_type, begun.body, begun.headers).response(replayed=True)
    try:
        answer = work(begun.claim)
    except Exception as error:
        refusal = _kept(error, request)
        if refusal is None:
            begun.abandon()
        else:
            _keep(begun, Answer(refusal.status_code, problems.MEDIA_TYPE, bytes(refusal.body), _own_headers(refusal)))
        raise
    _keep(begun, answer)
    return answer.response()


def _keep(ticket: idempotency.Ticket, answer: Answer) -> None:
    """Keeps the answer. Where that fails, what was done is done all the same, and is told now or never."""
    try:
        ticket.complete(answer.status, answer.media_type, answer.headers, answer.body)
    except errors.EsignError as error:
        _log.error("answer_not_kept", failure=logs.describe(error))


def _kept(error: Exception, request: Request) -> Response | None:
    """The problem to keep; None where the same request may be answered otherwise the next time."""
    about = context.of(request)
    if isinstance(error, InvalidFields):
        problem, fields = problems.of_fields(error, about.language)
        return problems.response(problem, about, fields=fields)
    if not isinstance(error, errors.EsignError):
        return None
    fleeting = error.status >= 500 or problems.retry_after(error) is not None or isinstance(error, _ONLY_THIS_TIME)
    return None if fleeting else problems.response(error, about)


def _own_headers(response: Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name not in ("content-length", "content-type")}
