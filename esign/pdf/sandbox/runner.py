"""Who runs a task: the port, and the runner without a sandbox."""

import json
from typing import Protocol

from esign import errors
from esign.pdf.sandbox.progress import listening
from esign.pdf.sandbox.tasks import KINDS, load
from esign.pdf.sandbox.wire import Header, WireError, frame


class Runner(Protocol):
    """Runs tasks by name: in a pool of sandbox workers, or in this process."""

    def run(self, task: str, header: Header, *blobs: bytes, timeout: float) -> tuple[Header, list[bytes]]:
        """Runs ``package.module:function`` with the header and blobs, and gives its header and blobs.

        ``timeout`` is the wall-clock limit in seconds. Raises ``errors.Busy``, ``errors.LetterNotExamined``, and
        whatever ``EsignError`` the task raises.
        """
        ...


class InProcess:
    """Calls the task directly, in this process: for the library, the command line and tests, without any wall or limit.

    Headers pass through JSON all the same, so that nothing works here that would not in a worker. A crash of a task is
    the cause (``__cause__``) of the ``errors.LetterNotExamined`` that is raised.
    """

    def run(self, task: str, header: Header, *blobs: bytes, timeout: float) -> tuple[Header, list[bytes]]:  # noqa: ARG002
        """As ``Runner.run``; the limit of time is not kept."""
        if not any(task in kind.tasks for kind in KINDS.values()):
            raise WireError(f"no such task: {task}")
        function = load(task)
        frame(header, blobs)
        partials: list[object] = []
        try:
            with listening(partials.append):
                result, out = function(json.loads(json.dumps(header)), list(blobs))
            frame(result, out)
        except errors.EsignError:
            raise
        except Exception as error:
            reason = {MemoryError: "memory", RecursionError: "depth"}.get(type(error), "crash")
            refusal = errors.LetterNotExamined(reason=reason)
            refusal.partial = tuple(json.loads(json.dumps(partials)))
            raise refusal from error
        answer: Header = json.loads(json.dumps(result))
        return answer, out
