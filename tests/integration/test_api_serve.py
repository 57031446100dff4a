"""``esign serve`` as operators run it: a process of its own, its logs, its end."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def test_the_service_starts_answers_logs_lines_of_json_and_ends_when_told(tmp_path: Path) -> None:
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "ESIGN_DATA_DIR": str(tmp_path / "var"),
        "ESIGN_CA_DIR": str(tmp_path / "ca"),
        "ESIGN_SANDBOX_WORKERS": "1",
        "ESIGN_LOG_FORMAT": "json",
    }
    command = [sys.executable, "-c", "from esign.cli.main import main; main()", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_it_answers(url, process)
        with httpx.Client(base_url=url) as client:
            assert client.get("/healthz").json() == {"status": "ok"}
            assert client.get("/readyz").status_code == 200
            assert client.get("/verify", params={"nik": "3201019988776655"}).status_code == 200
            assert client.get("/docs").status_code == 200
            assert "server" not in client.get("/verify").headers
    finally:
        process.send_signal(signal.SIGTERM)
        written, _ = process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGTERM), written
    lines = [json.loads(line) for line in written.splitlines()]
    assert {line["route"] for line in lines if line["event"] == "request"} >= {"/verify", "/docs"}
    assert any("development CA" in line["event"] and line["level"] == "warning" for line in lines)
    assert "3201019988776655" not in written


def test_a_wrong_setting_stops_the_start_and_is_named(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "ESIGN_DATA_DIR": str(tmp_path), "ESIGN_PORT": "geheim"}
    command = [sys.executable, "-c", "from esign.cli.main import main; main()", "serve"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "ESIGN_PORT" in done.stderr
    assert "geheim" not in done.stdout + done.stderr


def wait_until_it_answers(url: str, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            httpx.get(f"{url}/healthz")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the service did not start")
