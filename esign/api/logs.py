"""Logs as JSON lines: one format for our own and for the libraries', without secrets.

Three belts: nothing of a request's body, query or path is handed to a logger; of an exception only its
type and the places it passed are written (messages and values may hold what was sent); and what is
written all the same goes through `mask`.
"""

import logging
import logging.config
import re
import sys
import threading
import traceback
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, Literal, TextIO

import structlog

from esign.errors import EsignError

SECRET_KEYS = frozenset(
    {
        "activation",
        "api_key",
        "apikey",
        "authorization",
        "cookie",
        "nik",
        "otp",
        "pass",
        "passphrase",
        "passwd",
        "password",
        "pin",
        "secret",
        "secret_key",
        "totp",
    }
)
"""Names whose values are never written."""

HIDDEN = "…"

_PATTERNS = (
    (re.compile(r"[0-9]{16,}"), "[16 digits]"),
    (re.compile(r"(?i)\bbearer\s+\S+"), f"Bearer {HIDDEN}"),
    (re.compile(r"\besign_[A-Za-z0-9_-]{8,}"), f"esign_{HIDDEN}"),
    (
        re.compile(
            rf"""(?i)(["']?\b(?:{"|".join(sorted(SECRET_KEYS))})["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s&,;}}]+)"""
        ),
        rf"\1{HIDDEN}",
    ),
)

_MOST_FRAMES = 30
_LAST_FRAMES = 5
_OURS = "/esign/"
_SITE = "/site-packages/"


def mask(text: str) -> str:
    """The text without 16-digit numbers (a NIK has 16), API keys, bearer tokens and values of secret names."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def configure(level: str, renderer: Literal["json", "console"], stream: TextIO | None = None) -> None:
    """Sets up the logs of this process: to ``stream`` (standard output), one line an event."""
    stream = stream or sys.stdout
    logging.raiseExceptions = False  # what logging prints of its own failures holds the raw arguments
    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_values,
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if renderer == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "lines": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": before,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        _masked,
                        last,
                    ],
                    "keep_exc_info": False,
                }
            },
            "handlers": {"out": {"class": "logging.StreamHandler", "stream": stream, "formatter": "lines"}},
            "root": {"handlers": ["out"], "level": level.upper()},
            "loggers": {
                # What these say at INFO holds addresses with their query strings, or is a second access log.
                "uvicorn": {"handlers": [], "level": "INFO", "propagate": True},
                "uvicorn.error": {"handlers": [], "level": "INFO", "propagate": True},
                "uvicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
                "httpx": {"level": "WARNING"},
                "httpcore": {"level": "WARNING"},
                "python_multipart": {"level": "WARNING"},
                "sqlalchemy.engine": {"level": "WARNING"},
            },
        }
    )
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def describe(error: BaseException) -> dict[str, Any]:
    """What is logged of an exception: its type, the places it passed, its causes; never its message.

    The exceptions to that are ours, whose details are public, and the operating system's errno.
    """
    described: dict[str, Any] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "at": _frames(error.__traceback__),
    }
    if isinstance(error, EsignError):
        described |= {"code": error.code, "details": dict(error.details)}
    elif isinstance(error, OSError) and error.errno is not None:
        described["errno"] = error.errno
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        described["because"] = describe(cause)
    return described


def _frames(trace: TracebackType | None) -> list[str]:
    """The places of our own that it passed, and the last few of others; no source lines, no local variables."""
    places = [(frame.f_code.co_filename, line, frame.f_code.co_name) for frame, line in traceback.walk_tb(trace)]
    kept = [place for index, place in enumerate(places) if _OURS in place[0] or index >= len(places) - _LAST_FRAMES]
    return [f"{file.rpartition(_SITE)[2]}:{line} {name}" for file, line, name in kept[-_MOST_FRAMES:]]


def _without_values(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Puts `describe` in the place of ``exc_info``."""
    found = event.pop("exc_info", None)
    record = event.get("_record")
    if found is None and isinstance(record, logging.LogRecord):
        found = record.exc_info
    event.pop("stack_info", None)
    if found is True:
        found = sys.exc_info()
    if isinstance(found, tuple):
        found = found[1]
    if isinstance(found, BaseException):
        event["failure"] = describe(found)
    return event


def _masked(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {str(key): _masked_value(str(key), value) for key, value in event.items()}


def _masked_value(key: str, value: object) -> object:
    if key.lower() in SECRET_KEYS:
        return HIDDEN
    match value:
        case str():
            return mask(value)
        case Mapping():
            return {str(inner): _masked_value(str(inner), one) for inner, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_masked_value(key, one) for one in value]
        case None | bool() | float():
            return value
        case int():
            return value if abs(value) < 10**15 else HIDDEN
        case _:
            return mask(str(value))


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    structlog.stdlib.get_logger("esign.failure").critical("uncaught", exc_info=error)


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        structlog.stdlib.get_logger("esign.failure").critical("uncaught_in_thread", exc_info=args.exc_value)
