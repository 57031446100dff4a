"""A seccomp filter that takes from a process what reading a PDF never needs.

It denies (EPERM) the making and use of network sockets, programs and processes, signals to others, any change to
files, and the corners of the kernel where its own faults are found. It is a list of what is denied, not of what is
allowed: the C library, Python and PDFium of another machine need calls that this one's don't. x86-64 and AArch64.
"""

import ctypes
import errno
import os
import platform
from typing import NamedTuple

_LD_WORD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_DENY = 0x00050000 | errno.EPERM
_NOT_THERE = 0x00050000 | errno.ENOSYS
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Offsets in ``struct seccomp_data``; the low word of argument n is at ``_ARGUMENTS + 8 n`` on little-endian."""
_X32_BIT = 0x40000000
_CLONE_THREAD = 0x00010000
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2


class _Call(NamedTuple):
    """System call numbers on the two architectures; None where the call doesn't exist."""

    x86_64: int | None
    aarch64: int | None


_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_DENIED = {
    # network (a connected pair of local sockets, which asyncio wakes itself with, stays)
    "socket": _Call(41, 198),
    "connect": _Call(42, 203),
    "accept": _Call(43, 202),
    "accept4": _Call(288, 242),
    "bind": _Call(49, 200),
    "listen": _Call(50, 201),
    # programs and processes
    "execve": _Call(59, 221),
    "execveat": _Call(322, 281),
    "fork": _Call(57, None),
    "vfork": _Call(58, None),
    "ptrace": _Call(101, 117),
    "process_vm_readv": _Call(310, 270),
    "process_vm_writev": _Call(311, 271),
    "kill": _Call(62, 129),
    "tkill": _Call(200, 130),
    "rt_sigqueueinfo": _Call(129, 138),
    "rt_tgsigqueueinfo": _Call(297, 240),
    "pidfd_open": _Call(434, 434),
    "pidfd_send_signal": _Call(424, 424),
    "pidfd_getfd": _Call(438, 438),
    # files: nothing is made, changed or taken away
    "creat": _Call(85, None),
    "truncate": _Call(76, 45),
    "ftruncate": _Call(77, 46),
    "rename": _Call(82, None),
    "renameat": _Call(264, 38),
    "renameat2": _Call(316, 276),
    "mkdir": _Call(83, None),
    "mkdirat": _Call(258, 34),
    "rmdir": _Call(84, None),
    "link": _Call(86, None),
    "linkat": _Call(265, 37),
    "unlink": _Call(87, None),
    "unlinkat": _Call(263, 35),
    "symlink": _Call(88, None),
    "symlinkat": _Call(266, 36),
    "mknod": _Call(133, None),
    "mknodat": _Call(259, 33),
    "chmod": _Call(90, None),
    "fchmod": _Call(91, 52),
    "fchmodat": _Call(268, 53),
    "fchmodat2": _Call(452, 452),
    "chown": _Call(92, None),
    "fchown": _Call(93, 55),
    "lchown": _Call(94, None),
    "fchownat": _Call(260, 54),
    "utimensat": _Call(280, 88),
    "setxattr": _Call(188, 5),
    "lsetxattr": _Call(189, 6),
    "fsetxattr": _Call(190, 7),
    "name_to_handle_at": _Call(303, 264),
    "open_by_handle_at": _Call(304, 265),
    # other rooms of the kernel
    "mount": _Call(165, 40),
    "umount2": _Call(166, 39),
    "pivot_root": _Call(155, 41),
    "chroot": _Call(161, 51),
    "open_tree": _Call(428, 428),
    "move_mount": _Call(429, 429),
    "fsopen": _Call(430, 430),
    "mount_setattr": _Call(442, 442),
    "unshare": _Call(272, 97),
    "setns": _Call(308, 268),
    "bpf": _Call(321, 280),
    "perf_event_open": _Call(298, 241),
    "userfaultfd": _Call(323, 282),
    "io_uring_setup": _Call(425, 425),
    "io_uring_enter": _Call(426, 426),
    "io_uring_register": _Call(427, 427),
    "add_key": _Call(248, 217),
    "request_key": _Call(249, 218),
    "keyctl": _Call(250, 219),
    "init_module": _Call(175, 105),
    "finit_module": _Call(313, 273),
    "kexec_load": _Call(246, 104),
    "kexec_file_load": _Call(320, 294),
    "memfd_create": _Call(319, 279),
    "shmget": _Call(29, 194),
    "msgget": _Call(68, 186),
    "semget": _Call(64, 190),
    "mq_open": _Call(240, 180),
}
_OPEN = _Call(2, None)
_OPENAT = _Call(257, 56)
_OPENAT2 = _Call(437, 437)
_CLONE = _Call(56, 220)
_CLONE3 = _Call(435, 435)
_TGKILL = _Call(234, 131)
_PRLIMIT = _Call(302, 261)


class _Instruction(ctypes.Structure):
    """``struct sock_filter``."""

    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("operand", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    """``struct sock_fprog``."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction)))


def apply() -> bool:
    """Sets the filter on this process, which must have no_new_privs; whether the kernel took it.

    False on an architecture whose numbers aren't known here, and where the kernel has no seccomp filters.
    """
    machine = platform.machine()
    if machine not in _AUDIT:
        return False
    instructions = _instructions(machine)
    array = (_Instruction * len(instructions))(*(_Instruction(*one) for one in instructions))
    program = _Program(len(instructions), array)
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _instructions(machine: str) -> list[tuple[int, int, int, int]]:
    """The filter as BPF: architecture, number, then one comparison and its verdict after the other."""

    def number(call: _Call) -> int | None:
        return call.x86_64 if machine == "x86_64" else call.aarch64

    program = [
        (_LD_WORD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, _AUDIT[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LD_WORD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        program += [(_JUMP_GREATER_EQUAL, 0, 1, _X32_BIT), (_RETURN, 0, 0, _DENY)]
    for denied in _DENIED.values():
        if (wanted := number(denied)) is not None:
            program += [(_JUMP_EQUAL, 0, 1, wanted), (_RETURN, 0, 0, _DENY)]
    # the C library falls back to clone and openat, whose flags stand in a register and can be judged
    for call in (_CLONE3, _OPENAT2):
        program += [(_JUMP_EQUAL, 0, 1, number(call) or 0), (_RETURN, 0, 0, _NOT_THERE)]
    for call, argument, test, if_denied in (
        (_OPEN, 1, (_JUMP_BITS, _WRITING), True),
        (_OPENAT, 2, (_JUMP_BITS, _WRITING), True),
        (_CLONE, 0, (_JUMP_BITS, _CLONE_THREAD), False),
        (_TGKILL, 0, (_JUMP_EQUAL, os.getpid()), False),
        (_PRLIMIT, 0, (_JUMP_EQUAL, 0), False),
    ):
        wanted = number(call)
        if wanted is None:
            continue
        code, operand = test
        held, missed = (_DENY, _ALLOW) if if_denied else (_ALLOW, _DENY)
        program += [
            (_JUMP_EQUAL, 0, 4, wanted),
            (_LD_WORD, 0, 0, _ARGUMENTS + 8 * argument),
            (code, 0, 1, operand),
            (_RETURN, 0, 0, held),
            (_RETURN, 0, 0, missed),
        ]
    return [*program, (_RETURN, 0, 0, _ALLOW)]
