"""What BSrE's words mean here: a conclusion never says more than our verdict, and each state has its number."""

import itertools
from datetime import UTC, datetime, timedelta, timezone

import pytest

from esign.api.bsre import conclusions, encoded, names, statuses, v2_report
from esign.api.bsre.conclusions import Word
from esign.api.bsre.refusals import Refused
from esign.ca.authority import CredentialStatus
from esign.errors import LetterTooLarge
from esign.service import told
from esign.service.told import RegisterStatus
from esign.service.views import FileAnswer, ToldView
from esign.verify.report import (
    Changes,
    ChangeState,
    Indication,
    Integrity,
    Level,
    Report,
    Sentence,
    SignatureKind,
    SignatureReport,
    Verdict,
    worst,
)

NOW = datetime(2026, 11, 23, 5, 0, 0, 123456, tzinfo=UTC)
WORDS = Sentence(id="Sebabnya begini.", en="Because.")
HELD = Integrity(structure=True, digest=True, signature_value=True)
IN_FORCE = RegisterStatus.IN_FORCE
ALL = list(itertools.product(Verdict, RegisterStatus))


def signature(verdict: Verdict, **given: object) -> SignatureReport:
    """A signature of that verdict."""
    told: dict[str, object] = {
        "field": "sig_1",
        "kind": SignatureKind.SIGNATURE,
        "sub_filter": "ETSI.CAdES.detached",
        "verdict": verdict,
        "indication": Indication.TOTAL_PASSED if verdict.good else Indication.INDETERMINATE,
        "sub_indication": None,
        "sentence": WORDS,
        "integrity": HELD,
    }
    return SignatureReport.model_validate(told | given)


def answer(
    verdict: Verdict, register: RegisterStatus = RegisterStatus.UNKNOWN, *signatures: SignatureReport
) -> FileAnswer:
    """What is known of a file of that verdict."""
    report = Report(
        verdict=verdict, sentence=WORDS, at=NOW, sha256="ab" * 32, size=1, policy="p", policy_sha256="",
        trust_sha256="", signatures=signatures,
    )  # fmt: skip
    view = ToldView.of(told.of_file(verdict, register, None))
    return FileAnswer(told=view, register_status=register, letter=None, report=report)


@pytest.mark.parametrize(("verdict", "register"), ALL)
def test_valid_is_said_of_nothing_that_is_not_genuine_or_that_the_register_speaks_against(
    verdict: Verdict, register: RegisterStatus
) -> None:
    found = conclusions.of(answer(verdict, register, signature(verdict)))
    against = register in (
        RegisterStatus.WITHDRAWN,
        RegisterStatus.REPLACED,
        RegisterStatus.OTHER_FILE,
        RegisterStatus.OTHER_SIGNER,
    )
    assert (found.word is Word.VALID) == (verdict is Verdict.GENUINE and not against)
    assert (found.word is Word.NO_SIGNATURE) == (verdict is Verdict.UNSIGNED)
    assert found.description
    if found.word is Word.VALID:
        assert found.description == "Dokumen valid, Sertifikat yang digunakan terpercaya"
        assert bool(found.warnings) == (register is not RegisterStatus.IN_FORCE)
    elif found.word is Word.INVALID and verdict is not Verdict.GENUINE:
        assert WORDS.id in found.description


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_signature_is_called_trusted_only_where_it_is_genuine(verdict: Verdict) -> None:
    for each in conclusions.judged(answer(verdict, RegisterStatus.UNKNOWN, signature(verdict))):
        assert each.trusted == (verdict is Verdict.GENUINE)
        assert each.intact == (verdict is not Verdict.ALTERED)


@pytest.mark.parametrize("verdict", [Verdict.NOT_EXAMINED, Verdict.INDETERMINATE])
def test_where_the_file_itself_is_to_blame_none_of_its_signatures_is_called_intact(verdict: Verdict) -> None:
    sound = signature(Verdict.GENUINE)
    assert [each.intact for each in conclusions.judged(answer(verdict, RegisterStatus.UNKNOWN, sound, sound))] == [
        False,
        False,
    ]
    blamed = conclusions.judged(answer(verdict, RegisterStatus.UNKNOWN, sound, signature(verdict)))
    assert [each.intact for each in blamed] == [True, True]


def test_what_was_changed_later_is_told_with_the_signature() -> None:
    changed = signature(Verdict.ALTERED, changes=Changes(state=ChangeState.SUSPICIOUS))
    permitted = signature(Verdict.GENUINE, changes=Changes(state=ChangeState.PERMITTED))
    found = conclusions.judged(answer(Verdict.ALTERED, RegisterStatus.UNKNOWN, changed, permitted))
    assert [(each.modified, each.intact, each.last) for each in found] == [(True, False, False), (False, True, True)]


def test_every_level_has_its_name_and_a_broken_signature_the_least() -> None:
    files = {level: answer(Verdict.GENUINE, IN_FORCE, signature(Verdict.GENUINE, level=level)) for level in Level}
    told = {level: conclusions.judged(each)[0] for level, each in files.items()}
    assert [each.format for each in told.values()] == [
        "PAdES-BASELINE-B", "PAdES-BASELINE-T", "PAdES-BASELINE-LT", "PAdES-BASELINE-LTA",
        "PKCS7-B", "PKCS7-T", "PKCS7-LT", "PKCS7-LTA",
    ]  # fmt: skip
    assert [level for level, each in told.items() if each.long_term] == [
        Level.PADES_B_LT, Level.PADES_B_LTA, Level.PKCS7_LT, Level.PKCS7_LTA,
    ]  # fmt: skip
    broken = [
        signature(Verdict.INVALID),
        signature(Verdict.INVALID, sub_filter="adbe.pkcs7.detached"),
        signature(Verdict.INDETERMINATE, sub_filter="x", kind=SignatureKind.NOT_UNDERSTOOD),
    ]
    found = conclusions.judged(answer(worst([each.verdict for each in broken]), RegisterStatus.UNKNOWN, *broken))
    assert [each.format for each in found] == ["PAdES-BASELINE-B", "PKCS7-B", "UNKNOWN"]


def test_time_stamps_that_stand_alone_are_no_signatures() -> None:
    stamp = signature(Verdict.GENUINE, kind=SignatureKind.DOCUMENT_TIMESTAMP)
    alone = answer(Verdict.UNSIGNED, RegisterStatus.UNKNOWN, stamp)
    assert conclusions.judged(alone) == []
    assert conclusions.of(alone).warnings == (WORDS.id,)
    assert (
        len(conclusions.judged(answer(Verdict.GENUINE, RegisterStatus.UNKNOWN, signature(Verdict.GENUINE), stamp))) == 1
    )


def test_each_state_of_a_certificate_has_a_number_and_only_issue_may_sign() -> None:
    numbers = {status: statuses.answer(status)["status_code"] for status in CredentialStatus}
    assert numbers == {
        CredentialStatus.ISSUE: 1111,
        CredentialStatus.EXPIRED: 2022,
        CredentialStatus.RENEW: 2023,
        CredentialStatus.WAITING_FOR_VERIFICATION: 2021,
        CredentialStatus.NEW: 2021,
        CredentialStatus.NO_CERTIFICATE: 2021,
        CredentialStatus.NOT_REGISTERED: 2011,
        CredentialStatus.SUSPEND: 2024,
        CredentialStatus.REVOKE: 2025,
    }
    words = {status: str(statuses.answer(status)["message"]) for status in CredentialStatus}
    assert "tidak terdaftar" in words[CredentialStatus.NOT_REGISTERED]
    assert "tidak memiliki sertifikat" in words[CredentialStatus.NO_CERTIFICATE]
    assert "expired" in words[CredentialStatus.EXPIRED]
    assert all("Sertifikat tidak aktif" in words[status] for status in (
        CredentialStatus.RENEW, CredentialStatus.NEW, CredentialStatus.SUSPEND, CredentialStatus.REVOKE))  # fmt: skip


def test_times_are_written_as_each_version_writes_them() -> None:
    assert names.local(NOW) == "2026-11-23 12:00:00.123"
    assert names.iso(NOW.astimezone(timezone(timedelta(hours=7)))) == "2026-11-23T05:00:00.123+00:00"
    assert names.joined(NOW) == "2026-11-23T05:00:00.123+0000"
    assert names.local(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)).startswith("9999-12-31")


def test_names_are_written_in_either_direction() -> None:
    name = "description=3201************_Tanda Tangan, CN=Ni Luh, S.H., M.H., O=Dinas A, B, C=ID"
    assert names.upwards(name) == "description=3201************_Tanda Tangan,CN=Ni Luh, S.H., M.H.,O=Dinas A, B,C=ID"
    assert names.downwards(name).startswith("C=ID,O=Dinas A, B,CN=Ni Luh, S.H., M.H.,description=")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("rsassa_pkcs1v15-sha256", "RSA with SHA256"),
        ("rsassa_pss-sha512", "RSA with SHA512 and MGF1"),
        ("ecdsa-sha384", "ECDSA with SHA384"),
        ("ed25519", "Ed25519"),
        (None, None),
    ],
)
def test_algorithms_have_the_names_of_dss(ours: str | None, theirs: str | None) -> None:
    assert v2_report.algorithm(ours) == theirs


@pytest.mark.parametrize(
    "text",
    ["JVBERi0xLjc/+w==", "JVBERi0xLjc/+w", "JVBERi0xLjc_-w", "data:application/pdf;base64,JVBERi0xLjc/+w==",
     "JVBE\r\nRi0x\nLjc/ +w==\n", "DATA:;base64,JVBERi0xLjc/+w=="],
)  # fmt: skip
def test_base64_is_read_in_all_the_forms_that_clients_send(text: str) -> None:
    assert encoded.decoded(text, "file", 100) == b"%PDF-1.7?\xfb"


@pytest.mark.parametrize("value", ["%%%", "JVBERi0xL", None, 5, True, {}, ["x"], "é"])
def test_what_is_no_base64_is_refused(value: object) -> None:
    with pytest.raises(Refused):
        encoded.decoded(value, "file", 100)  # type: ignore[arg-type]


def test_a_file_beyond_the_limit_is_refused_as_that() -> None:
    with pytest.raises(LetterTooLarge):
        encoded.decoded("QUFB" * 10, "file", 29)
    with pytest.raises(LetterTooLarge):
        encoded.decoded("QUFB" * 10_000, "file", 29)
