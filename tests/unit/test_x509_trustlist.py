"""Trust lists: what a file may say, what is refused by name, and whose signature makes it count."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import pem
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7

from esign.x509.scope import Use
from esign.x509.trust import TrustStore
from esign.x509.trustlist import TrustListError, fingerprint, indonesia, parse, read
from tests.pki import Holder, certificate

ROOT = certificate("Akar Uji", ca=True)
ISSUING = certificate("Penerbit Uji", ROOT, ca=True)
OPERATOR = certificate("Operator", key=rsa.generate_private_key(65537, 2048))


def entry(holder: Holder, role: str = "anchor", *more: str) -> str:
    lines = [
        "[[certificate]]",
        'provider = "Penyelenggara Uji"',
        f'role = "{role}"',
        f'sha256 = "{holder.asn1.sha256.hex()}"',
        f"pem = '''{pem.armor('CERTIFICATE', holder.der).decode()}'''",
        *(more or ('vouches_for = ["signatures", "ocsp"]',)),
    ]
    return "\n".join(lines)


def listed(*entries: str) -> bytes:
    return "\n".join(('name = "uji"', "version = 3", *entries)).encode()


def nothing_beside(name: str) -> bytes:
    raise FileNotFoundError(2, "there is no such file", name)


def test_a_list_says_who_is_trusted_for_what_and_when() -> None:
    times = 'vouches_for = ["seals"]\nsince = 2026-01-01\nuntil = 2026-02-01\npath_length = 0\norganisations = ["OPD"]'
    store = parse(listed(entry(ROOT), entry(ISSUING, "intermediate", times)), nothing_beside)
    assert [item.sha256 for item in store.anchors] == [ROOT.asn1.sha256]
    assert [item.sha256 for item in store.intermediates] == [ISSUING.asn1.sha256]
    first, second = store.scopes
    assert (first.uses, first.since, first.source) == (frozenset({Use.SIGNATURES, Use.OCSP}), None, "uji/3")
    assert (second.since, second.until) == (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    assert (second.path_length, second.organisations) == (0, frozenset({"OPD"}))


def test_a_ca_may_be_trusted_in_the_place_of_a_root() -> None:
    assert parse(listed(entry(ISSUING)), nothing_beside).anchors[0].subject == ISSUING.asn1.subject


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"name = ", "not TOML"),
        (b'name = "uji"\nversion = 1\n', "certificate: Field required"),
        (listed(entry(ROOT), "surprise = 1"), "certificate[1].surprise"),
        (listed(entry(ROOT, "friend")), "certificate[1].role"),
        (listed(entry(ROOT, "anchor", 'vouches_for = ["everything"]')), "everything is none of"),
        (listed(entry(ROOT, "anchor", "vouches_for = []")), "certificate[1].vouches_for"),
        (listed(entry(ROOT, "anchor", 'vouches_for = ["ocsp"]\nsince = "2026"')), "certificate[1].since"),
        (
            listed(entry(ROOT, "anchor", 'vouches_for = ["ocsp"]\nsince = 2026-01-02\nuntil = 2026-01-01')),
            "until must be after since",
        ),
        (listed(entry(ROOT), entry(ROOT)), "listed twice"),
        (listed(entry(ROOT).replace(ROOT.asn1.sha256.hex(), "ab" * 32)), "is not what the list says"),
        (listed(entry(ROOT).replace(ROOT.asn1.sha256.hex(), "ab")), "64 digits"),
        (listed(entry(ROOT).replace("BEGIN CERT", "BEGIN CHERT")), "(Penyelenggara Uji)"),
        (listed(entry(ROOT).partition("pem =")[0] + 'file = "akar.pem"\nvouches_for = ["crl"]'), "no such file"),
        (listed(entry(ROOT).partition("pem =")[0] + 'file = "../akar.pem"\nvouches_for = ["crl"]'), "own folder"),
        (listed(entry(ROOT).partition("pem =")[0] + 'vouches_for = ["crl"]'), "either file or pem"),
    ],
)
def test_what_is_wrong_in_a_list_is_said_with_its_entry(text: bytes, told: str) -> None:
    with pytest.raises(TrustListError) as refused:
        parse(text, nothing_beside)
    assert told in str(refused.value)


def test_a_fingerprint_may_be_written_as_people_write_it() -> None:
    assert fingerprint(":".join(["AB"] * 32)) == "ab" * 32
    assert fingerprint(" ".join(["ABCDEF01"] * 8)) == "abcdef01" * 8


# --- signed lists ----------------------------------------------------------------------------------


def signed(
    data: bytes,
    holder: Holder = OPERATOR,
    *options: pkcs7.PKCS7Options,
    encoding: serialization.Encoding = serialization.Encoding.DER,
    algorithm: str = "sha256",
) -> bytes:
    digest = hashes.SHA512() if algorithm == "sha512" else hashes.SHA256()
    builder = pkcs7.PKCS7SignatureBuilder().set_data(data).add_signer(holder.certificate, holder.key, digest)
    chosen = options or (pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary)
    return builder.sign(encoding, list(chosen))


def written(folder: Path, data: bytes, signature: bytes | None) -> Path:
    path = folder / "trust.toml"
    path.write_bytes(data)
    if signature is not None:
        (folder / "trust.toml.p7s").write_bytes(signature)
    return path


TRUSTED = [OPERATOR.asn1.sha256.hex().upper()]
LIST = listed(entry(ROOT))


@pytest.mark.parametrize(
    "signature",
    [
        signed(LIST),
        signed(LIST, encoding=serialization.Encoding.PEM),
        signed(LIST, algorithm="sha512"),
    ],
)
def test_a_list_signed_by_the_operator_counts(tmp_path: Path, signature: bytes) -> None:
    assert read(written(tmp_path, LIST, signature), TRUSTED).anchors


def test_an_operator_may_have_an_elliptic_key(tmp_path: Path) -> None:
    operator = certificate("Operator EC", key=ec.generate_private_key(ec.SECP384R1()))
    path = written(tmp_path, LIST, signed(LIST, operator))
    assert read(path, [*TRUSTED, operator.asn1.sha256.hex()]).anchors
    with pytest.raises(TrustListError, match="nobody whose fingerprint"):
        read(path, TRUSTED)


BINARY = pkcs7.PKCS7Options.Binary


@pytest.mark.parametrize(
    ("signature", "told"),
    [
        (None, "there is no trust.toml.p7s"),
        (b"", "can't be read"),
        (b"nonsense", "can't be read"),
        (signed(LIST) + b"x", "can't be read"),
        (signed(LIST + b"\n"), "other data"),
        (signed(LIST, certificate("Penipu")), "nobody whose fingerprint"),
        (signed(LIST, OPERATOR, BINARY), "own content"),
        (signed(LIST, OPERATOR, BINARY, pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.NoCerts), "nobody"),
        (
            signed(LIST, OPERATOR, BINARY, pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.NoAttributes),
            "no signed attributes",
        ),
        (signed(LIST)[:-1] + bytes([signed(LIST)[-1] ^ 1]), "does not count"),
    ],
)
def test_any_other_signature_does_not(tmp_path: Path, signature: bytes | None, told: str) -> None:
    path = written(tmp_path, LIST, signature)
    with pytest.raises(TrustListError) as refused:
        read(path, TRUSTED)
    assert told in str(refused.value)
    assert read(path).anchors, "a local list needs none"


# --- what a scope refuses --------------------------------------------------------------------------

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LEAF = certificate("Budi", ISSUING)


def store(*more: str) -> TrustStore:
    return parse(listed(entry(ROOT, "anchor", *more)), nothing_beside)


@pytest.mark.parametrize(
    ("bounds", "uses", "told"),
    [
        ('vouches_for = ["signatures"]', [Use.SIGNATURES, Use.SEALS], None),
        ('vouches_for = ["signatures"]', [Use.TIMESTAMPS], "not trusted for time-stamps"),
        ('vouches_for = ["signatures"]\nuntil = 2026-03-01', [Use.SIGNATURES], "only until 2026-03-01"),
        ('vouches_for = ["signatures"]\nuntil = 2026-03-02', [Use.SIGNATURES], None),
        ('vouches_for = ["signatures"]\nsince = 2026-03-02', [Use.SIGNATURES], "only since 2026-03-02"),
        ('vouches_for = ["signatures"]\nsince = 2026-03-01', [Use.SIGNATURES], None),
        ('vouches_for = ["signatures"]\npath_length = 0', [Use.SIGNATURES], "more than 0 authorities"),
        ('vouches_for = ["signatures"]\npath_length = 1', [Use.SIGNATURES], None),
        ('vouches_for = ["signatures"]\norganisations = ["OPD"]', [Use.SIGNATURES], "that organisation"),
    ],
)
def test_a_chain_is_refused_beyond_the_bounds_of_its_root(bounds: str, uses: list[Use], told: str | None) -> None:
    refusal = store(bounds).refusal((LEAF.asn1, ISSUING.asn1, ROOT.asn1), uses, NOW)
    if told is None:
        assert refusal is None
    else:
        assert refusal is not None
        assert told in refusal.reason
        assert refusal.out_of_time == ("only" in told)


def test_bounds_hold_also_where_another_store_trusts_without_bounds() -> None:
    bounded = store('vouches_for = ["time-stamps"]').merged(TrustStore((ROOT.asn1,)))
    assert len(bounded.anchors) == 1
    assert bounded.refusal((LEAF.asn1, ISSUING.asn1, ROOT.asn1), [Use.SIGNATURES], NOW) is not None


def test_every_shipped_certificate_has_its_bounds_within_its_own_validity() -> None:
    shipped = indonesia()
    for found in shipped:
        (scope,) = shipped.scopes_of(found)
        assert scope.since is not None
        assert scope.until is not None
        assert (scope.since.date(), (scope.until - found.not_valid_after).days) == (found.not_valid_before.date(), 0)
    (stamping,) = [item for item in shipped.intermediates if not item.ca]
    assert shipped.scopes_of(stamping)[0].uses == {Use.TIMESTAMPS}
