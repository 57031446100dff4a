"""Files signed, raised and time-stamped by EU DSS, and saved by PDFBox, in one JVM."""

import atexit
import json
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

from cryptography.hazmat.primitives import serialization

from tests.attacks.authority import Holder
from tests.legitimate import by_pyhanko
from tests.legitimate.by_hand import Manner, sign_by_hand
from tests.legitimate.made import AUTHORITY, OFFICIAL, SECOND, STAMPER, Made, plainly
from tests.programs import require_java_project

_HOLDERS: dict[str, Holder] = {"first": OFFICIAL, "second": SECOND, "stamper": STAMPER, "root": AUTHORITY.root}


class Signers:
    """EU DSS and PDFBox; see ``Signers.java``."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.place = Path(self._folder.name)
        for name, holder in _HOLDERS.items():
            key = holder.key.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            (self.place / f"{name}.key").write_bytes(key)
            (self.place / f"{name}.crt").write_bytes(holder.der)
        (self.place / "crl").write_bytes(AUTHORITY.crl())
        command = [*require_java_project(), "esign.interop.Signers", str(self.place)]
        self._process = Popen(command, stdin=PIPE, stdout=PIPE, text=True, encoding="utf-8")
        atexit.register(self.close)

    def do(self, act: str, pdf: bytes, **more: Any) -> bytes:
        """The file after that act. Raises RuntimeError with what Java said."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        file, to = self.place / "in.pdf", self.place / "out.pdf"
        file.write_bytes(pdf)
        stdin.write(json.dumps({"act": act, "file": str(file), "to": str(to), **more}) + "\n")
        stdin.flush()
        answer = json.loads(stdout.readline())
        if answer:
            raise RuntimeError(answer["exception"])
        return to.read_bytes()

    def close(self) -> None:
        """Ends the JVM."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()
            self._process.wait(timeout=60)
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._folder.cleanup()


@cache
def signers() -> Signers:
    """The one of this test run."""
    return Signers()


def sign(pdf: bytes, level: str = "B", signer: str = "first", **more: Any) -> bytes:
    """The file with one more signature by DSS."""
    return signers().do("sign", pdf, level=level, signer=signer, **more)


def dss(pdf: bytes) -> Iterator[Made]:
    """Every level, visible and not, certified, twice, raised later, in chains of time-stamps, and mixed with others."""
    one = {level: sign(pdf, level) for level in ("B", "T", "LT", "LTA")}
    for level, signed in one.items():
        yield Made(f"{level}", signed)
        yield Made(f"{level}, visible", sign(pdf, level, box=[60, 700]))
        yield Made(f"{level}, twice", sign(signed, level, "second"))
        yield Made(f"{level}, visible twice", sign(sign(pdf, level, box=[60, 700]), level, "second", box=[300, 700]))
        yield Made(f"{level}, then visible", sign(signed, level, "second", box=[300, 700]))
        yield Made(f"{level}, then by hand", sign_by_hand(signed, Manner(name=b"Lain"), plainly(SECOND)))
        yield Made(f"{level}, then by pyHanko", by_pyhanko.sign(signed, "Tanda2"))
        yield Made(f"{level}, time-stamped", signers().do("stamp", signed))
    for permission in (1, 2, 3):
        certified = sign(pdf, "T", permission=permission)
        yield Made(f"certified {permission}", certified)
        yield Made(f"certified {permission}, raised to LT", signers().do("extend", certified, level="LT"))
        if permission > 1:
            yield Made(f"certified {permission}, signed", sign(certified, "LT", "second"))
    archived = one["LTA"]
    for count in range(2, 5):
        archived = signers().do("extend", archived, level="LTA")
        yield Made(f"archived {count} times", archived)
    yield Made("archived, then by pyHanko's time-stamp", by_pyhanko.stamped(archived))
    for told, made in (
        ("by hand", sign_by_hand(pdf, Manner(sub_filter=b"ETSI.CAdES.detached"))),
        ("by pyHanko", by_pyhanko.sign(pdf)),
    ):
        raised = made
        for level in ("T", "LT", "LTA"):
            raised = signers().do("extend", raised, level=level)
            yield Made(f"{told}, raised to {level}", raised)
        yield Made(f"{told}, signed by DSS", sign(made, "LT", "second"))
