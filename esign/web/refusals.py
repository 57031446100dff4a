"""What could not be done, as a page that says why in a citizen's words and offers to try again."""

import re
from dataclasses import dataclass

from fastapi.responses import HTMLResponse
from starlette.requests import Request

from esign import errors
from esign.api import context, problems, state
from esign.errors import EsignError
from esign.web.rendering import href, language_of, page
from esign.web.texts import text


@dataclass(frozen=True)
class _Words:
    """Which texts tell an error. The API's own sentences speak to programmers."""

    title: str
    why: str
    code_first: bool = False
    """Whether the form for a code stands before the one for a file."""


_WORDS: dict[type[EsignError], _Words] = {
    errors.CodeMistyped: _Words("refused.code", "refused.code.why", code_first=True),
    errors.NotFound: _Words("refused.address", "refused.address.why", code_first=True),
    errors.RequestInvalid: _Words("refused.no_file", "refused.no_file.why"),
    errors.NotAPdf: _Words("refused.not_pdf", "refused.not_pdf.why"),
    errors.LetterTooLarge: _Words("refused.too_large", "refused.too_large.why"),
    errors.RequestTooLarge: _Words("refused.too_large", "refused.too_large.why"),
    errors.RequestTooSlow: _Words("refused.too_slow", "refused.too_slow.why"),
    errors.TooManyRequests: _Words("refused.too_many", "refused.too_many.why"),
    errors.Busy: _Words("refused.busy", "refused.busy.why"),
}
_OTHERS = _Words("refused", "refused.why")
_LONGEST_KEPT = 200


def refusal(request: Request, error: EsignError, *, typed: str = "", upload_to: str = "/verify") -> HTMLResponse:
    """The page for an error.

    ``typed`` is what somebody entered as a code: it stays in the form, to be corrected, unless it may
    hold a NIK. ``upload_to`` is the path that the form for a file sends it to.
    """
    context.of(request).error = error.code
    words, language = _WORDS.get(type(error), _OTHERS), language_of(request)
    megabytes = state.of(request).services.settings.max_letter_bytes // (1024 * 1024)
    seconds = problems.retry_after(error)
    return page(
        request,
        "refusal.html",
        home="/verify",
        status=error.status,
        retry_after=seconds,
        title=text(words.title, language),
        sentence=text(words.why, language, megabytes=megabytes, seconds=seconds),
        code_first=words.code_first,
        typed=_kept(typed),
        action=href(upload_to, language),
    )


def _kept(typed: str) -> str:
    """What was typed; nothing where that holds 16 digits, however they are set apart."""
    holds_nik = re.search(r"\d{16}", re.sub(r"[\W_]", "", typed))
    return "" if holds_nik or len(typed) > _LONGEST_KEPT else typed
