"""Waiting for a place in the sandbox where giving up costs more than waiting."""

import time
from dataclasses import dataclass

from esign.errors import Busy
from esign.pdf.sandbox.runner import Runner
from esign.pdf.sandbox.wire import Header

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0


@dataclass(frozen=True)
class Patient:
    """A runner that asks again where another is busy: for work on what an authority has signed already."""

    runner: Runner
    seconds: float
    """How long it goes on asking."""

    def run(self, task: str, header: Header, *blobs: bytes, timeout: float) -> tuple[Header, list[bytes]]:
        """See `Runner.run`. Raises `Busy` only after ``seconds``."""
        pause, until = _FIRST_PAUSE, time.monotonic() + self.seconds
        while True:
            try:
                return self.runner.run(task, header, *blobs, timeout=timeout)
            except Busy:
                if time.monotonic() > until:
                    raise
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
