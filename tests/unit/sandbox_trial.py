"""Tasks that a worker should not survive, or should not be able to do; run by the tests of the sandbox only."""

import ctypes
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from esign import errors
from esign.pdf.sandbox import Header
from esign.pdf.sandbox.progress import tell
from esign.pdf.sandbox.tasks import Kind

Answer = tuple[Header, list[bytes]]


def echo(header: Header, blobs: list[bytes]) -> Answer:
    return header, blobs


def pid(header: Header, blobs: list[bytes]) -> Answer:
    return {"pid": os.getpid()}, []


def spin(header: Header, blobs: list[bytes]) -> Answer:
    while True:
        pass


def tell_and_spin(header: Header, blobs: list[bytes]) -> Answer:
    for number in range(3):
        tell({"number": number})
    while True:
        pass


def tell_and_crash(header: Header, blobs: list[bytes]) -> Answer:
    tell({"number": 0})
    raise ValueError


def tell_without_end(header: Header, blobs: list[bytes]) -> Answer:
    while True:
        tell({})


def hog(header: Header, blobs: list[bytes]) -> Answer:
    taken = []
    while True:
        taken.append(bytearray(16 * 1024 * 1024))


def recurse(header: Header, blobs: list[bytes]) -> Answer:
    return recurse(header, blobs)


def die(header: Header, blobs: list[bytes]) -> Answer:
    ctypes.string_at(0)
    return {}, []


def giant(header: Header, blobs: list[bytes]) -> Answer:
    return {}, [bytes(64 * 1024 * 1024)]


def chatter(header: Header, blobs: list[bytes]) -> Answer:
    sys.stdout.write("not a frame")
    sys.stdout.flush()
    os.write(1, b"not a frame")
    return {"said": True}, []


def babble(header: Header, blobs: list[bytes]) -> Answer:
    """Writes to every descriptor that it finds, as a worker that was taken over might."""
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"ESB1" + b"\xff" * 64)
        except OSError:
            continue
    return {}, []


def refuse(header: Header, blobs: list[bytes]) -> Answer:
    raise errors.LetterTooManyPages(pages=7, limit=5)


def pretend(header: Header, blobs: list[bytes]) -> Answer:
    raise errors.WrongPassphrase(remaining=0)


def crash(header: Header, blobs: list[bytes]) -> Answer:
    raise ValueError("3273010101010001")


def surroundings(header: Header, blobs: list[bytes]) -> Answer:
    open_descriptors: list[int] = []
    for descriptor in range(256):
        try:
            os.fstat(descriptor)
        except OSError:
            continue
        open_descriptors.append(descriptor)
    found: Header = {
        "environment": dict(os.environ),
        "descriptors": [*open_descriptors],
        "folder": str(Path.cwd()),
        "no_new_privs": ctypes.CDLL(None).prctl(39, 0, 0, 0, 0),
        "file_size": resource.getrlimit(resource.RLIMIT_FSIZE)[1],
        "core": resource.getrlimit(resource.RLIMIT_CORE)[1],
        "address_space": resource.getrlimit(resource.RLIMIT_AS)[1],
        "session": os.getsid(0) == os.getpid(),
        "modules": [*sorted(sys.modules)],
    }
    return found, []


def escapes(header: Header, blobs: list[bytes]) -> Answer:
    """Which of the things that it should not be able to do it was able to do."""

    secret = Path(str(header["secret"]))

    def listen() -> None:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            one.listen()

    def connect() -> None:
        socket.create_connection(("127.0.0.1", int(str(header["port"]))), timeout=2).close()

    def fork() -> None:
        if os.fork() == 0:
            os._exit(0)

    attempts: dict[str, Callable[[], object]] = {
        "connect": connect,
        "listen": listen,
        "run a program": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
        "fork": fork,
        "signal its parent": lambda: os.kill(os.getppid(), 0),
        "read a file of the service": secret.read_bytes,
        "list a folder of the service": lambda: list(secret.parent.iterdir()),
        "read a system file": Path("/etc/passwd").read_bytes,
        "write a file": lambda: secret.write_bytes(b"x"),
        "make a file": lambda: (secret.parent / "new").write_bytes(b"x"),
        "remove a file": secret.unlink,
        "raise its memory": lambda: resource.setrlimit(resource.RLIMIT_AS, (2**40, 2**40)),
    }
    done: list[str] = []
    for name, attempt in attempts.items():
        try:
            attempt()
        except (OSError, ValueError):
            continue
        done.append(name)
    return {"done": [*done]}, []


KIND = Kind(
    name="trial",
    tasks=tuple(
        f"tests.unit.sandbox_trial:{task.__name__}"
        for task in (
            echo, pid, spin, hog, recurse, die, giant, chatter, babble, refuse, pretend, crash, surroundings, escapes,
            tell_and_spin, tell_and_crash, tell_without_end,
        )
    ),
    retire_after=1000,
)  # fmt: skip
