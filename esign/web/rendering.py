"""Answers as HTML: the templates, what they may use, and the headers that every page carries."""

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import date, datetime
from hashlib import sha256
from importlib.resources import files
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request

from esign.api import context, state
from esign.service import presenting
from esign.service.told import Language
from esign.verify.report import Sentence
from esign.web.texts import text

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_NIK = re.compile(r"\d{16,}")
_CSS = (files("esign.web") / "templates" / "page.css").read_text()

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_CSS.encode()).digest()).decode()}'; "
        "img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cache-Control": "no-store",
}


def language_of(request: Request) -> Language:
    """Indonesian, unless the address asks for English."""
    return "en" if request.query_params.get("lang") == "en" else "id"


def href(path: str, language: Language, **query: object) -> str:
    """The address of a page of ours in that language."""
    wanted = {**query, **({"lang": "en"} if language == "en" else {})}
    return f"{path}?{urlencode(wanted)}" if wanted else path


def page(
    request: Request,
    template: str,
    *,
    home: str,
    zone: str | None = None,
    status: int = 200,
    retry_after: int | None = None,
    **values: object,
) -> HTMLResponse:
    """The template filled in, in the request's language.

    ``home`` is the path at which this page, or the nearest thing to it, is had again: there the other
    language leads. ``zone`` is the IANA name of the zone that times are told in, without it the service's.
    """
    services, language = state.of(request).services, language_of(request)
    zone_info = ZoneInfo(zone or services.settings.timezone)
    other: Language = "id" if language == "en" else "en"
    html = _templates.get_template(template).render(
        {
            "t": lambda key, **given: text(key, language, **given),
            "language": language,
            "other": {"language": other, "href": href(home, other)},
            "here": lambda path, **query: href(path, language, **query),
            "day": lambda value: _day(value, language),
            "moment": lambda value: _moment(value, zone_info, language),
            "now": services.clock.now(),
            "host": request.url.netloc,
            "megabytes": services.settings.max_letter_bytes // (1024 * 1024),
            "request_id": context.of(request).request_id,
            "answered_upload": False,
        }
        | values
    )
    headers = {**HEADERS, "Content-Language": language}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return HTMLResponse(html, status_code=status, headers=headers)


def without_nik(shown: str) -> str:
    """The text with 16 digits in a row starred but for the first four, which of a NIK name only the district."""
    return _NIK.sub(lambda found: found[0][:4] + "*" * (len(found[0]) - 4), shown)


def _masked(value: object) -> object:
    """What Jinja writes for an expression: no text leaves with a NIK in it, wherever it came from."""
    return without_nik(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _day(value: date, language: Language) -> str:
    if language == "id":
        return presenting.long_date(value)
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def _moment(value: datetime, zone: ZoneInfo, language: Language) -> str:
    """A time with its zone's Indonesian name: ``5 Januari 2026, 10.30.00 WIB``."""
    try:
        local = value.astimezone(zone)
    except OverflowError:  # anybody may claim the year 9999
        local = value
    clock = f"{local:%H.%M.%S}" if language == "id" else f"{local:%H:%M:%S}"
    return f"{_day(local, language)}, {clock} {local.tzname()}"


def _classification(name: str) -> str:
    """The agency's name of a classification, as a person writes it: ``Sangat rahasia``."""
    return name.replace("_", " ").capitalize()


def _breakable(number: str) -> Markup:
    """A letter's number, which a narrow page may break after its slashes and not within its parts."""
    return Markup("/<wbr>").join(without_nik(number).split("/"))


def _in_groups(digest: str) -> str:
    """A hexadecimal digest in groups of eight, to be compared by eye."""
    return " ".join(digest[start : start + 8] for start in range(0, len(digest), 8))


def _common_name(name: str) -> str:
    """The common name in a distinguished name of the report, else the whole."""
    return next((part[3:] for part in name.split(", ") if part.startswith("CN=")), name)


def _said(sentence: Sentence, language: Language) -> str:
    return sentence.en if language == "en" else sentence.id


_templates = Environment(
    loader=PackageLoader("esign.web", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=_masked,
)
_templates.globals["css"] = Markup(_CSS)  # noqa: S704 our own file
_templates.filters |= {
    "breakable": _breakable,
    "classification": _classification,
    "in_groups": _in_groups,
    "common_name": _common_name,
    "said": _said,
}
