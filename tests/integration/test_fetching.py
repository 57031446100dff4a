"""What is fetched for a check: from real servers on this machine, honest ones and others."""

import hashlib
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from esign.errors import RevocationUnavailable
from esign.service.shelf import FileShelf
from esign.x509 import ocsp
from esign.x509.addresses import AddressPolicy
from esign.x509.clock import FixedClock
from esign.x509.exchange import Limits
from esign.x509.http import HttpRevocation
from esign.x509.kept import Kept, KeptEvidence, MemoryShelf
from esign.x509.rejection import Rejected
from esign.x509.transport import open_client
from tests import pki
from tests.pki import NOW, Holder, certificate

Answer = Callable[[socket.socket, bytes], None]


@dataclass
class Server:
    """A server that says what it is told to say, byte by byte."""

    answer: Answer
    port: int = 0
    requests: list[bytes] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(answer: Answer) -> Iterator[Server]:
    server = Server(answer)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(32)
        server.port = listener.getsockname()[1]

        def one(connection: socket.socket) -> None:
            with connection:
                connection.settimeout(5)
                try:
                    request = received(connection)
                    server.requests.append(request)
                    server.answer(connection, request)
                except OSError:
                    return

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=one, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def received(connection: socket.socket) -> bytes:
    request = b""
    while b"\r\n\r\n" not in request:
        part = connection.recv(65536)
        if not part:
            raise OSError
        request += part
    head, _, body = request.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def gives(body: bytes, status: str = "200 OK", *headers: str) -> Answer:
    def answer(connection: socket.socket, _: bytes) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return answer


def drips(what: bytes, seconds: float = 0.1) -> Answer:
    def answer(connection: socket.socket, _: bytes) -> None:
        for octet in what * 1000:
            connection.sendall(bytes([octet]))
            time.sleep(seconds)

    return answer


@dataclass(frozen=True)
class Chain:
    root: Holder
    leaf: Holder


def chain(origin: str, **more: str) -> Chain:
    root = certificate("CA", ca=True)
    return Chain(root, certificate("Budi", root, ocsp_url=f"{origin}/ocsp", crl_url=f"{origin}/crl", **more))  # type: ignore[arg-type]


@contextmanager
def source(
    *origins: str, seconds: float = 2.0, hosts: frozenset[str] = frozenset(), resolver: object = None, **more: object
) -> Iterator[HttpRevocation]:
    addresses = AddressPolicy(hosts=hosts, own_origins=frozenset(origins))
    if resolver is not None:
        addresses = AddressPolicy(hosts=hosts, own_origins=frozenset(origins), resolver=resolver)  # type: ignore[arg-type]
    limits = Limits(seconds, 100_000)
    with open_client() as client:
        yield HttpRevocation(client, addresses, FixedClock(NOW), ocsp_limits=limits, crl_limits=limits, **more)  # type: ignore[arg-type]


def why(found: pytest.ExceptionInfo[RevocationUnavailable]) -> str:
    cause = found.value.__cause__
    assert isinstance(cause, Rejected)
    return cause.reason


# --- servers ---------------------------------------------------------------------------------------


def test_an_honest_server_is_understood() -> None:
    with serving(gives(b"")) as server, source(server.origin) as asked:
        made = chain(server.origin)
        server.answer = gives(pki.crl(made.root))
        assert asked.crl(made.leaf.asn1, made.root.asn1) == pki_body(server)
        assert server.requests[0].startswith(b"GET /crl HTTP/1.1\r\n")


def pki_body(server: Server) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"GET /crl HTTP/1.1\r\n\r\n")
        whole = b""
        while part := connection.recv(65536):
            whole += part
    return whole.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (gives(b"<html>salah</html>"), ""),
        (gives(b""), ""),
        (gives(b"x" * 100_001), "more than the limit"),
        (gives(b"x" * 100_001, "200 OK", "Transfer-Encoding: chunked"), "can't be reached"),
        (gives(b"", "404 Not Found"), "answers 404"),
        (gives(b"", "503 Busy"), "answers 503"),
        (gives(b"\x1f\x8b", "200 OK", "Content-Encoding: gzip"), "encoding"),
        (lambda connection, _: connection.sendall(b"\0" * 1000), "can't be reached"),
        (lambda connection, _: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"), "reached"),
        (lambda connection, _: None, "can't be reached"),
    ],
)
def test_what_is_no_answer_is_refused_with_the_reason(answer: Answer, reason: str) -> None:
    with serving(answer) as server, source(server.origin) as asked:
        made = chain(server.origin)
        for ask in (asked.ocsp, asked.crl):
            with pytest.raises(RevocationUnavailable) as refused:
                ask(made.leaf.asn1, made.root.asn1)
            assert reason in why(refused)
            assert "127.0.0.1" not in why(refused)


@pytest.mark.parametrize(
    "answer",
    [
        drips(b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 500),
        drips(b"x"),
        lambda connection, _: (
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n"),
            drips(b"x")(connection, b""),
        )[-1],
        lambda connection, _: time.sleep(5),
    ],
)
def test_a_server_that_drips_or_is_silent_holds_nobody_beyond_the_time(answer: Answer) -> None:
    with serving(answer) as server, source(server.origin, seconds=0.6) as asked:
        made = chain(server.origin)
        start = time.monotonic()
        with pytest.raises(RevocationUnavailable):
            asked.crl(made.leaf.asn1, made.root.asn1)
        assert time.monotonic() - start < 2.0


def test_a_body_without_end_is_left_at_the_limit() -> None:
    sent = [0]

    def endless(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while sent[0] < 400_000_000:
            connection.sendall(bytes(65536))
            sent[0] += 65536

    with serving(endless) as server, source(server.origin) as asked:
        made = chain(server.origin)
        with pytest.raises(RevocationUnavailable) as refused:
            asked.crl(made.leaf.asn1, made.root.asn1)
        assert "more than the limit" in why(refused)
    assert sent[0] < 50_000_000


# --- where a server sends to -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://127.0.0.1:{other}/crl", "not on the list"),
        ("http://localhost:{other}/crl", "not on the list"),
        ("http://169.254.169.254/latest/meta-data/", "not on the list"),
        ("http://listed.test/crl", "not public"),
        ("http://listed.test:{other}/crl", "not the usual one"),
        ("//127.0.0.1:{other}/crl", "not on the list"),
        ("file:///etc/passwd", "neither http nor https"),
        ("/crl", "not on the list"),
        ("", "not on the list"),
    ],
)
def test_a_redirect_leads_nowhere_inside(location: str, reason: str) -> None:
    """Not even to an origin of our own: that exception is for what our own certificates name."""
    with serving(gives(b"secret")) as inside, serving(gives(b"")) as server:
        made = chain(server.origin)
        server.answer = gives(b"", "302 Found", f"Location: {location.format(other=inside.port)}")
        listed = {"hosts": frozenset({"listed.test"}), "resolver": lambda _: ["127.0.0.1"]}
        with source(server.origin, inside.origin, **listed) as asked:  # type: ignore[arg-type]
            with pytest.raises(RevocationUnavailable) as refused:
                asked.crl(made.leaf.asn1, made.root.asn1)
            assert reason in why(refused)
            with pytest.raises(RevocationUnavailable) as refused:
                asked.ocsp(made.leaf.asn1, made.root.asn1)
            assert "answers 302" in why(refused)
    assert inside.requests == []


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(gives(b"")) as server, serving(gives(b"")) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.origin)
        monkeypatch.delenv("no_proxy", raising=False)
        made = chain(server.origin)
        server.answer = gives(pki.crl(made.root))
        with source(server.origin) as asked:
            assert asked.crl(made.leaf.asn1, made.root.asn1)
    assert proxy.requests == []


# --- servers that are down -------------------------------------------------------------------------


def test_a_server_that_is_down_is_left_alone_for_a_while_by_everyone(tmp_path: Path) -> None:
    with serving(gives(b"", "500 Oops")) as server:
        shelf = FileShelf(tmp_path / "kept.db")
        first, second = chain(server.origin), chain(server.origin)
        for made in (first, second, first):
            with source(server.origin, down=shelf) as asked, pytest.raises(RevocationUnavailable) as refused:
                asked.ocsp(made.leaf.asn1, made.root.asn1)
        assert len(server.requests) == 1
        assert "a moment ago" in why(refused)
        later = FixedClock(NOW + timedelta(seconds=61))
        addresses = AddressPolicy(own_origins=frozenset({server.origin}))
        with open_client() as client:
            asked = HttpRevocation(client, addresses, later, down=shelf)
            with pytest.raises(RevocationUnavailable):
                asked.ocsp(first.leaf.asn1, first.root.asn1)
        assert len(server.requests) == 2
        shelf.close()


# --- issuers ---------------------------------------------------------------------------------------


def with_issuer_at(url: str, issuer: Holder) -> x509.Certificate:
    from cryptography import x509 as cx  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.x509.oid import AuthorityInformationAccessOID  # noqa: PLC0415

    plain = certificate("Budi", issuer)
    access = cx.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, cx.UniformResourceIdentifier(url))
    builder = cx.CertificateBuilder().subject_name(plain.certificate.subject).issuer_name(issuer.certificate.subject)
    builder = builder.public_key(plain.key.public_key()).serial_number(7).not_valid_before(NOW).not_valid_after(NOW)
    made = builder.add_extension(cx.AuthorityInformationAccess([access]), critical=False)
    return x509.Certificate.load(made.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))


def test_an_issuer_is_fetched_in_every_form_and_only_who_really_issued() -> None:
    issuer, other = certificate("Penerbit", ca=True), certificate("Penerbit", ca=True)
    with serving(gives(b"")) as server, source(server.origin) as asked:
        leaf = with_issuer_at(f"{server.origin}/ca", issuer)
        listed = pkcs7.serialize_certificates([other.certificate, issuer.certificate], serialization.Encoding.DER)
        pem = issuer.certificate.public_bytes(serialization.Encoding.PEM)
        for body in (issuer.der, pem, listed):
            server.answer = gives(body)
            assert asked.issuer(leaf) == issuer.der
        for body in (other.der, b"nonsense", b"", leaf.dump()):
            server.answer = gives(body)
            with pytest.raises(RevocationUnavailable):
                asked.issuer(leaf)
        assert asked.issuer(issuer.asn1) is None


# --- what is kept ----------------------------------------------------------------------------------


class Counting:
    """Gives good answers and counts them."""

    def __init__(self, made: Chain) -> None:
        self.made = made
        self.asked = 0
        self.fails = False

    def ocsp(self, subject: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        self.asked += 1
        if self.fails:
            raise RevocationUnavailable from Rejected("no answer")
        return pki.ocsp_answer(self.made.leaf, self.made.root, self.made.root)

    def crl(self, subject: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        self.asked += 1
        return pki.crl(self.made.root)


MADE = chain("http://pki.test")


def kept(shelf: FileShelf | MemoryShelf, counting: Counting, after: timedelta = timedelta()) -> KeptEvidence:
    return KeptEvidence(counting, shelf, FixedClock(NOW + after))


def test_an_answer_is_asked_for_once_for_all_processes_and_not_for_long(tmp_path: Path) -> None:
    counting = Counting(MADE)
    for _ in range(3):
        shelf = FileShelf(tmp_path / "cache" / "kept.db")
        assert kept(shelf, counting).ocsp(MADE.leaf.asn1, MADE.root.asn1)
        shelf.close()
    assert counting.asked == 1
    shelf = FileShelf(tmp_path / "cache" / "kept.db")
    kept(shelf, counting, timedelta(minutes=6)).ocsp(MADE.leaf.asn1, MADE.root.asn1)
    assert counting.asked == 2
    assert (tmp_path / "cache" / "kept.db").stat().st_mode & 0o077 == 0
    shelf.close()


def test_who_signs_is_asked_about_each_time_and_his_issuers_are_not() -> None:
    counting = Counting(MADE)
    signing = kept(MemoryShelf(), counting).for_signing()
    for _ in range(3):
        assert signing.ocsp(MADE.leaf.asn1, MADE.root.asn1)
        assert signing.crl(MADE.leaf.asn1, MADE.root.asn1)
    assert counting.asked == 6
    for _ in range(3):
        assert signing.crl(MADE.root.asn1, MADE.root.asn1)
    assert counting.asked == 7


def test_a_failure_is_kept_for_a_moment() -> None:
    counting, shelf = Counting(MADE), MemoryShelf()
    counting.fails = True
    for after in (timedelta(), timedelta(seconds=30), timedelta(seconds=59)):
        with pytest.raises(RevocationUnavailable):
            kept(shelf, counting, after).ocsp(MADE.leaf.asn1, MADE.root.asn1)
    assert counting.asked == 1
    counting.fails = False
    assert kept(shelf, counting, timedelta(seconds=61)).ocsp(MADE.leaf.asn1, MADE.root.asn1)


@pytest.mark.parametrize("poison", [b"nonsense", pki.ocsp_answer(MADE.leaf, MADE.root, certificate("Penipu", ca=True))])
def test_what_somebody_else_put_there_is_not_believed(tmp_path: Path, poison: bytes) -> None:
    counting, path = Counting(MADE), tmp_path / "kept.db"
    shelf = FileShelf(path)
    kept(shelf, counting).ocsp(MADE.leaf.asn1, MADE.root.asn1)
    shelf.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE kept SET answer = ?", (poison,))
    connection.close()
    shelf = FileShelf(path)
    answer = kept(shelf, counting).ocsp(MADE.leaf.asn1, MADE.root.asn1)
    assert answer is not None
    assert ocsp.check(answer, MADE.leaf.asn1, MADE.root.asn1).signer.sha256 == MADE.root.asn1.sha256
    assert counting.asked == 2
    shelf.close()


def test_a_broken_cache_is_begun_anew_and_stops_nobody(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    path.write_bytes(b"no database" * 1000)
    shelf = FileShelf(path)
    counting = Counting(MADE)
    for _ in range(3):
        assert kept(shelf, counting).ocsp(MADE.leaf.asn1, MADE.root.asn1)
    assert counting.asked < 3
    shelf.close()
    nowhere = FileShelf(path / "below a file" / "kept.db")
    assert kept(nowhere, counting).ocsp(MADE.leaf.asn1, MADE.root.asn1)


def test_the_cache_is_bounded_in_entries_and_octets(tmp_path: Path) -> None:
    shelf = FileShelf(tmp_path / "kept.db", most=20, most_bytes=50_000)
    for number in range(100):
        shelf.put(f"a{number}", Kept(b"x", "", NOW + timedelta(seconds=number)))
    assert sum(shelf.get(f"a{number}") is not None for number in range(100)) <= 20
    assert shelf.get("a99") is not None
    for number in range(100):
        shelf.put(f"b{number}", Kept(bytes(10_000), "", NOW + timedelta(days=1, seconds=number)))
    assert sum(shelf.get(f"b{number}") is not None for number in range(100)) <= 5
    shelf.close()


_WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from esign.service.shelf import FileShelf
from esign.x509.kept import Kept
shelf = FileShelf(Path(sys.argv[1]))
for number in range(60):
    shelf.put(f"{sys.argv[2]}{number}", Kept(bytes(2000), "", datetime.now(UTC) + timedelta(hours=1)))
print(sum(shelf.get(f"{sys.argv[2]}{number}") is not None for number in range(60)))
"""


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path / "kept.db"), name], stdout=subprocess.PIPE, text=True
        )
        for name in "abc"
    ]
    assert [process.communicate(timeout=60)[0].strip() for process in running] == ["60"] * 3
    assert hashlib.sha256((tmp_path / "kept.db").read_bytes()).digest()
