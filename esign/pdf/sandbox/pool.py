"""A pool of warm sandbox workers of one kind, with a bounded queue before it."""

import contextlib
import logging
import os
import select
import threading
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from esign import errors
from esign.pdf.sandbox.outcome import result_of
from esign.pdf.sandbox.process import Allowance, Worker, WorkerEndedError, WorkerTooSlowError
from esign.pdf.sandbox.tasks import KINDS, Kind
from esign.pdf.sandbox.walls import Walls
from esign.pdf.sandbox.wire import Header, WireError

MIB = 1024 * 1024
_log = logging.getLogger(__name__)
_RESTART_SECONDS = 1.0
"""Seconds between attempts when workers can't be started at all."""


@dataclass
class _Turn:
    """A job's place in the queue, and the worker that it was given."""

    come: threading.Condition
    worker: Worker | None = None


def _refusal(worker: Worker, reason: str) -> errors.LetterNotExamined:
    refusal = errors.LetterNotExamined(reason=reason)
    refusal.partial = tuple(worker.partials)
    return refusal


@dataclass(frozen=True)
class PoolStats:
    """A pool at one moment, for metrics."""

    workers: int
    """Workers wanted."""
    ready: int
    """Warm workers without a job."""
    busy: int
    """Workers with a job."""
    queued: int
    """Jobs that wait for a worker."""
    done: int
    """Jobs answered since the start, refusals included."""
    replaced: int
    """Workers ended because they crashed, broke a limit or the format, or were killed from outside."""
    retired: int
    """Workers ended at the planned end of their life."""
    refused: int
    """Jobs refused because the queue was full."""


class SandboxPool:
    """Runs tasks in sandbox workers: thread-safe, each job alone in a worker, the rest unharmed when it goes wrong.

    ``workers`` processes are started at once and kept warm; ``queue`` jobs may wait for one, for at most
    ``patience`` seconds; more are refused with ``errors.Busy`` at once. ``memory`` is the address space of a worker,
    ``request_bytes`` and ``answer_bytes`` bound the blobs of one job, all in bytes. A worker that dies is replaced in
    the background, so that the next job finds a warm one. ``close`` ends all; the pool is a context manager.
    """

    def __init__(
        self,
        kind: Kind | str,
        *,
        workers: int = 2,
        queue: int = 16,
        memory: int = 1536 * MIB,
        request_bytes: int = 256 * MIB,
        answer_bytes: int = 256 * MIB,
        patience: float = 30.0,
    ) -> None:
        self.kind = KINDS[kind] if isinstance(kind, str) else kind
        self._wanted = workers
        self._queue = queue
        self._patience = patience
        self._allowance = Allowance(memory=memory, request_bytes=request_bytes, answer_bytes=answer_bytes)
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._starting: list[Worker] = []
        self._spent: list[Worker] = []
        self._waiting: deque[_Turn] = deque()
        self._done = self._replaced = self._retired = self._refused = 0
        self._walls: Walls | None = None
        self._closed = False
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._keeper = threading.Thread(target=self._keep, name=f"sandbox-{self.kind.name}", daemon=True)
        self._keeper.start()

    def run(self, task: str, header: Header, *blobs: bytes, timeout: float) -> tuple[Header, list[bytes]]:
        """Runs one task in a worker; ``timeout`` is its wall-clock limit in seconds, once a worker took it.

        Raises ``errors.Busy`` when the queue is full or no worker came free in time, ``errors.LetterNotExamined``
        (``reason``: time, memory, depth, crash, answer) when the job broke a limit or crashed, and whatever
        ``EsignError`` the task itself raised. What the task had told before (`progress`) is in ``partial``.
        """
        if sum(map(len, blobs)) > self._allowance.request_bytes:
            raise errors.LetterTooLarge(limit=self._allowance.request_bytes)
        worker = self._take()
        healthy = False
        try:
            envelope, out = self._ask(worker, task, header, blobs, timeout)
            healthy = "limit" not in envelope
            return result_of(task, envelope, out)
        except WireError as error:
            _log.warning("sandbox worker broke the format: kind=%s task=%s: %s", self.kind.name, task, error)
            healthy = False
            raise _refusal(worker, "answer") from error
        except errors.LetterNotExamined as error:
            error.partial = tuple(worker.partials)
            raise
        finally:
            self._give_back(worker, healthy=healthy)

    def _ask(
        self, worker: Worker, task: str, header: Header, blobs: tuple[bytes, ...], timeout: float
    ) -> tuple[Header, list[bytes]]:
        try:
            return worker.ask(task, header, blobs, timeout)
        except WorkerTooSlowError as error:
            raise errors.LetterNotExamined(reason="time") from error
        except WorkerEndedError as error:
            if self._closed:
                raise errors.Busy from error
            _log.warning("sandbox worker ended while working: kind=%s task=%s", self.kind.name, task)
            raise errors.LetterNotExamined(reason="crash") from error

    def stats(self) -> PoolStats:
        """The pool as it is now."""
        with self._lock:
            return PoolStats(
                workers=self._wanted,
                ready=len(self._idle),
                busy=len(self._busy),
                queued=len(self._waiting),
                done=self._done,
                replaced=self._replaced,
                retired=self._retired,
                refused=self._refused,
            )

    def pids(self) -> tuple[int, ...]:
        """The process ids of the workers that are ready or busy."""
        with self._lock:
            return tuple(worker.pid for worker in (*self._idle, *self._busy))

    def wait_ready(self, timeout: float = 60.0) -> Walls:
        """Waits until all workers are warm (or busy), and tells what walls stand around them.

        Raises ``errors.Busy`` when they don't come up in time.
        """
        with self._lock:
            up = self._changed.wait_for(lambda: len(self._idle) + len(self._busy) >= self._wanted, timeout)
            if not up or self._walls is None:
                raise errors.Busy
            return self._walls

    def close(self) -> None:
        """Ends all workers and waits until they are gone. Jobs in flight or in the queue end with ``errors.Busy``."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for worker in (*self._busy, *self._starting):
                worker.kill()
            for turn in self._waiting:
                turn.come.notify()
        self._wake()
        self._keeper.join()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self) -> Worker:
        """A warm worker for one job, in the order of asking."""
        with self._lock:
            while self._idle and not self._closed:
                worker = self._idle.pop()
                if worker.alive:
                    self._busy.add(worker)
                    return worker
                self._discard(worker)
            if self._closed or len(self._waiting) >= self._queue:
                self._refused += 1
                raise errors.Busy
            turn = _Turn(threading.Condition(self._lock))
            self._waiting.append(turn)
            turn.come.wait_for(lambda: self._closed or turn.worker is not None, self._patience)
            if turn.worker is None:
                self._waiting.remove(turn)
                self._refused += 1
                raise errors.Busy
            return turn.worker

    def _offer(self, worker: Worker) -> None:
        """Gives a warm worker to whoever has waited longest, or keeps it. The lock is held."""
        if self._waiting and not self._closed:
            turn = self._waiting.popleft()
            turn.worker = worker
            self._busy.add(worker)
            turn.come.notify()
        else:
            self._idle.append(worker)

    def _give_back(self, worker: Worker, *, healthy: bool) -> None:
        """Makes the worker ready for the next job, or leaves it to the keeper."""
        with self._lock:
            self._busy.discard(worker)
            self._done += 1
            if not healthy:
                self._discard(worker)
            elif worker.jobs >= self.kind.retire_after:
                self._retired += 1
                self._spent.append(worker)
                self._wake()
            else:
                self._offer(worker)
            self._changed.notify_all()

    def _discard(self, worker: Worker) -> None:
        """Leaves a worker that is of no more use to the keeper. The lock is held."""
        worker.kill()
        self._spent.append(worker)
        self._replaced += not self._closed
        self._wake()

    def _wake(self) -> None:
        """Lets the keeper look again."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b"!")

    def _keep(self) -> None:
        """The keeper's life: it alone starts and ends workers (see ``Worker``), and sees idle ones die."""
        while not self._closed:
            self._end_spent()
            up = self._start_missing()
            self._watch(None if up else _RESTART_SECONDS)
        with self._lock:
            self._changed.wait_for(lambda: not self._busy)
            self._spent += self._idle
            self._idle.clear()
        self._end_spent()

    def _end_spent(self) -> None:
        """Ends and reaps what was discarded."""
        with self._lock:
            spent, self._spent = self._spent, []
        for worker in spent:
            worker.end()

    def _start_missing(self) -> bool:
        """Starts as many workers as are missing, all at once; whether all came up."""
        with self._lock:
            missing = self._wanted - len(self._idle) - len(self._busy)
        try:
            for _ in range(missing):
                worker = Worker(self.kind, self._allowance)
                with self._lock:
                    self._starting.append(worker)
                    if self._closed:
                        worker.kill()
        except OSError:
            _log.exception("sandbox worker can't be started: kind=%s", self.kind.name)
        welcomed = [self._welcome(worker) for worker in list(self._starting)]
        return sum(welcomed) >= missing

    def _welcome(self, worker: Worker) -> bool:
        """Waits until a starting worker is ready, and offers it; whether it is."""
        try:
            worker.await_ready()
        except (WorkerEndedError, WorkerTooSlowError, WireError) as error:
            if not self._closed:
                _log.error("sandbox worker did not come up: kind=%s %s %s", self.kind.name, type(error).__name__, error)
            with self._lock:
                self._starting.remove(worker)
            worker.end()
            return False
        with self._lock:
            self._starting.remove(worker)
            if self._walls is None:
                _log.info("sandbox worker ready: kind=%s %s", self.kind.name, worker.walls)
            self._walls = worker.walls
            self._offer(worker)
            self._changed.notify_all()
        return True

    def _watch(self, seconds: float | None) -> None:
        """Waits until something is to be done: woken, an idle worker died, or ``seconds`` went by."""
        poll = select.poll()
        poll.register(self._wake_read, select.POLLIN)
        with self._lock:
            for worker in (*self._idle, *self._busy):
                if worker.death is not None and worker.alive:
                    poll.register(worker.death, select.POLLIN)
        events = poll.poll(None if seconds is None else seconds * 1000)
        if any(descriptor == self._wake_read for descriptor, _ in events):
            os.read(self._wake_read, 4096)
        with self._lock:
            for worker in [worker for worker in self._idle if not worker.alive]:
                self._idle.remove(worker)
                self._discard(worker)
