"""What the public check asks of others, and what of the settings: trust, policy, hosts, offline."""

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from asn1crypto import pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from esign.errors import ConfigurationError
from esign.pdf.sandbox import InProcess
from esign.service import trusted
from esign.service.evidence import RoutedEvidence, outside
from esign.settings import Settings
from esign.verify.evidence import Material
from esign.verify.fetching import LATE, FetchLimits
from esign.verify.online import examine
from esign.verify.policy import DEFAULT
from esign.verify.report import Level, Report, SubIndication, Verdict
from esign.verify.validate import validate
from esign.x509 import der
from esign.x509.clock import FixedClock
from esign.x509.kept import MemoryShelf
from esign.x509.scope import Use, uses_of_signer
from esign.x509.trust import TrustStore
from tests import pki
from tests.attacks.authority import DAY, NOW, Authority, Holder
from tests.attacks.messages import Message, signature_value, signed_letter, token
from tests.letter_files import read
from tests.officials import dev_ca, request, signed

LETTER = read("typst-1.4")


def made(
    name: str,
    issuer: pki.Holder | None = None,
    *,
    ca: bool = False,
    ocsp_url: str | None = None,
    crl_url: str | None = None,
) -> pki.Holder:
    begin, end = NOW - 30 * DAY, NOW + 300 * DAY
    return pki.certificate(name, issuer, ca=ca, ocsp_url=ocsp_url, crl_url=crl_url, begin=begin, end=end)


ROOT = made("Root CA Uji", ca=True)
ISSUING = made("BSRE CA Uji", ROOT, ca=True, crl_url="http://crl.rootca.id/root.crl")


def official(ocsp_url: str = "https://va.bsre.go.id/ocsp") -> pki.Holder:
    return made("Budi", ISSUING, ocsp_url=ocsp_url, crl_url="https://va.bsre.go.id/ca.crl")


BUDI = official()


def letter(holder: pki.Holder = BUDI, *others: pki.Holder) -> bytes:
    signer = Holder(holder.certificate, holder.key)
    certificates = (holder.der, *(each.der for each in others))
    return signed_letter(LETTER, lambda digest: Message(signer, digest, certificates=certificates).build())


@dataclass
class Internet:
    """BSrE's and the national root's servers."""

    down: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    before: Callable[[], object] = lambda: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        host = request.headers["host"]
        self.requests.append(f"{request.method} {host}{request.url.path}")
        self.before()
        if host in self.down:
            raise httpx.ConnectTimeout("down")
        since, until = NOW - timedelta(minutes=5), NOW + timedelta(hours=1)
        if request.url.path == "/ocsp":
            return httpx.Response(
                200, content=pki.ocsp_answer(BUDI, ISSUING, ISSUING, this_update=since, next_update=until)
            )
        bodies = {
            "/root.crl": pki.crl(ROOT, this_update=since, next_update=until),
            "/ca.crl": pki.crl(ISSUING, this_update=since, next_update=until),
            "/ca.crt": ISSUING.der,
        }
        return httpx.Response(200, content=bodies[request.url.path])


@pytest.fixture
def internet() -> Internet:
    return Internet()


def settings(tmp_path: Path, **changes: object) -> Settings:
    return Settings(data_dir=tmp_path, **{"dev_ca": False, **changes})  # type: ignore[arg-type]


@dataclass
class Check:
    """The public check of an installation that trusts ROOT."""

    tmp_path: Path
    internet: Internet
    changes: dict[str, object] = field(default_factory=dict)
    known: tuple[pki.Holder, ...] = (ISSUING,)
    shelf: MemoryShelf = field(default_factory=MemoryShelf)
    seconds: float = 5.0

    def __call__(self, pdf: bytes) -> Report:
        values = settings(self.tmp_path, **self.changes)
        clock = FixedClock(NOW)
        with httpx.Client(transport=httpx.MockTransport(self.internet)) as client:
            source = RoutedEvidence(
                (), outside(values, client, self.shelf, clock, DEFAULT, resolver=lambda _: ["103.1.2.3"])
            )
            trust = TrustStore((ROOT.asn1,), tuple(each.asn1 for each in self.known))
            limits = FetchLimits(self.seconds, values.fetch_at_once)
            return examine(pdf, trust, clock, InProcess(), source, fetching=limits)


def outcomes(found: Report) -> dict[str, str | None]:
    return {f"{item.kind} {item.subject.split(',')[0]}": item.outcome for item in found.missing}


def test_a_letter_of_bsre_is_genuine_where_the_network_is_there(tmp_path: Path, internet: Internet) -> None:
    check = Check(tmp_path, internet)
    found = check(letter())
    assert (found.verdict, found.missing) == (Verdict.GENUINE, ())
    assert sorted(internet.requests) == ["GET crl.rootca.id/root.crl", "POST va.bsre.go.id/ocsp"]
    assert {item.origin for item in found.signatures[0].revocation} == {"fetched"}
    assert check(letter()).verdict is Verdict.GENUINE
    assert len(internet.requests) == 2, "the second check asks nobody"


def test_where_the_responder_is_down_the_list_serves(tmp_path: Path, internet: Internet) -> None:
    holder = official("https://cvs-bsre.bssn.go.id/ocsp")
    internet.down = {"cvs-bsre.bssn.go.id"}
    assert Check(tmp_path, internet)(letter(holder)).verdict is Verdict.GENUINE
    assert "GET va.bsre.go.id/ca.crl" in internet.requests


def test_where_nobody_answers_it_says_what_was_missing_and_why_and_asks_again_only_later(
    tmp_path: Path, internet: Internet
) -> None:
    internet.down = {"va.bsre.go.id", "crl.rootca.id"}
    check = Check(tmp_path, internet)
    for _ in range(3):
        found = check(letter())
        assert found.verdict is Verdict.INDETERMINATE
        assert found.signatures[0].sub_indication is SubIndication.TRY_LATER
        told = outcomes(found)
        assert set(told) == {"ocsp CN=Budi", "crl CN=Budi", "crl CN=BSRE CA Uji"}
        assert all(reason and "can't be reached" in reason for reason in told.values()), told
    assert len(internet.requests) == 2, "one request to each host that is down"


def test_offline_nothing_is_asked_and_that_is_said(tmp_path: Path, internet: Internet) -> None:
    found = Check(tmp_path, internet, {"offline": True})(letter())
    assert found.signatures[0].sub_indication is SubIndication.TRY_LATER
    assert set(outcomes(found).values()) == {"fetching is switched off"}
    assert internet.requests == []


def test_hosts_that_are_not_on_the_list_are_not_asked(tmp_path: Path, internet: Internet) -> None:
    found = Check(tmp_path, internet, {"fetch_hosts": ("crl.rootca.id",)})(letter())
    assert outcomes(found)["ocsp CN=Budi"] == "its host is not on the list of hosts that may be asked"
    assert internet.requests == ["GET crl.rootca.id/root.crl"]


def test_a_slow_network_costs_no_more_than_the_time_for_one_check(tmp_path: Path, internet: Internet) -> None:
    over = threading.Event()
    internet.before = lambda: over.wait(5)
    start = time.monotonic()
    found = Check(tmp_path, internet, seconds=0.2)(letter())
    took = time.monotonic() - start
    over.set()
    assert took < 1.5
    assert set(outcomes(found).values()) == {LATE}


def test_a_missing_issuer_is_fetched_from_a_listed_host(tmp_path: Path, internet: Internet) -> None:
    access = [
        x509.AccessDescription(kind, x509.UniformResourceIdentifier(f"http://va.bsre.go.id/{name}"))
        for kind, name in (
            (AuthorityInformationAccessOID.CA_ISSUERS, "ca.crt"),
            (AuthorityInformationAccessOID.OCSP, "ocsp"),
        )
    ]
    plain = BUDI.certificate
    builder = (
        x509.CertificateBuilder()
        .subject_name(plain.subject)
        .issuer_name(plain.issuer)
        .public_key(plain.public_key())
        .serial_number(plain.serial_number)
        .not_valid_before(plain.not_valid_before_utc)
        .not_valid_after(plain.not_valid_after_utc)
        .add_extension(x509.AuthorityInformationAccess(access), critical=False)
    )
    holder = replace(BUDI, certificate=builder.sign(ISSUING.key, hashes.SHA256()))
    found = Check(tmp_path, internet, known=())(letter(holder))
    assert internet.requests[0] == "GET va.bsre.go.id/ca.crt"
    assert found.verdict is Verdict.GENUINE
    internet.requests.clear()
    unlisted = Check(tmp_path, internet, {"fetch_hosts": ("crl.rootca.id",)}, known=())(letter(holder))
    assert (unlisted.verdict, internet.requests) == (Verdict.UNTRUSTED, [])
    assert outcomes(unlisted)["issuer CN=Budi"] == "its host is not on the list of hosts that may be asked"


def test_nothing_is_asked_for_a_chain_that_leads_to_no_trusted_root(tmp_path: Path, internet: Internet) -> None:
    stranger = made("Root CA Uji", ca=True)
    holder = made("Budi", stranger, ocsp_url="http://va.bsre.go.id/ocsp")
    found = Check(tmp_path, internet)(letter(holder, stranger))
    assert (found.verdict, internet.requests) == (Verdict.UNTRUSTED, [])


def test_our_own_authority_is_asked_in_this_process(tmp_path: Path, internet: Internet) -> None:
    pdf = signed(LETTER, request()).pdf
    clock = FixedClock(dev_ca().now())
    trust = TrustStore(tuple(dev_ca().roots()))
    found = examine(pdf, trust, clock, InProcess(), RoutedEvidence((dev_ca(),), None))
    assert found.verdict is Verdict.GENUINE
    foreign = examine(
        letter(),
        TrustStore((ROOT.asn1,), (ISSUING.asn1,)),
        FixedClock(NOW),
        InProcess(),
        RoutedEvidence((dev_ca(),), None),
    )
    assert set(outcomes(foreign).values()) == {"fetching is switched off"}


# --- settings --------------------------------------------------------------------------------------


def trust_list(folder: Path, holder: pki.Holder = ROOT) -> Path:
    path = folder / "psre.toml"
    path.write_text(
        f'name = "psre"\nversion = 1\n[[certificate]]\nprovider = "PSrE Uji"\nrole = "anchor"\n'
        f'sha256 = "{holder.asn1.sha256.hex()}"\nfile = "akar.pem"\nvouches_for = ["signatures", "ocsp", "crl"]\n'
    )
    (folder / "akar.pem").write_bytes(pem.armor("CERTIFICATE", holder.der))
    return path


def test_several_stores_are_trusted_side_by_side(tmp_path: Path) -> None:
    bare = tmp_path / "lain.pem"
    bare.write_bytes(pem.armor("CERTIFICATE", Authority("Lain").root.der))
    store = trusted.trust(settings(tmp_path, trust_lists=(trust_list(tmp_path),), trust_files=(bare,)))
    assert len(store.anchors) == 4
    assert {scope.source for scope in store.scopes} == {"indonesia/1", "psre/1"}
    alone = trusted.trust(settings(tmp_path, trust_lists=(trust_list(tmp_path),), indonesian_trust=False))
    assert [anchor.sha256 for anchor in alone.anchors] == [ROOT.asn1.sha256]


def test_a_file_that_can_t_be_used_stops_the_start_with_the_variable_and_the_entry(tmp_path: Path) -> None:
    path = trust_list(tmp_path)
    with pytest.raises(ConfigurationError) as refused:
        trusted.trust(settings(tmp_path, trust_lists=(path,), trust_list_signers=("ab" * 32,)))
    assert refused.value.details["variable"] == "ESIGN_TRUST_LISTS"
    assert "must be signed" in str(refused.value.details["reason"])
    with pytest.raises(ConfigurationError) as refused:
        trusted.policy(settings(tmp_path, policy_file=path))
    assert refused.value.details["variable"] == "ESIGN_POLICY_FILE"
    with pytest.raises(ConfigurationError):
        trusted.policy(settings(tmp_path, policy_file=tmp_path / "nowhere.toml"))


def test_the_policy_of_the_settings_is_the_one_of_the_reports(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(DEFAULT.document.replace(b'"esign-strict"', b'"kabupaten"'))
    policy = trusted.policy(settings(tmp_path, policy_file=path))
    assert policy.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert trusted.policy(settings(tmp_path)) is DEFAULT


# --- old Indonesian letters ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def old() -> tuple[bytes, Authority, bytes]:
    """A letter as BSrE signed them: no PAdES, a time-stamp, no revocation data; by now all of it has expired."""
    past = Authority("OSD LU Uji", (NOW - 3650 * DAY, NOW - 90 * DAY))
    valid = (NOW - 1000 * DAY, NOW - 200 * DAY)
    holder = past.issue(valid=valid)
    stamper = past.issue("Penanda Waktu", valid=valid, purposes=(ExtendedKeyUsageOID.TIME_STAMPING,))

    def build(digest: bytes) -> bytes:
        plain = Message(holder, digest, signing_certificate=None).build()
        value = signature_value(plain)
        stamp = token(stamper, hashlib.sha256(value).digest(), NOW - 500 * DAY)
        message = Message(holder, digest, signing_certificate=None, tokens=(stamp,))
        return replace(message, spoil=lambda _: value).build()

    return signed_letter(LETTER, build, sub_filter=b"adbe.pkcs7.detached"), past, past.crl(NOW - 499 * DAY, 7 * DAY)


def listed(past: Authority, folder: Path) -> TrustStore:
    holder = pki.Holder(past.root.certificate, past.root.key)
    path = trust_list(folder, holder)
    path.write_text(path.read_text().replace('"crl"]', f'"crl", "time-stamps"]\nuntil = {(NOW - 90 * DAY):%Y-%m-%d}'))
    return trusted.trust(settings(folder, trust_lists=(path,), indonesian_trust=False))


def test_an_old_letter_whose_certificates_have_all_expired_is_not_green_and_not_called_forged(
    old: tuple[bytes, Authority, bytes], tmp_path: Path, internet: Internet
) -> None:
    pdf, past, archived = old
    trust = listed(past, tmp_path)
    for material, expected in (
        ((), SubIndication.OUT_OF_BOUNDS_NO_POE),
        ((Material(crls=(archived,), given=True),), SubIndication.OUT_OF_BOUNDS_NOT_REVOKED),
    ):
        found = validate(pdf, trust, NOW, material=material)
        assert found.verdict is Verdict.INDETERMINATE
        assert found.signatures[0].sub_indication is expected
        assert found.signatures[0].integrity.holds
        assert found.signatures[0].level in (Level.PKCS7_T, Level.PKCS7_LT)
        assert "unchanged since the time-stamp of" in found.sentence.en
        assert "can no longer be proven" in found.sentence.en
        assert found.missing == ()
    source = RoutedEvidence((), None)
    assert examine(pdf, trust, FixedClock(NOW), InProcess(), source).missing == ()


def test_as_of_then_it_was_genuine_with_the_archived_list(old: tuple[bytes, Authority, bytes], tmp_path: Path) -> None:
    pdf, past, archived = old
    then = NOW - 400 * DAY
    trust = listed(past, tmp_path)
    assert validate(pdf, trust, then).signatures[0].sub_indication is SubIndication.TRY_LATER
    found = validate(pdf, trust, then, material=(Material(crls=(archived,), given=True),))
    assert (found.verdict, found.signatures[0].proven_time) == (Verdict.GENUINE, NOW - 500 * DAY)


def test_a_root_counts_no_longer_than_its_list_says_though_its_certificate_would(tmp_path: Path) -> None:
    path = trust_list(tmp_path)
    path.write_text(path.read_text() + f"until = {(NOW - DAY):%Y-%m-%d}\n")
    trust = trusted.trust(settings(tmp_path, trust_lists=(path,), indonesian_trust=False))
    found = validate(letter(BUDI, ISSUING), trust, NOW)
    assert found.signatures[0].sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE
    assert "was trusted only until" in found.signatures[0].findings[0].message


def test_the_kind_that_a_certificate_says_it_is_must_be_trusted(tmp_path: Path) -> None:
    def of(kind: str | None) -> asn1_x509.Certificate:
        plain = BUDI.certificate
        builder = x509.CertificateBuilder().subject_name(plain.subject).issuer_name(plain.issuer)
        builder = builder.public_key(plain.public_key()).serial_number(9)
        builder = builder.not_valid_before(NOW).not_valid_after(NOW + DAY)
        if kind is not None:
            compliance = der.sequence(der.oid("0.4.0.1862.1.1"))
            kinds = der.sequence(der.oid("0.4.0.1862.1.6"), der.sequence(der.oid(kind)))
            value = der.sequence(compliance, kinds)
            extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3"), value)
            builder = builder.add_extension(extension, critical=False)
        signed_ = builder.sign(ISSUING.key, hashes.SHA256())
        return asn1_x509.Certificate.load(signed_.public_bytes(serialization.Encoding.DER))

    assert uses_of_signer(of("0.4.0.1862.1.6.1")) == (Use.SIGNATURES,)
    assert uses_of_signer(of("0.4.0.1862.1.6.2")) == (Use.SEALS,)
    assert uses_of_signer(of("0.4.0.1862.1.6.3")) == uses_of_signer(of(None)) == (Use.SIGNATURES, Use.SEALS)
