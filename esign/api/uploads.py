"""Bodies of requests: forms, multipart with files, JSON and bare PDFs, read within bounds.

A form's shape is told beforehand: what is not in it is refused as soon as its name is read. Files lie in
memory up to a mebibyte and beyond that in an unnamed temporary file; text fields, and secrets above all,
only ever in memory. A secret leaves as `Secret`, never as text.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

import anyio
from pydantic import JsonValue
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import QuerystringParser, parse_options_header
from starlette.requests import Request

from esign import errors
from esign.api import reasons
from esign.api.parts import BrokenForm, PartsReader, TooMuch
from esign.api.reasons import InvalidFields
from esign.api.received import Upload
from esign.ca.authority import Secret

FORM_BYTES = 256 * 1024
"""The most that a form may hold beside its file, part headers included; also the most of a JSON body."""


@dataclass(frozen=True)
class Shape:
    """Which parts a form may have. Each at most once."""

    fields: Mapping[str, int]
    """Text fields and the most bytes of each."""
    secrets: Mapping[str, int] = field(default_factory=dict)
    """Fields that become `Secret`."""
    file: str | None = None
    """The part that is a file."""
    file_bytes: int = 0
    """The most bytes of a file."""
    most_files: int = 1
    """How often that part may be there. Of several, one that is too large is refused alone."""
    all_bytes: int = 0
    """The most bytes of all files; of one where there may be only one."""

    @property
    def body_bytes(self) -> int:
        """The most bytes of a body."""
        return FORM_BYTES + (self.all_bytes if self.most_files > 1 else self.file_bytes)

    @property
    def names(self) -> tuple[str, ...]:
        """All names that there are."""
        return (*self.fields, *self.secrets, *((self.file,) if self.file else ()))


@dataclass
class Form:
    """A form that was received whole."""

    fields: dict[str, str] = field(default_factory=dict)
    """Text fields; one that was sent empty is as if it had not been sent."""
    secrets: dict[str, Secret] = field(default_factory=dict, repr=False)
    file: Upload | None = None
    """The last one, where there are several."""
    files: list[Upload] = field(default_factory=list)
    """All of them, in order."""

    def secret(self, name: str) -> Secret:
        """A secret that has to be there. Raises `InvalidFields`."""
        if name not in self.secrets:
            raise InvalidFields.one(name, reasons.REQUIRED)
        return self.secrets[name]

    def upload(self, name: str) -> Upload:
        """The file, which has to be there. Raises `InvalidFields`."""
        if self.file is None:
            raise InvalidFields.one(name, reasons.REQUIRED)
        return self.file

    def close(self) -> None:
        """Forgets all files."""
        for upload in (*self.files, *([self.file] if self.file is not None else [])):
            upload.close()


def content_type(request: Request) -> tuple[str, dict[bytes, bytes]]:
    """The media type of the body in lower case, and its parameters."""
    name, parameters = parse_options_header(request.headers.get("content-type", ""))
    return name.decode("latin-1").strip().lower(), parameters


def content_length(request: Request) -> int | None:
    """The length that the request announces; None without one, or where it is no number."""
    value = request.headers.get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() else None


def refuse_query(request: Request) -> None:
    """Raises `InvalidFields` where fields stand in the address: they belong in the body, a passphrase above all."""
    if request.scope["query_string"]:
        raise InvalidFields.one("query", reasons.NOT_IN_ADDRESS)


@asynccontextmanager
async def multipart(request: Request, shape: Shape, seconds: float) -> AsyncIterator[Form]:
    """The form in a ``multipart/form-data`` body; its file is forgotten when the context closes.

    Raises `MediaTypeUnsupported`, `InvalidFields`, `LetterTooLarge`, `RequestTooLarge`, `RequestTooSlow`.
    """
    name, parameters = content_type(request)
    boundary = parameters.get(b"boundary", b"")
    if name != "multipart/form-data" or not 0 < len(boundary) <= 70:
        raise errors.MediaTypeUnsupported(accepted="multipart/form-data")
    announced = content_length(request)
    if announced is not None and announced > shape.body_bytes:
        raise _too_large(shape)
    form = Form()
    try:
        async with _in_time(seconds):
            await _read_parts(request, shape, form, boundary)
        yield form
    finally:
        form.close()


@asynccontextmanager
async def bare_file(request: Request, limit: int, seconds: float) -> AsyncIterator[Form]:
    """A form with nothing but the file that the body is. Raises `LetterTooLarge`, `RequestTooSlow`."""
    announced = content_length(request)
    if announced is not None and announced > limit:
        raise errors.LetterTooLarge(limit=limit)
    form = Form(file=Upload(limit))
    try:
        async with _in_time(seconds):
            async for chunk in request.stream():
                await form.upload("file").write(chunk)
        yield form
    finally:
        form.close()


async def urlencoded(request: Request, shape: Shape, seconds: float) -> Form:
    """The form in an ``application/x-www-form-urlencoded`` body. Raises as `multipart` does."""
    raw = await _whole(request, seconds)
    form = Form()
    collector = _Collector(shape, form)
    name, value = bytearray(), bytearray()

    def start() -> None:
        name.clear()
        value.clear()

    def end() -> None:
        collector.begin(_form_text(_plus_and_percent(name), "*"), is_file=False)
        collector.add(_plus_and_percent(value))
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
        raise InvalidFields.one("body", reasons.FALLBACK) from None
    return form


async def json_object(
    request: Request, shape: Shape, seconds: float, limit: int = FORM_BYTES
) -> tuple[dict[str, JsonValue], dict[str, Secret]]:
    """The members of a JSON object, and apart from them those that are secrets. Raises as `multipart` does."""
    raw = await _whole(request, seconds, limit)
    found = parse_json(raw, "body")
    if not isinstance(found, dict):
        raise InvalidFields.one("body", reasons.NOT_AN_OBJECT)
    known: dict[str, JsonValue] = {}
    secrets: dict[str, Secret] = {}
    for name, value in found.items():
        if name not in shape.names:
            raise InvalidFields(reasons.unknown(name, shape.names))
        if name not in shape.secrets:
            known[name] = value
        elif not isinstance(value, str) or not value:
            raise InvalidFields.one(name, reasons.REQUIRED if not value else reasons.NOT_TEXT)
        elif len(value.encode()) > shape.secrets[name]:
            raise InvalidFields.one(name, reasons.filled(reasons.TOO_LONG, limit=shape.secrets[name]))
        else:
            secrets[name] = Secret(value)
    return known, secrets


class _Collector:
    """Puts fields into a form as they come, each within its bounds."""

    def __init__(self, shape: Shape, form: Form) -> None:
        self._shape = shape
        self._form = form
        self._seen: set[str] = set()
        self._name = ""
        self._value = bytearray()

    def begin_part(self, kind: bytes, options: Mapping[bytes, bytes]) -> Upload | None:
        """See `Collector.begin_part`."""
        if kind != b"form-data" or b"name" not in options:
            raise InvalidFields.one("body", reasons.NOT_MULTIPART)
        is_file = b"filename" in options or b"filename*" in options
        return self.begin(_form_text(options[b"name"], "*"), is_file=is_file)

    def begin(self, name: str, *, is_file: bool) -> Upload | None:
        """A part begins: the upload that takes its bytes, where it is the file."""
        shape = self._shape
        if name not in shape.names:
            raise InvalidFields(reasons.unknown(name, shape.names))
        if name == shape.file and shape.most_files > 1:
            if len(self._form.files) >= shape.most_files:
                raise InvalidFields.one(name, reasons.filled(reasons.TOO_MANY, limit=shape.most_files))
        elif name in self._seen:
            raise InvalidFields.one(name, reasons.TWICE)
        self._seen.add(name)
        self._name = name
        self._value.clear()
        if is_file and name in shape.secrets:
            raise InvalidFields.one(name, reasons.SECRET_NEEDS_TEXT)
        if is_file and name != shape.file:
            raise InvalidFields.one(name, reasons.NOT_TEXT_BUT_FILE)
        if name == shape.file:
            if not is_file:
                raise InvalidFields.one(name, reasons.NOT_A_FILE)
            self._form.file = Upload(shape.file_bytes, among_others=shape.most_files > 1)
            self._form.files.append(self._form.file)
            return self._form.file
        return None

    def add(self, data: bytes) -> None:
        """More of the field's value."""
        limit = self._shape.fields.get(self._name, self._shape.secrets.get(self._name, 0))
        if len(self._value) + len(data) > limit:
            raise InvalidFields.one(self._name, reasons.filled(reasons.TOO_LONG, limit=limit))
        self._value += data

    def finish(self) -> None:
        """The field is whole."""
        text = _form_text(self._value, self._name)
        self._value.clear()
        if not text:
            return
        if self._name in self._shape.secrets:
            self._form.secrets[self._name] = Secret(text)
        else:
            self._form.fields[self._name] = text


async def _read_parts(request: Request, shape: Shape, form: Form, boundary: bytes) -> None:
    try:
        await PartsReader(_Collector(shape, form), boundary, shape.body_bytes).read(request)
    except TooMuch:
        raise _too_large(shape) from None
    except BrokenForm:
        raise InvalidFields.one("body", reasons.NOT_MULTIPART) from None


def _too_large(shape: Shape) -> errors.EsignError:
    if shape.most_files > 1:
        return errors.RequestTooLarge(limit=shape.body_bytes)
    return errors.LetterTooLarge(limit=shape.file_bytes) if shape.file else errors.RequestTooLarge(limit=FORM_BYTES)


@asynccontextmanager
async def _in_time(seconds: float) -> AsyncIterator[None]:
    try:
        with anyio.fail_after(seconds):
            yield
    except TimeoutError:
        raise errors.RequestTooSlow(seconds=round(seconds)) from None


async def _whole(request: Request, seconds: float, limit: int = FORM_BYTES) -> bytes:
    """A small body. Raises `RequestTooLarge`, `RequestTooSlow`."""
    body = bytearray()
    announced = content_length(request)
    if announced is not None and announced > limit:
        raise errors.RequestTooLarge(limit=limit)
    async with _in_time(seconds):
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise errors.RequestTooLarge(limit=limit)
    return bytes(body)


def _form_text(raw: bytes | bytearray, name: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidFields.one(name, reasons.NOT_TEXT) from None


def _plus_and_percent(raw: bytes | bytearray) -> bytes:
    return unquote_to_bytes(bytes(raw).replace(b"+", b" "))


def parse_json(raw: bytes | str, field: str) -> JsonValue:
    """A JSON value that has one meaning only: no name twice, no NaN, no half surrogates, and not too deep.

    Raises `InvalidFields` for ``field``.
    """
    try:
        found: JsonValue = json.loads(raw, object_pairs_hook=_once_each, parse_constant=_no_constant)
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise InvalidFields.one(field, reasons.NOT_JSON) from None
    return found


def _once_each(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice: two readers might take different values")
    return found


def _no_constant(name: str) -> JsonValue:
    raise ValueError(f"{name} is no JSON")
