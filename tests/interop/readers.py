"""Readers of others, each asked the same of a file: what do you say of it? They answer in their words; tests judge."""

import json
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from asn1crypto import cms

from tests.programs import call, require_java_project, require_program

Answer = Mapping[str, object]


class JavaReaders:
    """EU DSS and veraPDF in one JVM: questions are sent as files come into being, answers are kept until asked for."""

    def __init__(self) -> None:
        command = [*require_java_project(), "esign.interop.Readers"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        self._answers: dict[tuple[str, str], Answer] = {}
        self._arrived = threading.Condition()
        self._ended = False
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def ask(self, reader: str, file: Path, **more: str | Path) -> None:
        """Sends a question; the answer comes by `answer`."""
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(
            json.dumps({"reader": reader, "file": str(file), **{key: str(value) for key, value in more.items()}})
        )
        stdin.write("\n")
        stdin.flush()

    def answer(self, reader: str, file: Path) -> Answer:
        """What the reader said of the file, waited for."""
        key = (reader, str(file))
        with self._arrived:
            if not self._arrived.wait_for(lambda: key in self._answers or self._ended, timeout=300):
                raise TimeoutError(f"{reader} did not answer for {file.name}")
        return self._answers[key]

    def close(self) -> None:
        """Ends the JVM."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._listener.join(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer = json.loads(line)
            with self._arrived:
                self._answers[answer["reader"], answer["file"]] = answer
                self._arrived.notify_all()
        with self._arrived:
            self._ended = True
            self._arrived.notify_all()


@dataclass(frozen=True)
class PdfsigLine:
    """What poppler's pdfsig says of one filled signature field."""

    field: str
    kind: str
    verdict: str


def pdfsig(file: Path) -> list[PdfsigLine]:
    """Poppler's words for each signature (not for empty fields, nor for the certificates)."""
    done = call([require_program("pdfsig"), "-nocert", file])
    found = []
    for part in done.stdout.decode("utf-8", "replace").split("Signature #")[1:]:
        told = dict(re.findall(r"^  - ([^:\n]+): ?(.*)$", part, re.MULTILINE))
        if "Signature Validation" in told:
            found.append(PdfsigLine(told["Signature Field Name"], told["Signature Type"], told["Signature Validation"]))
    return found


def mutool(file: Path) -> list[str]:
    """MuPDF's words for each filled signature, in the order of the fields."""
    done = call([require_program("mutool"), "sign", "-v", file])
    parts = done.stdout.decode("utf-8", "replace").split("Verifying signature ")[1:]
    return [part for part in parts if "not signed" not in part]


def qpdf(file: Path) -> str:
    """Complaints of ``qpdf --check``; empty when it has none."""
    done = call([require_program("qpdf"), "--check", file])
    if done.returncode == 0:
        return ""
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def ghostscript(file: Path) -> str:
    """What Ghostscript says while it renders every page; empty when it is content."""
    done = call(
        [require_program("gs"), "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=nullpage", file], timeout=120
    )
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def poppler(file: Path) -> str:
    """What poppler says while it renders every page, small; empty when it is content."""
    with TemporaryDirectory() as folder:
        done = call([require_program("pdftoppm"), "-r", "20", file, Path(folder, "page")], timeout=120)
    return (done.stdout + done.stderr).decode("utf-8", "replace")


# --- openssl ------------------------------------------------------------------------------------

_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


@dataclass(frozen=True)
class ExtractedSignature:
    """One signature, cut out of the file by its ByteRange with no PDF reader involved."""

    message: bytes
    """DER of the CMS or the time-stamp token."""
    signed: bytes
    """The bytes that it covers."""

    @property
    def is_timestamp(self) -> bool:
        """Whether it is a document time-stamp (RFC 3161)."""
        content = cms.ContentInfo.load(self.message)["content"]
        return bool(content["encap_content_info"]["content_type"].native == "tst_info")


def extracted(pdf: bytes) -> Iterator[ExtractedSignature]:
    """All signatures of a file, in the order in which they stand there."""
    for found in _BYTE_RANGE.finditer(pdf):
        start, length, second, rest = (int(number) for number in found.groups())
        padded = bytes.fromhex(pdf[start + length + 1 : second - 1].decode())
        message = cms.ContentInfo.load(padded, strict=False).dump()
        yield ExtractedSignature(message, pdf[start : start + length] + pdf[second : second + rest])


def openssl(signature: ExtractedSignature, root: Path, others: Path) -> str:
    """Complaints of ``openssl cms -verify`` or ``openssl ts -verify``; empty when it verifies.

    ``root`` and ``others`` are PEM files: what is trusted, and issuing CAs. No purpose is demanded of the certificate:
    openssl knows none for documents.
    """
    program = require_program("openssl")
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "message").write_bytes(signature.message)
        (folder / "signed").write_bytes(signature.signed)
        command: list[str | Path]
        if signature.is_timestamp:
            command = ["ts", "-verify", "-token_in", "-in", folder / "message", "-data", folder / "signed"]
            command += ["-CAfile", root, "-untrusted", others]
        else:
            command = ["cms", "-verify", "-binary", "-purpose", "any", "-inform", "DER", "-in", folder / "message"]
            command += ["-content", folder / "signed", "-CAfile", root, "-out", "/dev/null"]
        done = call([program, *command])
    told = (done.stdout + done.stderr).decode("utf-8", "replace")
    return "" if done.returncode == 0 else told
