"""The CMS that a signature is."""

from pathlib import Path

import pytest
from asn1crypto import cms

from esign.pades.cms import SignerInfoPlan, digest_algorithm_for, issuers_to_carry
from esign.pades.profile import Profile
from esign.x509.keys import KeyAlgorithm
from tests.letter_files import read
from tests.officials import official, request, roots, signed
from tests.validators import openssl_verifies, verdicts

LETTER = read("libreoffice-docx")


def message(pdf: bytes, byte_range: tuple[int, int, int, int]) -> cms.SignedData:
    return cms.ContentInfo.load(bytes.fromhex(pdf[byte_range[1] + 1 : byte_range[2] - 1].decode()))["content"]


@pytest.mark.parametrize("key", KeyAlgorithm)
def test_every_kind_of_key_signs_and_others_accept_it(key: KeyAlgorithm, tmp_path: Path) -> None:
    letter = signed(LETTER, request(), official("Agus Wijaya", key))
    assert [verdict.sound for verdict in verdicts(letter.pdf, roots())] == [True]
    assert openssl_verifies(letter.pdf, letter.byte_range, roots(), tmp_path)


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("key", [KeyAlgorithm.RSA_2048, KeyAlgorithm.P256, KeyAlgorithm.P384])
def test_every_digest_goes_with_every_key(key: KeyAlgorithm, digest: str, tmp_path: Path) -> None:
    letter = signed(LETTER, request(digest_algorithm=digest), official("Agus Wijaya", key))
    signer = message(letter.pdf, letter.byte_range)["signer_infos"][0]
    assert signer["digest_algorithm"]["algorithm"].native == digest
    assert signer["signature_algorithm"].hash_algo == digest
    assert openssl_verifies(letter.pdf, letter.byte_range, roots(), tmp_path)


def test_the_digest_is_as_strong_as_the_key() -> None:
    digests = {key: digest_algorithm_for(official("Agus Wijaya", key).certificate) for key in KeyAlgorithm}
    assert digests.pop(KeyAlgorithm.P384) == "sha384"
    assert set(digests.values()) == {"sha256"}


def test_the_signed_attributes_are_those_of_pades_in_the_order_of_der() -> None:
    letter = signed(LETTER, request())
    attributes = message(letter.pdf, letter.byte_range)["signer_infos"][0]["signed_attrs"]
    assert {attribute["type"].native for attribute in attributes} == {
        "content_type",
        "message_digest",
        "signing_certificate_v2",
        "cms_algorithm_protection",
    }
    encoded = [attribute.dump() for attribute in attributes]
    assert encoded == sorted(encoded)


def test_the_message_has_one_signer_and_no_content() -> None:
    letter = signed(LETTER, request())
    data = message(letter.pdf, letter.byte_range)
    assert data["version"].native == "v1"
    assert len(data["signer_infos"]) == 1
    assert data["encap_content_info"]["content"].native is None


def test_the_message_carries_the_issuers_but_not_the_root() -> None:
    letter = signed(LETTER, request())
    carried = [choice.chosen.dump() for choice in message(letter.pdf, letter.byte_range)["certificates"]]
    signer = official()
    assert carried == sorted([signer.certificate.dump(), signer.chain[0].dump()])
    assert issuers_to_carry(signer.chain) == tuple(signer.chain[:-1])


@pytest.mark.parametrize("key", KeyAlgorithm)
def test_the_size_is_known_before_anything_is_signed(key: KeyAlgorithm) -> None:
    signer = official("Agus Wijaya", key)
    plan = SignerInfoPlan(signer.certificate, "sha256", issuers_to_carry(signer.chain))
    made = plan.signed_data(
        plan.signed_attributes(bytes(32)), signer.sign_digests([bytes(32)], "sha256")[0], bytes(5000)
    )
    # An ECDSA value varies by the leading zeros of its two numbers.
    assert 0 <= plan.size(5000) - len(made) <= (0 if str(key).startswith("rsa") else 16)


def test_the_signing_time_is_left_to_the_dictionary() -> None:
    letter = signed(LETTER, request(Profile.B_T))
    signer = message(letter.pdf, letter.byte_range)["signer_infos"][0]
    assert "signing_time" not in {attribute["type"].native for attribute in signer["signed_attrs"]}
    assert [attribute["type"].native for attribute in signer["unsigned_attrs"]] == ["signature_time_stamp_token"]
