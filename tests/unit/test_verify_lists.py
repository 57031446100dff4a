"""Chains under roots that limit themselves, CRLs under other keys: what NIST's suite leaves out."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from esign.verify.chains import Chains, PolicyDemands
from esign.verify.policy import DEFAULT
from esign.verify.revocation import RevocationData, RevocationStatus
from esign.x509.trust import TrustStore
from tests import pki as make
from tests.pki import NOW, Holder, certificate, p256

Extension = tuple[x509.ExtensionType, bool]

AT = NOW + timedelta(minutes=5)
DAY = timedelta(days=1)
NONE = PolicyDemands()


def issued(
    name: str, issuer: Holder | None, *extensions: Extension, ca: bool = False, path_length: int | None = None
) -> Holder:
    """A certificate with any extensions."""
    key = p256()
    subject = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "ID"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = issuer or None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.certificate.subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 30 * DAY)
        .not_valid_after(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return Holder(builder.sign(signer.key if signer else key, hashes.SHA256()), key)


def standing(leaf: Holder, root: Holder, *others: Holder, demands: PolicyDemands = NONE) -> str:
    chains = Chains(TrustStore(anchors=(root.asn1,)), demands)
    chains.add(*(other.asn1 for other in others))
    return chains.standing(leaf.asn1, NOW).state


def names(*permitted: x509.GeneralName, excluded: Sequence[x509.GeneralName] | None = None) -> Extension:
    return x509.NameConstraints(list(permitted) or None, excluded), True


def directory(country: str) -> x509.DirectoryName:
    return x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, country)]))


def test_a_root_keeps_the_path_length_that_it_gives_itself() -> None:
    root = issued("Root", None, ca=True, path_length=0)
    between = issued("CA", root, ca=True)
    assert standing(issued("Budi", root), root) == "stands"
    assert standing(issued("Budi", between), root, between) == "broken"


def test_a_root_keeps_the_names_that_it_gives_itself() -> None:
    root = issued("Root", None, names(directory("ID")), ca=True)
    elsewhere = issued("Root", None, names(directory("SG")), ca=True)
    without = issued("Root", None, names(excluded=[directory("ID")]), ca=True)
    assert standing(issued("Budi", root), root) == "stands"
    assert standing(issued("Budi", elsewhere), elsewhere) == "broken"
    assert standing(issued("Budi", without), without) == "broken"


@pytest.mark.parametrize(
    "name",
    [
        x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x04budi"),
        x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4")),
    ],
)
def test_names_that_nobody_can_compare_are_refused_where_they_are_limited(name: x509.GeneralName) -> None:
    root = issued("Root", None, ca=True)
    limited = issued("CA", root, names(name), ca=True)
    san = (x509.SubjectAlternativeName([name]), False)
    assert standing(issued("Budi", limited, san), root, limited) == "broken"


def test_limits_on_names_that_a_certificate_does_not_have_do_no_harm() -> None:
    root = issued("Root", None, ca=True)
    every_address = x509.IPAddress(ip_network("0.0.0.0/0"))
    for limits in (names(excluded=[every_address]), names(x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4")))):
        limited = issued("CA", root, limits, ca=True)
        assert standing(issued("Budi", limited), root, limited) == "stands"


def test_a_policy_that_is_demanded_must_hold_along_the_chain() -> None:
    def policy(oid: str) -> Extension:
        return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), None)]), False

    root = issued("Root", None, ca=True)
    ca = issued("CA", root, policy("2.16.360.1.1.1"), ca=True)
    own, other = issued("Budi", ca, policy("2.16.360.1.1.1")), issued("Ani", ca, policy("2.16.360.1.1.2"))
    demands = PolicyDemands(frozenset({"2.16.360.1.1.1"}), explicit=True)
    assert standing(own, root, ca, demands=demands) == "stands"
    assert standing(other, root, ca, demands=demands) == "broken"
    assert standing(other, root, ca) == "stands"
    assert standing(own, root, ca, demands=PolicyDemands(frozenset({"1.2.3"}), explicit=True)) == "broken"


def status(leaf: Holder, issuer: Holder, roots: Sequence[Holder], crls: Sequence[bytes], *others: Holder) -> str:
    chains = Chains(TrustStore(anchors=tuple(root.asn1 for root in roots)))
    chains.add(leaf.asn1, issuer.asn1, *(other.asn1 for other in others))
    revocation = RevocationData(DEFAULT, chains)
    for crl in crls:
        revocation.add_crl(crl, "dss")
    found: RevocationStatus = revocation.status(leaf.asn1, issuer.asn1, NOW, AT)
    return found.state


def test_a_ca_under_a_new_key_may_sign_lists_for_its_old_one() -> None:
    root = certificate("Root", ca=True)
    old, new = certificate("CA", root, ca=True), certificate("CA", root, ca=True)
    leaf = certificate("Budi", old)
    of_root, of_new = make.crl(root), make.crl(new)
    assert status(leaf, old, [root], [of_root, of_new], new) == "good"
    listed = make.crl(new, [make.revoked(leaf.certificate.serial_number)])
    assert status(leaf, old, [root], [of_root, listed], new) == "revoked"


def test_a_list_counts_only_while_its_signer_is_known_not_to_be_revoked() -> None:
    root = certificate("Root", ca=True)
    old, new = certificate("CA", root, ca=True), certificate("CA", root, ca=True)
    leaf = certificate("Budi", old)
    assert status(leaf, old, [root], [make.crl(new)], new) == "unknown"
    withdrawn = make.crl(root, [make.revoked(new.certificate.serial_number)])
    assert status(leaf, old, [root], [withdrawn, make.crl(new)], new) == "unknown"


def test_a_ca_of_the_same_name_under_another_root_signs_no_lists_for_it() -> None:
    root, other = certificate("Root", ca=True), certificate("Other root", ca=True)
    own, namesake = certificate("CA", root, ca=True), certificate("CA", other, ca=True)
    leaf = certificate("Budi", own)
    lists = [make.crl(root), make.crl(other), make.crl(namesake)]
    assert status(leaf, own, [root, other], lists, namesake) == "unknown"
    assert status(leaf, own, [root, other], [*lists, make.crl(own)], namesake) == "good"


def test_a_list_that_alone_vouches_for_its_signer_proves_nothing() -> None:
    root = certificate("Root", ca=True)
    own = certificate("CA", root, ca=True)
    signer = certificate("CA", own, ca=True)
    leaf = certificate("Budi", own)
    lists = [make.crl(root), make.crl(signer)]
    assert status(leaf, own, [root], lists, signer) == "unknown"
    assert status(leaf, own, [root], [make.crl(root), make.crl(own)], signer) == "good"


def test_a_delta_list_revokes_and_lifts_a_hold() -> None:
    ca = certificate("CA", ca=True)
    leaf = certificate("Budi", ca)
    serial = leaf.certificate.serial_number

    def base(number: int, *entries: x509.RevokedCertificate) -> bytes:
        return make.crl(ca, entries, extensions=[(x509.CRLNumber(number), False)])

    def delta(since: int, number: int, *entries: x509.RevokedCertificate) -> bytes:
        extensions = [(x509.CRLNumber(number), False), (x509.DeltaCRLIndicator(since), True)]
        return make.crl(ca, entries, this_update=NOW + timedelta(minutes=1), extensions=extensions)

    hold = make.revoked(serial, reason=x509.ReasonFlags.certificate_hold)
    lifted = make.revoked(serial, reason=x509.ReasonFlags.remove_from_crl)
    later = make.revoked(serial, reason=x509.ReasonFlags.key_compromise)
    assert status(leaf, ca, [ca], [base(3), delta(3, 4, later)]) == "revoked"
    assert status(leaf, ca, [ca], [base(3, hold)]) == "revoked"
    assert status(leaf, ca, [ca], [base(3, hold), delta(2, 4, lifted)]) == "good"
    # For another complete list, or older than it, it says nothing.
    assert status(leaf, ca, [ca], [base(3, hold), delta(4, 5, lifted)]) == "revoked"
    assert status(leaf, ca, [ca], [base(3, hold), delta(2, 3, lifted)]) == "revoked"
    assert status(leaf, ca, [ca], [delta(3, 4)]) == "unknown"


def test_a_list_for_other_distribution_points_says_nothing() -> None:
    ca = certificate("CA", ca=True)
    leaf = certificate("Budi", ca, crl_url="http://crl.example/1.crl")

    def scope(url: str) -> list[Extension]:
        name = [x509.UniformResourceIdentifier(url)]
        return [(x509.IssuingDistributionPoint(name, None, False, False, None, False, False), True)]

    assert status(leaf, ca, [ca], [make.crl(ca, extensions=scope("http://crl.example/2.crl"))]) == "unknown"
    assert status(leaf, ca, [ca], [make.crl(ca, extensions=scope("HTTP://CRL.example/1.crl"))]) == "good"
    unnamed = certificate("Ani", ca)
    assert status(unnamed, ca, [ca], [make.crl(ca, extensions=scope("http://crl.example/1.crl"))]) == "unknown"
