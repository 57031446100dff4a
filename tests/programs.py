"""Programs of others that tests call: found, or the test is skipped with the reason.

Under ``ESIGN_REQUIRE_ALL=1`` (CI) a missing program is a failure, not a skip.
"""

import os
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess, run
from typing import NoReturn

import pytest

JAVA_PROJECT = Path(__file__).parent / "interop" / "java"
"""Maven project with EU DSS and veraPDF (see its pom.xml)."""
S3_PROJECT = Path(__file__).parent / "s3"
"""Maven project that names S3Proxy, and nothing else."""


def missing(reason: str) -> NoReturn:
    """Ends the test: a skip with that reason, or a failure where everything is required."""
    if os.environ.get("ESIGN_REQUIRE_ALL") == "1":
        pytest.fail(f"ESIGN_REQUIRE_ALL is set, and {reason}", pytrace=False)
    pytest.skip(reason)


def require_program(*names: str) -> Path:
    """The first of these programs that is installed (``require_program("chromium", "google-chrome")``)."""
    for name in names:
        found = shutil.which(name)
        if found:
            return Path(found)
    missing(f"{' or '.join(names)} is not installed")


def require_java_project() -> list[str]:
    """The command line prefix that starts a class of the Java project: ``[java, -cp, CLASSPATH]``.

    Built by Maven when it was not yet, or when a source is newer than what was built.
    """
    classes = JAVA_PROJECT / "target" / "classes"
    return _java(JAVA_PROJECT, "package", "dependency:copy-dependencies", classes=f"{classes}{os.pathsep}")


def require_s3proxy() -> list[str]:
    """The same for S3Proxy, which Maven fetches."""
    return _java(S3_PROJECT, "dependency:copy-dependencies")


def _java(project: Path, *goals: str, classes: str = "") -> list[str]:
    java = require_program("java")
    reason = _build(project, *goals)
    if reason:
        missing(reason)
    return [str(java), "-cp", f"{classes}{project / 'target' / 'dependency'}/*"]


@cache
def _build(project: Path, *goals: str) -> str | None:
    """Builds once a test run; what hinders it, or None."""
    marker = project / "target" / "built"
    sources = [project / "pom.xml", *(project / "src").rglob("*.java")]
    if marker.exists() and marker.stat().st_mtime >= max(source.stat().st_mtime for source in sources):
        return None
    maven = shutil.which("mvn")
    if maven is None:
        return "mvn is not installed"
    shutil.rmtree(project / "target", ignore_errors=True)  # no jar of an older version may stay on the class path
    built = run([maven, "-q", "-B", *goals], cwd=project, capture_output=True, text=True, check=False)
    if built.returncode != 0:
        return f"Maven could not build {project.name}: {(built.stdout + built.stderr)[-600:]}"
    marker.touch()
    return None


def call(command: Sequence[str | Path], *, stdin: bytes | None = None, timeout: float = 60) -> CompletedProcess[bytes]:
    """Runs a program to its end, with both outputs kept; the exit status is the caller's to judge."""
    return run([str(part) for part in command], input=stdin, capture_output=True, timeout=timeout, check=False)
