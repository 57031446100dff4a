"""What is written to the logs, and what never is."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from esign.api import logs
from esign.errors import NumberTaken

NIK = "3201019988776655"
SECRET = "rahasia-Sekali!9"


@pytest.fixture
def lines() -> Iterator["Lines"]:
    kept = (logging.root.handlers[:], logging.root.level)
    found = Lines()
    logs.configure("info", "json", found.stream)
    yield found
    logging.captureWarnings(capture=False)
    logging.root.handlers[:], level = kept
    logging.root.setLevel(level)
    structlog.reset_defaults()


def fail() -> None:
    try:
        int(SECRET)
    except ValueError as inner:
        raise KeyError(NIK) from inner


class Lines:
    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def read(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.text.splitlines()]


def test_values_of_secret_names_and_niks_are_not_written(lines: Lines) -> None:
    log = structlog.stdlib.get_logger("test")
    log.info("one", nik=NIK, passphrase=SECRET, nested={"Authorization": f"Bearer {SECRET}"}, number=int(NIK))
    log.info(f"two {NIK} passphrase={SECRET}&x=1 nik: '{NIK}'", listed=[NIK], key="esign_abcdefghijklmnop")
    logging.getLogger("elsewhere").warning("three %s password=%s", NIK, SECRET)
    found = lines.read()
    assert [line["level"] for line in found] == ["info", "info", "warning"]
    assert NIK not in lines.text
    assert SECRET not in lines.text
    assert "abcdefghijklmnop" not in lines.text


def test_an_exception_is_told_by_its_type_and_places_never_by_its_message(lines: Lines) -> None:
    log = structlog.stdlib.get_logger("test")
    try:
        fail()
    except KeyError as error:
        log.exception("failed")
        logging.getLogger("uvicorn.error").error("Exception in ASGI application\n", exc_info=error)  # noqa: TRY400
    found = lines.read()
    assert len(found) == 2
    for line in found:
        failure = line["failure"]
        assert isinstance(failure, dict)
        assert failure["type"] == "builtins.KeyError"
        assert failure["because"]["type"] == "builtins.ValueError"
        assert "test_api_logs.py" in failure["at"][0]
    assert SECRET not in lines.text
    assert NIK not in lines.text


def test_what_is_public_of_an_exception_is_told(lines: Lines) -> None:
    log = structlog.stdlib.get_logger("test")
    log.error("refused", exc_info=NumberTaken(number="1/2", year=2026))
    log.error("disk", exc_info=OSError(28, SECRET))
    refused, disk = (line["failure"] for line in lines.read())
    assert isinstance(refused, dict)
    assert isinstance(disk, dict)
    assert (refused["code"], refused["details"]) == ("letter.number_taken", {"number": "1/2", "year": 2026})
    assert disk["errno"] == 28
    assert SECRET not in lines.text


def test_other_access_logs_are_silent(lines: Lines) -> None:
    logging.getLogger("uvicorn.access").info("GET /?nik=1")
    logging.getLogger("httpx").info("HTTP Request: GET https://x/?passphrase=1")
    assert lines.read() == []
