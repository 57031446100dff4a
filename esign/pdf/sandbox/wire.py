"""What crosses the pipe between the service and a sandbox worker: frames of one JSON header and raw blobs.

A frame is ``ESB1``, the header's length (u32), the number of blobs (u32), each blob's length (u64), all
big-endian, then the header as UTF-8 JSON and the blobs. Never pickle: a worker that read a hostile PDF may say
anything, so both sides check every bound before they allocate, and what breaks a bound is a ``WireError``.
"""

import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
Header: TypeAlias = "dict[str, JsonValue]"

MAGIC = b"ESB1"
MAX_HEADER = 16 * 1024 * 1024
MAX_BLOBS = 4096
_START = struct.Struct(">4sII")
_LENGTH = struct.Struct(">Q")

Read = Callable[[int], bytes]
"""Reads exactly that many bytes, or raises."""


class WireError(Exception):
    """The other side did not keep to the format or its bounds."""


@dataclass(frozen=True)
class Bounds:
    """What a reader is ready to take."""

    header: int = MAX_HEADER
    """Bytes of JSON."""
    blobs: int = MAX_BLOBS
    """Number of blobs."""
    body: int = 256 * 1024 * 1024
    """Bytes of all blobs together."""


def frame(header: Header, blobs: Sequence[bytes]) -> list[bytes]:
    """The parts of a frame, in order of writing: its start with the header, then each blob that isn't empty.

    Raises ``WireError`` for a header that JSON can't say (NaN included) or that is over ``MAX_HEADER``.
    """
    try:
        text = json.dumps(header, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise WireError("the header is not JSON") from error
    if len(text) > MAX_HEADER or len(blobs) > MAX_BLOBS:
        raise WireError("the header is too large")
    lengths = b"".join(_LENGTH.pack(len(blob)) for blob in blobs)
    return [_START.pack(MAGIC, len(text), len(blobs)) + lengths + text, *(blob for blob in blobs if blob)]


def read_frame(read: Read, bounds: Bounds) -> tuple[Header, list[bytes]]:
    """One frame out of ``read``.

    Raises ``WireError`` for a wrong magic, a length over ``bounds``, or a header that is no JSON object; and whatever
    ``read`` raises.
    """
    magic, header_length, count = _START.unpack(read(_START.size))
    if magic != MAGIC:
        raise WireError("not a frame")
    if header_length > bounds.header or count > bounds.blobs:
        raise WireError("the header is too large")
    lengths = [length for (length,) in _LENGTH.iter_unpack(read(_LENGTH.size * count))]
    if sum(lengths) > bounds.body:
        raise WireError("the body is too large")
    try:
        header = json.loads(read(header_length))
    except (ValueError, RecursionError) as error:
        raise WireError("the header is not JSON") from error
    if not isinstance(header, dict):
        raise WireError("the header is not an object")
    return header, [read(length) for length in lengths]
