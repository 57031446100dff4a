"""What a signature dictionary claims: texts and a time that nobody vouches for."""

import re
from datetime import UTC, datetime, timedelta, timezone

from esign.pdf.signatures import text_of
from esign.pdf.syntax import PdfDict, PdfString
from esign.verify.cms import ODD_INPUT, SignedMessage
from esign.verify.shown import masked

_DATE = re.compile(r"D:(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:([+\-Zz])(?:(\d{2})'?(?:(\d{2})'?)?)?)?")


def claimed_time(dictionary: PdfDict, message: SignedMessage | None) -> datetime | None:
    """The signing-time attribute, else /M; None without either. A date without zone is taken as UTC."""
    if message is not None:
        try:
            value = message.attributes["signing_time"][0].native
            if isinstance(value, datetime):
                return value.astimezone(UTC)
        except ODD_INPUT:
            pass
    written = dictionary.get("M")
    return parse_date(text_of(written.value)) if isinstance(written, PdfString) else None


def parse_date(text: str) -> datetime | None:
    """A PDF date (ISO 32000-2, 7.9.4) in UTC; None for what is none."""
    match = _DATE.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (
        int(match[i]) if match[i] else d for i, d in zip(range(1, 7), (0, 1, 1, 0, 0, 0), strict=True)
    )
    offset = timedelta(hours=int(match[8] or 0), minutes=int(match[9] or 0))
    zone = timezone(-offset if match[7] == "-" else offset) if offset < timedelta(hours=24) else UTC
    try:
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def shown_text(dictionary: PdfDict, key: str) -> str | None:
    """A text of the dictionary for the report, masked; None where there is none."""
    value = dictionary.get(key)
    return masked(text_of(value.value)) if isinstance(value, PdfString) and value.value else None
