"""Checking several files in one request: side by side in the sandbox workers, and each for itself."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from esign.ca.authority import Secret
from esign.errors import EsignError
from esign.service import checking
from esign.service.services import Services
from esign.service.views import FileAnswer

Read = Callable[[], bytes]
"""Gives the bytes of a file, or raises why it was refused."""


def check(
    services: Services,
    files: Sequence[Read],
    unexpected: Callable[[Exception], EsignError],
    password: Secret | None = None,
    *,
    fully: bool = False,
    integrity_only: bool = False,
) -> list[FileAnswer | EsignError]:
    """The two proofs of each file, or why that one was refused, in the order of the files. Nothing is kept.

    As many are examined at once as there are sandbox workers of a kind, and only these are in memory: the workers take
    jobs in the order in which they come, so whoever sends a single file meanwhile waits for a file, not for the batch.
    ``unexpected`` is told what nobody foresaw with one file, so that the others are answered all the same, and says
    what is told of it. ``password`` opens those that are encrypted; ``fully``: with the detailed report and the
    diagnostic data; ``integrity_only`` is as in `checking`.
    """
    examine = _fully if fully else checking.upload

    def one(read: Read) -> FileAnswer | EsignError:
        try:
            return examine(services, read(), None, password, integrity_only=integrity_only)
        except EsignError as error:
            return error
        except Exception as error:  # noqa: BLE001  the last resort for this file, as the edge is for a request
            return unexpected(error)

    with ThreadPoolExecutor(min(len(files), services.settings.sandbox_workers) or 1) as executor:
        return [made.result() for made in [executor.submit(copy_context().run, one, read) for read in files]]


def _fully(
    services: Services, pdf: bytes, code: str | None, password: Secret | None, *, integrity_only: bool
) -> FileAnswer:
    answer, _ = checking.upload_fully(services, pdf, code, password, integrity_only=integrity_only)
    return answer
