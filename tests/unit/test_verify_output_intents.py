"""Output intents added after a signature: sRGB is what readers suppose anyway, any other may show black as white."""

import struct
import zlib
from datetime import UTC, datetime

import pytest

from esign.pades.appearance import gray, srgb
from esign.pdf.syntax import Ref
from esign.verify.output_intents import is_srgb
from esign.verify.report import Verdict
from esign.verify.validate import validate
from esign.x509.trust import TrustStore
from tests import letter_files
from tests.attacks.forgery import next_number, target, updated, with_key, written
from tests.legitimate.by_hand import Manner, sign_by_hand

AT = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def signed() -> bytes:
    """A signed letter that has no output intent."""
    pdf = sign_by_hand(letter_files.read("pdftex"), Manner())
    assert "OutputIntents" not in target(pdf).view.catalogue
    return pdf


def with_intent(pdf: bytes, profile: bytes, more: bytes = b"", described: bytes = b"/N 3") -> bytes:
    """The letter with an output intent of that profile, added later."""
    view, new = target(pdf).view, next_number(pdf)
    root = view.trailer["Root"]
    assert isinstance(root, Ref)
    packed = zlib.compress(profile)
    stream = b"<</Length %d/Filter/FlateDecode%s>>\nstream\n%s\nendstream" % (len(packed), described, packed)
    intent = b"<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)/DestOutputProfile %d 0 R%s>>"
    catalogue = with_key(written(view.catalogue), b"OutputIntents", b"[%d 0 R]" % (new + 1))
    return updated(pdf, {root.number: catalogue, new: stream, new + 1: intent % (new, more)})


def verdict(pdf: bytes) -> Verdict:
    return validate(pdf, TrustStore(anchors=()), at=AT, integrity_only=True).verdict


def elements(profile: bytes) -> dict[bytes, bytes]:
    """What a profile holds, by signature."""
    (count,) = struct.unpack_from(">I", profile, 128)
    rows = [struct.unpack_from(">4sII", profile, 132 + 12 * index) for index in range(count)]
    return {name: profile[offset : offset + size] for name, offset, size in rows}


def profile_of(parts: dict[bytes, bytes], header: bytes | None = None) -> bytes:
    """A profile of those elements."""
    offset, rows, data = 132 + 12 * len(parts), b"", b""
    for name, element in parts.items():
        rows += struct.pack(">4sII", name, offset + len(data), len(element))
        data += element + bytes(-len(element) % 4)
    head = header or srgb()[:128]
    return struct.pack(">I", offset + len(data)) + head[4:128] + struct.pack(">I", len(parts)) + rows + data


def curve(*values: int) -> bytes:
    return b"curv" + bytes(4) + struct.pack(f">I{len(values)}H", len(values), *values)


def test_an_output_intent_that_says_srgb_changes_nothing_that_is_shown(signed: bytes) -> None:
    assert is_srgb(srgb())
    assert verdict(with_intent(signed, srgb())) is Verdict.INTACT


def test_a_profile_that_shows_colours_otherwise_is_a_change(signed: bytes) -> None:
    parts = elements(srgb())
    upside_down = [round(65535 * (1 - x / 255) ** 2.2) for x in range(256)]
    spiked = [round(65535 * (x / 1023) ** 2.2) for x in range(1024)]
    spiked[300] = 65535
    for name, profile in {
        "negative": profile_of(parts | {b"rTRC": curve(*upside_down)}),
        "one step": profile_of(parts | {b"gTRC": curve(*spiked)}),
        "red for blue": profile_of(parts | {b"rXYZ": parts[b"bXYZ"], b"bXYZ": parts[b"rXYZ"]}),
        "a table": profile_of(parts | {b"A2B0": b"mft1" + bytes(60)}),
        "grey": gray(),
        "cut off": srgb()[:200],
        "no profile": b"rubbish",
        "empty": b"",
    }.items():
        assert not is_srgb(profile), name
        assert verdict(with_intent(signed, profile)) is Verdict.ALTERED, name


def test_an_element_that_stands_twice_is_nobodys_srgb() -> None:
    profile = profile_of(elements(srgb()))
    assert is_srgb(profile)
    (count,) = struct.unpack_from(">I", profile, 128)
    doubled = bytearray(profile)
    doubled[132 + 12 : 132 + 16] = doubled[132:136]
    assert count > 1
    assert not is_srgb(bytes(doubled))


def test_what_else_an_output_intent_may_lead_to_is_a_change(signed: bytes) -> None:
    assert verdict(with_intent(signed, srgb(), b"/DestOutputProfileRef<</URLs[]>>")) is Verdict.ALTERED
    assert verdict(with_intent(signed, srgb(), b"/Info 1 0 R")) is Verdict.ALTERED
    assert verdict(with_intent(signed, srgb(), described=b"/N 4")) is Verdict.ALTERED
    assert verdict(with_intent(signed, srgb(), described=b"/N 3/F(elsewhere)")) is Verdict.ALTERED


def test_an_output_intent_that_is_there_is_not_exchanged() -> None:
    signed = sign_by_hand(letter_files.read("typst-pdfa-2b"), Manner())
    assert "OutputIntents" in target(signed).view.catalogue
    assert verdict(signed) is Verdict.INTACT
    assert verdict(with_intent(signed, srgb())) is Verdict.ALTERED
