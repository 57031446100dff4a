"""A letter that stays in the house: what its digests and CMS prove, and what is never said of it."""

import hashlib
import json

import pytest

from esign.pades.profile import Profile
from esign.pades.spec import NewField
from esign.pdf.sandbox import InProcess
from esign.verify.cms import read_message
from esign.verify.digest_report import DigestConclusion, DigestReport, DigestRequest
from esign.verify.digesting import digests_in, digests_of
from esign.verify.digests import examine_digests, validate_digests
from esign.verify.report import Indication, SignatureKind, SubIndication
from esign.x509.clock import SystemClock
from esign.x509.trust import TrustStore
from tests.letter_files import read
from tests.officials import SECOND, dev_ca, official, request, roots, signed

RUNNER = InProcess()


def letter(profile: Profile = Profile.B_LT) -> bytes:
    return signed(read("typst-1.4"), request(profile)).pdf


def asked(pdf: bytes) -> DigestRequest:
    made = digests_of(pdf)
    assert made is not None
    return DigestRequest.model_validate_json(made.model_dump_json())


def answered(wanted: DigestRequest, *, trusted: bool = True) -> DigestReport:
    trust = TrustStore(anchors=tuple(roots()) if trusted else ())
    return validate_digests(wanted, trust, SystemClock().now())


@pytest.mark.parametrize("profile", [Profile.B_LT, Profile.B_LTA])
def test_a_signature_over_its_own_digest_holds_and_the_file_is_never_called_genuine(profile: Profile) -> None:
    found = answered(asked(letter(profile)))
    assert found.conclusion is DigestConclusion.SIGNATURES_HOLD, found.model_dump_json(indent=1)
    first = found.signatures[0]
    assert (first.digest_matches, first.value_holds, first.indication) == (True, True, Indication.TOTAL_PASSED)
    assert first.signer is not None
    assert first.signer.common_name == "Budi Santoso"
    assert first.proven_time is not None
    assert "genuine" not in json.dumps([item.model_dump(mode="json") for item in found.signatures])
    assert {text.split(":")[0] for text in found.not_examined} >= {"content", "structure", "changes"}


def test_another_digest_is_another_file() -> None:
    wanted = asked(letter())
    other = wanted.signatures[0].model_copy(update={"digest": hashlib.sha256(b"other").hexdigest()})
    found = answered(wanted.model_copy(update={"signatures": (other,)}))
    assert found.conclusion is DigestConclusion.SIGNATURES_FAIL
    assert found.signatures[0].sub_indication is SubIndication.HASH_FAILURE
    assert found.signatures[0].digest_matches is False
    assert "digest" in found.signatures[0].sentence.en


def test_a_digest_by_another_algorithm_proves_nothing() -> None:
    wanted = asked(letter())
    other = wanted.signatures[0].model_copy(
        update={"digest_algorithm": "sha512", "digest": hashlib.sha512(b"").hexdigest()}
    )
    found = answered(wanted.model_copy(update={"signatures": (other,)}))
    assert found.conclusion is DigestConclusion.INDETERMINATE


@pytest.mark.parametrize("spoil", ["cut off", "value", "zeros"])
def test_a_spoilt_cms_never_holds(spoil: str) -> None:
    wanted = asked(letter())
    cms = bytearray(wanted.signatures[0].cms)
    at = cms.index(read_message(bytes(cms)).signature)
    match spoil:
        case "cut off":
            del cms[900:]
        case "value":
            cms[at + 20] ^= 1
        case _:
            cms[:] = bytes(len(cms))
    other = wanted.signatures[0].model_copy(update={"cms": bytes(cms)})
    found = answered(wanted.model_copy(update={"signatures": (other,)}))
    assert found.conclusion in (DigestConclusion.SIGNATURES_FAIL, DigestConclusion.INDETERMINATE)
    assert not found.signatures[0].value_holds


def test_without_its_root_a_signature_is_untrusted() -> None:
    assert answered(asked(letter()), trusted=False).conclusion is DigestConclusion.UNTRUSTED


def test_two_signatures_and_a_document_time_stamp_are_told_each() -> None:
    pdf = signed(letter(Profile.B_LTA), request(Profile.B_LT, field=NewField(rect=SECOND)), official("Siti")).pdf
    found = answered(asked(pdf))
    assert [item.kind for item in found.signatures] == [
        SignatureKind.SIGNATURE,
        SignatureKind.DOCUMENT_TIMESTAMP,
        SignatureKind.SIGNATURE,
    ]
    assert found.conclusion is DigestConclusion.SIGNATURES_HOLD
    assert found.signatures[0].field == "esign_1"


def test_what_is_missing_is_fetched() -> None:
    wanted = asked(letter(Profile.B_B))
    trust = TrustStore(anchors=tuple(roots()))
    without = examine_digests(wanted, trust, SystemClock(), RUNNER)
    assert without.conclusion is DigestConclusion.INDETERMINATE
    assert without.missing
    fetched = examine_digests(wanted, trust, SystemClock(), RUNNER, dev_ca().revocation())
    assert fetched.conclusion is DigestConclusion.SIGNATURES_HOLD


def test_a_letter_gives_its_hashes_and_no_content() -> None:
    pdf = letter()
    made = digests_in(RUNNER, pdf, timeout=10)
    assert made is not None
    assert made.file_sha256 == hashlib.sha256(pdf).hexdigest()
    assert len(made.revision_sha256) == 1
    assert made.certificates
    assert made.ocsps
    assert len(made.model_dump_json()) < 200_000
    assert digests_of(read("typst-1.4")) is None
    assert digests_of(b"no PDF") is None


def test_a_letter_that_was_changed_is_a_digest_that_does_not_fit() -> None:
    pdf = bytearray(letter())
    pdf[200] ^= 1
    made = digests_of(bytes(pdf))
    assert made is None or answered(made).conclusion is DigestConclusion.SIGNATURES_FAIL
