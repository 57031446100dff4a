import re
from collections.abc import Iterable
from importlib import resources

import pytest
from asn1crypto import pem, x509

from esign.x509 import chains, keys
from esign.x509.trust import TrustStore, is_self_issued, read_certificates
from esign.x509.trustlist import indonesia
from tests.pki import NOW, certificate


def fingerprints(certificates: Iterable[x509.Certificate]) -> list[bytes]:
    return [found.sha256 for found in certificates]


def test_the_shipped_indonesian_certificates_are_those_that_the_readme_names() -> None:
    folder = resources.files("esign.x509") / "indonesia"
    readme = (folder / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\S+\.pem) \| ([^|]+) \|[^|]*\| ([0-9A-F ]+) \| ([^|]+) \|$", readme, re.MULTILINE)
    assert sorted(row[0] for row in rows) == sorted(
        file.name for file in folder.iterdir() if file.name.endswith(".pem")
    )
    for file, subject, fingerprint, role in rows:
        (found,) = read_certificates((folder / file).read_bytes())
        assert found.subject.native["common_name"] == subject
        assert found.sha256 == bytes.fromhex(fingerprint)
        assert (found.sha256 in fingerprints(indonesia().anchors)) == ("anchor" in role)
        assert (found.sha256 in fingerprints(indonesia().intermediates)) == ("intermediate" in role)


def test_the_shipped_time_stamp_and_issuing_certificates_lead_to_the_national_root() -> None:
    store = indonesia()
    by_name = {found.subject.native["common_name"]: found for found in store}
    stamper = by_name["Timestamp Authority Badan Siber dan Sandi Negara"]
    chain = chains.build(stamper, store)
    assert chain is not None
    assert [found.subject.native["common_name"] for found in chain[1:]] == ["BSRE CA DS G1", "Root CA Indonesia DS G1"]


def test_roots_become_anchors_and_others_help_only() -> None:
    root = certificate("Root", ca=True)
    issuing = certificate("Issuing", root, ca=True)
    store = TrustStore.from_pem(pem.armor("CERTIFICATE", issuing.der) + pem.armor("CERTIFICATE", root.der))
    assert fingerprints(store.anchors) == fingerprints([root.asn1])
    assert fingerprints(store.intermediates) == fingerprints([issuing.asn1])
    assert fingerprints(store) == fingerprints([root.asn1, issuing.asn1])


def test_der_is_read_too_and_a_certificate_counts_once() -> None:
    root = certificate("Root", ca=True)
    store = TrustStore.from_pem(root.der, pem.armor("CERTIFICATE", root.der))
    assert len(store.anchors) == 1
    assert fingerprints(store.merged(indonesia()).anchors) == fingerprints([root.asn1, *indonesia().anchors])


def test_a_certificate_that_only_bears_its_issuer_s_name_is_no_anchor() -> None:
    root = certificate("Root", ca=True)
    impostor = certificate("Root", root)
    assert impostor.asn1.subject == impostor.asn1.issuer
    assert not is_self_issued(impostor.asn1)


@pytest.mark.parametrize(
    "text",
    [b"", b"rubbish", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\x30\x03\x02\x01\x01"],
)
def test_what_is_no_certificate_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="certificate"):
        TrustStore.from_pem(text)


def test_a_file_with_only_a_key_in_it_is_refused() -> None:
    with pytest.raises(ValueError, match="no certificate in it"):
        TrustStore.from_pem(pem.armor("PRIVATE KEY", b"\x30\x00"))


def test_chains_lead_through_those_that_came_along_but_end_at_an_anchor() -> None:
    root = certificate("Root", ca=True)
    issuing = certificate("Issuing", root, ca=True)
    leaf = certificate("Budi", issuing)
    trust = TrustStore(anchors=(root.asn1,))
    assert chains.build(leaf.asn1, trust) is None
    assert chains.build(leaf.asn1, trust, [issuing.asn1]) == (leaf.asn1, issuing.asn1, root.asn1)
    assert chains.build(leaf.asn1, TrustStore(), [issuing.asn1, root.asn1]) is None
    assert chains.build(root.asn1, trust) == (root.asn1,)


def test_of_two_issuers_of_one_name_the_one_that_signed_is_found() -> None:
    root = certificate("Root", ca=True)
    true, false = certificate("Issuing", root, ca=True), certificate("Issuing", root, ca=True)
    leaf = certificate("Budi", true)
    chain = chains.build(leaf.asn1, TrustStore((root.asn1,), (false.asn1, true.asn1)))
    assert chain == (leaf.asn1, true.asn1, root.asn1)


def test_who_is_no_ca_or_too_deep_issues_nothing() -> None:
    root = certificate("Root", ca=True)
    clerk = certificate("Clerk", root)
    forged = certificate("Bupati", clerk)
    assert chains.build(forged.asn1, TrustStore((root.asn1,)), [clerk.asn1]) is None
    short = certificate("Short", root, ca=True, path_length=0)
    below = certificate("Below", short, ca=True)
    leaf = certificate("Budi", below)
    assert chains.build(leaf.asn1, TrustStore((root.asn1,)), [short.asn1, below.asn1]) is None
    assert chains.build(certificate("Ani", short).asn1, TrustStore((root.asn1,)), [short.asn1]) is not None


def test_a_chain_can_be_asked_for_a_moment() -> None:
    root = certificate("Root", ca=True)
    leaf = certificate("Budi", root)
    trust = TrustStore((root.asn1,))
    assert chains.build(leaf.asn1, trust, at=NOW) is not None
    assert chains.build(leaf.asn1, trust, at=leaf.asn1.not_valid_after.replace(year=2040)) is None


def test_a_signature_that_was_tampered_with_ends_the_chain() -> None:
    root = certificate("Root", ca=True)
    leaf = certificate("Budi", root)
    spoilt = bytearray(leaf.der)
    spoilt[-1] ^= 1
    (broken,) = read_certificates(bytes(spoilt))
    assert chains.build(broken, TrustStore((root.asn1,))) is None


def test_a_heap_of_issuers_of_one_name_costs_a_bounded_number_of_signatures() -> None:
    # Without key identifiers to tell them apart, each would have to be tried.
    root = certificate("Root", ca=True)
    key = certificate("x").key
    heap = [certificate("Issuing", root, ca=True, key=key) for _ in range(chains.MOST_SIGNATURES + 8)]
    stranger = certificate("Issuing", certificate("Elsewhere", ca=True), ca=True, key=key)
    leaf = certificate("Budi", stranger)
    assert chains.build(leaf.asn1, TrustStore((certificate("Other", ca=True).asn1,)), [h.asn1 for h in heap]) is None


def test_rsassa_pss_signatures_count() -> None:
    key = keys.generate(keys.KeyAlgorithm.RSA_2048)
    root = certificate("Root", ca=True, key=key, pss=True)
    leaf = certificate("Budi", root, pss=True)
    assert leaf.asn1["signature_algorithm"]["algorithm"].native == "rsassa_pss"
    assert chains.build(leaf.asn1, TrustStore((root.asn1,))) is not None
