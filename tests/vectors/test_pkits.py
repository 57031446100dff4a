"""NIST's PKITS, through the functions that judge the signer of a letter.

PyPI's cryptography-vectors carries the certificates, CRLs and signed messages of the suite (public domain). Each case
is one of its S/MIME messages: read, its digest and signature value checked, its signer judged by what the message
brings along. ``pkits.txt`` has the cases of the suite's document (sections 4.1 to 4.16): number, message, what must
come out, and what is demanded of policies: acceptable ones by NIST's number, ``explicit`` and so on.
"""

import email
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import cryptography_vectors
import pytest
from asn1crypto import x509

from esign.verify.chains import Chains, PolicyDemands
from esign.verify.cms import CmsError, check_form, check_value, digest_matches, find_signer, read_message
from esign.verify.crypto import digest
from esign.verify.policy import DEFAULT, Policy
from esign.verify.report import SubIndication
from esign.verify.revocation import RevocationData
from esign.verify.trusting import Conclusion, Trusting
from esign.x509.chains import build
from esign.x509.encoding import read_certificate
from esign.x509.trust import TrustStore

DATA = Path(cryptography_vectors.__file__).parent / "x509" / "PKITS_data"
MOMENT = datetime(2020, 6, 1, tzinfo=UTC)
"""The suite's certificates are valid from 2010 to 2030."""

NIST_POLICY = "2.16.840.1.101.3.2.1.48."

OUTCOMES: dict[str, frozenset[SubIndication | None]] = {
    "passes": frozenset({None}),
    "no-chain": frozenset({SubIndication.NO_CERTIFICATE_CHAIN_FOUND}),
    "broken": frozenset({SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE}),
    "dates": frozenset(
        {SubIndication.NOT_YET_VALID, SubIndication.OUT_OF_BOUNDS_NO_POE, SubIndication.OUT_OF_BOUNDS_NOT_REVOKED}
    ),
    "revoked": frozenset({SubIndication.REVOKED_NO_POE, SubIndication.REVOKED_CA_NO_POE}),
    "unknown": frozenset({SubIndication.TRY_LATER}),
}

DIFFERENT: dict[str, tuple[SubIndication, str]] = {
    "4.1.4": (SubIndication.TRY_LATER, "DSA of 1024 bits with SHA-1 is too weak for revocation data"),
    "4.1.5": (SubIndication.GENERIC, "a DSA key that inherits its parameters is not understood"),
    "4.14.30": (SubIndication.TRY_LATER, "a CRL that alone vouches for its own signer proves nothing"),
}
"""Cases with another outcome than the suite's, and why (docs/decisions/path-validation.md)."""


@dataclass(frozen=True)
class Case:
    number: str
    message: str
    outcome: str
    demands: PolicyDemands


def cases() -> list[Case]:
    found: list[Case] = []
    for line in Path(__file__).with_name("pkits.txt").read_text().splitlines():
        number, message, outcome, *words = line.split()
        policies = frozenset(NIST_POLICY + word for word in words if word.isdigit())
        demands = PolicyDemands(
            policies or frozenset({"any_policy"}),
            explicit="explicit" in words,
            inhibit_mapping="inhibit-mapping" in words,
            inhibit_any="inhibit-any" in words,
        )
        found.append(Case(number, message, outcome, demands))
    return found


@cache
def anchor() -> x509.Certificate:
    return read_certificate((DATA / "certs" / "TrustAnchorRootCertificate.crt").read_bytes())


@cache
def everything() -> tuple[tuple[x509.Certificate, ...], tuple[bytes, ...]]:
    """All certificates and CRLs of the suite."""
    certificates = tuple(read_certificate(path.read_bytes()) for path in sorted((DATA / "certs").iterdir()))
    return certificates, tuple(path.read_bytes() for path in sorted((DATA / "crls").iterdir()))


@cache
def message(name: str) -> tuple[bytes, bytes]:
    """The signed octets and the detached CMS of a message."""
    raw = (DATA / "smime" / f"Signed{name}.eml").read_bytes()
    boundary = re.search(rb'boundary="([^"]+)"', raw)
    assert boundary is not None
    signed = raw.split(b"--" + boundary[1])[1].split(b"\n", 1)[1].removesuffix(b"\n")
    attached = [part for part in email.message_from_bytes(raw).walk() if not part.is_multipart()][-1].get_payload(
        decode=True
    )
    assert isinstance(attached, bytes)
    return signed.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), attached


def judged(case: Case, policy: Policy = DEFAULT, *, among_all: bool = False) -> Conclusion:
    """What is concluded of a message's signer; ``among_all``: with all of the suite's certificates and CRLs at hand."""
    signed, attached = message(case.message)
    cms = read_message(attached)
    check_form(cms, "data")
    assert digest_matches(cms, digest(cms.digest_algorithm, signed))
    signer = find_signer(cms, (), required=False)
    check_value(cms, signer)
    chains = Chains(TrustStore(anchors=(anchor(),)), case.demands)
    revocation = RevocationData(policy, chains)
    certificates, crls = everything() if among_all else ((), ())
    chains.add(*cms.certificates, *certificates)
    for crl in (*cms.crls, *crls):
        revocation.add_crl(crl, "cms")
    return Trusting(chains, revocation, policy, MOMENT).judge_signer(signer, MOMENT)


def sub_indication(case: Case, policy: Policy = DEFAULT, *, among_all: bool = False) -> SubIndication | None:
    try:
        return judged(case, policy, among_all=among_all).sub_indication
    except CmsError as error:
        return error.sub_indication


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.number}-{case.message}")
def test_a_signer_is_judged_as_nist_demands(case: Case) -> None:
    found = sub_indication(case)
    if case.number in DIFFERENT:
        assert found is DIFFERENT[case.number][0]
    else:
        assert found in OUTCOMES[case.outcome]


@pytest.mark.parametrize(
    "case",
    [
        case
        for case in cases()
        if case.outcome != "passes" or case.number.startswith(("4.3.", "4.5.", "4.14.", "4.15."))
    ],
    ids=lambda case: f"{case.number}-{case.message}",
)
def test_what_must_be_refused_is_refused_whatever_else_is_at_hand(case: Case) -> None:
    found = sub_indication(case, among_all=True)
    if case.outcome != "passes":
        assert found is not None
    elif case.number not in DIFFERENT:
        assert found is None


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.number}-{case.message}")
def test_a_chain_is_built_only_of_those_who_may_issue(case: Case) -> None:
    """`esign.x509.chains` says who may be asked about a certificate: names, signatures, right to issue and dates."""
    cms = read_message(message(case.message)[1])
    signer = find_signer(cms, (), required=False)
    chain = build(signer, TrustStore(anchors=(anchor(),)), cms.certificates, at=MOMENT)
    may_not_issue = case.outcome == "broken" and case.number.startswith(("4.5.", "4.6.", "4.7."))
    if case.outcome in {"no-chain", "dates"} or may_not_issue:
        assert chain is None
    elif case.number != "4.1.5":
        assert chain is not None
        assert (chain[0], chain[-1].sha256) == (signer, anchor().sha256)


def test_certificates_stay_octet_for_octet_what_they_are() -> None:
    """asn1crypto takes a length that ends in 0x80 for an indefinite one, and encodes such a certificate anew."""
    der = (DATA / "certs" / "UIDCACert.crt").read_bytes()
    assert x509.Certificate.load(der).dump() != der
    assert read_certificate(der).dump() == der


def test_weakness_is_all_that_is_held_against_dsa() -> None:
    case = next(case for case in cases() if case.number == "4.1.4")
    lax = Policy(digests_until={"sha1": None, "sha256": None}, keys_until=(("rsa", 0, None), ("dsa", 0, None)))
    assert judged(case, lax).passed


def test_every_message_of_the_suite_is_a_case() -> None:
    messages = {path.stem.removeprefix("Signed") for path in (DATA / "smime").iterdir()}
    assert {case.message for case in cases()} == messages
    assert len(cases()) == 247
