"""Reports told to readers of another zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from esign.verify.report import Report
from esign.verify.sentences import in_zone, moment_in_words
from esign.verify.validate import validate
from esign.x509.trust import TrustStore
from tests import letter_files

AT = datetime(2026, 1, 5, 20, 30, tzinfo=UTC)
JAYAPURA = ZoneInfo("Asia/Jayapura")


def report(name: str) -> Report:
    root = (letter_files.FOLDER / "foreign-root.pem").read_bytes()
    return validate(letter_files.read(name), TrustStore.from_pem(root), datetime.now(UTC))


def test_a_time_is_told_in_the_zone_with_its_day_and_name() -> None:
    assert moment_in_words(AT).id == "5 Januari 2026 pukul 20.30 UTC"
    told = moment_in_words(AT, JAYAPURA)
    assert told.id == "6 Januari 2026 pukul 05.30 WIT"
    assert told.en == "6 January 2026 at 05:30 WIT"


def test_a_time_at_the_end_of_the_calendar_is_told_in_utc() -> None:
    assert moment_in_words(datetime.max.replace(tzinfo=UTC), JAYAPURA).id == "31 Desember 9999 pukul 23.59 UTC"


@pytest.mark.parametrize("name", ["signed-pades", "signed-pkcs7", "typst", "encrypted-user"])
def test_nothing_but_the_times_in_sentences_is_changed(name: str) -> None:
    found = report(name)
    assert in_zone(found, UTC) == found
    told = in_zone(found, JAYAPURA)
    assert "UTC" not in "".join(signature.sentence.id + signature.sentence.en for signature in told.signatures)
    alike = {"sentence": True, "signatures": {"__all__": {"sentence"}}}
    assert told.model_dump(exclude=alike) == found.model_dump(exclude=alike)  # type: ignore[arg-type]
