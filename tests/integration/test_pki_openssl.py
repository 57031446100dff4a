"""OpenSSL judges what the dev CA says, over HTTP and from files."""

import base64
import hashlib
import re
import sqlite3
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import httpx
import pytest
from asn1crypto import pem

from esign.ca.authority import Secret
from esign.ca.dev import DevCa, HolderKind, Subject
from esign.ca.dev.hierarchy import Issuer, Service
from esign.x509 import ocsp, tsp
from esign.x509.clock import SystemClock
from esign.x509.keys import KeyAlgorithm
from esign.x509.revocation import RevocationReason
from tests.live_pki import serving
from tests.programs import call, require_program

PASSPHRASE = "kata sandi rahasia"
HIERARCHIES = [KeyAlgorithm.RSA_3072, KeyAlgorithm.P256]


@dataclass(frozen=True)
class Live:
    """A dev CA that is served, and its files for programs."""

    ca: DevCa
    url: str
    folder: Path
    root: Path

    def pem(self, name: str, *certificates: bytes) -> Path:
        path = self.folder / f"{name}.pem"
        path.write_bytes(b"".join(pem.armor("CERTIFICATE", der) for der in certificates))
        return path

    def issuer(self, issuer: Issuer) -> Path:
        return self.pem(f"issuer-{issuer}", self.ca.own_certificate(issuer).dump())

    def holder(self, holder: str) -> Path:
        found = self.ca.credential(holder).certificate
        assert found is not None
        return self.pem(holder, found.dump())


@pytest.fixture(scope="module", params=HIERARCHIES)
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("live")
    with serving(folder / "dev", hierarchy=request.param) as (ca, url):
        yield Live(ca, url, folder, ca.folder.root_file)


@pytest.fixture
def budi(live: Live, request: pytest.FixtureRequest) -> str:
    """A holder of the test's own."""
    holder = "b" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]
    live.ca.issue(holder, Subject("Budi", "Pemkab"), Secret(PASSPHRASE), key=KeyAlgorithm.P256)
    return holder


def openssl(*arguments: str | Path, stdin: bytes | None = None) -> CompletedProcess[bytes]:
    return call([require_program("openssl"), *arguments], stdin=stdin)


def said(result: CompletedProcess[bytes]) -> str:
    return (result.stdout + result.stderr).decode()


# --- OCSP


def ask_ocsp(live: Live, certificate: Path, issuer: Issuer, *more: str) -> str:
    result = openssl(
        "ocsp", "-issuer", live.issuer(issuer), "-cert", certificate, "-url", f"{live.url}/ocsp", "-CAfile", live.root,
        "-verify_other", live.issuer(issuer), "-header", "Host=127.0.0.1", "-timeout", "10", *more,
    )  # fmt: skip
    assert result.returncode == 0, said(result)
    assert "Response verify OK" in said(result)
    assert "WARNING" not in said(result)
    return said(result)


@pytest.mark.parametrize("digest", ["-sha1", "-sha256", "-sha384"])
def test_ocsp_says_good_to_openssl_with_its_nonce(live: Live, budi: str, digest: str) -> None:
    result = openssl(
        "ocsp", digest, "-issuer", live.issuer(Issuer.PERSONS), "-cert", live.holder(budi), "-url",
        f"{live.url}/ocsp", "-CAfile", live.root,
    )  # fmt: skip
    assert result.returncode == 0, said(result)
    assert "Response verify OK" in said(result)
    assert "WARNING" not in said(result)
    assert f"{live.holder(budi)}: good" in said(result)


def test_ocsp_follows_suspension_resumption_and_revocation(live: Live, budi: str) -> None:
    certificate = live.holder(budi)
    live.ca.suspend(budi)
    answer = ask_ocsp(live, certificate, Issuer.PERSONS)
    assert ": revoked" in answer
    assert "Reason: certificateHold" in answer
    live.ca.resume(budi)
    assert ": good" in ask_ocsp(live, certificate, Issuer.PERSONS)
    live.ca.revoke(budi, RevocationReason.KEY_COMPROMISE)
    answer = ask_ocsp(live, certificate, Issuer.PERSONS)
    assert ": revoked" in answer
    assert "Reason: keyCompromise" in answer
    assert re.search(r"Revocation Time: \w+ +\d+ .* GMT", answer)


def test_ocsp_answers_for_the_ca_s_own_certificates(live: Live) -> None:
    for role, issuer in (
        (Issuer.PERSONS, Issuer.ROOT),
        (Issuer.SEALS, Issuer.ROOT),
        (Service.TIMESTAMPS, Issuer.PERSONS),
    ):
        certificate = live.pem(f"role-{role}", live.ca.own_certificate(role).dump())
        assert ": good" in ask_ocsp(live, certificate, issuer)


def test_ocsp_knows_nothing_of_a_serial_number_that_it_never_gave(live: Live) -> None:
    result = openssl(
        "ocsp", "-issuer", live.issuer(Issuer.PERSONS), "-serial", "0x1234", "-url", f"{live.url}/ocsp",
        "-CAfile", live.root,
    )  # fmt: skip
    assert "0x1234: unknown" in said(result)
    assert "Response verify OK" in said(result)


def test_ocsp_judges_no_certificate_of_others(live: Live, budi: str) -> None:
    stranger = Path(__file__).parents[1] / "letters/foreign-root.pem"
    result = openssl("ocsp", "-issuer", stranger, "-serial", "1", "-url", f"{live.url}/ocsp", "-CAfile", live.root)
    assert "unauthorized (6)" in said(result)


def test_one_request_may_ask_for_several(live: Live, budi: str) -> None:
    stamper = live.pem("tsa", live.ca.own_certificate(Service.TIMESTAMPS).dump())
    answer = ask_ocsp(live, live.holder(budi), Issuer.PERSONS, "-cert", str(stamper))
    assert answer.count(": good") == 2


def test_an_answer_in_process_verifies_from_a_file(live: Live, budi: str) -> None:
    credential = live.ca.credential(budi)
    assert credential.certificate is not None
    response = live.ca.revocation().ocsp(credential.certificate, credential.chain[0])
    assert response is not None
    path = live.folder / "response.der"
    path.write_bytes(response)
    result = openssl(
        "ocsp", "-respin", path, "-sha256", "-issuer", live.issuer(Issuer.PERSONS), "-cert", live.holder(budi),
        "-CAfile", live.root, "-no_nonce",
    )  # fmt: skip
    assert "Response verify OK" in said(result)
    assert ": good" in said(result)


def question(live: Live, holder: str, nonce: bytes | None = None) -> bytes:
    credential = live.ca.credential(holder)
    assert credential.certificate is not None
    return ocsp.request(credential.certificate, credential.chain[0], nonce=nonce, digest_algorithm="sha1")


@pytest.mark.parametrize("quote", [urllib.parse.quote_plus, urllib.parse.quote, str])
def test_ocsp_by_get_takes_every_spelling_and_may_be_cached(live: Live, budi: str, quote: object) -> None:
    assert callable(quote)
    credential = live.ca.credential(budi)
    assert credential.certificate is not None
    spelt = quote(base64.b64encode(question(live, budi)).decode())
    for slashes in ("/", "//"):
        answer = httpx.get(f"{live.url}/ocsp{slashes}{spelt}")
        assert answer.headers["content-type"] == "application/ocsp-response"
        assert ocsp.check(answer.content, credential.certificate, credential.chain[0])
        assert re.fullmatch(r"max-age=\d+, public, no-transform, must-revalidate", answer.headers["cache-control"])
        assert answer.headers["expires"].endswith("GMT")
        assert answer.headers["last-modified"].endswith("GMT")
        assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'


def test_ocsp_by_get_with_slashes_and_pluses_in_the_base64(live: Live) -> None:
    """A nonce that makes both certain."""
    holder = "slashes"
    live.ca.issue(holder, Subject("Garis", "Pemkab"), Secret(PASSPHRASE), key=KeyAlgorithm.P256)
    texts = (
        base64.b64encode(question(live, holder, nonce=bytes([octet]) * 32)).decode() for octet in (0xFF, 0xFB, 0xEF)
    )
    text = next(text for text in texts if ("/" in text and "+" in text) or "//" in text)
    credential = live.ca.credential(holder)
    assert credential.certificate is not None
    for spelt in (text, urllib.parse.quote(text, safe="")):
        answer = httpx.get(f"{live.url}/ocsp/{spelt}")
        assert ocsp.check(answer.content, credential.certificate, credential.chain[0])
        assert answer.headers["cache-control"] == "no-store"


def test_rubbish_gets_the_protocol_s_own_refusal(live: Live) -> None:
    malformed = b"\x30\x03\x0a\x01\x01"
    assert httpx.post(f"{live.url}/ocsp", content=b"rubbish").content == malformed
    assert httpx.post(f"{live.url}/ocsp", content=bytes(100_000)).content == malformed
    for path in ("!!", "AAAA", "A" * 40_000):
        assert httpx.get(f"{live.url}/ocsp/{path}").content == malformed
    assert httpx.get(f"{live.url}/ocsp").status_code == 405


# --- chains and CRLs


def verify(live: Live, certificate: Path, *more: str | Path) -> CompletedProcess[bytes]:
    crls = live.folder / "crls.pem"
    crls.write_bytes(
        b"".join(pem.armor("X509 CRL", httpx.get(f"{live.url}/crl/{issuer}.crl").content) for issuer in Issuer)
    )
    bundle = live.folder / "bundle.pem"
    bundle.write_bytes(httpx.get(f"{live.url}/certs/bundle.pem").content)
    return openssl(
        "verify", "-x509_strict", "-policy_check", "-crl_check_all", "-CRLfile", crls, "-CAfile", live.root,
        "-untrusted", bundle, *more, certificate,
    )  # fmt: skip


def test_openssl_verifies_chains_with_crls_strictly(live: Live, budi: str) -> None:
    live.ca.issue(f"{budi}-seal", Subject("Dinas", "Pemkab"), Secret(PASSPHRASE), kind=HolderKind.SEAL)
    for certificate in (
        live.holder(budi),
        live.holder(f"{budi}-seal"),
        *(live.pem(f"role-{role}", live.ca.own_certificate(role).dump()) for role in Service),
    ):
        result = verify(live, certificate)
        assert result.returncode == 0, said(result)
    stamper = live.pem("tsa", live.ca.own_certificate(Service.TIMESTAMPS).dump())
    assert verify(live, stamper, "-purpose", "timestampsign").returncode == 0


def test_the_crl_follows_suspension_resumption_and_revocation(live: Live, budi: str) -> None:
    certificate = live.holder(budi)
    live.ca.suspend(budi)
    assert "certificate revoked" in said(verify(live, certificate))
    live.ca.resume(budi)
    assert verify(live, certificate).returncode == 0
    live.ca.revoke(budi, RevocationReason.PRIVILEGE_WITHDRAWN)
    assert "certificate revoked" in said(verify(live, certificate))
    text = said(
        openssl("crl", "-inform", "DER", "-noout", "-text", stdin=httpx.get(f"{live.url}/crl/persons.crl").content)
    )
    assert "Privilege Withdrawn" in text
    assert "X509v3 CRL Number" in text
    assert "X509v3 Authority Key Identifier" in text


def test_a_crl_may_be_cached_briefly(live: Live) -> None:
    answer = httpx.get(f"{live.url}/crl/root.crl")
    assert answer.headers["content-type"] == "application/pkix-crl"
    assert re.fullmatch(r"max-age=\d+, public, no-transform, must-revalidate", answer.headers["cache-control"])


def test_certificates_are_where_other_certificates_say(live: Live, budi: str) -> None:
    text = said(openssl("x509", "-in", live.holder(budi), "-noout", "-text"))
    address = re.search(r"CA Issuers - URI:(\S+)", text)
    assert address is not None
    answer = httpx.get(address[1])
    assert answer.headers["content-type"] == "application/pkix-cert"
    assert answer.content == live.ca.own_certificate(Issuer.PERSONS).dump()
    crl = re.search(r"URI:(\S+\.crl)", text)
    assert crl is not None
    assert httpx.get(crl[1]).status_code == 200
    policy = re.search(r"CPS: (\S+)", text)
    assert policy is not None
    assert "development" in httpx.get(policy[1]).text
    assert httpx.get(f"{live.url}/certs/root.cer").content == live.ca.roots()[0].dump()
    assert httpx.get(f"{live.url}/certs/siapa.cer").status_code == 404
    assert httpx.get(f"{live.url}/crl/siapa.crl").status_code == 404


# --- time-stamps


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("more", [[], ["-no_nonce"], ["-tspolicy", "2.25.68151366818610490459847971396171161717.3"]])
def test_openssl_verifies_time_stamps(live: Live, tmp_path: Path, digest: str, more: list[str]) -> None:
    letter, query, reply = tmp_path / "letter", tmp_path / "letter.tsq", tmp_path / "letter.tsr"
    letter.write_bytes(b"surat")
    made = openssl("ts", "-query", "-data", letter, f"-{digest}", "-cert", "-out", query, *more)
    assert made.returncode == 0, said(made)
    answer = httpx.post(
        f"{live.url}/tsa", content=query.read_bytes(), headers={"Content-Type": "application/timestamp-query"}
    )
    assert answer.headers["content-type"] == "application/timestamp-reply"
    reply.write_bytes(answer.content)
    for option, file in (("-queryfile", query), ("-data", letter)):
        result = openssl("ts", "-verify", "-in", reply, option, file, "-CAfile", live.root)
        assert "Verification: OK" in said(result), said(result)
    letter.write_bytes(b"surat lain")
    assert openssl("ts", "-verify", "-in", reply, "-data", letter, "-CAfile", live.root).returncode != 0


def test_a_time_stamp_without_certificates_verifies_with_them_at_hand(live: Live, tmp_path: Path) -> None:
    query, reply = tmp_path / "q.tsq", tmp_path / "r.tsr"
    query.write_bytes(tsp.request(bytes(32), "sha256", with_certificates=False))
    reply.write_bytes(httpx.post(f"{live.url}/tsa", content=query.read_bytes()).content)
    chain = live.pem("tsa-chain", *(found.dump() for found in live.ca.timestamps().certificates()))
    result = openssl("ts", "-verify", "-in", reply, "-queryfile", query, "-CAfile", live.root, "-untrusted", chain)
    assert "Verification: OK" in said(result), said(result)


def test_refused_time_stamps_are_read_by_openssl(live: Live, tmp_path: Path) -> None:
    reply = tmp_path / "r.tsr"
    for query, because in (
        (tsp.request(bytes(20), "sha1"), "unrecognized or unsupported algorithm identifier"),
        (tsp.request(bytes(32), "sha256", policy="1.2.3.4"), "the requested TSA policy is not supported"),
        (b"rubbish", "the data submitted has the wrong format"),
        (bytes(100_000), "the data submitted has the wrong format"),
    ):
        answer = httpx.post(f"{live.url}/tsa", content=query)
        assert answer.status_code == 200
        reply.write_bytes(answer.content)
        text = said(openssl("ts", "-reply", "-in", reply, "-text"))
        assert "Status: Rejected." in text
        assert because in text


# --- keys at rest


def test_openssl_opens_a_signer_s_key_with_its_passphrase_and_no_other(live: Live, budi: str, tmp_path: Path) -> None:

    connection = sqlite3.connect(live.ca.folder.database)
    (sealed,) = connection.execute(
        "SELECT pkcs8 FROM private_key JOIN certificate ON private_key = id WHERE holder = ?", (budi,)
    ).fetchone()
    connection.close()
    key = tmp_path / "key.der"
    key.write_bytes(sealed)
    parsed = said(openssl("asn1parse", "-inform", "DER", "-in", key))
    assert "scrypt" in parsed
    assert "aes-256-cbc" in parsed
    opened = openssl("pkey", "-inform", "DER", "-in", key, "-passin", f"pass:{PASSPHRASE}", "-pubout")
    certified = openssl("x509", "-in", live.holder(budi), "-noout", "-pubkey")
    assert opened.stdout == certified.stdout
    assert openssl("pkey", "-inform", "DER", "-in", key, "-passin", "pass:salah sandi").returncode != 0


def test_clock_is_the_system_s(live: Live) -> None:
    time = tsp.check(live.ca.timestamps().token(bytes(32), "sha256")).time
    assert abs((SystemClock().now() - time).total_seconds()) < 5
