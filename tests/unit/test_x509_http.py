import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from asn1crypto import x509

from esign.ca.authority import Secret
from esign.ca.dev import DevCa, Subject
from esign.ca.dev.hierarchy import Issuer, Service
from esign.errors import ClockWrong, RevocationUnavailable, TimestampUnavailable
from esign.x509 import keys, ocsp, tsp
from esign.x509.addresses import AddressPolicy
from esign.x509.cache import CachedRevocation
from esign.x509.clock import FixedClock
from esign.x509.exchange import Limits
from esign.x509.http import HttpRevocation, HttpTimestamps
from esign.x509.keys import KeyAlgorithm
from esign.x509.revocation import RevocationState
from esign.x509.trust import TrustStore
from tests import pki
from tests.pki import NOW, Holder, certificate, ocsp_answer

DIGEST = hashlib.sha256(b"surat").digest()
TSA = "http://tsa.test/tsa?token=rahasia-di-alamat"
Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevCa]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(keys, "SCRYPT_COST", 2)
        folder: Path = tmp_path_factory.mktemp("ca") / "dev"
        with DevCa.create(folder, "http://ca.test/pki", FixedClock(NOW), hierarchy=KeyAlgorithm.P256) as made:
            made.issue("budi", Subject("Budi", "Pemkab"), Secret("rahasia123"), key=KeyAlgorithm.P256)
            yield made


def client(answer: Answer) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(answer))


def gives(content: bytes, status: int = 200, **headers: str) -> Answer:
    return lambda _: httpx.Response(status, content=content, headers=headers)


# --- time-stamps


def stamps(
    ca: DevCa, answer: Answer | None = None, *, trust: TrustStore | None = None, **more: object
) -> HttpTimestamps:
    honest: Answer = lambda request: httpx.Response(200, content=ca.timestamp_authority.reply(request.content))  # noqa: E731
    clock = more.pop("clock", FixedClock(NOW))
    return HttpTimestamps(client(answer or honest), TSA, trust or ca.trust(), clock, **more)  # type: ignore[arg-type]


def test_a_time_stamp_is_fetched_and_its_chain_is_known_afterwards(ca: DevCa) -> None:
    source = stamps(ca)
    assert source.certificates() == ()
    timestamp = tsp.check(source.token(DIGEST, "sha256"), DIGEST)
    assert timestamp.time == NOW
    assert [found.sha256 for found in source.certificates()] == [
        found.sha256 for found in ca.timestamps().certificates()
    ]


def test_the_request_is_a_time_stamp_query_with_nonce_and_credentials(ca: DevCa) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=ca.timestamp_authority.reply(request.content))

    source = stamps(ca, answer, auth=httpx.BasicAuth("opd", "rahasia"))
    first, second = (tsp.check(source.token(DIGEST, "sha256")) for _ in range(2))
    assert first.nonce != second.nonce
    assert seen[0].method == "POST"
    assert seen[0].headers["content-type"] == "application/timestamp-query"
    assert seen[0].headers["authorization"].startswith("Basic ")
    assert seen[0].headers["accept-encoding"] == "identity"


def test_a_replayed_time_stamp_is_refused(ca: DevCa) -> None:
    for query in (
        tsp.request(DIGEST, "sha256", nonce=1),
        tsp.request(DIGEST, "sha256"),
        tsp.request(bytes(32), "sha256"),
    ):
        with pytest.raises(TimestampUnavailable):
            stamps(ca, gives(ca.timestamp_authority.reply(query))).token(DIGEST, "sha256")


@pytest.mark.parametrize(
    "answer",
    [
        gives(b""),
        gives(b"<html>salah alamat</html>"),
        gives(b"x" * 300_000),
        gives(b"", 500),
        gives(b"", 302, location="http://tsa.test/lain"),
        gives(b"", 401),
        gives(b"\x1f\x8b", 200, **{"Content-Encoding": "gzip"}),
    ],
)
def test_what_is_no_time_stamp_is_refused(ca: DevCa, answer: Answer) -> None:
    with pytest.raises(TimestampUnavailable):
        stamps(ca, answer).token(DIGEST, "sha256")


def test_a_server_that_is_down_is_told(ca: DevCa) -> None:
    def down(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(TimestampUnavailable) as told:
        stamps(ca, down).token(DIGEST, "sha256")
    assert "rahasia-di-alamat" not in f"{told.value!r}{told.value.__cause__!r}"


def test_a_server_that_drips_is_left(ca: DevCa, monkeypatch: pytest.MonkeyPatch) -> None:
    passed = iter(range(0, 1000, 3))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(passed)))

    class Drip(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield from (b"\x30" for _ in range(100))

    with pytest.raises(TimestampUnavailable) as told:
        stamps(ca, lambda _: httpx.Response(200, stream=Drip())).token(DIGEST, "sha256")
    assert "too slowly" in str(told.value.__cause__)


def test_a_time_stamp_authority_that_nobody_trusts_is_refused(ca: DevCa) -> None:
    other = TrustStore((certificate("Root", ca=True).asn1,))
    with pytest.raises(TimestampUnavailable) as told:
        stamps(ca, trust=other).token(DIGEST, "sha256")
    assert "no trusted root" in str(told.value.__cause__)


def test_another_policy_than_was_asked_for_is_refused(ca: DevCa) -> None:
    def ignore_policy(request: httpx.Request) -> httpx.Response:
        query = request.content.replace(b"\x06\x03\x2a\x03\x04", b"")
        query = bytes((0x30, len(query) - 2)) + query[2:]
        return httpx.Response(200, content=ca.timestamp_authority.reply(query))

    with pytest.raises(TimestampUnavailable) as told:
        stamps(ca, ignore_policy, policy="1.2.3.4").token(DIGEST, "sha256")
    assert "another policy" in str(told.value.__cause__)


@pytest.mark.parametrize("off", [timedelta(seconds=62), timedelta(seconds=-62)])
def test_a_clock_that_is_off_is_told(ca: DevCa, off: timedelta) -> None:
    with pytest.raises(ClockWrong) as told:
        stamps(ca, clock=FixedClock(NOW + off)).token(DIGEST, "sha256")
    assert told.value.details["seconds"] == 62
    assert stamps(ca, clock=FixedClock(NOW + off / 2)).token(DIGEST, "sha256")


def test_nothing_after_the_question_mark_is_logged(ca: DevCa, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "httpx"):  # whose level a server lowers
        stamps(ca, auth=httpx.BasicAuth("opd", "sandi-rahasia")).token(DIGEST, "sha256")
    assert "tsa.test" in caplog.text
    assert "rahasia" not in caplog.text


# --- revocation data


def public(ca: DevCa) -> AddressPolicy:
    return AddressPolicy(own_origins=frozenset({"http://ca.test"}))


def pki_server(ca: DevCa) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/pki/ocsp":
            assert request.headers["content-type"] == "application/ocsp-request"
            return httpx.Response(200, content=ca.responders.reply(request.content).der)
        issuer = Issuer(request.url.path.removeprefix("/pki/crl/").removesuffix(".crl"))
        return httpx.Response(200, content=ca.revocation_lists.current(issuer).der)

    return answer


def budi(ca: DevCa) -> tuple[x509.Certificate, x509.Certificate]:
    credential = ca.credential("budi")
    assert credential.certificate is not None
    return credential.certificate, credential.chain[0]


@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_ocsp_and_crl_are_fetched_from_where_the_certificate_says(ca: DevCa, digest: str) -> None:
    source = HttpRevocation(client(pki_server(ca)), public(ca), FixedClock(NOW), certificate_id_digest=digest)
    response = source.ocsp(*budi(ca))
    assert response is not None
    assert ocsp.check(response, *budi(ca)).state is RevocationState.GOOD
    assert source.crl(*budi(ca)) == ca.revocation_lists.current(Issuer.PERSONS).der


def test_a_certificate_without_addresses_has_none_to_ask(ca: DevCa) -> None:
    source = HttpRevocation(client(pki_server(ca)), public(ca), FixedClock(NOW))
    root = ca.roots()[0]
    assert source.ocsp(root, root) is None
    assert source.crl(root, root) is None


def test_addresses_that_are_not_allowed_are_never_asked(ca: DevCa) -> None:
    def never(_: httpx.Request) -> httpx.Response:
        raise AssertionError

    source = HttpRevocation(client(never), AddressPolicy(), FixedClock(NOW))
    for ask in (source.ocsp, source.crl):
        with pytest.raises(RevocationUnavailable):
            ask(*budi(ca))


def test_a_listed_host_is_asked_by_its_judged_address_under_its_name() -> None:
    root = certificate("CA", ca=True)
    leaf = certificate("Budi", root, ocsp_url="https://va.bsre.go.id/ocsp")
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=ocsp_answer(leaf, root, root))

    policy = AddressPolicy(resolver=lambda _: ["103.1.2.3"])
    assert HttpRevocation(client(answer), policy, FixedClock(NOW)).ocsp(leaf.asn1, root.asn1) is not None
    assert seen[0].url == "https://103.1.2.3/ocsp"
    assert seen[0].headers["host"] == "va.bsre.go.id"
    assert seen[0].extensions["sni_hostname"] == "va.bsre.go.id"


def test_a_listed_host_may_send_to_another_and_each_name_is_looked_up_once_a_request() -> None:
    root = certificate("CA", ca=True)
    leaf = certificate("Budi", root, crl_url="http://va.bsre.go.id/crl")
    seen: list[str] = []
    looked_up: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.url} {request.headers['host']}")
        if request.headers["host"] == "va.bsre.go.id":
            return httpx.Response(301, headers={"location": "https://crl.rootca.id/list.crl"})
        return httpx.Response(200, content=pki.crl(root))

    def resolver(host: str) -> list[str]:
        # Who answers otherwise the second time reaches nothing: each request goes where its look-up was judged.
        looked_up.append(host)
        return ["103.1.2.3" if looked_up.count(host) == 1 else "127.0.0.1"]

    source = HttpRevocation(client(answer), AddressPolicy(resolver=resolver), FixedClock(NOW))
    assert source.crl(leaf.asn1, root.asn1) is not None
    assert seen == ["http://103.1.2.3/crl va.bsre.go.id", "https://103.1.2.3/list.crl crl.rootca.id"]
    assert looked_up == ["va.bsre.go.id", "crl.rootca.id"]
    with pytest.raises(RevocationUnavailable):
        source.crl(leaf.asn1, root.asn1)
    assert len(seen) == 2


def test_redirects_in_a_circle_end() -> None:
    root = certificate("CA", ca=True)
    leaf = certificate("Budi", root, crl_url="http://va.bsre.go.id/crl")
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(302, headers={"location": "/crl"})

    source = HttpRevocation(client(answer), AddressPolicy(resolver=lambda _: ["103.1.2.3"]), FixedClock(NOW))
    with pytest.raises(RevocationUnavailable):
        source.crl(leaf.asn1, root.asn1)
    assert len(seen) == 3


@pytest.fixture(scope="module")
def root() -> Holder:
    return certificate("CA", ca=True)


@pytest.fixture(scope="module")
def leaf(root: Holder) -> Holder:
    return certificate("Budi", root, ocsp_url="http://ca.test/ocsp", crl_url="http://ca.test/crl")


@pytest.mark.parametrize(
    ("this_update", "next_update", "fine"),
    [
        (timedelta(), timedelta(hours=1), True),
        (timedelta(seconds=30), timedelta(hours=1), True),
        (timedelta(minutes=5), timedelta(hours=1), False),
        (timedelta(hours=-2), timedelta(hours=-1), False),
        (timedelta(days=-30), None, True),
    ],
)
def test_answers_from_the_future_and_stale_ones_are_refused(
    root: Holder, leaf: Holder, this_update: timedelta, next_update: timedelta | None, fine: bool
) -> None:
    end = None if next_update is None else NOW + next_update
    responses = {"/ocsp": ocsp_answer(leaf, root, root, this_update=NOW + this_update, next_update=end)}
    if end is not None:
        responses["/crl"] = pki.crl(root, this_update=NOW + this_update, next_update=end)
    policy = AddressPolicy(own_origins=frozenset({"http://ca.test"}))
    source = HttpRevocation(
        client(lambda request: httpx.Response(200, content=responses[request.url.path])), policy, FixedClock(NOW)
    )
    for ask in (source.ocsp, source.crl)[: len(responses)]:
        if fine:
            assert ask(leaf.asn1, root.asn1) in responses.values()
        else:
            with pytest.raises(RevocationUnavailable):
                ask(leaf.asn1, root.asn1)


@pytest.mark.parametrize("answer", [gives(b""), gives(b"rubbish"), gives(b"", 404), gives(bytes(300_000))])
def test_what_is_no_revocation_data_is_refused(root: Holder, leaf: Holder, answer: Answer) -> None:
    policy = AddressPolicy(own_origins=frozenset({"http://ca.test"}))
    source = HttpRevocation(client(answer), policy, FixedClock(NOW), crl_limits=Limits(largest=1000))
    for ask in (source.ocsp, source.crl):
        with pytest.raises(RevocationUnavailable):
            ask(leaf.asn1, root.asn1)


def test_unknown_is_no_answer_to_keep(ca: DevCa) -> None:
    issuer = ca.own_certificate(Issuer.PERSONS)
    forged = x509.Certificate.load(budi(ca)[0].dump())
    forged["tbs_certificate"]["serial_number"] = 1234
    forged = x509.Certificate.load(forged.dump(force=True))
    source = HttpRevocation(client(pki_server(ca)), public(ca), FixedClock(NOW))
    with pytest.raises(RevocationUnavailable) as told:
        source.ocsp(forged, issuer)
    assert "does not know" in str(told.value.__cause__)


# --- cache


class Counting:
    """Counts what is asked of another source."""

    def __init__(self, ca: DevCa) -> None:
        self._source = HttpRevocation(client(pki_server(ca)), public(ca), FixedClock(NOW))
        self.asked = 0

    def ocsp(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        self.asked += 1
        return self._source.ocsp(certificate, issuer)

    def crl(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        self.asked += 1
        return self._source.crl(certificate, issuer)


@pytest.mark.parametrize("kind", ["ocsp", "crl"])
def test_answers_for_cas_and_time_stamps_are_kept_and_those_for_signers_are_not(ca: DevCa, kind: str) -> None:
    for certificate_, issuer, expected in (
        (ca.own_certificate(Issuer.PERSONS), ca.roots()[0], 1),
        (ca.own_certificate(Service.TIMESTAMPS), ca.own_certificate(Issuer.PERSONS), 1),
        (*budi(ca), 3),
    ):
        source = Counting(ca)
        cached = CachedRevocation(source, FixedClock(NOW))
        for _ in range(3):
            assert getattr(cached, kind)(certificate_, issuer) is not None
        assert source.asked == expected


def test_the_cache_is_bounded(ca: DevCa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("esign.x509.cache.MOST_KEPT", 1)
    source = Counting(ca)
    cached = CachedRevocation(source, FixedClock(NOW))
    for role in (Issuer.PERSONS, Issuer.SEALS, Issuer.PERSONS):
        cached.ocsp(ca.own_certificate(role), ca.roots()[0])
    assert source.asked == 3
