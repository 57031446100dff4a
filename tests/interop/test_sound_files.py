"""What EU DSS signs and what other programs saved before it was signed: a sample; tests/unit has all of it.

Each file is genuine, or its generator says what is right for it (``tests/legitimate``).
"""

from collections.abc import Iterator
from itertools import islice

import pytest

from esign.pdf.sandbox import InProcess
from esign.verify.online import examine
from esign.x509.clock import SystemClock
from tests.legitimate import by_dss, saved
from tests.legitimate.made import Made, material, trust
from tests.letter_files import read


def wrong(files: Iterator[Made]) -> list[str]:
    found = []
    for made in files:
        report = examine(made.pdf, trust(), SystemClock(), InProcess(), material=(material(),), timeout=60)
        if report.verdict not in made.right:
            found.append(f"{made.name}: {report.verdict}, {report.sentence.en}")
    return found


@pytest.mark.filterwarnings("ignore")  # of pyHanko, which signs
def test_what_eu_dss_signs_is_genuine() -> None:
    assert wrong(islice(by_dss.dss(read("libreoffice-docx")), 16)) == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("program", saved.PROGRAMS)
def test_a_letter_that_another_program_saved_before_is_genuine(program: str) -> None:
    assert wrong(islice(saved.signed_after(program, read("pdftex")), 3)) == []
