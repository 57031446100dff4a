"""The updates of update.py and dss.py as sandbox tasks, and typed calls of them through a `Runner`.

What is passed crosses the pipe as JSON, its byte strings as blobs after the letter, which is the first. What a worker
answers is data of a fixed shape, and is checked here before anything is signed: it has read a hostile file.
"""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from esign.errors import LetterNotExamined
from esign.pades.dss import append_dss
from esign.pades.page_content import append_content
from esign.pades.spec import PageContent, Prepared, SignatureSpec
from esign.pades.update import prepare, prepare_document_timestamp
from esign.pdf.sandbox import Header, JsonValue, Runner

TIMEOUT = 30.0
"""Seconds for one update."""

_MODULE = "esign.pades.tasks"
_Value = TypeVar("_Value")
_SPEC = TypeAdapter(SignatureSpec)
_CONTENT = TypeAdapter(PageContent)
_PREPARED = TypeAdapter(Prepared)


def run_prepare(runner: Runner, pdf: bytes, spec: SignatureSpec, *, timeout: float = TIMEOUT) -> Prepared:
    """`update.prepare` in the runner. Raises what that raises, `Busy` and `LetterNotExamined`."""
    blobs: list[bytes] = [pdf]
    header: Header = {"spec": _to_json(spec, blobs)}
    answer, out = runner.run(f"{_MODULE}:prepare_task", header, *blobs, timeout=timeout)
    return _checked(_from_json(_PREPARED, answer.get("prepared"), out), len(pdf))


def run_prepare_document_timestamp(
    runner: Runner, pdf: bytes, contents_size: int, *, timeout: float = TIMEOUT
) -> Prepared:
    """`update.prepare_document_timestamp` in the runner. Raises what that raises, `Busy` and `LetterNotExamined`."""
    header: Header = {"contents_size": contents_size}
    answer, out = runner.run(f"{_MODULE}:prepare_document_timestamp_task", header, pdf, timeout=timeout)
    return _checked(_from_json(_PREPARED, answer.get("prepared"), out), len(pdf))


def run_append_dss(
    runner: Runner,
    pdf: bytes,
    certificates: Sequence[bytes],
    ocsps: Sequence[bytes],
    crls: Sequence[bytes],
    *,
    timeout: float = TIMEOUT,
) -> bytes:
    """`dss.append_dss` in the runner. Raises what that raises, `Busy` and `LetterNotExamined`."""
    header: Header = {"certificates": len(certificates), "ocsps": len(ocsps)}
    _, out = runner.run(f"{_MODULE}:append_dss_task", header, pdf, *certificates, *ocsps, *crls, timeout=timeout)
    if len(out) != 1:
        raise LetterNotExamined
    return out[0]


def run_append_content(runner: Runner, pdf: bytes, content: PageContent, *, timeout: float = TIMEOUT) -> bytes:
    """`page_content.append_content` in the runner. Raises what that raises, `Busy` and `LetterNotExamined`."""
    blobs: list[bytes] = [pdf]
    header: Header = {"content": _to_json(content, blobs)}
    _, out = runner.run(f"{_MODULE}:append_content_task", header, *blobs, timeout=timeout)
    if len(out) != 1:
        raise LetterNotExamined
    return out[0]


def prepare_task(header: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """The worker's side of `run_prepare`."""
    pdf = blobs[0]
    spec = _from_json(_SPEC, header["spec"], blobs)
    return _answer(prepare(pdf, spec))


def prepare_document_timestamp_task(header: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """The worker's side of `run_prepare_document_timestamp`."""
    return _answer(prepare_document_timestamp(blobs[0], cast("int", header["contents_size"])))


def append_dss_task(header: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """The worker's side of `run_append_dss`."""
    first = 1 + cast("int", header["certificates"])
    second = first + cast("int", header["ocsps"])
    return {}, [append_dss(blobs[0], blobs[1:first], blobs[first:second], blobs[second:])]


def append_content_task(header: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """The worker's side of `run_append_content`."""
    return {}, [append_content(blobs[0], _from_json(_CONTENT, header["content"], blobs))]


def _answer(prepared: Prepared) -> tuple[Header, list[bytes]]:
    blobs: list[bytes] = []
    return {"prepared": _to_json(prepared, blobs)}, blobs


def _checked(prepared: Prepared, length: int) -> Prepared:
    """The answer, if its ByteRange is what verification.md's rules 1 and 2 demand of it."""
    start, a, c, d = prepared.byte_range
    gap = prepared.appended[a - length : c - length] if a >= length else b""
    sound = start == 0 and length < a < c and c + d == length + len(prepared.appended) and len(gap) == c - a
    if not sound or gap[:1] != b"<" or gap[-1:] != b">" or gap.strip(b"<>0"):
        raise LetterNotExamined
    return prepared


def _to_json(value: object, blobs: list[bytes]) -> JsonValue:
    """A dataclass as JSON; each byte string becomes ``{"blob": index}`` and is appended to the blobs."""
    if isinstance(value, bytes):
        for index, blob in enumerate(blobs):
            if blob is value:
                return {"blob": index}
        blobs.append(value)
        return {"blob": len(blobs) - 1}
    if isinstance(value, datetime):
        return value.isoformat()
    if dataclasses.is_dataclass(value):
        return {each.name: _to_json(getattr(value, each.name), blobs) for each in dataclasses.fields(value)}
    if isinstance(value, tuple):
        if value and isinstance(value[0], int | float):
            return list(value)
        return [_to_json(each, blobs) for each in value]
    return cast("JsonValue", value)


def _from_json(adapter: TypeAdapter[_Value], value: JsonValue, blobs: list[bytes]) -> _Value:
    try:
        return adapter.validate_python(_with_blobs(value, blobs))
    except (ValidationError, IndexError, TypeError) as error:
        raise LetterNotExamined from error


def _with_blobs(value: JsonValue, blobs: list[bytes]) -> object:
    if isinstance(value, dict):
        if value.keys() == {"blob"}:
            return blobs[cast("int", value["blob"])]
        return {key: _with_blobs(each, blobs) for key, each in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict | list):
        return [_with_blobs(each, blobs) for each in value]
    return value
