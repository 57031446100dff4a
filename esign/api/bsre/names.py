"""Names and times as BSrE's service writes them."""

import hashlib
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

WIB = ZoneInfo("Asia/Jakarta")
_PARTS = re.compile(r", (?=[A-Za-z0-9.]+=)")


def local(moment: datetime) -> str:
    """As v1 writes a time: in Western Indonesia, without a zone (``2023-10-16 13:28:34.000``)."""
    try:
        moment = moment.astimezone(WIB)
    except OverflowError:  # a certificate may claim the last day of the year 9999
        moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}"


def iso(moment: datetime) -> str:
    """As v2 writes a time (``2023-07-11T02:41:23.000+00:00``)."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def joined(moment: datetime) -> str:
    """As the calls for seals write a time (``2023-08-07T04:24:40.927+0000``)."""
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+0000"


def upwards(name: str) -> str:
    """A name with its most specific part first, as v1 writes it (``CN=…,O=…,C=ID``).

    ``name`` is one of the report's, which masks every NIK.
    """
    return ",".join(_PARTS.split(name))


def downwards(name: str) -> str:
    """The same from the country down, as v2 writes it (``C=ID,O=…,CN=…``)."""
    return ",".join(reversed(_PARTS.split(name)))


def stable(letter: str, *parts: object) -> str:
    """An id of those parts, the same each time: ``S-`` and the like before SHA-256 in capitals."""
    return f"{letter}-{hashlib.sha256('/'.join(map(str, parts)).encode()).hexdigest().upper()}"
