"""A PostgreSQL to try things on: the one of ``ESIGN_TEST_POSTGRES``, or a cluster of our own, thrown away after."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.programs import missing

ACCOUNT = "postgres"
"""PostgreSQL refuses to run as root; then the cluster is this account's."""


@contextmanager
def postgres() -> Iterator[str]:
    """The address of an empty database; a skip with the reason where there is no PostgreSQL."""
    given = os.environ.get("ESIGN_TEST_POSTGRES")
    if given:
        yield given
        return
    programs = _programs()
    if programs is None:
        missing("PostgreSQL's server programs (initdb, pg_ctl) are not installed, and ESIGN_TEST_POSTGRES is not set")
    folder = Path(tempfile.mkdtemp(prefix="esign-postgres-", dir="/tmp"))  # a socket's path has 107 bytes at most
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, ACCOUNT)
        data = folder / "data"
        _run(programs / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=60"
        _run(programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            _run(programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _programs() -> Path | None:
    """The folder of the server programs: Debian keeps them off the PATH."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed[-1].parent if installed else None


def _run(*command: str | Path) -> None:
    as_whom = ["runuser", "-u", ACCOUNT, "--"] if os.geteuid() == 0 else []
    line = [*as_whom, *map(str, command)]
    done = subprocess.run(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, cwd="/")
    if done.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name}: {done.stderr}")
