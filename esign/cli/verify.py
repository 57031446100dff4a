"""``esign verify``: what signed PDF files are worth, without a service."""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Annotated, Self

import httpx
import typer
from pydantic import SecretStr

from esign.cli.console import secret
from esign.cli.verify_reports import Kind, extract, one_line, written
from esign.cli.verify_text import as_text, plain
from esign.pdf.sandbox import Header, SandboxPool
from esign.verify.evidence import Material
from esign.verify.full import FullReport, examine_fully
from esign.verify.online import examine
from esign.verify.policy import DEFAULT, Policy
from esign.verify.policy_file import PolicyFileError
from esign.verify.report import Report
from esign.x509.addresses import AddressPolicy
from esign.x509.clock import Clock, FixedClock, SystemClock
from esign.x509.http import HttpRevocation
from esign.x509.kept import KeptEvidence, MemoryShelf
from esign.x509.sources import RevocationSource
from esign.x509.transport import open_client
from esign.x509.trust import TrustStore
from esign.x509.trustlist import TrustListError, indonesia
from esign.x509.trustlist import read as read_list


class Language(StrEnum):
    """The language of the report on the terminal."""

    ID = "id"
    EN = "en"


def verify(
    files: Annotated[list[Path], typer.Argument(help="Signed PDF files.", metavar="FILE…", show_default=False)],
    trust: Annotated[
        list[Path] | None,
        typer.Option(metavar="PEM", help="Further trusted roots and issuing CAs, beside the Indonesian ones."),
    ] = None,
    trust_list: Annotated[
        list[Path] | None, typer.Option(metavar="LIST", help="A trust list (TOML): who, for what, from when to when.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The policy to judge by (TOML or JSON); else the strict one.")
    ] = None,
    online: Annotated[
        bool,
        typer.Option("--online", help="Ask BSrE's and the national root's servers for what a file lacks, as of now."),
    ] = False,
    crl: Annotated[
        list[Path] | None, typer.Option(metavar="CRL", help="An archived CRL (DER), for certificates long expired.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="As of this time, such as 2026-03-01T09:00:00Z; else now.")
    ] = None,
    report: Annotated[
        Kind, typer.Option(help="Which report; etsi is the XML of ETSI TS 119 102-2, of one file.")
    ] = Kind.SIMPLE,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line and file.")] = False,
    encoded: Annotated[
        bool,
        typer.Option("--encoded", help="With the octets of certificates, OCSP answers, CRLs and time-stamps."),
    ] = False,
    extract_to: Annotated[
        Path | None, typer.Option("--extract", metavar="DIR", help="Write what each signature signed as a PDF file.")
    ] = None,
    integrity_only: Annotated[
        bool, typer.Option("--integrity-only", help="Leave out certificates: has the file changed, and nothing else.")
    ] = False,
    password: Annotated[
        bool,
        typer.Option("--password", help="Ask for the password of encrypted files, or read it from standard input."),
    ] = False,
    lang: Annotated[Language, typer.Option(help="Language of the report.")] = Language.ID,
    seconds: Annotated[float, typer.Option(min=0.1, help="Time for one file.")] = 30.0,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Files examined side by side.")] = min(
        4, os.cpu_count() or 1
    ),
) -> None:
    """Tell whether signed PDF files are genuine.

    Without --online nothing is fetched: revocation data must be in the file, or given with --crl. Exit status: 0 all
    files are genuine (with --integrity-only: intact), 1 not all, 2 wrong usage.
    """
    clock: Clock = SystemClock() if at is None else FixedClock(_moment(at))
    material = (Material(crls=tuple(_read(path) for path in crl or ()), given=True),)
    for path in files:
        if not path.is_file():
            raise typer.BadParameter(f"there is no file {path}", param_hint="FILE")
        if not os.access(path, os.R_OK):
            raise typer.BadParameter(f"{path} can't be read", param_hint="FILE")
    if report is Kind.ETSI and (len(files) > 1 or as_json or integrity_only):
        raise typer.BadParameter("etsi is XML on one file, certificates included", param_hint="--report")
    if online and at is not None:
        raise typer.BadParameter("revocation data are fetched as of now, not of another time", param_hint="--online")
    store = _trust(trust or [], trust_list or [])
    applied = DEFAULT if policy is None else _policy(policy)
    good = True
    fully = None if report is Kind.SIMPLE else encoded
    opening = SecretStr(secret("Password").reveal()) if password else None
    asked = _Asked(store, clock, material, applied, integrity_only, fully, seconds, online=online, password=opening)
    for path, made in _examined(files, asked, min(jobs, len(files))):
        simple = made.report if isinstance(made, FullReport) else made
        good = good and simple.verdict.good
        if isinstance(made, FullReport):
            sys.stdout.write(written(path, made, report, lang.value, as_json=as_json) + "\n")
        elif as_json:
            sys.stdout.write(one_line(path, simple) + "\n")
        else:
            sys.stdout.write(as_text(str(path), simple, lang.value) + "\n")
        sys.stdout.flush()
        if extract_to is not None:
            _extract(path, simple, extract_to)
    raise typer.Exit(0 if good else 1)


@dataclass(frozen=True)
class _Asked:
    """How the files are to be examined."""

    trust: TrustStore
    clock: Clock
    material: tuple[Material, ...]
    policy: Policy
    integrity_only: bool
    fully: bool | None
    """None for the simple report alone; all reports with octets (True) or without (False)."""
    seconds: float
    online: bool
    password: SecretStr | None


def _examined(files: list[Path], asked: _Asked, jobs: int) -> Iterator[tuple[Path, Report | FullReport]]:
    """The reports in the order of the files; examined in sandbox processes, ``jobs`` side by side."""

    def one(path: Path) -> Report | FullReport:
        at = None if asked.online else asked.clock.now()
        if asked.fully is not None:
            return examine_fully(
                path.read_bytes(),
                asked.trust,
                asked.clock,
                pool,
                source,
                at=at,
                material=asked.material,
                policy=asked.policy,
                integrity_only=asked.integrity_only,
                renderer=renderer,
                encoded=asked.fully,
                password=asked.password,
                timeout=asked.seconds,
            )
        return examine(
            path.read_bytes(),
            asked.trust,
            asked.clock,
            pool,
            source,
            at=at,
            material=asked.material,
            policy=asked.policy,
            integrity_only=asked.integrity_only,
            renderer=renderer,
            password=asked.password,
            timeout=asked.seconds,
        )

    with (
        open_client() if asked.online else nullcontext() as client,
        SandboxPool("parse", workers=jobs, queue=jobs) as pool,
        _RenderersWhenNeeded(jobs) as renderer,
        ThreadPoolExecutor(jobs) as executor,
    ):
        source = None if client is None else _network(client, asked)
        yield from zip(files, executor.map(one, files), strict=True)


def _network(client: httpx.Client, asked: _Asked) -> RevocationSource:
    """BSrE's and the national root's servers; what they say is kept until the command ends."""
    shelf = MemoryShelf()
    fetched = HttpRevocation(client, AddressPolicy(), asked.clock, down=shelf)
    return KeptEvidence(fetched, shelf, asked.clock, longest=asked.policy.longest_freshness)


class _RenderersWhenNeeded:
    """Workers of the second reader, started when the first file asks for them: most never do."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._lock = Lock()
        self._pool: SandboxPool | None = None

    def run(self, task: str, header: Header, *blobs: bytes, timeout: float) -> tuple[Header, list[bytes]]:
        """As ``Runner.run``."""
        with self._lock:
            if self._pool is None:
                self._pool = SandboxPool("render", workers=self._workers, queue=self._workers)
        return self._pool.run(task, header, *blobs, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.close()


def _extract(path: Path, report: Report, folder: Path) -> None:
    """Writes the signed revisions, and says where they are on the error output."""
    try:
        for made in extract(path, report, folder):
            sys.stderr.write(f"{plain(str(made))}\n")
    except OSError as error:
        raise typer.BadParameter(f"{folder} can't be written to: {error.strerror}", param_hint="--extract") from error


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("not a time such as 2026-03-01T09:00:00Z", param_hint="--at") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _policy(path: Path) -> Policy:
    try:
        return Policy.read(path.read_bytes())
    except OSError as error:
        raise typer.BadParameter(f"{path} can't be read", param_hint="--policy") from error
    except PolicyFileError as error:
        raise typer.BadParameter(f"{path}: {error}", param_hint="--policy") from error


def _trust(paths: list[Path], lists: list[Path]) -> TrustStore:
    store = indonesia()
    for path in lists:
        try:
            store = store.merged(read_list(path))
        except TrustListError as error:
            raise typer.BadParameter(f"{path}: {error}", param_hint="--trust-list") from error
    for path in paths:
        try:
            store = store.adding(_read(path))
        except ValueError as error:
            raise typer.BadParameter(f"{path}: {error}", param_hint="--trust") from error
    return store


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{path} can't be read", param_hint="--trust") from error
