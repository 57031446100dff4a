"""What crosses the pipe to a worker and back, and that a worker's answer is not believed."""

from dataclasses import replace

import pytest

from esign.errors import FieldMissing, LetterNotExamined
from esign.pades.appearance import Appearance, EmbeddedFont, Footer, Image
from esign.pades.spec import ExistingField, FollowerField, NewField, Prepared, SignatureSpec
from esign.pades.tasks import run_append_dss, run_prepare, run_prepare_document_timestamp
from esign.pades.update import prepare
from esign.pdf.sandbox import Header, InProcess
from tests.handmade import handmade
from tests.officials import FIRST, SECOND, request

FONT = EmbeddedFont("F1", "ESIGNA+Uji", b"program", 9, 32, (1, 2), ((65, ("A",)),), (0, 0, 1, 1), 1, 0, 1, 1)
LOGO = Image("Logo", 1, 1, b"pixel", "FlateDecode", "indexed", b"\x00\x01\x02")
DRAWING = Appearance(80.5, 40, b"0 g", (FONT,), (LOGO,))
SPEC = SignatureSpec(
    field=NewField(0, FIRST, "ketua"),
    signed_at=request().signing_time,
    contents_size=300,
    digest_algorithm="sha384",
    name="Budi – Santoso",
    reason="r",
    location="l",
    contact="c",
    appearance=DRAWING,
    followers=(FollowerField("dua", 0, SECOND),),
    footer=Footer(DRAWING, bottom=9.5),
    timestamped=True,
)
PREPARED = Prepared(b"..<0000>..", (0, 12, 18, 2), "x")


class Answering:
    """A worker that answers what it likes."""

    def __init__(self, header: Header, *blobs: bytes) -> None:
        self.answer = header, list(blobs)

    def run(self, task: str, header: Header, *blobs: bytes, timeout: float) -> tuple[Header, list[bytes]]:
        return self.answer


def answered(prepared: Prepared) -> Answering:
    header: Header = {
        "prepared": {
            "appended": {"blob": 0},
            "byte_range": list(prepared.byte_range),
            "field": prepared.field,
            "page": None,
            "certifies": False,
        }
    }
    return Answering(header, prepared.appended)


@pytest.mark.parametrize(
    "spec", [SPEC, replace(SPEC, followers=None, footer=None, appearance=None, field=NewField(), name=None)]
)
def test_a_worker_makes_what_would_be_made_here(spec: SignatureSpec) -> None:
    assert run_prepare(InProcess(), handmade(), spec) == prepare(handmade(), spec)


def test_a_named_field_stays_a_named_field_on_its_way() -> None:
    with pytest.raises(FieldMissing):
        run_prepare(InProcess(), handmade(), replace(SPEC, field=ExistingField("ketua"), followers=None))


def test_an_honest_answer_is_taken() -> None:
    assert run_prepare(answered(PREPARED), b"0123456789", SPEC) == PREPARED


@pytest.mark.parametrize(
    "lie",
    [
        replace(PREPARED, byte_range=(1, 12, 18, 2)),
        replace(PREPARED, byte_range=(0, 12, 18, 3)),
        replace(PREPARED, byte_range=(0, 12, 17, 3)),
        replace(PREPARED, byte_range=(0, 18, 12, 8)),
        replace(PREPARED, byte_range=(0, -2, 18, 2)),
        replace(PREPARED, byte_range=(0, 3, 18, 2)),
        replace(PREPARED, byte_range=(0, 12, 12, 8)),
        replace(PREPARED, appended=b"..<00x0>.."),
        replace(PREPARED, appended=b"..(0000).."),
    ],
)
def test_a_byte_range_that_leaves_more_unsigned_than_the_placeholder_is_not_signed(lie: Prepared) -> None:
    with pytest.raises(LetterNotExamined):
        run_prepare(answered(lie), b"0123456789", SPEC)
    with pytest.raises(LetterNotExamined):
        run_prepare_document_timestamp(answered(lie), b"0123456789", 300)


@pytest.mark.parametrize("header", [{}, {"prepared": None}, {"prepared": {"appended": {"blob": 7}}}, {"prepared": []}])
def test_an_answer_of_another_shape_is_refused(header: Header) -> None:
    with pytest.raises(LetterNotExamined):
        run_prepare(Answering(header), b"0123456789", SPEC)
    with pytest.raises(LetterNotExamined):
        run_append_dss(Answering(header), b"0123456789", [], [], [])
