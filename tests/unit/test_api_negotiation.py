"""Media types and languages by quality values."""

import pytest

from esign.api import negotiation
from esign.errors import NotAcceptable

PDF, JSON = "application/pdf", "application/json"


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        (None, PDF),
        ("*/*", PDF),
        ("application/json", JSON),
        ("application/pdf;q=0.5, application/json", JSON),
        ("application/*;q=0.8, application/json;q=0.9", JSON),
        ("application/pdf;q=0, */*;q=0.1", JSON),
        ("APPLICATION/JSON", JSON),
        ("text/html, */*;q=0.01", PDF),
        ("application/json;charset=utf-8;q=0.9, application/pdf;q=0.8", JSON),
        ("application/json;q=nan, application/pdf;q=0.001", PDF),
    ],
)
def test_the_highest_rated_form_is_given(accept: str | None, given: str) -> None:
    assert negotiation.media_type(accept, (PDF, JSON)) == given


@pytest.mark.parametrize("accept", ["text/html", "application/pdf;q=0, application/json;q=0", "image/*", "*/*;q=0"])
def test_what_can_not_be_given_is_refused_with_what_can(accept: str) -> None:
    with pytest.raises(NotAcceptable) as refused:
        negotiation.media_type(accept, (PDF, JSON))
    assert refused.value.details == {"offered": "application/pdf, application/json"}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "id"),
        ("", "id"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("id-ID,id;q=0.9,en-US;q=0.8,en;q=0.7", "id"),
        ("in, en;q=0.5", "id"),
        ("nl, en;q=0.1", "en"),
        ("nl", "id"),
        ("*", "id"),
        ("en;q=0", "id"),
    ],
)
def test_indonesian_unless_english_is_rated_higher(header: str | None, language: str) -> None:
    assert negotiation.language(header) == language
