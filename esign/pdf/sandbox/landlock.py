"""Landlock: a process takes from itself all files but the code that it runs and the system's fonts.

Without it a worker that a hostile PDF has taken over could still read whatever the service's own user may read: keys
and database. See https://docs.kernel.org/userspace-api/landlock.html; Linux 5.13 and later.
"""

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH = 1
_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
_RIGHTS_BY_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_TCP = 0b11
_SCOPES = 0b11


class _Ruleset(ctypes.Structure):
    """``struct landlock_ruleset_attr``, as of version 6."""

    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    """``struct landlock_path_beneath_attr``, which is packed."""

    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def apply(readable: Iterable[Path]) -> int:
    """Leaves this process reading beneath ``readable`` and nothing else; gives the Landlock version, 0 without it.

    Descriptors that are open stay open. The process must have no_new_privs.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG))
    if version < 1:
        return 0
    handled = max(rights for since, rights in _RIGHTS_BY_VERSION.items() if since <= version)
    ruleset = _Ruleset(handled, _TCP if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = int(libc.syscall(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(size), 0))
    if rules < 0:
        return 0
    try:
        for path in readable:
            _allow_reading(libc, rules, path)
        return version if libc.syscall(_RESTRICT_SELF, rules, 0) == 0 else 0
    finally:
        os.close(rules)


def _allow_reading(libc: ctypes.CDLL, rules: int, path: Path) -> None:
    """Adds one folder, or one file, to what may be read; a path that isn't there needs no rule."""
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = _READ_FILE | _READ_DIR | _EXECUTE if path.is_dir() else _READ_FILE | _EXECUTE
        libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, ctypes.byref(_PathBeneath(rights, folder)), 0)
    finally:
        os.close(folder)
