"""What is told of a file whose examination ended early."""

import pytest

from esign.pades.profile import Profile
from esign.pades.spec import NewField
from esign.pdf.sandbox import InProcess
from esign.verify import partial
from esign.verify.online import examine
from esign.verify.report import Report, SignatureReport, Verdict
from esign.verify.subject import Subject
from esign.x509.clock import SystemClock
from esign.x509.trust import TrustStore
from tests.attacks import spoilt
from tests.letter_files import read
from tests.officials import SECOND, dev_ca, official, request, roots, signed


def ended_at(monkeypatch: pytest.MonkeyPatch, count: int, pdf: bytes) -> Report:
    """The report on a file for which memory ends when the signature after so many is examined."""
    whole = Subject.report
    examined: list[Subject] = []

    def report(subject: Subject) -> SignatureReport:
        if len(examined) == count:
            raise MemoryError
        examined.append(subject)
        return whole(subject)

    monkeypatch.setattr(Subject, "report", report)
    trust = TrustStore(anchors=tuple(roots()))
    return examine(pdf, trust, SystemClock(), InProcess(), dev_ca().revocation())


def twice() -> bytes:
    once = signed(read("typst-1.4"), request(Profile.B_LT)).pdf
    return signed(once, request(Profile.B_LT, field=NewField(rect=SECOND)), official("Siti Aminah")).pdf


def test_signatures_are_listed_though_none_was_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    found = ended_at(monkeypatch, 0, twice())
    assert found.verdict is Verdict.NOT_EXAMINED
    assert [item.field for item in found.signatures] == ["esign_1", "esign_2"]
    assert {item.verdict for item in found.signatures} == {Verdict.NOT_EXAMINED}
    assert all(item.integrity.structure for item in found.signatures)
    assert found.revisions == 5
    assert [item.code for item in found.findings] == ["file.limits"]
    assert "tidak dapat diperiksa seluruhnya" in found.sentence.id


def test_what_was_examined_is_told_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    found = ended_at(monkeypatch, 1, twice())
    assert found.verdict is Verdict.NOT_EXAMINED
    assert [item.verdict for item in found.signatures] == [Verdict.GENUINE, Verdict.NOT_EXAMINED]
    signer = found.signatures[0].signer
    assert signer is not None
    assert signer.common_name == "Budi Santoso"


def test_broken_structure_is_broken_whatever_was_not_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    forgery = next(item for item in spoilt.universal(twice()))
    found = ended_at(monkeypatch, 0, forgery.pdf)
    assert found.verdict is Verdict.INVALID, forgery.name
    assert found.sentence.en


@pytest.mark.parametrize(
    "told",
    [
        (),
        (None, 1, "x", []),
        ({"signatures": "x"},),
        ({"signatures": [{"field": 1}]},),
        ({"index": 5, "signature": {}},),
        ({"index": -1, "signature": {}},),
    ],
    ids=str,
)
def test_what_a_worker_babbles_is_left_out(told: tuple[object, ...]) -> None:
    assert partial.known(told) == ((), 0)
