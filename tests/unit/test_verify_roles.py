"""What serves two things is not changed under the name of one of them, whichever way leads to it."""

from datetime import UTC, datetime
from io import BytesIO

import pikepdf
import pytest

from esign.verify.report import Verdict
from esign.verify.validate import validate
from esign.x509.trust import TrustStore
from tests.attacks.forgery import updated
from tests.officials import request, signed


def prepared(*, shared: bool) -> tuple[bytes, int, int]:
    """A signed letter whose page content and security store share an array of streams, or have one each.

    Comes with the numbers of the array's stream in the store, and of the store's array.
    """
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(300, 200))
    content = pdf.make_indirect(pikepdf.Stream(pdf, b"0 0 0 rg 20 20 100 40 re f"))
    array = pdf.make_indirect(pikepdf.Array([content]))
    page.obj["/Contents"] = array
    store_array = array
    if not shared:
        store_array = pdf.make_indirect(pikepdf.Array([pdf.make_indirect(pikepdf.Stream(pdf, b"\x30\x00"))]))
    pdf.Root["/DSS"] = pdf.make_indirect(pikepdf.Dictionary(Certs=store_array))
    out = BytesIO()
    pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable, linearize=False)
    letter = signed(out.getvalue(), request()).pdf
    with pikepdf.open(BytesIO(letter)) as again:
        certs = again.Root["/DSS"]["/Certs"]
        return letter, certs[0].objgen[0], certs.objgen[0]


@pytest.mark.parametrize(("shared", "verdict"), [(False, Verdict.INTACT), (True, Verdict.ALTERED)])
def test_a_stream_of_the_store_that_the_page_reaches_too_is_not_exchanged(shared: bool, verdict: Verdict) -> None:
    letter, stream, _ = prepared(shared=shared)
    exchanged = b"<</Length 27>>stream\n1 0 0 rg 20 20 200 140 re f \nendstream"
    later = updated(letter, {stream: exchanged})
    report = validate(later, TrustStore(), datetime.now(UTC), integrity_only=True)
    assert report.verdict is verdict
