"""The walls around a sandbox worker, put up by itself before it reads the first hostile byte (design.md, section 7).

What every kernel gives is demanded (a failure ends the worker); what only some give is tried, and told.
"""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from esign.pdf.sandbox import landlock, seccomp

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_NEWIPC = 0x10000000, 0x40000000, 0x08000000
_DESCRIPTORS = 64
_SYSTEM_READABLE = (
    *("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo", "/dev/null"),
    *("/usr/share/fonts", "/usr/share/X11/fonts", "/usr/local/share/fonts"),
)
"""Libraries, time zones, and the fonts that PDFium takes for those that a letter doesn't embed."""


@dataclass(frozen=True)
class Walls:
    """What stands around a worker. The resource limits, no_new_privs and the empty environment always do."""

    network_namespace: bool
    """It lives in a network of its own, without an interface."""
    seccomp: bool
    """The kernel denies it sockets, programs, processes, signals and changes to files."""
    landlock: int
    """The Landlock version that hides the file system from it, 0 without."""

    @property
    def without_network(self) -> bool:
        """Whether the kernel keeps it from the network."""
        return self.network_namespace or self.seccomp


def die_with(parent: int) -> None:
    """Ends this process when ``parent`` ends: at once if it has. For the start of the worker."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def put_up(memory: int, code: Path) -> Walls:
    """Puts all walls up; ``memory`` is the address space in bytes, ``code`` the package that stays readable.

    Raises OSError where one that every Linux has can't be had.
    """
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _DESCRIPTORS),
        (resource.RLIMIT_MEMLOCK, 0),
    ):
        resource.setrlimit(limit, (value, value))
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    _prctl(_PR_SET_DUMPABLE, 0)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    libc = ctypes.CDLL(None, use_errno=True)
    namespace = libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC) == 0
    # entering a user namespace makes a process dumpable or clears its death signal on some kernels: say both again
    _prctl(_PR_SET_DUMPABLE, 0)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    readable = [code, *(Path(prefix) / "lib" for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix})]
    version = landlock.apply([*readable, *map(Path, _SYSTEM_READABLE)])
    return Walls(network_namespace=namespace, seccomp=seccomp.apply(), landlock=version)


def allow_seconds(seconds: float) -> None:
    """Lets this process use that many more seconds of processor time; the kernel ends it (SIGXCPU) after them."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    ceiling = int(used.ru_utime + used.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (ceiling, resource.RLIM_INFINITY))


def _prctl(option: int, value: int) -> None:
    """``prctl(2)`` with one argument; OSError where the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
