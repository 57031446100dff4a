"""Digests of what signatures sign: each is over nearly all of the file, and the file is read once for all of them."""

import hashlib
from collections.abc import Iterable

from esign.verify.crypto import digest_of_state, state


class Prefixes:
    """Digests of a file's beginnings, up to certain positions, computed in one pass for each algorithm."""

    def __init__(self, data: bytes | memoryview, ends: Iterable[int]) -> None:
        """``ends``: the positions that may be asked for, in any order."""
        self._data = memoryview(data)
        self._ends = sorted(set(ends))
        self._states: dict[str, dict[int, hashlib._Hash]] = {}

    def digest(self, name: str, end: int, *parts: memoryview) -> bytes:
        """The digest of the first ``end`` bytes, and of the parts after them.

        Raises `UnknownAlgorithmError`, and KeyError for a position that was not named.
        """
        if name not in self._states:
            self._states[name] = self._pass(name)
        found = self._states[name][end].copy()
        for part in parts:
            found.update(part)
        return digest_of_state(found)

    def _pass(self, name: str) -> "dict[int, hashlib._Hash]":
        running, done, states = state(name), 0, {}
        for end in self._ends:
            running.update(self._data[done:end])
            done = end
            states[end] = running.copy()
        return states
