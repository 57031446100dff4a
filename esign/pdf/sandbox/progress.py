"""What a task has found so far: told while it works, so that what is known isn't lost when it reaches a limit."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from esign.pdf.sandbox.wire import Header

MAX_PARTIALS = 2048
"""How many a runner keeps of one job."""

_SINK: ContextVar[Callable[[Header], None] | None] = ContextVar("sink", default=None)


def tell(found: Header) -> None:
    """Tells whoever runs this task what was found so far; does nothing where nobody listens."""
    sink = _SINK.get()
    if sink is not None:
        sink(found)


@contextmanager
def listening(sink: Callable[[Header], None]) -> Iterator[None]:
    """While a task runs here, what it tells goes to ``sink``."""
    token = _SINK.set(sink)
    try:
        yield
    finally:
        _SINK.reset(token)
