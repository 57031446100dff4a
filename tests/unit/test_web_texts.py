"""The words and colours of the pages: complete in both languages, all used, and legible."""

import re
from importlib.resources import files
from string import Formatter

import pytest

from esign.service.told import RegisterStatus
from esign.verify.report import ChangeState
from esign.web import pages, refusals
from esign.web.rendering import without_nik
from esign.web.texts import TEXTS, text

FOLDER = files("esign.web")
TEMPLATES = "\n".join(entry.read_text() for entry in (FOLDER / "templates").iterdir() if entry.name.endswith(".html"))
CSS = (FOLDER / "templates" / "page.css").read_text()
SAME = {"status"}
BUILT = {
    *(f"changes.{state}" for state in ChangeState),
    *(f"register.{status}" for status in RegisterStatus),
    *(f"status.{status}" for status in ("signed", "withdrawn", "replaced")),
    *pages._HEADINGS.values(),
    *(key for words in (*refusals._WORDS.values(), refusals._OTHERS) for key in (words.title, words.why)),
}
"""Keys that are put together, or chosen, where they are used."""


def named() -> set[str]:
    """Keys that templates name."""
    plain = re.findall(r'\bt\("([\w.]+)"(?! ~)', TEMPLATES)
    either = re.findall(r'\bt\("[\w.]+" if [^)]+ else "([\w.]+)"', TEMPLATES)
    return {*plain, *either}


def test_every_text_that_is_asked_for_is_there() -> None:
    assert (named() | BUILT) - TEXTS.keys() == set()


def test_every_text_is_used() -> None:
    assert TEXTS.keys() - named() - BUILT == set()


@pytest.mark.parametrize("key", list(TEXTS))
def test_a_text_says_the_same_in_both_languages(key: str) -> None:
    both = TEXTS[key]
    assert both.id.strip()
    assert both.en.strip()
    assert (both.id == both.en) is (key in SAME)
    blanks = [{name for _, name, _, _ in Formatter().parse(one) if name is not None} for one in both]
    assert blanks[0] == blanks[1]


def test_values_are_filled_in() -> None:
    assert text("page", "id", page=2, pages=3) == "Halaman 2 dari 3"
    assert text("page", "en", page=2, pages=3) == "Page 2 of 3"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("NIK 3201010101800001.", "NIK 3201************."),
        ("320101010180000155", "3201**************"),
        ("no 123456789012345", "no 123456789012345"),
        ("198001012005012001", "1980**************"),
    ],
)
def test_sixteen_digits_are_never_shown(given: str, shown: str) -> None:
    assert without_nik(given) == shown


# --- colours -----------------------------------------------------------------------------------

SCHEMES = [dict(re.findall(r"--([\w-]+):#([0-9a-f]{3,6})\b", scheme)) for scheme in re.findall(r":root\{([^}]*)", CSS)]
LIGHT, DARK = SCHEMES[0], SCHEMES[0] | SCHEMES[1]


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    whole = colour if len(colour) == 6 else "".join(digit * 2 for digit in colour)
    parts = [int(whole[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio (WCAG 2.2, 1.4.3)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "grounds"),
    [
        ("ink", ("paper", "ground", "green-ground", "amber-ground", "red-ground")),
        ("soft", ("paper", "ground", "amber-ground")),
        ("link", ("paper", "ground")),
        ("green", ("paper", "green-ground")),
        ("amber", ("paper", "amber-ground")),
        ("red", ("paper", "red-ground")),
    ],
)
def test_text_can_be_read_by_weak_eyes(scheme: dict[str, str], ink: str, grounds: tuple[str, ...]) -> None:
    for ground in grounds:
        assert contrast(scheme[ink], scheme[ground]) >= 4.5, (ink, ground)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_buttons_and_the_edges_of_fields_can_be_seen(scheme: dict[str, str]) -> None:
    assert contrast("ffffff", scheme["button"]) >= 4.5
    assert contrast(scheme["edge"], scheme["paper"]) >= 3
