"""Bodies: what is taken, what is refused, and that secrets leave as secrets."""

import errno
import hashlib
from collections.abc import AsyncIterator, Iterator

import anyio
import httpx
import pytest
from starlette.requests import Request
from starlette.types import Message

from esign import errors
from esign.api import reasons, uploads
from esign.api.reasons import InvalidFields, Reason
from esign.api.received import Upload
from esign.api.uploads import Form, Shape

SHAPE = Shape({"number": 20, "subject": 100}, secrets={"passphrase": 50}, file="file", file_bytes=3_000_000)


def request(body: bytes, content_type: str, *, chunk: int = 1000, announce: bool = True) -> Request:
    headers = [(b"content-type", content_type.encode())]
    if announce:
        headers.append((b"content-length", str(len(body)).encode()))
    pieces: Iterator[bytes] = iter([body[at : at + chunk] for at in range(0, len(body), chunk)])

    async def receive() -> Message:
        piece = next(pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers, "query_string": b""}
    return Request(scope, receive)


def encoded(**fields: object) -> tuple[bytes, str]:
    files = {name: value for name, value in fields.items() if isinstance(value, tuple)}
    data = {name: value for name, value in fields.items() if isinstance(value, str)}
    files = files or {"file": ("a.pdf", b"%PDF", "application/pdf")}
    built = httpx.Request("POST", "http://x", data=data, files=files)
    return built.read(), built.headers["content-type"]


def received(body: bytes, content_type: str, *, chunk: int = 1000, announce: bool = True) -> Form:
    async def read() -> Form:
        async with uploads.multipart(request(body, content_type, chunk=chunk, announce=announce), SHAPE, 5) as form:
            if form.file is not None:
                assert hashlib.sha256(form.file.read()).hexdigest() == form.file.sha256
            return form

    return anyio.run(read)


def refused(body: bytes, content_type: str) -> tuple[str, Reason]:
    with pytest.raises(InvalidFields) as invalid:
        received(body, content_type)
    (one,) = invalid.value.refused
    return one.field, one.reason


@pytest.mark.parametrize(("chunk", "size"), [(1, 0), (1, 5), (7, 100_000), (65536, 2_500_000)])
def test_a_form_with_a_file_is_read_whatever_the_chunks(chunk: int, size: int) -> None:
    content = bytes(index * 7 % 251 for index in range(size))
    form = received(*encoded(file=("surat.pdf", content), number="1/2", passphrase="kata sandi é"), chunk=chunk)
    assert form.fields == {"number": "1/2"}
    assert form.secret("passphrase").reveal() == "kata sandi é"
    assert form.upload("file").size == size
    assert "kata" not in repr(form)


def test_a_field_sent_empty_is_as_if_it_had_not_been_sent() -> None:
    assert received(*encoded(number="", passphrase="")).secrets == {}


def test_a_passphrase_as_a_file_is_refused_before_a_byte_of_it_is_read() -> None:
    assert refused(*encoded(passphrase=("p.txt", b"geheim"))) == ("passphrase", reasons.SECRET_NEEDS_TEXT)


def test_a_text_field_as_a_file_and_a_file_as_text_are_refused() -> None:
    assert refused(*encoded(number=("n.txt", b"1"))) == ("number", reasons.NOT_TEXT_BUT_FILE)
    body, content_type = encoded(number="1")
    text_for_file = body.replace(b'name="number"', b'name="file"').replace(
        b'name="file"; filename', b'name="number"; x'
    )
    assert refused(text_for_file, content_type)[1] == reasons.NOT_A_FILE


def test_an_unknown_field_is_told_by_the_nearest_name_and_never_repeated() -> None:
    assert refused(*encoded(nomber="1")) == ("*", reasons.filled(reasons.MISNAMED, name="number"))
    assert refused(*encoded(**{"hunter2-3201019988776655": "1"})) == ("*", reasons.UNKNOWN)


def test_a_field_that_is_too_long_stops_the_reading() -> None:
    assert refused(*encoded(number="1" * 21)) == ("number", reasons.filled(reasons.TOO_LONG, limit=20))


def test_a_field_sent_twice_is_refused() -> None:
    body, content_type = encoded(number="1", subject="2")
    assert refused(body.replace(b'name="subject"', b'name="number"'), content_type) == ("number", reasons.TWICE)


def test_bytes_that_are_no_text_are_refused() -> None:
    body, content_type = encoded(number="@@")
    assert refused(body.replace(b"@@", b"\xff\xfe"), content_type) == ("number", reasons.NOT_TEXT)


def test_a_body_cut_off_is_refused_wherever_it_ends() -> None:
    body, content_type = encoded(number="1", file=("a.pdf", b"%PDF-1.7 and so on"))
    for end in range(0, len(body) - 4, 13):
        assert refused(body[:end], content_type) == ("body", reasons.NOT_MULTIPART)


def test_a_file_over_the_limit_is_refused_by_its_announced_length_or_while_it_is_read() -> None:
    body, content_type = encoded(file=("a.pdf", bytes(3_000_001)))
    with pytest.raises(errors.LetterTooLarge):
        received(body, content_type, chunk=65536, announce=False)
    huge, content_type = encoded(file=("a.pdf", bytes(3_300_000)))
    with pytest.raises(errors.LetterTooLarge):
        anyio.run(_unread, huge, content_type)


async def _unread(body: bytes, content_type: str) -> None:
    asked = request(body, content_type)

    async def never() -> Message:
        raise AssertionError("the body was read")

    asked._receive = never
    async with uploads.multipart(asked, SHAPE, 5):
        pass


def test_a_full_disk_is_told_as_such() -> None:
    async def write() -> None:
        upload = Upload(10_000_000)
        upload.close()
        upload._file = FullDisk()  # type: ignore[assignment]
        await upload.write(b"x")

    with pytest.raises(errors.StorageUnavailable):
        anyio.run(write)


class FullDisk:
    def write(self, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "no space left")


def test_other_media_types_are_refused_with_what_is_taken() -> None:
    for content_type in ("application/json", "text/plain", "multipart/form-data", "multipart/mixed; boundary=x", ""):
        with pytest.raises(errors.MediaTypeUnsupported):
            received(b"{}", content_type)


def test_a_body_that_does_not_arrive_in_time_is_refused() -> None:
    async def stalled() -> AsyncIterator[bytes]:
        yield b""

    async def read() -> None:
        asked = request(b"", "multipart/form-data; boundary=x", announce=False)

        async def receive() -> Message:
            await anyio.sleep_forever()
            raise AssertionError

        asked._receive = receive
        async with uploads.multipart(asked, SHAPE, 0.05):
            pass

    with pytest.raises(errors.RequestTooSlow):
        anyio.run(read)


def test_json_members_and_secrets_come_apart() -> None:
    async def read(text: str) -> tuple[dict[str, object], str]:
        members, secrets = await uploads.json_object(request(text.encode(), "application/json"), SHAPE, 5)
        return dict(members), secrets["passphrase"].reveal()

    assert anyio.run(read, '{"number": "1", "passphrase": "x y"}') == ({"number": "1"}, "x y")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"number": NaN}',
        '{"number": "1", "number": "2"}',
        '{"number": "\\ud800"}',
        '{"passphrase": 1234}',
        '{"passphrase": null}',
        '{"passphrase": "' + "x" * 51 + '"}',
        '{"x": 1}',
        "[" * 100_000,
    ],
)
def test_json_with_two_meanings_or_none_is_refused(text: str) -> None:
    async def read() -> None:
        await uploads.json_object(request(text.encode(), "application/json", chunk=100_000), SHAPE, 5)

    with pytest.raises(InvalidFields):
        anyio.run(read)


def test_a_form_in_the_body_is_read() -> None:
    async def read() -> Form:
        body = b"number=1%2F2+b&passphrase=a%2Bb%C3%A9&subject="
        return await uploads.urlencoded(request(body, "application/x-www-form-urlencoded", chunk=3), SHAPE, 5)

    form = anyio.run(read)
    assert form.fields == {"number": "1/2 b"}
    assert form.secret("passphrase").reveal() == "a+bé"


def test_json_sent_as_a_form_is_refused_without_a_word_of_it() -> None:
    async def read() -> None:
        body = b'{"passphrase": "geheim"}'
        await uploads.urlencoded(request(body, "application/x-www-form-urlencoded"), SHAPE, 5)

    with pytest.raises(InvalidFields) as invalid:
        anyio.run(read)
    assert invalid.value.refused[0].reason == reasons.UNKNOWN
    assert "geheim" not in str(invalid.value.refused)
