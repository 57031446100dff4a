"""Forms as the v1 clients of BSrE's service send them: parts in any order, files without names, fields in the address.

What a field is follows from its name, never from its part's headers: a file may come without a file name, a text with
one. A name that is not asked for is passed over. One that comes twice with the same value counts once; twice with two
values is refused, for nobody can tell which was meant. Secrets are never anywhere but in memory.
"""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

import anyio
from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import QuerystringParser

from esign import errors
from esign.api import context, state
from esign.api.bsre.refusals import Refused
from esign.api.parts import BrokenForm, PartsReader, TooMuch
from esign.api.received import Upload
from esign.api.uploads import content_length, content_type
from esign.ca.authority import Secret

TEXT_BYTES = 64 * 1024
"""The most of one text field."""
_ALL_TEXT_BYTES = 512 * 1024
_MOST_PARTS = 200
_LONGEST_BOUNDARY = 200


@dataclass(frozen=True)
class Fields:
    """What a form is read for."""

    texts: Collection[str]
    secrets: Collection[str] = ()
    files: Mapping[str, int] = field(default_factory=dict)
    """Files, and the most bytes of each."""


@dataclass
class Form:
    """A form that was received whole. What was sent empty is there, empty."""

    texts: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict, repr=False)
    files: dict[str, Upload] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """What the client calls its files."""

    def text(self, name: str) -> str | None:
        """The field without space around it; None where it is missing, empty or the string ``null``."""
        value = self.texts.get(name, "").strip()
        return None if value == "" or value.lower() == "null" else value

    def file(self, name: str) -> Upload | None:
        """The file; None where it is missing or empty."""
        return self.files.get(name)


@asynccontextmanager
async def received(request: Request, fields: Fields) -> AsyncIterator[Form]:
    """The form in body and address; its files are forgotten when the context closes.

    Raises `Refused`, `LetterTooLarge`, `RequestTooLarge`, `RequestTooSlow`, `StorageUnavailable`.
    """
    limit, announced = context.of(request).max_body, content_length(request)
    if announced is not None and announced > limit:
        raise errors.RequestTooLarge(limit=limit)
    seconds = state.of(request).services.settings.body_seconds
    form = Form()
    collector = _Collector(fields, form)
    try:
        _read_pairs(request.scope["query_string"], collector)
        name, parameters = content_type(request)
        with anyio.fail_after(seconds):
            if name == "multipart/form-data":
                await _read_parts(request, collector, parameters.get(b"boundary", b""), limit)
            elif name == "application/x-www-form-urlencoded":
                _read_pairs(await _small(request), collector)
            elif announced != 0 and await _small(request):
                raise Refused("Isi permintaan harus berupa multipart/form-data")
        collector.settle()
        yield form
    except TimeoutError:
        raise errors.RequestTooSlow(seconds=round(seconds)) from None
    finally:
        collector.close()


class _Collector:
    """Puts fields into a form as they come, each within its bounds."""

    def __init__(self, fields: Fields, form: Form) -> None:
        self._fields = fields
        self._form = form
        self._name = ""
        self._value = bytearray()
        self._texts = 0
        self._parts = 0
        self._uploads: dict[str, list[Upload]] = {}

    def begin_part(self, _: bytes, options: Mapping[bytes, bytes]) -> Upload | None:
        """See `Collector.begin_part`."""
        name, filename = (_text(options.get(key, b"")) for key in (b"name", b"filename"))
        return self.begin(name, filename)

    def begin(self, name: str, filename: str = "") -> Upload | None:
        """A field begins: the upload that takes its bytes, where it is a file."""
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise Refused("Isian terlalu banyak")
        self._name = name
        self._value.clear()
        limit = self._fields.files.get(name)
        if limit is None:
            return None
        upload = Upload(limit)
        self._form.names.setdefault(name, filename)
        self._uploads.setdefault(name, []).append(upload)
        return upload

    def add(self, data: bytes) -> None:
        """More of the value of a text field; of one that nobody asked for, nothing is kept."""
        self._texts += len(data)
        if self._texts > _ALL_TEXT_BYTES:
            raise errors.RequestTooLarge(limit=_ALL_TEXT_BYTES)
        if self._name not in self._fields.texts and self._name not in self._fields.secrets:
            return
        if len(self._value) + len(data) > TEXT_BYTES:
            raise Refused(f"{self._name} lebih panjang dari {TEXT_BYTES} byte")
        self._value += data

    def finish(self) -> None:
        """The field is whole."""
        name, form = self._name, self._form
        if name in self._fields.secrets:
            text = _text(self._value)
            if text and name in form.secrets and form.secrets[name].reveal() != text:
                raise _twice(name)
            if text:
                form.secrets[name] = Secret(text)
        elif name in self._fields.texts:
            text = _text(self._value)
            if form.texts.get(name, "") not in ("", text) and text:
                raise _twice(name)
            form.texts[name] = text or form.texts.get(name, "")
        self._value.clear()

    def settle(self) -> None:
        """All has come: the files go into the form."""
        for name, uploads in self._uploads.items():
            sent = [each for each in uploads if each.size]
            if len({each.sha256 for each in sent}) > 1:
                raise _twice(name)
            if sent:
                self._form.files[name] = sent[0]

    def close(self) -> None:
        """Forgets the files."""
        for upload in (each for uploads in self._uploads.values() for each in uploads):
            upload.close()


async def _read_parts(request: Request, collector: _Collector, boundary: bytes, limit: int) -> None:
    if not 0 < len(boundary) <= _LONGEST_BOUNDARY:
        raise Refused("multipart/form-data tanpa boundary yang benar")
    try:
        await PartsReader(collector, boundary, limit).read(request)
    except TooMuch:
        raise errors.RequestTooLarge(limit=limit) from None
    except BrokenForm:
        raise Refused("multipart/form-data tidak utuh") from None


def _read_pairs(raw: bytes, collector: _Collector) -> None:
    """The fields of a query string or an urlencoded body."""
    name, value = bytearray(), bytearray()

    def start() -> None:
        name.clear()
        value.clear()

    def end() -> None:
        if collector.begin(_text(_plain(name))) is None:
            collector.add(_plain(value))
        collector.finish()

    parser = QuerystringParser(
        {
            "on_field_start": start,
            "on_field_name": lambda data, begin, stop: name.extend(data[begin:stop]),
            "on_field_data": lambda data, begin, stop: value.extend(data[begin:stop]),
            "on_field_end": end,
        }
    )
    try:
        parser.write(raw)
        parser.finalize()
    except FormParserError:
        raise Refused("Isian tidak dapat dibaca") from None


async def _small(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > 2 * _ALL_TEXT_BYTES:
            raise errors.RequestTooLarge(limit=2 * _ALL_TEXT_BYTES)
    return bytes(body)


def _plain(raw: bytes | bytearray) -> bytes:
    return unquote_to_bytes(bytes(raw).replace(b"+", b" "))


def _text(raw: bytes | bytearray) -> str:
    """UTF-8, as everybody sends it, or else Latin-1. NUL is no text."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.replace("\0", "")


def _twice(name: str) -> Refused:
    return Refused(f"{name} dikirim lebih dari sekali dengan isi yang berbeda")
