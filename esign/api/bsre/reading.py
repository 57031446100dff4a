"""Bodies as the clients of BSrE's service send them.

They are put aside as they arrive (beyond a mebibyte in an unnamed temporary file), so that a slow client holds no
memory, and only so many are taken apart at once, for that takes several times their size.
"""

import json
from collections.abc import Mapping
from tempfile import SpooledTemporaryFile
from threading import BoundedSemaphore
from typing import Annotated

import anyio
import anyio.to_thread
from fastapi import Depends, Request
from pydantic import JsonValue

from esign import errors
from esign.api import context, state
from esign.api.bsre.refusals import Refused
from esign.api.received import MEMORY_BYTES
from esign.api.uploads import content_length

_TAKEN_APART_AT_ONCE = BoundedSemaphore(2)

NOT_JSON = "Isi permintaan bukan objek JSON yang benar"


async def json_object(request: Request) -> Mapping[str, JsonValue]:
    """The JSON object that the body is, whatever its Content-Type says. Raises `Refused` where it is none.

    Raises `RequestTooLarge`, `RequestTooSlow`, `StorageUnavailable`.
    """
    limit = context.of(request).max_body
    announced = content_length(request)
    if announced is not None and announced > limit:
        raise errors.RequestTooLarge(limit=limit)
    seconds = state.of(request).services.settings.body_seconds
    size = 0
    with SpooledTemporaryFile(max_size=MEMORY_BYTES) as file:
        try:
            with anyio.fail_after(seconds):
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > limit:
                        raise errors.RequestTooLarge(limit=limit)
                    if size > MEMORY_BYTES:
                        await anyio.to_thread.run_sync(file.write, chunk)
                    else:
                        file.write(chunk)
        except TimeoutError:
            raise errors.RequestTooSlow(seconds=round(seconds)) from None
        except OSError as error:
            raise errors.StorageUnavailable from error
        return await anyio.to_thread.run_sync(_parsed, file)


JsonBody = Annotated[Mapping[str, JsonValue], Depends(json_object)]
"""The body of a v2 call, as it came: null and the string ``null`` are told apart by nobody (`text`)."""


def text(body: Mapping[str, JsonValue], name: str) -> str | None:
    """The field as text; None where it is missing, null, empty, or the string ``null``. Raises `Refused`."""
    value = body.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Refused(f"{name} harus berupa teks")
    _refuse_half_characters(value, name)
    return None if value.strip().lower() in ("null", "") else value


def _parsed(file: SpooledTemporaryFile[bytes]) -> Mapping[str, JsonValue]:
    with _TAKEN_APART_AT_ONCE:
        file.seek(0)
        try:
            found = json.loads(file.read())
        except (ValueError, RecursionError):
            raise Refused(NOT_JSON) from None
    if not isinstance(found, dict):
        raise Refused(NOT_JSON)
    return found


def _refuse_half_characters(value: str, name: str) -> None:
    """Raises `Refused` for halves of characters and for NUL, which no database takes."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Refused(f"{name} bukan teks yang benar") from None
    if "\0" in value:
        raise Refused(f"{name} bukan teks yang benar")
