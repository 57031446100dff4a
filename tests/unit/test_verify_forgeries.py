"""Every forged file is flagged, with the right class of verdict; every legitimate one is left alone."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

import pytest

from esign.pades.profile import Profile
from esign.pades.spec import ExistingField, FollowerField, NewField
from esign.pdf.revisions import PdfFile
from esign.pdf.sandbox import InProcess
from esign.pdf.syntax import Ref
from esign.verify.online import examine
from esign.verify.permissions import form_fields
from esign.verify.report import ChangeState, Report, SubIndication, Verdict
from esign.verify.validate import validate
from esign.x509.clock import SystemClock
from esign.x509.trust import TrustStore
from tests.attacks import later, spoilt
from tests.attacks.forgery import Forgery, next_number, target, updated, with_key, written
from tests.letter_files import letters, read
from tests.officials import SECOND, dev_ca, official, request, roots, signed

Generator = Callable[[bytes], Iterator[Forgery]]


class Base(NamedTuple):
    """A letter to be forged."""

    letter: str
    profile: Profile
    certified: bool = False
    signatures: int = 1

    def __str__(self) -> str:
        return f"{self.letter} {self.profile}{' certified' if self.certified else ''} {self.signatures}"


BASES = [
    Base("libreoffice-docx", Profile.B_B),
    Base("qpdf-object-streams", Profile.B_LT, certified=True),
    Base("typst-1.4", Profile.B_LT, signatures=2),
]
GENERATORS: list[Generator] = [
    spoilt.universal,
    spoilt.wrapped,
    spoilt.copied_signature,
    later.incremental,
    later.shadow,
    later.annotations,
    later.fields,
    later.roles,
]


@cache
def base(wanted: Base) -> bytes:
    """The signed letter."""
    followers = (FollowerField(rect=SECOND, name="second"),) if wanted.certified else None
    pdf = signed(read(wanted.letter), request(wanted.profile, followers=followers)).pdf
    for _ in range(1, wanted.signatures):
        pdf = signed(pdf, request(wanted.profile, field=NewField(rect=SECOND))).pdf
    return pdf


def report(pdf: bytes) -> Report:
    """The report by the dev CA's trust, its revocation data at hand."""
    trust = TrustStore(anchors=tuple(roots()))
    return examine(pdf, trust, SystemClock(), InProcess(), dev_ca().revocation())


def all_said(found: Report) -> str:
    """All that was found, for a failing test."""
    return found.model_dump_json(indent=1, include={"verdict", "findings", "signatures"})[:4000]


@pytest.mark.parametrize("wanted", BASES, ids=str)
@pytest.mark.parametrize("generator", GENERATORS, ids=lambda item: item.__name__)
def test_every_forgery_is_flagged(generator: Generator, wanted: Base) -> None:
    pdf = base(wanted)
    assert report(pdf).verdict is Verdict.GENUINE, all_said(report(pdf))
    forgeries = list(generator(pdf))
    assert all(item.pdf != pdf for item in forgeries)
    wrong = [f"{item.name}: {found}" for item in forgeries if (found := report(item.pdf).verdict) not in item.right]
    assert wrong == []


def test_a_spoilt_signature_is_a_format_failure_and_never_unsigned() -> None:
    for forgery in spoilt.universal(base(BASES[0])):
        found = report(forgery.pdf)
        assert [item.sub_indication for item in found.signatures] == [SubIndication.FORMAT_FAILURE], forgery.name


def test_a_change_reaches_the_indication_and_says_what_was_changed() -> None:
    pdf = base(BASES[0])
    for forgery in later.annotations(pdf):
        found = report(forgery.pdf).signatures[0]
        assert found.sub_indication is SubIndication.HASH_FAILURE
        assert found.changes.state is ChangeState.SUSPICIOUS
        assert found.changes.list[0].page == 1


def test_an_overlapping_signature_fails_and_so_does_the_file() -> None:
    pdf = base(BASES[2])
    start, end = target(pdf).gap
    second = report(pdf).signatures[1].byte_range
    assert second is not None
    for gap in ((start, end), (start, second[2]), (end, second[2]), (second[1] - 8, second[2])):
        was = b"0 %d %d " % second[1:3]
        forged = pdf.replace(was, (b"0 %d %d " % gap).ljust(len(was)))
        assert forged != pdf
        assert report(forged).verdict in (Verdict.INVALID, Verdict.ALTERED)


@pytest.mark.parametrize("reference", [b"9001 0 R", b"9001 %x\n0 %y\nR", b"09001\t0\nR", b"[[9001 0 R]]"])
def test_what_the_signed_revision_left_open_must_stay_open(reference: bytes) -> None:
    letter = read("typst-1.4")
    view = PdfFile(letter).view()
    number = next(n for n in sorted(view.numbers()) if view.dictionary(Ref(n, 0)).get("Type") == "Page")
    page = with_key(written(view.dictionary(Ref(number, 0))), b"PieceInfo", b"<</X " + reference + b">>")
    pdf = signed(updated(letter, {number: page}), request(Profile.B_LT)).pdf
    assert report(pdf).verdict is Verdict.GENUINE
    found = report(updated(pdf, {9001: b"<</Length 0>>\nstream\n\nendstream"}))
    assert found.verdict is Verdict.ALTERED
    assert "object.filled_gap" in {item.code for item in found.signatures[0].changes.list}


def test_a_widget_may_not_stand_on_several_pages() -> None:
    first = signed(read("rotated"), request(Profile.B_LT)).pdf
    pdf = signed(first, request(Profile.B_LT, field=NewField(rect=SECOND))).pdf
    assert report(pdf).verdict is Verdict.GENUINE
    view = PdfFile(pdf).view()
    pages = [n for n in sorted(view.numbers()) if view.dictionary(Ref(n, 0)).get("Type") == "Page"]
    listed = {n: view.array(view.dictionary(Ref(n, 0)).get("Annots")) for n in pages}
    widget = next(items[-1] for items in listed.values() if items)
    other = next(n for n in pages if widget not in listed[n])
    annots = written([*listed[other], widget])
    changed = with_key(written(view.dictionary(Ref(other, 0))), b"Annots", annots)
    assert report(updated(pdf, {other: changed})).verdict is Verdict.ALTERED


# --- what is legitimate ----------------------------------------------------------------------------

SIGNABLE = [item.name for item in letters(refusal=None) if not item.signatures]


@pytest.mark.parametrize("name", SIGNABLE)
def test_letters_of_real_producers_stay_genuine_through_several_signatures(name: str) -> None:
    first = signed(read(name), request(Profile.B_LT))
    second = signed(first.pdf, request(Profile.B_LTA, field=NewField(rect=SECOND)), official("Siti Aminah"))
    third = signed(second.pdf, request(Profile.B_B, field=NewField()))
    found = report(third.pdf)
    assert found.verdict is Verdict.GENUINE, all_said(found)
    assert [item.changes.state for item in found.signatures[:2]] == [ChangeState.PERMITTED] * 2
    assert found.signatures[-1].changes.state is ChangeState.NONE


@pytest.mark.parametrize("name", ["libreoffice-docx", "qpdf-object-streams", "libreoffice-pdfa-2b", "hybrid-word"])
def test_prepared_fields_of_a_certified_letter_may_be_signed(name: str) -> None:
    followers = (FollowerField(rect=SECOND, name="kepala"), FollowerField(rect=(300, 140, 450, 200), name="camat"))
    pdf = signed(read(name), request(Profile.B_LT, followers=followers)).pdf
    for field in ("kepala", "camat"):
        pdf = signed(pdf, request(Profile.B_LT, field=ExistingField(name=field))).pdf
    found = report(pdf)
    assert found.verdict is Verdict.GENUINE, all_said(found)
    assert found.signatures[0].certification == 2


@pytest.mark.parametrize("name", [item.name for item in letters() if item.signatures])
def test_letters_that_others_signed_are_intact(name: str) -> None:
    found = validate(read(name), TrustStore(), SystemClock().now(), integrity_only=True)
    assert found.verdict is Verdict.INTACT, all_said(found)
    again = signed(read(name), request(Profile.B_LT)).pdf if "certified" not in name else read(name)
    found = validate(again, TrustStore(), SystemClock().now(), integrity_only=True)
    assert found.verdict is Verdict.INTACT, all_said(found)


@pytest.mark.parametrize(("before", "right"), [(b"", Verdict.GENUINE), (b"Rp 1.000", Verdict.ALTERED)])
def test_an_empty_field_may_be_filled_in_later_and_a_value_not_replaced(before: bytes, right: Verdict) -> None:
    form = read("libreoffice-form")
    view = PdfFile(form).view()
    number, field = next(
        (number, item)
        for number, item in form_fields(view, view.dictionary(view.catalogue.get("AcroForm"))).items()
        if item.kind == "Tx"
    )
    source = with_key(written(field.dictionary), b"V", b"(" + before + b")")
    pdf = signed(updated(form, {number: source}), request(Profile.B_LT)).pdf
    look = b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 0>>\nstream\n\nendstream"
    new = next_number(pdf)
    filled = with_key(with_key(source, b"V", b"(Rp 999.000.000)"), b"AP", b"<</N %d 0 R>>" % new)
    assert report(pdf).verdict is Verdict.GENUINE
    assert report(updated(pdf, {number: filled, new: look})).verdict is right


@pytest.mark.parametrize("tail", [b"", b"\n", b"\r\n\r\n", b" " * 30, b"\t\r\n"])
def test_white_space_at_the_end_changes_no_verdict(tail: bytes) -> None:
    found = report(base(BASES[0]) + tail)
    assert found.verdict is Verdict.GENUINE


def test_white_space_of_more_than_32_bytes_is_not_genuine() -> None:
    assert report(base(BASES[0]) + b"\n" * 34).verdict is Verdict.ALTERED


@pytest.mark.parametrize(
    ("key", "right"),
    [(b"ModDate", Verdict.GENUINE), (b"Producer", Verdict.GENUINE), (b"Title", Verdict.ALTERED)],
)
def test_a_later_date_in_the_information_is_permitted_and_another_title_is_not(key: bytes, right: Verdict) -> None:
    pdf = base(BASES[0])
    view = target(pdf).view
    reference = view.trailer["Info"]
    assert isinstance(reference, Ref)
    source = with_key(written(view.dictionary(reference)), key, b"(other)")
    assert report(updated(pdf, {reference.number: source})).verdict is right


def test_validation_data_for_a_freed_object_are_no_forgery() -> None:
    pdf = base(Base("libreoffice-docx", Profile.B_LT))
    view = target(pdf).view
    store = view.dictionary(view.catalogue["DSS"])
    entry = view.catalogue["DSS"]
    free = next_number(pdf) + 5
    source = with_key(written(store), b"Certs", written(view.array(store["Certs"]))[:-1] + b" %d 0 R]" % free)
    assert isinstance(entry, Ref)
    found = report(updated(pdf, {entry.number: source}))
    assert found.verdict is Verdict.GENUINE, all_said(found)


def test_a_letter_that_nobody_signed_is_unsigned() -> None:
    for name in ("libreoffice-docx", "typst-2.0", "scan", "signature-fields", "libreoffice-form"):
        assert report(read(name)).verdict is Verdict.UNSIGNED


def test_a_locked_or_broken_file_is_not_examined() -> None:
    now = datetime.now(UTC)
    for pdf in (read("encrypted-user"), b"", b"%PDF-1.7\n", read("scan")[:-200]):
        assert validate(pdf, TrustStore(), now).verdict is Verdict.NOT_EXAMINED
