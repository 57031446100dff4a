"""A CSC provider to sign with: our own server face, and the wire between it and the client."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from esign.ca.csc import CscAuthority, CscConfig
from esign.ca.surroundings import Identity, Surroundings
from esign.errors import SignerUnknown
from esign.registry.models import Scope
from esign.x509.clock import Clock, SystemClock
from esign.x509.transport import open_client
from tests.integration.conftest import House


@dataclass
class Wire:
    """A TCP connection in between: it keeps all that goes over it, and may fail for one method."""

    target: tuple[str, int]
    url: str = ""
    sent: bytearray = field(default_factory=bytearray)
    received: bytearray = field(default_factory=bytearray)
    asked: list[str] = field(default_factory=list)
    """The paths, in their order."""
    cuts: str | None = None
    """The method whose request is passed on, and whose answer is not."""
    delays: tuple[str, float] | None = None
    """The method whose answer is late, and by how many seconds."""

    def handle(self, connection: socket.socket) -> None:
        """One exchange: each has a connection of its own."""
        with connection, ExitStack() as closing:
            head = connection.recv(65536)
            if not head:
                return
            path = head.split(b" ", 2)[1].decode()
            self.asked.append(path)
            while not whole(head):
                head += connection.recv(65536)
            self.sent += head
            try:
                onward = closing.enter_context(socket.create_connection(self.target, 5))
            except OSError:
                return  # the server is gone: so is this connection, before anything was answered
            onward.sendall(head)
            answer = bytearray()
            while not whole(bytes(answer)) and (chunk := onward.recv(65536)):
                answer += chunk
            self.received += answer
            if self.cuts is not None and path.endswith(self.cuts):
                return
            if self.delays is not None and path.endswith(self.delays[0]):
                time.sleep(self.delays[1])
            connection.sendall(answer)


def whole(message: bytes) -> bool:
    """Whether an HTTP message with a Content-Length is complete."""
    head, separator, body = message.partition(b"\r\n\r\n")
    if not separator:
        return False
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return len(body) >= (int(lengths[0].partition(b":")[2]) if lengths else 0)


@contextmanager
def wired(url: str) -> Iterator[Wire]:
    """A wire to the server at ``url``."""
    parts = urlsplit(url)
    wire = Wire((parts.hostname or "", parts.port or 0))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        wire.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=wire.handle, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield wire
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=5)


def nobody(holder: str) -> Identity:
    """Nobody is known by number or address."""
    raise SignerUnknown


@contextmanager
def surroundings(house: House, clock: Clock | None = None, **changes: object) -> Iterator[Surroundings]:
    """What the service gives its authorities."""
    assert house.services.dev_ca is not None
    with open_client(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as client:
        given = {
            "clock": clock or SystemClock(),
            "client": client,
            "trust": house.services.dev_ca.trust(),
            "revocation": house.services.dev_ca.revocation(),
            "identify": nobody,
        }
        yield Surroundings(**(given | changes))  # type: ignore[arg-type]


def credentials_of(house: House, *scopes: Scope, networks: tuple[str, ...] | None = None) -> tuple[str, str]:
    """Id and key of a new client, which may sign hashes unless other scopes are given."""
    key = house.key(*(scopes or (Scope.HASHES_SIGN,)), networks=networks)
    with house.services.database.read() as session:
        row = session.connection().exec_driver_sql("SELECT id FROM api_client WHERE key_prefix = ?", (key[:12],))
        return row.scalar_one(), key


def config(house: House, url: str, version: str, **given: object) -> CscConfig:
    """How to reach the server face at ``url``."""
    client_id, key = credentials_of(house)
    address = f"{url}/csc/{version}"
    common = {
        "kind": "csc",
        "url": address,
        "insecure": True,
        "oauth2_url": address,
        "client_id": client_id,
        "client_secret": key,
        "seconds": 10,
        "sign_seconds": 10,
    }
    return CscConfig.model_validate(common | given)


@contextmanager
def connected(
    house: House, url: str, version: str, clock: Clock | None = None, **given: object
) -> Iterator[CscAuthority]:
    """The server face at ``url`` as an authority."""
    with (
        surroundings(house, clock) as around,
        CscAuthority.open("csc", config(house, url, version, **given), around) as opened,
    ):
        yield opened
