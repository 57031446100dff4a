"""Text strings: the same words in another encoding are the same, and nothing else is."""

import pytest

from esign.pdf.syntax import PdfString
from esign.pdf.text_strings import decoded, same_text
from esign.verify.report import Verdict
from esign.verify.validate import validate
from esign.x509.clock import SystemClock
from esign.x509.trust import TrustStore
from tests.attacks.forgery import next_number, target, updated, with_key
from tests.legitimate.by_hand import Ends, Manner, append, sign_by_hand
from tests.letter_files import read


def test_each_byte_is_what_pdfdocencoding_says() -> None:
    """As qpdf reads them; 0x7f, 0x9f and 0xad stand for nothing."""
    pytest.importorskip("pikepdf")
    for code in set(range(256)) - {0x7F, 0x9F, 0xAD}:
        try:
            said = bytes([code]).decode("pdfdoc")
        except UnicodeDecodeError:
            continue
        assert decoded(bytes([code])) == said


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (b"Surat", b"\xfe\xff\0S\0u\0r\0a\0t", True),
        (b"1 \x85 2 \xa0", "\ufeff1 \u2013 2 \u20ac".encode("utf-16-be"), True),
        (b"Surat", b"surat", False),
        (b"Surat", b"\xfe\xff\0S\0u\0r\0a\0s", False),
        (b"Surat", b"\xff\xfeS\0u\0r\0a\0t\0", False),
        (b"Surat", b"\xef\xbb\xbfSurat", False),
        (b"\xfe\xff\xd8\0", b"\xfe\xff\xd8\x01", False),
    ],
)
def test_texts_are_compared_as_texts(one: bytes, other: bytes, same: bool) -> None:
    strings = [PdfString(value, 0, 0, hexadecimal=False) for value in (one, other)]
    assert same_text(*strings) is same
    assert same_text(strings[0], strings[0]) is (b"\xd8\0" not in one)
    assert not same_text(strings[0], None)


@pytest.mark.parametrize(
    ("title", "right"), [(b"<FEFF00530075>", Verdict.INTACT), (b"(Su)", Verdict.INTACT), (b"(Sa)", Verdict.ALTERED)]
)
def test_a_title_in_another_encoding_is_no_change(title: bytes, right: Verdict) -> None:
    pdf = read("pdftex")
    number = next_number(pdf)
    titled = append(pdf, {number: b"<</Title<FEFF00530075>>>"}, Ends(trailer=b"/Info %d 0 R" % number))
    signed = sign_by_hand(titled)
    place = target(signed).view.trailer["Info"].number  # type: ignore[union-attr]
    again = updated(signed, {place: with_key(target(signed).text(place), b"Title", title)})
    found = validate(again, TrustStore(anchors=()), SystemClock().now(), integrity_only=True)
    assert found.verdict is right


def test_a_reason_in_pdfdocencoding_is_told_as_it_reads() -> None:
    signed = sign_by_hand(read("pdftex"), Manner(keys=b"/Reason(Setuju \\205 \x8dsah\x8e)"))
    found = validate(signed, TrustStore(anchors=()), SystemClock().now(), integrity_only=True)
    assert found.signatures[0].reason == "Setuju \u2013 \u201csah\u201d"
