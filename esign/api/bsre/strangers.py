"""Questions about people who are not registered, counted: nobody is to find NIKs by trying.

A program that asks for those it knows is never held up. One that has asked for too many who are not there is refused
whoever it asks for next: otherwise the refusal itself would tell them apart.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request

from esign import errors
from esign.api import state
from esign.service.orders import Caller


@contextmanager
def counted(request: Request, caller: Caller) -> Iterator[None]:
    """Counts a `SignerUnknown` or `SignerExists` that is raised inside. Raises `TooManyRequests` after too many."""
    buckets = state.of(request).unknown_signers
    buckets.refuse_empty(caller.client_id)
    try:
        yield
    except (errors.SignerUnknown, errors.SignerExists):
        buckets.take(caller.client_id)
        raise
