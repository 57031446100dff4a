"""The readers do notice: what passes elsewhere in this folder is not passed by readers that pass everything."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pikepdf
import pytest

from tests.interop import readers
from tests.interop.cases import Case, cases
from tests.interop.conftest import Session

pytestmark = pytest.mark.interop

SIGNED = [case for case in cases() if case.name in ("B-T with rsa-2048", "libreoffice-docx signed 2 times")]


def _byte_changed(pdf: bytes) -> bytes:
    """One digit of the letter's own page is another one."""
    found = re.search(rb"/MediaBox\s*\[0 0 (\d)", pdf)
    assert found is not None
    return pdf[: found.start(1)] + b"4" + pdf[found.end(1) :]


def _content_removed(pdf: bytes) -> bytes:
    """A further revision leaves the page empty; the signed bytes stay."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        page = document.pages[0].obj
        page.Contents = pikepdf.Array([])
        number, written = page.objgen[0], page.unparse(resolved=True)
        size, root = int(document.trailer.Size), document.Root.objgen[0]
    before = int(pdf[pdf.rindex(b"startxref") + 9 :].split()[0])
    body = b"%d 0 obj\n%b\nendobj\n" % (number, written)
    table = b"xref\n%d 1\n%010d 00000 n \n" % (number, len(pdf))
    trailer = b"trailer\n<</Size %d/Root %d 0 R/Prev %d>>\n" % (size, root, before)
    return pdf + body + table + trailer + b"startxref\n%d\n%%%%EOF\n" % (len(pdf) + len(body))


def _altered(session: Session, case: Case, change: Callable[[bytes], bytes], folder: Path) -> Path:
    file = folder / "altered.pdf"
    file.write_bytes(change(session.signed(case).file.read_bytes()))
    return file


@pytest.mark.parametrize("case", SIGNED, ids=str)
def test_a_changed_byte_is_noticed_by_all(session: Session, case: Case, tmp_path: Path) -> None:
    signed = session.signed(case)
    file = _altered(session, case, _byte_changed, tmp_path)
    told = cast("list[dict[str, Any]]", session.ask("dss", file, material=signed.material)["signatures"])
    assert {(each["indication"], each["sub_indication"]) for each in told} == {("TOTAL_FAILED", "HASH_FAILURE")}
    assert not [line for line in readers.pdfsig(file) if line.verdict == "Signature is Valid."]
    assert not [words for words in readers.mutool(file) if "Digest error" not in words]
    root, others = session.office.pem_files(signed)
    assert all(readers.openssl(each, root, others) for each in readers.extracted(file.read_bytes()))


@pytest.mark.parametrize("case", SIGNED, ids=str)
def test_content_removed_later_is_noticed_by_eu_dss(session: Session, case: Case, tmp_path: Path) -> None:
    signed = session.signed(case)
    file = _altered(session, case, _content_removed, tmp_path)
    told = cast("list[dict[str, Any]]", session.ask("dss", file, material=signed.material)["signatures"])
    assert told
    assert all(each["undefined_changes"] for each in told)
