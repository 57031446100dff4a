"""What a BSrE service's refusals mean, and that none of its words carries a secret further."""

import json

import pytest

from esign import errors
from esign.ca.authority import CredentialStatus, Secret
from esign.ca.bsre.refusals import Asked, cleaned, refused, told_status
from esign.ca.exchange import Answer

NIK, PASSPHRASE = Secret("3201014000000001"), Secret("Lima Kuda 27")
SIGNING = Asked("bsre", signing=True, secrets=(NIK, PASSPHRASE))
CODED = Asked("bsre", signing=True, coded=True, secrets=(NIK,))
QUESTION = Asked("bsre")


def answer(status: int, told: object) -> Answer:
    return Answer(status, json.dumps(told).encode())


def spring(status: int, error: str) -> Answer:
    told = {"timestamp": "2026-11-23T05:00:00Z", "status": status, "error": error, "path": "/api/v2/sign/pdf"}
    return answer(status, told)


@pytest.mark.parametrize(
    ("given", "asked", "error"),
    [
        (spring(401, "Unauthorized"), SIGNING, errors.AuthorityNotAdmitted),
        (Answer(403, b"<html>"), SIGNING, errors.AuthorityNotAdmitted),
        (answer(400, {"error": "Passphrase anda salah", "status_code": 2031}), SIGNING, errors.WrongPassphrase),
        (answer(400, {"error": "TOTP salah", "status_code": 2031}), CODED, errors.WrongCode),
        (answer(400, {"error": "TOTP tidak valid", "status_code": 4001}), CODED, errors.WrongCode),
        (answer(400, {"error": "Kode sekali pakai kedaluwarsa"}), CODED, errors.WrongCode),
        (answer(400, {"error": "Passphrase salah", "status_code": "2031"}), SIGNING, errors.WrongPassphrase),
        (
            answer(400, {"error": "Proses signing gagal : Passphrase anda salah 2031", "status_code": 400}),
            SIGNING,
            errors.WrongPassphrase,
        ),
        (
            answer(400, {"error": "Proses signing gagal : User tidak terdaftar 2011", "status_code": 400}),
            SIGNING,
            errors.SignerUnknown,
        ),
        (answer(400, {"error": "User tidak terdaftar", "status_code": 2011}), SIGNING, errors.SignerUnknown),
        (answer(400, {"message": "User tidak ditemukan"}), SIGNING, errors.SignerUnknown),
        (answer(400, {"error": "…", "status_code": 2021}), SIGNING, errors.CredentialMissing),
        (answer(400, {"error": "User tidak memiliki sertifikat"}), SIGNING, errors.CredentialMissing),
        (answer(400, {"error": "…", "status_code": 2022}), SIGNING, errors.CredentialExpired),
        (answer(400, {"error": "Sertifikat anda telah expired"}), SIGNING, errors.CredentialExpired),
        (answer(400, {"error": "…", "status_code": 2023}), SIGNING, errors.CredentialUnusable),
        (answer(400, {"error": "Sertifikat tidak aktif"}), SIGNING, errors.CredentialUnusable),
        (answer(400, {"error": "…", "status_code": 2024}), SIGNING, errors.CredentialSuspended),
        (answer(400, {"error": "…", "status_code": 2025}), SIGNING, errors.CredentialRevoked),
        (answer(400, {"error": "PDF tidak valid", "status_code": 2041}), SIGNING, errors.AuthorityRefused),
        (answer(400, {"error": "Tag # tidak ditemukan", "status_code": 2099}), SIGNING, errors.AuthorityRefused),
        (Answer(400, b"not json"), SIGNING, errors.AuthorityRefused),
        (Answer(404, b""), SIGNING, errors.AuthorityRefused),
        (Answer(302, b""), SIGNING, errors.AuthorityRefused),
        (Answer(413, b""), SIGNING, errors.AuthorityRefused),
        (answer(200, {"error": "gagal"}), SIGNING, errors.AuthorityRefused),
        (spring(500, "Internal Server Error"), SIGNING, errors.AuthorityRefused),
        (answer(500, {"error": "Passphrase anda salah", "status_code": 2031}), SIGNING, errors.WrongPassphrase),
        (Answer(429, b""), SIGNING, errors.AuthorityUnavailable),
        (Answer(503, b""), SIGNING, errors.AuthorityUnavailable),
        (Answer(502, b""), SIGNING, errors.SigningOutcomeUnknown),
        (Answer(504, b"<html>"), SIGNING, errors.SigningOutcomeUnknown),
        (Answer(504, b""), QUESTION, errors.AuthorityUnavailable),
        (spring(500, "Internal Server Error"), QUESTION, errors.AuthorityUnavailable),
    ],
)
def test_each_refusal_has_one_meaning(given: Answer, asked: Asked, error: type[errors.EsignError]) -> None:
    assert type(refused(given, asked)) is error


def test_a_blank_500_says_that_no_file_was_given_and_what_became_of_a_code() -> None:
    with_passphrase = refused(spring(500, "Internal Server Error"), SIGNING)
    assert with_passphrase.details["reason"] == "it failed without a reason (500), and gave no signed file"
    assert "may be used up" in str(refused(spring(500, "Internal Server Error"), CODED).details["reason"])


@pytest.mark.parametrize(
    "said",
    [
        f"Gagal untuk NIK {NIK.reveal()}\r\nInjected: x\x00\x1b[31m",
        f"passphrase '{PASSPHRASE.reveal().lower()}' terlalu pendek",
        "kirim ke budi.santoso@contoh.go.id, nip 197001011995031001",
        "com.itextpdf.text.exceptions.InvalidPdfException: " + "PDF header signature not found. " * 40,
    ],
)
def test_what_it_says_is_passed_on_as_one_short_line_without_persons_and_secrets(said: str) -> None:
    told = refused(answer(400, {"error": said, "status_code": 9999}), SIGNING)
    reason = str(told.details["reason"])
    assert reason.isprintable()
    assert len(reason) <= 160
    for secret in (NIK.reveal(), PASSPHRASE.reveal().lower(), "budi", "1970"):
        assert secret not in str(told).lower()


def test_words_without_anything_to_hide_stay() -> None:
    assert cleaned("  PDF tidak\tvalid. ", (PASSPHRASE,)) == "PDF tidak valid"


@pytest.mark.parametrize("status", list(CredentialStatus))
def test_the_words_of_a_status_are_ours(status: CredentialStatus) -> None:
    assert told_status(answer(200, {"status": status.value, "status_code": 1}), QUESTION) is status
    assert told_status(answer(200, {"status": status.value.lower()}), QUESTION) is status


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"status_code": 1111, "message": "…"}, CredentialStatus.ISSUE),
        ({"status_code": "1110"}, CredentialStatus.NOT_REGISTERED),
        ({"status_code": 2011}, CredentialStatus.NOT_REGISTERED),
        ({"userStatus": "REVOKE"}, CredentialStatus.REVOKE),
        ({"data": {"status": "EXPIRED"}}, CredentialStatus.EXPIRED),
    ],
)
def test_the_ways_in_which_services_tell_a_status_are_read(told: object, status: CredentialStatus) -> None:
    assert told_status(answer(200, told), QUESTION) is status


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (answer(200, {"status": "BARU"}), errors.AuthorityRefused),
        (Answer(200, b"<html>"), errors.AuthorityRefused),
        (Answer(200, b"[]"), errors.AuthorityRefused),
        (spring(401, "Unauthorized"), errors.AuthorityNotAdmitted),
        (spring(500, "Internal Server Error"), errors.AuthorityUnavailable),
    ],
)
def test_a_status_that_is_not_understood_is_none(given: Answer, error: type[errors.EsignError]) -> None:
    with pytest.raises(error):
        told_status(given, QUESTION)
