"""Any file gets its answer within the limits of a real sandbox, with what is known of it; the next one gets its own."""

import time
from collections.abc import Iterator
from functools import cache

import pytest

from esign.pades.spec import NewField
from esign.pdf.sandbox import SandboxPool
from esign.verify.online import examine
from esign.verify.report import Report, Verdict
from esign.x509.clock import SystemClock
from esign.x509.trust import TrustStore
from tests.attacks import bombs
from tests.attacks.forgery import Forgery, next_number, updated
from tests.letter_files import read
from tests.officials import SECOND, dev_ca, request, roots, signed

MIB = 1024 * 1024
SECONDS = 2.0
GRACE = 1.5
"""What sending, killing and a busy machine may take besides."""


@pytest.fixture(scope="module")
def parse() -> Iterator[SandboxPool]:
    with SandboxPool("parse", workers=1, memory=1024 * MIB) as pool:
        yield pool


@pytest.fixture(scope="module")
def render() -> Iterator[SandboxPool]:
    with SandboxPool("render", workers=1, memory=1024 * MIB) as pool:
        yield pool


@cache
def letter() -> bytes:
    return signed(read("libreoffice-docx"), request()).pdf


def verified(pdf: bytes, parse: SandboxPool, render: SandboxPool, timeout: float = SECONDS) -> tuple[Report, float]:
    """The report, and how many seconds it took once the workers were warm."""
    parse.wait_ready()
    render.wait_ready()
    start = time.monotonic()
    trust = TrustStore(anchors=tuple(roots()))
    found = examine(pdf, trust, SystemClock(), parse, dev_ca().revocation(), renderer=render, timeout=timeout)
    return found, time.monotonic() - start


@pytest.mark.parametrize("bomb", [*bombs.structural(letter()), *bombs.pages(letter())], ids=lambda item: item.name)
def test_a_bomb_behind_a_signature_is_answered_in_time(bomb: Forgery, parse: SandboxPool, render: SandboxPool) -> None:
    found, seconds = verified(bomb.pdf, parse, render)
    assert seconds < SECONDS + GRACE
    harmless = ("object streams", "comments", "itself", "tiny objects")
    if not any(words in bomb.name for words in harmless):
        assert found.verdict in (Verdict.ALTERED, Verdict.NOT_EXAMINED), found.sentence.en


def test_a_file_that_takes_too_long_is_told_as_such_and_the_next_one_is_examined(
    parse: SandboxPool, render: SandboxPool
) -> None:
    number = next_number(letter())
    slow = updated(letter(), {number + n: b"null" for n in range(200_000)})
    found, seconds = verified(slow, parse, render, timeout=0.5)
    assert seconds < 0.5 + GRACE
    assert found.verdict is Verdict.NOT_EXAMINED
    assert [item.code for item in found.findings] == ["file.limits"]
    after, _ = verified(letter(), parse, render)
    assert after.verdict is Verdict.GENUINE


def test_a_page_that_takes_minutes_to_draw_leaves_the_rest_of_the_report(
    parse: SandboxPool, render: SandboxPool
) -> None:
    once = signed(bombs.drawn(read("libreoffice-docx")), request()).pdf
    alone, _ = verified(once, parse, render)
    assert alone.verdict is Verdict.GENUINE, "nothing has to be drawn"
    found, seconds = verified(signed(once, request(field=NewField(rect=SECOND))).pdf, parse, render)
    assert seconds < SECONDS + GRACE
    assert found.verdict is Verdict.NOT_EXAMINED
    assert len(found.signatures) == 2
    assert all(item.integrity.holds for item in found.signatures)
    # On a busy machine the time may be over before revocation data are weighed too.
    assert {item.verdict for item in found.signatures} <= {Verdict.GENUINE, Verdict.INDETERMINATE}
    assert found.findings[0].code == "witness.missing"
    assert {item.code for item in found.findings} <= {"witness.missing", "file.limits"}
