"""The sandbox worker itself: a fresh interpreter that imports its tasks, walls itself in, and answers jobs one by one.

Started by ``process.Worker`` as ``python -I -c … ROOT PARENT SPEC``. It ends when its pipe does.
"""

import contextlib
import gc
import json
import os
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, NoReturn

from esign import errors
from esign.pdf.sandbox import walls, wire
from esign.pdf.sandbox.progress import listening
from esign.pdf.sandbox.tasks import Task, load

_MAX_TRACE = 4000


def main() -> NoReturn:
    """Serves jobs until the parent closes the pipe. Arguments: the parent's process id, and the spec in JSON."""
    walls.die_with(int(sys.argv[-2]))
    requests, answers = _own_pipes()
    os.environ.clear()
    spec = json.loads(sys.argv[-1])
    bounds = wire.Bounds(body=spec["request_bytes"])
    try:
        tasks: dict[str, Task] = {name: load(name) for name in spec["tasks"]}
        gc.collect()
        gc.freeze()
        standing = walls.put_up(spec["memory"], Path(errors.__file__).parent)
    except Exception:  # noqa: BLE001  told whole: nothing hostile has been read yet
        _answer(answers, {"ready": False, "why": traceback.format_exc()[-_MAX_TRACE:]}, [])
        os._exit(1)
    _answer(answers, {"ready": True, "walls": asdict(standing)}, [])
    while True:
        try:
            request, blobs = wire.read_frame(_reader(requests), bounds)
        except EOFError:
            os._exit(0)
        walls.allow_seconds(_seconds(request))
        with listening(lambda found: _answer(answers, {"partial": found}, [])):
            header, out = _run(tasks, request, blobs)
        del blobs
        _answer(answers, header, out)
        del out
        if "limit" in header:
            os._exit(1)


def _run(tasks: dict[str, Task], request: wire.Header, blobs: list[bytes]) -> tuple[wire.Header, list[bytes]]:
    """One job; whatever it raises becomes an answer: the refusal, the limit, or where our code crashed."""
    task, header = request.get("task"), request.get("header")
    if not isinstance(task, str) or task not in tasks or not isinstance(header, dict):
        return {"crash": "no such task"}, []
    try:
        result, out = tasks[task](header, blobs)
        wire.frame({"result": result}, out)
    except errors.EsignError as error:
        return {"error": error.code, "details": dict(error.details)}, []
    except MemoryError:
        return {"limit": "memory"}, []
    except RecursionError:
        return {"limit": "depth"}, []
    except Exception as error:  # noqa: BLE001  the edge of the worker: whatever is left becomes an answer
        return {"crash": _where(error)}, []
    return {"result": result}, out


def _where(error: BaseException) -> str:
    """The class of an error and the lines that it came by: no message, which may quote the letter."""
    frames = traceback.extract_tb(error.__traceback__)[-25:]
    lines = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return "\n".join([type(error).__qualname__, *reversed(lines)])[:_MAX_TRACE]


def _seconds(request: wire.Header) -> float:
    """The processor seconds that the parent grants this job."""
    seconds = request.get("seconds")
    return float(seconds) if isinstance(seconds, int | float) else 1.0


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes, moved away from descriptors 0 and 1, so that nothing that a library prints can reach the parent."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb", buffering=0)


def _reader(pipe: BinaryIO) -> wire.Read:
    """Reads exactly as many bytes as asked; EOFError when the pipe ends first."""

    def read(count: int) -> bytes:
        taken = pipe.read(count)
        if len(taken) < count:
            raise EOFError
        return taken

    return read


def _answer(pipe: BinaryIO, header: wire.Header, blobs: list[bytes]) -> None:
    """Writes one frame. A refusal whose details JSON can't say goes without them."""
    try:
        parts = wire.frame(header, blobs)
    except wire.WireError:
        parts = wire.frame({**header, "details": {}}, [])
    with contextlib.suppress(BrokenPipeError):
        for part in parts:
            view = memoryview(part)
            while view:
                view = view[pipe.write(view) :]
