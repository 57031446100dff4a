"""An S3 server to try things on: S3Proxy over a folder, with one bucket, and one pair of keys that it checks."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.programs import require_s3proxy

BUCKET = "surat"
ACCESS_KEY, SECRET_KEY = "penguji", "rahasia untuk uji"
_LOGGING = """<configuration><appender name="out" class="ch.qos.logback.core.ConsoleAppender">
<encoder><pattern>%msg%n</pattern></encoder></appender>
<root level="warn"><appender-ref ref="out"/></root></configuration>
"""


@dataclass(frozen=True)
class S3Server:
    """A running server."""

    endpoint: str
    bucket: Path
    """The folder of the bucket: an object is the file of its key."""

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which S3 clients find it."""
        return {
            "AWS_ENDPOINT": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
        }


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """A server over that folder, while the context is open; a skip with the reason where it can't be had."""
    command = require_s3proxy()
    port = free_port()
    bucket = folder / "data" / BUCKET
    bucket.mkdir(parents=True, exist_ok=True)
    (folder / "logback.xml").write_text(_LOGGING)
    settings = {
        "s3proxy.endpoint": f"http://127.0.0.1:{port}",
        "s3proxy.authorization": "aws-v2-or-v4",
        "s3proxy.identity": ACCESS_KEY,
        "s3proxy.credential": SECRET_KEY,
        "s3proxy.ignore-unknown-headers": "true",  # it knows no x-amz-checksum-sha256 on a bulk deletion
        "jclouds.provider": "filesystem-nio2",
        "jclouds.filesystem.basedir": str(folder / "data"),
    }
    (folder / "s3proxy.conf").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", f"-Dlogback.configurationFile={folder / 'logback.xml'}"]
    started = [command[0], *quick, *command[1:], "org.gaul.s3proxy.Main", "--properties", str(folder / "s3proxy.conf")]
    with (folder / "log").open("wb") as log, subprocess.Popen(started, stdout=log, stderr=log) as process:
        try:
            _wait_until_it_listens(port, process, folder / "log")
            yield S3Server(f"http://127.0.0.1:{port}", bucket)
        finally:
            process.kill()


def _wait_until_it_listens(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as trying:
            if trying.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"S3Proxy did not start: {log.read_text()[-600:]}")
