"""The policy as a file: each check FAIL, WARN, INFORM or IGNORE, and each of these steers what is concluded."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from esign.pdf.sandbox import InProcess
from esign.verify.checks import PolicyCheck, Severity
from esign.verify.evidence import Material
from esign.verify.policy import DEFAULT, Policy
from esign.verify.policy_file import PolicyFileError
from esign.verify.report import Finding, Report, SubIndication, Verdict
from esign.verify.validate import validate, validate_in
from esign.x509.scope import Scope, Use
from esign.x509.trust import TrustStore
from tests import pki
from tests.attacks.authority import DAY, NOW, Authority, Holder, rsa_key
from tests.attacks.messages import Message, signature_value, signed_letter, token
from tests.handmade import handmade
from tests.letter_files import read

LETTER = read("typst-1.4")
AUTHORITY = Authority()
OFFICIAL = AUTHORITY.issue()
STAMPER = AUTHORITY.time_stamper()
OTHER = Authority("Otoritas Lain")
ISSUED_LONG_AGO = (NOW - 30 * DAY, NOW - DAY)


def letter(holder: Holder = OFFICIAL, pdf: bytes = LETTER, **changes: object) -> bytes:
    return signed_letter(pdf, lambda digest: replace(Message(holder, digest), **changes).build())  # type: ignore[arg-type]


def stamped(
    stamper: Holder = STAMPER, moment: datetime = NOW - timedelta(minutes=10), holder: Holder = OFFICIAL
) -> bytes:
    def build(digest: bytes) -> bytes:
        plain = Message(holder, digest).build()
        value = signature_value(plain)
        stamp = token(stamper, hashlib.sha256(value).digest(), moment)
        return replace(Message(holder, digest), tokens=(stamp,), spoil=lambda _: value).build()

    return signed_letter(LETTER, build)


def below(name: str, root: Authority, *, purpose: str | None = None) -> tuple[Holder, pki.Holder]:
    """A holder under an issuing CA under the root, and that CA."""
    top = pki.Holder(root.root.certificate, root.root.key)
    times = {"begin": NOW - 40 * DAY, "end": NOW + 365 * DAY}
    issuing = pki.certificate(f"Penerbit {name}", top, ca=True, begin=times["begin"], end=times["end"])
    purposes = (purpose,) if purpose else ()
    leaf = pki.certificate(
        name, issuing, purposes=purposes, critical_purposes=True, begin=times["begin"], end=times["end"]
    )
    return Holder(leaf.certificate, leaf.key), issuing


@dataclass
class Case:
    """A letter in which one check does not hold."""

    pdf: bytes
    crls: tuple[bytes, ...] = (AUTHORITY.crl(),)
    roots: tuple[Authority, ...] = (AUTHORITY,)
    scopes: tuple[Scope, ...] = ()
    base: Policy = field(default_factory=Policy)

    def report(self, check: PolicyCheck, severity: Severity) -> Report:
        policy = replace(self.base, checks={**self.base.checks, check: severity})
        trust = TrustStore(tuple(each.root.asn1 for each in self.roots), certificates_of(self), self.scopes)
        return validate_in(
            InProcess(), self.pdf, trust, NOW, material=(Material(crls=self.crls, given=True),), policy=policy
        )


_KNOWN: dict[int, tuple[pki.Holder, ...]] = {}


def certificates_of(case: Case) -> tuple[asn1_x509.Certificate, ...]:
    return tuple(holder.asn1 for holder in _KNOWN.get(id(case), ()))


def with_issuer(purpose: str | None) -> Case:
    """A letter whose signer's, or whose time-stamp authority's, issuing CA is revoked."""
    holder, issuing = below("Di Bawah", AUTHORITY, purpose=purpose)
    row = x509.RevokedCertificateBuilder().serial_number(issuing.certificate.serial_number)
    entry = row.revocation_date(NOW - 20 * DAY).build()
    top = pki.Holder(AUTHORITY.root.certificate, AUTHORITY.root.key)
    times = {"this_update": NOW - timedelta(hours=1), "next_update": NOW + DAY}
    crls = (AUTHORITY.crl(), pki.crl(top, [entry], **times), pki.crl(issuing, **times))  # type: ignore[arg-type]
    case = Case(stamped(holder) if purpose else letter(holder), crls[1:])
    _KNOWN[id(case)] = (issuing,)
    return case


def scope(*uses: Use) -> Scope:
    return Scope(AUTHORITY.root.asn1.sha256.hex(), frozenset(uses), provider="Uji", source="uji/1")


def weak(kind: str, **base: Severity) -> Policy:
    """A policy under which that kind of key counts no more since yesterday."""
    rows = tuple((each, bits, NOW - DAY if each == kind else until) for each, bits, until in DEFAULT.keys_until)
    return Policy(keys_until=rows, checks={PolicyCheck(name.replace("__", ".")): each for name, each in base.items()})


ACTIVE = handmade({1: b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>"})
EARLY = AUTHORITY.crl(NOW - 2 * DAY)
OLD_ROOT = Authority("Akar Lewat", (NOW - 3650 * DAY, NOW - DAY))
RSA_OFFICIAL = AUTHORITY.issue("Pejabat RSA", key=rsa_key(2048))
RSA_STAMPER = AUTHORITY.issue("Penanda RSA", key=rsa_key(2048), purposes=(ExtendedKeyUsageOID.TIME_STAMPING,))
IGNORE = Severity.IGNORE

CASES: dict[PolicyCheck, Callable[[], Case]] = {
    PolicyCheck.FILE_ACTIVE_CONTENT: lambda: Case(letter(pdf=ACTIVE)),
    PolicyCheck.FILE_TRAILING_BYTES: lambda: Case(letter() + b"\n\n\n\n"),
    PolicyCheck.SIGNATURE_LATER_CHANGES: lambda: Case(letter(pdf=letter())),
    PolicyCheck.SIGNATURE_CERTIFICATE_NAMED: lambda: Case(letter(signing_certificate=None)),
    PolicyCheck.SIGNATURE_ALGORITHMS: lambda: Case(
        letter(RSA_OFFICIAL), (EARLY,), base=weak("rsa", signer__chain_algorithms=IGNORE)
    ),
    PolicyCheck.SIGNATURE_TIMESTAMP_PRESENT: lambda: Case(letter()),
    PolicyCheck.SIGNATURE_TIMESTAMPS_TRUSTED: lambda: Case(stamped(OTHER.time_stamper())),
    PolicyCheck.SIGNER_TRUST_SCOPE: lambda: Case(letter(), scopes=(scope(Use.TIMESTAMPS, Use.CRL),)),
    PolicyCheck.SIGNER_PURPOSE: lambda: Case(letter(AUTHORITY.issue(purposes=(ExtendedKeyUsageOID.SERVER_AUTH,)))),
    PolicyCheck.SIGNER_NOT_YET_VALID: lambda: Case(letter(AUTHORITY.issue(valid=(NOW + DAY, NOW + 9 * DAY)))),
    PolicyCheck.SIGNER_EXPIRED: lambda: Case(letter(AUTHORITY.issue(valid=ISSUED_LONG_AGO)), (EARLY,)),
    PolicyCheck.SIGNER_ISSUER_VALIDITY: lambda: Case(
        letter(OLD_ROOT.issue()), (OLD_ROOT.crl(NOW - 2 * DAY),), (OLD_ROOT,)
    ),
    PolicyCheck.SIGNER_REVOKED: lambda: Case(
        letter(), (AUTHORITY.crl(revoked={OFFICIAL.certificate.serial_number: NOW - DAY}),)
    ),
    PolicyCheck.SIGNER_ISSUER_REVOKED: lambda: with_issuer(None),
    PolicyCheck.SIGNER_REVOCATION_KNOWN: lambda: Case(letter(), ()),
    PolicyCheck.SIGNER_REVOCATION_FRESH: lambda: Case(letter(), (AUTHORITY.crl(NOW - 9 * DAY, DAY),)),
    PolicyCheck.SIGNER_CHAIN_ALGORITHMS: lambda: Case(letter(RSA_OFFICIAL), (EARLY,), base=weak("ec")),
    PolicyCheck.TIMESTAMP_TRUST_SCOPE: lambda: Case(stamped(), scopes=(scope(Use.SIGNATURES, Use.CRL),)),
    PolicyCheck.TIMESTAMP_PURPOSE: lambda: Case(stamped(AUTHORITY.issue("Bukan Penanda Waktu"))),
    PolicyCheck.TIMESTAMP_FUTURE: lambda: Case(stamped(moment=NOW + timedelta(hours=2))),
    PolicyCheck.TIMESTAMP_NOT_YET_VALID: lambda: Case(stamped(AUTHORITY.time_stamper((NOW + DAY, NOW + 9 * DAY)))),
    PolicyCheck.TIMESTAMP_EXPIRED: lambda: Case(
        stamped(AUTHORITY.time_stamper(ISSUED_LONG_AGO), NOW - 2 * DAY), (EARLY,)
    ),
    PolicyCheck.TIMESTAMP_ISSUER_VALIDITY: lambda: Case(
        stamped(OLD_ROOT.time_stamper(), NOW - 2 * DAY),
        (AUTHORITY.crl(), OLD_ROOT.crl(NOW - 2 * DAY)),
        (AUTHORITY, OLD_ROOT),
    ),
    PolicyCheck.TIMESTAMP_REVOKED: lambda: Case(
        stamped(), (AUTHORITY.crl(revoked={STAMPER.certificate.serial_number: NOW - DAY}),)
    ),
    PolicyCheck.TIMESTAMP_ISSUER_REVOKED: lambda: with_issuer("1.3.6.1.5.5.7.3.8"),
    PolicyCheck.TIMESTAMP_REVOCATION_KNOWN: lambda: Case(stamped(OTHER.time_stamper()), roots=(AUTHORITY, OTHER)),
    PolicyCheck.TIMESTAMP_REVOCATION_FRESH: lambda: Case(
        stamped(OTHER.time_stamper()), (AUTHORITY.crl(), OTHER.crl(NOW - 9 * DAY, DAY)), (AUTHORITY, OTHER)
    ),
    PolicyCheck.TIMESTAMP_CHAIN_ALGORITHMS: lambda: Case(
        stamped(RSA_STAMPER), (EARLY,), base=weak("rsa", timestamp__algorithms=IGNORE)
    ),
    PolicyCheck.TIMESTAMP_ALGORITHMS: lambda: Case(
        stamped(RSA_STAMPER), (EARLY,), base=weak("rsa", timestamp__chain_algorithms=IGNORE)
    ),
}


def told(found: Report, check: PolicyCheck) -> list[Finding]:
    """The findings of the place where the check belongs."""
    if check.startswith("file."):
        return list(found.findings)
    if check.startswith("timestamp."):
        return list(found.signatures[0].timestamps[0].findings)
    return list(found.signatures[0].findings)


def holds(found: Report, check: PolicyCheck) -> bool:
    if check.startswith("timestamp."):
        return bool(found.signatures[0].timestamps[0].trusted)
    return found.verdict is Verdict.GENUINE


@pytest.mark.parametrize("check", CASES, ids=str)
def test_each_level_of_each_check_steers_what_is_concluded(check: PolicyCheck) -> None:
    case = CASES[check]()
    for severity, expected in (
        (Severity.FAIL, "fail"),
        (Severity.WARN, "warn"),
        (Severity.INFORM, "inform"),
        (Severity.IGNORE, None),
    ):
        found = case.report(check, severity)
        assert holds(found, check) is (severity is not Severity.FAIL), (severity, found.sentence.en)
        severities = {finding.severity for finding in told(found, check)}
        assert severities == ({expected} if expected else set())


def test_every_check_that_may_be_lowered_is_tested() -> None:
    lowered = {check for check in PolicyCheck if not check.fixed}
    assert set(CASES) == lowered - {PolicyCheck.FILE_HYBRID_CONFLICT}


def test_the_hybrid_conflict_is_as_severe_as_the_policy_has_it() -> None:
    conflict = Finding(code="xref.hybrid_conflict", severity="fail", message="")
    for severity, expected in ((Severity.FAIL, ["fail"]), (Severity.WARN, ["warn"]), (Severity.IGNORE, [])):
        policy = Policy(checks={PolicyCheck.FILE_HYBRID_CONFLICT: severity})
        assert [each.severity for each in policy.of_file([conflict])] == expected


@pytest.mark.parametrize(
    ("pdf", "verdict"),
    [
        (letter() + b"x", Verdict.ALTERED),
        (letter(spoil=lambda value: value[:-1] + bytes([value[-1] ^ 1])), Verdict.INVALID),
        (letter(signers=2), Verdict.INVALID),
        (letter(OTHER.issue()), Verdict.UNTRUSTED),
    ],
)
def test_no_policy_turns_a_forgery_green(pdf: bytes, verdict: Verdict) -> None:
    lax = Policy(checks=dict.fromkeys(PolicyCheck, Severity.IGNORE))
    assert validate(pdf, TrustStore((AUTHORITY.root.asn1,)), NOW, policy=lax).verdict is verdict
    assert validate(letter(), TrustStore((AUTHORITY.root.asn1,)), NOW, policy=lax).verdict is Verdict.GENUINE


def test_what_is_ignored_is_not_asked_for_and_what_is_only_told_is() -> None:
    for severity, kinds in ((Severity.IGNORE, 0), (Severity.WARN, 1)):
        leaf = AUTHORITY.root
        holder = pki.certificate(
            "Budi", pki.Holder(leaf.certificate, leaf.key), ocsp_url="http://va.bsre.go.id/o", end=NOW + DAY
        )
        policy = Policy(checks={PolicyCheck.SIGNER_REVOCATION_KNOWN: severity})
        pdf = letter(Holder(holder.certificate, holder.key))
        found = validate(pdf, TrustStore((leaf.asn1,)), NOW, policy=policy)
        assert (found.verdict, len(found.missing)) == (Verdict.GENUINE, kinds)


# --- freshness -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("freshness", "fine"), [(None, True), (timedelta(hours=2), True), (timedelta(minutes=30), False)]
)
def test_how_fresh_revocation_data_must_be_is_policy(freshness: timedelta | None, fine: bool) -> None:
    found = Case(letter(), base=Policy(longest_freshness=freshness)).report(
        PolicyCheck.SIGNER_REVOCATION_FRESH, Severity.FAIL
    )
    assert (found.verdict is Verdict.GENUINE) is fine
    assert fine or found.signatures[0].sub_indication is SubIndication.TRY_LATER


# --- curves ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("curve", "fine"),
    [
        (ec.SECP256R1(), True),
        (ec.SECP384R1(), True),
        (ec.SECP521R1(), True),
        (ec.BrainpoolP256R1(), True),
        (ec.BrainpoolP512R1(), True),
        (ec.SECP256K1(), False),
        (ec.SECP224R1(), False),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_keys_are_on_the_curves_of_ts_119_312(curve: ec.EllipticCurve, fine: bool) -> None:
    holder = AUTHORITY.issue("Pejabat Kurva", key=ec.generate_private_key(curve))
    found = Case(letter(holder)).report(PolicyCheck.SIGNATURE_ALGORITHMS, Severity.FAIL)
    assert (found.verdict is Verdict.GENUINE) is fine
    if not fine:
        (signature,) = found.signatures
        assert str(signature.sub_indication).startswith("CRYPTO_CONSTRAINTS_FAILURE")
        assert any(curve.name in finding.message for finding in signature.findings)


def test_a_policy_may_take_another_curve_and_one_that_names_none_takes_those_of_the_strict_one() -> None:
    key = ec.generate_private_key(ec.SECP256K1())
    case = Case(letter(AUTHORITY.issue("Pejabat Kurva", key=key)))
    wide = Policy.read(changed(b'"secp521r1",', b'"secp521r1", "secp256k1",'))
    again = Policy.read(replace(wide, source=None).document)
    for policy, verdict in ((wide, Verdict.GENUINE), (again, Verdict.GENUINE), (silent(), Verdict.INDETERMINATE)):
        case.base = policy
        assert case.report(PolicyCheck.SIGNATURE_ALGORITHMS, Severity.FAIL).verdict is verdict


def silent() -> Policy:
    """The strict policy without its list of curves, as policies were written before there was one."""
    start = STRICT.index(b"curves = [")
    return Policy.read(STRICT[:start] + STRICT[STRICT.index(b"]", start) + 1 :])


# --- the file --------------------------------------------------------------------------------------

STRICT = DEFAULT.document


def test_a_report_names_its_policy_by_version_and_by_the_file_s_own_hash(tmp_path: Path) -> None:
    data = STRICT.replace(b'name = "esign-strict"', b'name = "kabupaten"').replace(b"version = 3", b"version = 7")
    policy = Policy.read(data)
    found = validate_in(InProcess(), letter(), TrustStore(), NOW, policy=policy)
    assert (found.policy, found.policy_sha256) == ("kabupaten/7", hashlib.sha256(data).hexdigest())
    strict = validate(letter(), TrustStore(), NOW)
    assert (strict.policy, strict.policy_sha256) == (DEFAULT.title, hashlib.sha256(STRICT).hexdigest())


def test_the_strict_policy_speaks_of_every_check() -> None:
    assert set(DEFAULT.checks) == set(PolicyCheck)
    assert {check for check in PolicyCheck if not DEFAULT.demands(check)} == {
        PolicyCheck.FILE_TRAILING_BYTES,
        PolicyCheck.SIGNATURE_LATER_CHANGES,
        PolicyCheck.SIGNATURE_TIMESTAMP_PRESENT,
        PolicyCheck.SIGNATURE_TIMESTAMPS_TRUSTED,
    }


def test_a_policy_of_a_program_is_the_same_as_its_file() -> None:
    made = weak("rsa", signer__expired=Severity.WARN)
    again = Policy.read(made.document)
    assert (again.keys_until[0][0], again.checks, again.sha256) == (made.keys_until[0][0], made.checks, made.sha256)
    assert again.digests_until == made.digests_until


def test_what_a_policy_leaves_out_is_as_in_the_strict_one() -> None:
    lines = STRICT.decode().replace('"signer.expired" = "FAIL"\n', "").replace('"file.trailing_bytes" = "INFORM"\n', "")
    policy = Policy.read(lines.encode())
    assert policy.severity(PolicyCheck.SIGNER_EXPIRED) is Severity.FAIL
    assert policy.severity(PolicyCheck.FILE_TRAILING_BYTES) is Severity.INFORM


def changed(old: bytes, new: bytes) -> bytes:
    assert old in STRICT
    return STRICT.replace(old, new, 1)


@pytest.mark.parametrize(
    ("data", "told_of"),
    [
        (b"", "name: Field required"),
        (b"\xff\xfe", "neither TOML nor JSON"),
        (b'{"name": "a", "name": "b"}', "twice"),
        (b"name = [", "neither TOML nor JSON"),
        (changed(b"version = 3", b'version = "3"'), "version"),
        (changed(b"version = 3", b"version = 3\nsurprise = 1"), "surprise"),
        (changed(b'"esign-strict"', b'"Esign Strict"'), "name"),
        (changed(b'"signer.expired" = "FAIL"', b'"signer.expired" = "fail"'), 'checks."signer.expired"'),
        (changed(b'"signer.expired"', b'"signer.expire"'), "perhaps signer.expired was meant"),
        (changed(b'"signature.digest" = "FAIL"', b'"signature.digest" = "WARN"'), "signature.digest is what a verdict"),
        (changed(b"until = 2012-08-01", b'until = "soon"'), "algorithms.digests[1].until"),
        (changed(b'name = "sha224"', b'name = "sha1"'), "sha1 is listed twice"),
        (changed(b'name = "sha224"', b'name = "crc32"'), "algorithms.digests[2].name"),
        (changed(b'kind = "rsa", bits = 2048', b'kind = "rsa", bits = -1'), "algorithms.keys[1].bits"),
        (changed(b'kind = "rsa", bits = 2048', b'kind = "rsa", bits = 1536'), "listed twice"),
        (changed(b'"secp521r1"', b'"curve25519"'), "algorithms.curves[4]"),
        (changed(b'"secp521r1"', b'"secp384r1"'), "secp384r1 is listed twice"),
        (changed(b'"2.5.29.37.0"', b'"banana"'), "banana is no object identifier"),
        (
            changed(b"clock_tolerance_seconds = 60", b"clock_tolerance_seconds = 99999"),
            "limits.clock_tolerance_seconds",
        ),
        (STRICT + b" " * 1024 * 1024, "1 MiB"),
    ],
)
def test_what_is_wrong_in_a_policy_is_said_with_its_entry(data: bytes, told_of: str) -> None:
    with pytest.raises(PolicyFileError) as refused:
        Policy.read(data)
    assert told_of in str(refused.value)


def test_the_table_of_algorithms_rules() -> None:
    until = NOW.date() - timedelta(days=1)
    data = changed(b'{ name = "sha256" }', f'{{ name = "sha256", until = {until} }}'.encode())
    found = Case(letter(), base=Policy.read(data)).report(PolicyCheck.SIGNER_EXPIRED, Severity.FAIL)
    assert found.verdict is Verdict.INDETERMINATE
    assert Policy.read(data).digest_until("md5") == DEFAULT.digest_until("md5")
