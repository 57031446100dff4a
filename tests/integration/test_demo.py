"""`make run` and the README, as a newcomer meets them: a real process, killed in the middle."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.programs import require_program

README = Path(__file__).parents[2] / "README.md"
PATIENCE = 90.0


@dataclass
class Demo:
    """`esign demo` in a folder of its own."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        here = str(Path(sys.executable).parent)
        return {
            "PATH": f"{here}:{os.environ['PATH']}",
            "ESIGN_PORT": str(self.port),
            "ESIGN_SANDBOX_WORKERS": "1",
            "HOME": str(self.folder),
        }

    def start(self) -> dict[str, str]:
        """Starts it and waits until it has said all; gives what it printed by its label."""
        log = self.folder / "log"
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "esign", "demo"],
                cwd=self.folder,
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        until = time.monotonic() + PATIENCE
        while "Ctrl-C" not in log.read_text("utf-8"):
            assert self.process.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < until, log.read_text("utf-8")
            time.sleep(0.05)
        return dict(re.findall(r"^  ([A-Z][A-Za-z ]+?)  +(\S+)$", log.read_text("utf-8"), re.MULTILINE))

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = Demo(tmp_path_factory.mktemp("demo"), port)
    try:
        yield started
    finally:
        started.kill()


def test_the_demo_signs_a_letter_and_a_second_start_goes_on_with_it(demo: Demo) -> None:
    first = demo.start()
    assert httpx.get(first["Verification page"]).status_code == 200
    assert httpx.get(demo.url + "/readyz").status_code == 200
    demo.kill()
    again = demo.start()
    assert again == first
    answer = httpx.get(demo.url + "/v1/letters", headers={"Authorization": f"Bearer {again['API key']}"})
    assert len(answer.json()["items"]) == 1


def test_the_commands_of_the_readme_work_as_they_stand_there(demo: Demo) -> None:
    require_program("curl")
    shell = require_program("bash")
    if demo.process is None:
        demo.start()
    printed = (demo.folder / "log").read_text("utf-8")
    known = dict(re.findall(r"^  ([A-Z][A-Za-z ]+?)  +(\S+)$", printed, re.MULTILINE))
    shutil.copy(demo.folder / "var" / "surat.pdf", demo.folder / "surat.pdf")
    commands = re.findall(r"<!-- run -->\n```sh\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert len(commands) == 3
    environment = demo.environment | {
        "ESIGN_API_KEY": known["API key"],
        "ESIGN_SIGNER": known["Signer"],
        "ESIGN_PASSPHRASE": known["Passphrase"],
        "NIK": "5171020304050607",
        "PASSPHRASE": "panjang-dan-rahasia",
    }
    for command in commands:
        script = command.replace("http://127.0.0.1:8000", demo.url)
        done = subprocess.run(
            [str(shell), "-euo", "pipefail", "-c", script],
            cwd=demo.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, script + done.stdout + done.stderr
    assert '"colour":"green"' in (demo.folder / "answer.json").read_text("utf-8").replace(" ", "")


def test_a_server_killed_while_it_signs_loses_nothing(demo: Demo) -> None:
    if demo.process is None:
        demo.start()
    printed = (demo.folder / "log").read_text("utf-8")
    known = dict(re.findall(r"^  ([A-Z][A-Za-z ]+?)  +(\S+)$", printed, re.MULTILINE))
    pdf = (demo.folder / "var" / "surat.pdf").read_bytes()

    def sign(number: int, seconds: float) -> httpx.Response:
        return httpx.post(
            demo.url + "/v1/letters/sign",
            headers={
                "Authorization": f"Bearer {known['API key']}",
                "Idempotency-Key": f"kill-{number}",
                "Accept": "application/json",
            },
            data={
                "signer": known["Signer"],
                "passphrase": known["Passphrase"],
                "number": f"KILL/{number}/2026",
                "date": "2026-01-05",
                "subject": "Uji",
            },
            files={"file": ("surat.pdf", pdf, "application/pdf")},
            timeout=seconds,
        )

    for number, after in enumerate((0.05, 0.15, 0.25, 0.4), start=1):
        with suppress(httpx.HTTPError):
            sign(number, after)
        demo.kill()
        demo.start()
        answer = sign(number, 60)
        assert answer.status_code == 201, answer.text
        file = httpx.get(
            demo.url + answer.json()["file"]["href"], headers={"Authorization": f"Bearer {known['API key']}"}
        )
        checked = httpx.post(demo.url + "/v1/verify", files={"file": ("x.pdf", file.content, "application/pdf")})
        assert checked.json()["told"]["colour"] == "green"
    listed = httpx.get(
        demo.url + "/v1/letters", params={"status": "signed"}, headers={"Authorization": f"Bearer {known['API key']}"}
    )
    numbers = [each["number"] for each in listed.json()["items"] if each["number"].startswith("KILL/")]
    assert sorted(numbers) == [f"KILL/{number}/2026" for number in (1, 2, 3, 4)]


def test_a_second_server_on_the_same_database_is_refused(demo: Demo) -> None:
    if demo.process is None:
        demo.start()
    second = subprocess.run(
        [sys.executable, "-m", "esign", "demo"],
        cwd=demo.folder,
        env=demo.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 1
    assert "PostgreSQL" in second.stderr
