"""Poppler, MuPDF, qpdf, Ghostscript and openssl have nothing against what we sign."""

from functools import cache
from pathlib import Path

import pytest

from esign.pades.profile import Profile
from tests.interop import readers
from tests.interop.cases import Case, cases
from tests.interop.conftest import Session
from tests.interop.signing import Signed
from tests.letter_files import FOLDER

pytestmark = pytest.mark.interop

every_case = pytest.mark.parametrize("case", cases(), ids=str)


@every_case
def test_pdfsig_calls_every_signature_valid(session: Session, case: Case) -> None:
    signed = session.signed(case)
    told = {line.field: line for line in readers.pdfsig(signed.file)}
    for ours in signed.signatures:
        line = told[ours.field]
        assert (line.kind, line.verdict) == ("ETSI.CAdES.detached", "Signature is Valid."), ours.field


@every_case
def test_mutool_finds_no_signature_broken(session: Session, case: Case) -> None:
    signed = session.signed(case)
    told = readers.mutool(signed.file)
    unchanged = [words for words in told if "The document is unchanged since signing." in words]
    edited = [words for words in told if "The signature is valid but there have been edits since signing." in words]
    assert len(told) == len(unchanged) + len(edited) >= len(signed.signatures)
    # Long-term data, too, are edits to it.
    assert len(unchanged) == (not signed.signatures[-1].level.includes(Profile.B_LT))


@every_case
def test_qpdf_finds_the_structure_sound(session: Session, case: Case) -> None:
    assert readers.qpdf(session.signed(case).file) == ""


@every_case
def test_ghostscript_and_poppler_render_without_complaint(session: Session, case: Case) -> None:
    signed = session.signed(case)
    assert _complaints(signed.file) <= _complaints_before(case.letter)


@cache
def _complaints_before(letter: str) -> set[str]:
    """What the two say of the letter as it came."""
    file = FOLDER / f"{letter}.pdf"
    return _complaints(file) if file.exists() else set()


def _complaints(file: Path) -> set[str]:
    return {*readers.ghostscript(file).splitlines(), *readers.poppler(file).splitlines()}


@every_case
def test_openssl_verifies_every_cms_and_token(session: Session, case: Case) -> None:
    signed = session.signed(case)
    root, others = session.office.pem_files(signed)
    for message in _ours(signed):
        assert readers.openssl(message, root, others) == ""


def _ours(signed: Signed) -> list[readers.ExtractedSignature]:
    """Our signatures, not those that the letter came with."""
    before = len(list(readers.extracted(signed.original)))
    found = list(readers.extracted(signed.file.read_bytes()))[before:]
    assert len(found) >= len(signed.signatures)
    return found
