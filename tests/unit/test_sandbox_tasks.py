"""The real tasks in real workers: what comes out is what comes out in this process, walls or not."""

from collections.abc import Iterator

import pytest

from esign import errors
from esign.pades.letter import Limits, examine, examine_in
from esign.pdf.render import free_box, free_box_in, page_image, page_image_in
from esign.pdf.sandbox import SandboxPool
from esign.pdf.text import find_tag, find_tag_in
from tests.bad_letters import bad_letters
from tests.letter_files import read
from tests.sheets import saved, sheet, text

LIMITS = Limits()


@pytest.fixture(scope="module")
def parse() -> Iterator[SandboxPool]:
    with SandboxPool("parse", workers=1) as pool:
        yield pool


@pytest.fixture(scope="module")
def render() -> Iterator[SandboxPool]:
    with SandboxPool("render", workers=1) as pool:
        yield pool


@pytest.mark.parametrize(
    "name", ["libreoffice-docx", "typst-pdfa-2b", "hybrid-word", "encrypted-aes-256", "signed-pkcs7"]
)
def test_a_letter_is_examined_in_a_worker_as_it_is_here(parse: SandboxPool, name: str) -> None:
    assert examine_in(parse, read(name), LIMITS) == examine(read(name), LIMITS)


def test_bad_letters_are_refused_by_name_in_a_worker_and_harm_nothing(parse: SandboxPool) -> None:
    for bad in bad_letters():
        with pytest.raises(errors.EsignError) as caught:
            examine_in(parse, bad.pdf, LIMITS)
        assert caught.value.code in bad.codes
    assert parse.stats().replaced == 0


@pytest.mark.parametrize("name", ["chromium", "scan", "ghostscript", "encrypted-aes-128", "cropped-rotated"])
def test_a_page_is_drawn_and_read_in_a_worker_as_it_is_here(render: SandboxPool, name: str) -> None:
    pdf = read(name)
    assert page_image_in(render, pdf, 1, 50) == page_image(pdf, 1, 50)
    assert find_tag_in(render, pdf, "[qr]") == find_tag(pdf, "[qr]")
    assert free_box_in(render, pdf, -1, 150, 60) == free_box(pdf, -1, 150, 60)


def test_fonts_that_are_not_embedded_are_found_behind_the_walls(render: SandboxPool) -> None:
    pdf = saved(sheet("".join(text(72, 700 - 40 * n, "Sekretariat Daerah", 30, f"F{n}") for n in (1, 2, 3))))
    assert page_image_in(render, pdf, 1, 72) == page_image(pdf, 1, 72)


def test_a_refusal_of_the_second_engine_crosses_by_name(render: SandboxPool) -> None:
    with pytest.raises(errors.LetterEncrypted):
        page_image_in(render, read("encrypted-user"), 1)
    with pytest.raises(errors.PageOutOfRange):
        page_image_in(render, read("chromium"), 9)
