"""The sandbox on real processes: what a hostile job can do to itself, and what it can't do to anything else."""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from esign import errors
from esign.pdf.sandbox import Header, InProcess, SandboxPool
from esign.pdf.sandbox.tasks import KINDS, load
from tests.unit.sandbox_trial import KIND

MIB = 1024 * 1024
TRIAL = "tests.unit.sandbox_trial:"


@pytest.fixture(scope="module")
def pool() -> Iterator[SandboxPool]:
    with SandboxPool(KIND, workers=2, queue=16, memory=256 * MIB, answer_bytes=32 * MIB) as started:
        started.wait_ready()
        yield started


def until(condition: Callable[[], bool]) -> None:
    """Returns as soon as the condition holds; fails if it doesn't within 20 seconds."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def refusal(pool: SandboxPool, task: str, timeout: float = 5) -> errors.EsignError:
    with pytest.raises(errors.EsignError) as caught:
        pool.run(TRIAL + task, {}, timeout=timeout)
    return caught.value


def test_a_job_and_its_answer_cross_unchanged(pool: SandboxPool) -> None:
    header: Header = {"text": "Dinas Kependudukan – ✓", "numbers": [1, 2.5, None, True], "deep": {"a": {"b": []}}}
    blobs = [b"", bytes(range(256)) * 5000, b"\x00"]
    assert pool.run(TRIAL + "echo", dict(header), *blobs, timeout=5) == (header, blobs)


def test_a_worker_has_no_environment_descriptors_or_privileges_of_the_service(pool: SandboxPool) -> None:
    read_end, write_end = os.pipe()
    os.set_inheritable(read_end, True)
    try:
        with SandboxPool(KIND, workers=1, memory=256 * MIB) as fresh:
            found, _ = fresh.run(TRIAL + "surroundings", {}, timeout=5)
    finally:
        os.close(read_end)
        os.close(write_end)
    assert found["environment"] == {}
    assert found["descriptors"] == [0, 1, 2, 3, 4]
    assert found["no_new_privs"] == 1
    assert found["file_size"] == 0
    assert found["core"] == 0
    assert found["address_space"] == 256 * MIB
    assert found["session"] is True
    assert found["folder"] == "/"


def test_a_worker_reaches_no_network_program_process_or_file(pool: SandboxPool, tmp_path: Path) -> None:
    walls = pool.wait_ready()
    if not (walls.without_network and walls.seccomp and walls.landlock):
        pytest.skip(f"this kernel gives only {walls}")
    secret = tmp_path / "secret"
    secret.write_text("kept")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        header = {"secret": str(secret), "port": listening.getsockname()[1]}
        found, _ = pool.run(TRIAL + "escapes", dict(header), timeout=10)
    assert found["done"] == []
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    assert secret.read_text() == "kept"


def test_the_same_attempts_succeed_outside_of_the_walls(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("kept")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        code = (
            f"import sys; sys.path.append({str(Path(__file__).parents[2])!r})\n"
            "from tests.unit.sandbox_trial import escapes\n"
            f"print(len(escapes({{'secret': {str(secret)!r}, 'port': {listening.getsockname()[1]}}}, [])[0]['done']))"
        )
        done = subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True)
    assert int(done.stdout.split()[-1]) >= 11


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ("spin", "time"),
        ("hog", "memory"),
        ("recurse", "depth"),
        ("die", "crash"),
        ("giant", "answer"),
        ("babble", "answer"),
    ],
)
def test_a_job_that_breaks_a_limit_fails_alone_and_the_next_one_works(
    pool: SandboxPool, task: str, reason: str
) -> None:
    error = refusal(pool, task, timeout=0.3 if task == "spin" else 10)
    assert isinstance(error, errors.LetterNotExamined)
    assert error.details == {"reason": reason}
    assert pool.run(TRIAL + "echo", {"still": "here"}, timeout=5)[0] == {"still": "here"}


def test_a_worker_killed_from_outside_fails_its_own_job_only(pool: SandboxPool) -> None:
    pool.wait_ready()
    before = pool.stats().replaced
    with ThreadPoolExecutor(1) as threads:
        own = set(pool.pids())
        job = threads.submit(refusal, pool, "spin", 20)
        until(lambda: pool.stats().busy == 1)
        free = pool.run(TRIAL + "pid", {}, timeout=5)[0]["pid"]
        (working,) = own - {free}
        os.kill(working, signal.SIGKILL)
        assert job.result().details == {"reason": "crash"}
    assert pool.run(TRIAL + "echo", {}, timeout=5) == ({}, [])
    pool.wait_ready()
    assert pool.stats().replaced == before + 1


def test_an_idle_worker_that_dies_is_replaced_before_anybody_asks(pool: SandboxPool) -> None:
    pool.wait_ready()
    killed = set(pool.pids())
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not killed & set(pool.pids()))
    pool.wait_ready()
    assert len(pool.pids()) == 2
    assert not killed & set(pool.pids())


def test_the_other_worker_goes_on_while_one_hangs(pool: SandboxPool) -> None:
    pool.wait_ready()
    with ThreadPoolExecutor(1) as threads:
        hanging = threads.submit(refusal, pool, "spin", 1.0)
        until(lambda: pool.stats().busy == 1)
        answered = 0
        while not hanging.done():
            pool.run(TRIAL + "echo", {}, timeout=5)
            answered += 1
        assert hanging.result().details == {"reason": "time"}
    assert answered > 50


def test_a_refusal_crosses_with_its_code_and_details(pool: SandboxPool) -> None:
    error = refusal(pool, "refuse")
    assert type(error) is errors.LetterTooManyPages
    assert error.details == {"pages": 7, "limit": 5}


def test_a_worker_can_not_speak_of_what_is_not_its_business(pool: SandboxPool) -> None:
    assert refusal(pool, "pretend").details == {"reason": "answer"}


def test_a_crash_of_our_code_is_logged_without_what_the_letter_says(
    pool: SandboxPool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        error = refusal(pool, "crash")
    assert error.details == {"reason": "crash"}
    assert "ValueError" in caplog.text
    assert "sandbox_trial.py" in caplog.text
    assert "3273010101010001" not in caplog.text


@pytest.mark.parametrize(
    ("task", "reason", "told"), [("tell_and_spin", "time", 3), ("tell_and_crash", "crash", 1)], ids=str
)
def test_what_a_task_told_before_it_ended_is_not_lost(pool: SandboxPool, task: str, reason: str, told: int) -> None:
    error = refusal(pool, task, timeout=0.3)
    assert isinstance(error, errors.LetterNotExamined)
    assert error.details == {"reason": reason}
    assert error.partial == tuple({"number": number} for number in range(told))
    assert pool.run(TRIAL + "echo", {"a": 1}, timeout=5) == ({"a": 1}, [])


def test_a_task_that_tells_without_end_is_ended(pool: SandboxPool) -> None:
    assert refusal(pool, "tell_without_end").details == {"reason": "answer"}


def test_what_a_library_prints_does_not_reach_the_pipe(pool: SandboxPool) -> None:
    assert pool.run(TRIAL + "chatter", {}, timeout=5) == ({"said": True}, [])


def test_only_tasks_of_the_table_run(pool: SandboxPool) -> None:
    with pytest.raises(errors.LetterNotExamined):
        pool.run("os:abort", {}, timeout=5)
    assert pool.run(TRIAL + "echo", {}, timeout=5) == ({}, [])


def test_more_jobs_than_the_queue_holds_are_refused_at_once() -> None:
    with SandboxPool(KIND, workers=1, queue=1, memory=256 * MIB) as small, ThreadPoolExecutor(2) as threads:
        small.wait_ready()
        hanging = threads.submit(refusal, small, "spin", 1.0)
        until(lambda: small.stats().busy == 1)
        waiting = threads.submit(small.run, TRIAL + "echo", {"waited": True}, timeout=5)
        until(lambda: small.stats().queued == 1)
        begun = time.monotonic()
        with pytest.raises(errors.Busy):
            small.run(TRIAL + "echo", {}, timeout=5)
        assert time.monotonic() - begun < 0.1
        assert isinstance(hanging.result(), errors.LetterNotExamined)
        assert waiting.result()[0] == {"waited": True}
        assert small.stats().refused == 1


def test_a_job_that_waited_too_long_for_a_worker_is_told_so() -> None:
    with SandboxPool(KIND, workers=1, memory=256 * MIB, patience=0.1) as small, ThreadPoolExecutor(1) as threads:
        small.wait_ready()
        hanging = threads.submit(refusal, small, "spin", 0.8)
        until(lambda: small.stats().busy == 1)
        with pytest.raises(errors.Busy):
            small.run(TRIAL + "echo", {}, timeout=5)
        hanging.result()
        assert small.stats().queued == 0


def test_eight_threads_each_get_their_own_answer(pool: SandboxPool) -> None:
    pool.wait_ready()

    def ask(number: int) -> bool:
        blob = number.to_bytes(4, "big") * (number * 100)
        return pool.run(TRIAL + "echo", {"number": number}, blob, timeout=20) == ({"number": number}, [blob])

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(400)))


def test_a_worker_is_retired_after_its_number_of_jobs() -> None:
    with SandboxPool(replace(KIND, retire_after=3), workers=1, memory=256 * MIB) as small:
        seen = [small.run(TRIAL + "pid", {}, timeout=5)[0]["pid"] for _ in range(7)]
        assert [seen.count(pid) for pid in dict.fromkeys(seen)] == [3, 3, 1]
        assert small.stats().retired == 2
        assert small.stats().replaced == 0


def test_closing_ends_workers_and_jobs_and_leaves_nothing_behind() -> None:
    small = SandboxPool(KIND, workers=2, memory=256 * MIB)
    small.wait_ready()
    pids = small.pids()
    with ThreadPoolExecutor(1) as threads:
        hanging = threads.submit(refusal, small, "spin", 30)
        until(lambda: small.stats().busy == 1)
        small.close()
        assert isinstance(hanging.result(), errors.Busy)
    small.close()
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    assert not [thread for thread in threading.enumerate() if thread.name == "sandbox-trial" and not thread.daemon]
    with pytest.raises(errors.Busy):
        small.run(TRIAL + "echo", {}, timeout=5)


def test_a_worker_that_can_not_start_tells_the_operator_why(caplog: pytest.LogCaptureFixture) -> None:
    kind = replace(KIND, tasks=("esign.pdf.nowhere:task",))
    with SandboxPool(kind, workers=1) as broken:
        until(lambda: "did not come up" in caplog.text)
        with pytest.raises(errors.Busy):
            broken.wait_ready(timeout=0.01)
    assert "No module named 'esign.pdf.nowhere'" in caplog.text


def test_closing_while_workers_start_does_not_wait_for_them() -> None:
    begun = time.monotonic()
    SandboxPool("parse", workers=2).close()
    assert time.monotonic() - begun < 5


def test_workers_end_when_the_service_is_killed() -> None:
    code = (
        f"import sys, time; sys.path.append({str(Path(__file__).parents[2])!r})\n"
        "from tests.unit.sandbox_trial import KIND\n"
        "from esign.pdf.sandbox import SandboxPool\n"
        "pool = SandboxPool(KIND, workers=2)\n"
        "pool.wait_ready()\n"
        "print(*pool.pids(), flush=True)\n"
        "pool.run('tests.unit.sandbox_trial:spin', {}, timeout=60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        pids = service.stdout.readline().split()
        service.kill()
    assert len(pids) == 2
    until(lambda: not any(_runs(pid) for pid in pids))


def _runs(pid: str) -> bool:
    """Whether the process runs; one that only waits to be reaped by init has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("kind", KINDS)
def test_every_task_of_the_tables_is_there(kind: str) -> None:
    for name in KINDS[kind].tasks:
        assert callable(load(name))


@pytest.mark.parametrize("kind", KINDS)
def test_workers_know_no_settings_database_or_web_framework(kind: str) -> None:
    code = (
        "import sys; from esign.pdf.sandbox import worker; from esign.pdf.sandbox.tasks import KINDS, load\n"
        f"for name in KINDS[{kind!r}].tasks: load(name)\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    forbidden = {"esign.settings", "esign.registry", "esign.service", "esign.api", "esign.ca"}
    assert not loaded & {*forbidden, "sqlalchemy", "sqlmodel", "fastapi", "starlette", "pydantic_settings", "httpx"}
    assert ("pyhanko" in loaded, "pypdfium2" in loaded) == (kind == "parse", kind == "render")


def test_without_a_sandbox_a_task_gives_the_same_refusals() -> None:
    with pytest.raises(errors.LetterError):
        InProcess().run("esign.pades.letter:examine_task", {"max_bytes": 10, "max_pages": 5}, b"x" * 11, timeout=5)
