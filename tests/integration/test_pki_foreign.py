"""What OpenSSL, as somebody else's CA, responder and time-stamp authority, says is understood."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import x509

from esign.x509 import chains, crl, ocsp, tsp
from esign.x509.rejection import Rejected
from esign.x509.revocation import RevocationReason, RevocationState
from esign.x509.trust import TrustStore, read_certificates
from tests.programs import call, require_program

_CONFIG = """
[ca]
default_ca = own
[own]
dir = {dir}
database = {dir}/index.txt
new_certs_dir = {dir}
serial = {dir}/serial
crlnumber = {dir}/crlnumber
certificate = {dir}/ca.pem
private_key = {dir}/ca.key
default_md = sha384
default_days = 30
default_crl_days = 1
policy = any
unique_subject = no
[any]
commonName = supplied
[leaf]
basicConstraints = CA:false
keyUsage = critical, digitalSignature, nonRepudiation
[ocsp]
basicConstraints = CA:false
extendedKeyUsage = OCSPSigning
[tsa]
basicConstraints = CA:false
extendedKeyUsage = critical, timeStamping
[stamping]
serial = {dir}/tsaserial
crypto_device = builtin
signer_cert = {dir}/tsa.pem
signer_key = {dir}/tsa.key
certs = {dir}/ca.pem
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256, sha512
accuracy = secs:1, millisecs:500, microsecs:100
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = {ess}
"""


@dataclass(frozen=True)
class OpenSslCa:
    """A CA in a folder, driven by ``openssl ca``."""

    folder: Path
    openssl: Path

    def run(self, *arguments: str | Path, stdin: bytes | None = None) -> bytes:
        result = call([self.openssl, *arguments], stdin=stdin)
        assert result.returncode == 0, (result.stdout + result.stderr).decode()
        return result.stdout

    def config(self, ess: str = "sha256") -> Path:
        path = self.folder / "ca.cnf"
        path.write_text(_CONFIG.format(dir=self.folder, ess=ess))
        return path

    def issue(self, name: str, profile: str) -> x509.Certificate:
        key, request, certificate = (self.folder / f"{name}.{kind}" for kind in ("key", "csr", "pem"))
        self.run("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key)
        self.run("req", "-new", "-key", key, "-subj", f"/CN={name}", "-out", request)
        self.run(
            "ca", "-batch", "-notext", "-config", self.config(), "-extensions", profile, "-in", request, "-out",
            certificate,
        )  # fmt: skip
        return self.read(name)

    def read(self, name: str) -> x509.Certificate:
        (certificate,) = read_certificates((self.folder / f"{name}.pem").read_bytes())
        return certificate

    def trust(self) -> TrustStore:
        return TrustStore((self.read("ca"),))


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> OpenSslCa:
    made = OpenSslCa(tmp_path_factory.mktemp("openssl"), require_program("openssl"))
    made.run(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Foreign CA", "-days", "60", "-keyout",
        made.folder / "ca.key", "-out", made.folder / "ca.pem", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
    )  # fmt: skip
    (made.folder / "index.txt").touch()
    for name in ("serial", "crlnumber", "tsaserial"):
        (made.folder / name).write_text("10\n")
    for name, profile in (("budi", "leaf"), ("ani", "leaf"), ("ocsp", "ocsp"), ("tsa", "tsa")):
        made.issue(name, profile)
    made.run("ca", "-config", made.config(), "-revoke", made.folder / "ani.pem", "-crl_reason", "superseded")
    return made


def test_its_chains_stand(ca: OpenSslCa) -> None:
    for name in ("budi", "ani", "ocsp", "tsa"):
        assert chains.build(ca.read(name), ca.trust(), at=datetime.now(UTC)) is not None


@pytest.mark.parametrize("more", [[], ["-resp_key_id"], ["-resp_no_certs"], ["-nmin", "5"], ["-rmd", "sha512"]])
@pytest.mark.parametrize("signer", ["ca", "ocsp"])
def test_its_ocsp_answers_are_understood(ca: OpenSslCa, tmp_path: Path, signer: str, more: list[str]) -> None:
    request, response = tmp_path / "request", tmp_path / "response"
    for name, state in (("budi", RevocationState.GOOD), ("ani", RevocationState.REVOKED)):
        nonce = ocsp.new_nonce()
        request.write_bytes(ocsp.request(ca.read(name), ca.read("ca"), nonce=nonce))
        ca.run(
            "ocsp", "-index", ca.folder / "index.txt", "-CA", ca.folder / "ca.pem", "-rsigner",
            ca.folder / f"{signer}.pem", "-rkey", ca.folder / f"{signer}.key", "-reqin", request, "-respout", response,
            *more,
        )  # fmt: skip

        if signer == "ocsp" and "-resp_no_certs" in more:
            with pytest.raises(Rejected, match="not in it"):
                ocsp.check(response.read_bytes(), ca.read(name), ca.read("ca"), nonce=nonce)
            continue
        answer = ocsp.check(response.read_bytes(), ca.read(name), ca.read("ca"), nonce=nonce)
        assert answer.state is state
        assert answer.signer.sha256 == ca.read(signer).sha256
        assert answer.digest_algorithm == ("sha512" if "-rmd" in more else "sha256")
        assert answer.freshness == (timedelta(minutes=5) if "-nmin" in more else None)
        if state is RevocationState.REVOKED:
            assert answer.reason is RevocationReason.SUPERSEDED


def test_its_crl_is_understood(ca: OpenSslCa) -> None:
    text = ca.run("ca", "-config", ca.config(), "-gencrl")
    encoded = ca.run("crl", "-outform", "DER", stdin=text)
    assert crl.check(encoded, ca.read("budi"), ca.read("ca")).state is RevocationState.GOOD
    answer = crl.check(encoded, ca.read("ani"), ca.read("ca"))
    assert (answer.state, answer.reason) == (RevocationState.REVOKED, RevocationReason.SUPERSEDED)
    assert (answer.digest_algorithm, answer.freshness) == ("sha384", timedelta(days=1))


@pytest.mark.parametrize("ess", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_its_time_stamps_are_understood(ca: OpenSslCa, tmp_path: Path, ess: str, algorithm: str) -> None:
    """SHA-1 makes the older signing-certificate attribute, which many authorities still write."""
    query, reply, digest = tmp_path / "query", tmp_path / "reply", hashlib.new(algorithm, b"surat").digest()
    nonce = tsp.new_nonce()
    query.write_bytes(tsp.request(digest, algorithm, nonce=nonce))
    ca.run("ts", "-reply", "-config", ca.config(ess), "-section", "stamping", "-queryfile", query, "-out", reply)
    timestamp = tsp.check(tsp.token_of(reply.read_bytes()), digest, nonce=nonce)
    assert timestamp.accuracy == timedelta(seconds=1, milliseconds=500, microseconds=100)
    assert (timestamp.policy, timestamp.imprint_algorithm) == ("1.2.3.4", algorithm)
    assert chains.build(timestamp.signer, ca.trust(), timestamp.certificates, at=timestamp.time) is not None
    assert abs(timestamp.time - datetime.now(UTC)) < timedelta(minutes=1)


def test_its_refusals_are_understood(ca: OpenSslCa, tmp_path: Path) -> None:
    query, reply = tmp_path / "query", tmp_path / "reply"
    query.write_bytes(tsp.request(bytes(48), "sha384"))
    ca.run("ts", "-reply", "-config", ca.config(), "-section", "stamping", "-queryfile", query, "-out", reply)
    with pytest.raises(Rejected, match="rejection: bad_alg"):
        tsp.token_of(reply.read_bytes())
