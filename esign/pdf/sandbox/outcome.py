"""What a worker's envelope means to the caller: a result, or the error that it stands for."""

import logging
import math
from typing import NoReturn

from esign import errors
from esign.pdf.sandbox.wire import Header, JsonValue, WireError

_log = logging.getLogger(__name__)
_TELLING = (
    errors.LetterError,
    errors.PlacementError,
    errors.PictureUnreadable,
    errors.PictureTooLarge,
    errors.RequestInvalid,
)
"""The families of errors that a task may raise: a worker can't speak of keys, passphrases or the register."""
_MAX_DETAILS = 16
_MAX_DETAIL = 500
_MAX_TRACE = 4000
_LIMITS = ("memory", "depth")


def result_of(task: str, envelope: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """The result in the envelope.

    Raises the ``EsignError`` that it stands for, ``errors.LetterNotExamined`` for a limit or for a crash of our code
    (which is logged here, and not shown to callers), and ``WireError`` for an envelope of another form.
    """
    result = envelope.get("result")
    if isinstance(result, dict):
        return result, blobs
    code = envelope.get("error")
    if isinstance(code, str):
        _refuse(code, envelope.get("details"))
    if envelope.get("limit") in _LIMITS:
        raise errors.LetterNotExamined(reason=str(envelope["limit"]))
    crash = envelope.get("crash")
    if isinstance(crash, str):
        _log.error("sandbox task crashed: task=%s at %r", task, crash[:_MAX_TRACE])
        raise errors.LetterNotExamined(reason="crash")
    raise WireError("an envelope of no known form")


def _refuse(code: str, details: JsonValue) -> NoReturn:
    """Raises the error of that code; WireError for one that no task may raise."""
    error = errors.by_code(code)
    if not issubclass(error, _TELLING) or (details is not None and not isinstance(details, dict)):
        raise WireError("an error that no task may raise")
    raise error(**_sanitised(details or {}))


def _sanitised(details: dict[str, JsonValue]) -> dict[str, errors.Detail]:
    """The details that are bounded scalars under a plain name."""
    kept: dict[str, errors.Detail] = {}
    for name, value in list(details.items())[:_MAX_DETAILS]:
        if not name.isidentifier() or len(name) > _MAX_DETAIL:
            continue
        if value is None or isinstance(value, bool):
            kept[name] = value
        elif isinstance(value, str):
            kept[name] = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value[:_MAX_DETAIL])
        elif isinstance(value, int | float) and math.isfinite(value) and abs(value) < 2**53:
            kept[name] = value
    return kept
