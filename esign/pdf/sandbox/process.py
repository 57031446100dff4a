"""One sandbox worker as the service sees it: a process, two pipes, and a clock."""

import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import esign
from esign.pdf.sandbox.progress import MAX_PARTIALS
from esign.pdf.sandbox.tasks import Kind
from esign.pdf.sandbox.walls import Walls
from esign.pdf.sandbox.wire import Bounds, Header, JsonValue, WireError, frame, read_frame

START_SECONDS = 60.0
"""A fresh interpreter with its imports takes about one second; a machine under load, more."""
_PIPE_BYTES = 1024 * 1024
_PIECE = 1024 * 1024
_BOOT = (
    "import sys; sys.argv[1] in sys.path or sys.path.append(sys.argv[1]); "
    "from esign.pdf.sandbox.worker import main; main()"
)


class WorkerEndedError(Exception):
    """The worker was killed, crashed, or closed its pipe."""


class WorkerTooSlowError(Exception):
    """The worker did not answer in time."""


@dataclass(frozen=True)
class Allowance:
    """What a worker may take."""

    memory: int
    """Address space in bytes."""
    request_bytes: int
    """Blobs of one request, together."""
    answer_bytes: int
    """Blobs of one answer, together."""


class Worker:
    """A running worker process of one kind. Not thread-safe: whoever has taken it uses it alone.

    Start it from a thread that outlives it: the kernel ends it (PR_SET_PDEATHSIG) with the *thread* that started it.
    """

    def __init__(self, kind: Kind, allowance: Allowance) -> None:
        self.jobs = 0
        self.partials: list[JsonValue] = []
        """What the task of the last job told while it worked."""
        self.walls: Walls | None = None
        self._bounds = Bounds(body=allowance.answer_bytes)
        spec = {"tasks": kind.tasks, "memory": allowance.memory, "request_bytes": allowance.request_bytes}
        root = str(Path(esign.__file__).resolve().parent.parent)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", _BOOT, root, str(os.getpid()), json.dumps(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={},
            cwd="/",
            close_fds=True,
            start_new_session=True,
        )
        assert self._process.stdin is not None  # noqa: S101  for the type checker: it is PIPE
        assert self._process.stdout is not None  # noqa: S101
        self._to, self._from = self._process.stdin, self._process.stdout
        for pipe in (self._to, self._from):
            os.set_blocking(pipe.fileno(), False)
            with contextlib.suppress(OSError):  # over the user's pipe quota: the small default serves too
                fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._death: int | None = None
        with contextlib.suppress(OSError):  # where the kernel has none, a death is seen when the worker is next taken
            self._death = os.pidfd_open(self._process.pid)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def death(self) -> int | None:
        """A descriptor that becomes readable when the process has ended; None where the kernel gives none."""
        return self._death

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def await_ready(self, seconds: float = START_SECONDS) -> None:
        """Waits until its tasks are imported and its walls stand. Raises as ``ask`` does."""
        header, _ = self._read(time.monotonic() + seconds)
        walls = header.get("walls")
        if header.get("ready") is not True or not isinstance(walls, dict):
            raise WireError(f"it is not ready: {header.get('why')}")
        self.walls = Walls(
            network_namespace=walls.get("network_namespace") is True,
            seccomp=walls.get("seccomp") is True,
            landlock=int(str(walls.get("landlock", 0))),
        )

    def ask(self, task: str, header: Header, blobs: Sequence[bytes], seconds: float) -> tuple[Header, list[bytes]]:
        """Has the worker do one job, and gives the envelope that it answers with.

        Raises ``WorkerTooSlowError`` after ``seconds``, ``WorkerEndedError`` when it is gone, ``WireError`` when it
        doesn't keep to the format. After any of them the worker is of no more use.
        """
        deadline = time.monotonic() + seconds
        self.jobs += 1
        self.partials = []
        for part in frame({"task": task, "header": header, "seconds": seconds}, blobs):
            self._write(part, deadline)
        while True:
            envelope, out = self._read(deadline)
            if envelope.keys() != {"partial"}:
                return envelope, out
            if len(self.partials) >= MAX_PARTIALS:
                raise WireError("it tells too much")
            self.partials.append(envelope["partial"])

    def end(self) -> None:
        """Kills the process, waits for it and closes the pipes. May be called again."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._to.close()
        self._from.close()
        if self._death is not None:
            os.close(self._death)
            self._death = None

    def kill(self) -> None:
        """Kills the process, from any thread; whoever is using the worker is told by ``WorkerEndedError``."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)

    def _write(self, data: bytes, deadline: float) -> None:
        """Writes all of ``data`` before the deadline."""
        view = memoryview(data)
        descriptor = self._to.fileno()
        while view:
            try:
                view = view[os.write(descriptor, view[:_PIECE]) :]
            except BlockingIOError:
                _wait(descriptor, select.POLLOUT, deadline)
            except BrokenPipeError as error:
                raise WorkerEndedError from error

    def _read(self, deadline: float) -> tuple[Header, list[bytes]]:
        """Reads one frame before the deadline."""
        descriptor = self._from.fileno()

        def read(count: int) -> bytes:
            pieces: list[bytes] = []
            while count:
                try:
                    piece = os.read(descriptor, min(count, _PIECE))
                except BlockingIOError:
                    _wait(descriptor, select.POLLIN, deadline)
                    continue
                if not piece:
                    raise WorkerEndedError
                pieces.append(piece)
                count -= len(piece)
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)

        return read_frame(read, self._bounds)


def _wait(descriptor: int, event: int, deadline: float) -> None:
    """Waits until the descriptor is ready for ``event`` or its other end is gone, and no longer than the deadline."""
    left = deadline - time.monotonic()
    poll = select.poll()
    poll.register(descriptor, event)
    if left <= 0 or not poll.poll(left * 1000):
        raise WorkerTooSlowError
