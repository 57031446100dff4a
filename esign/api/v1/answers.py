"""A letter as an answer: its record as JSON, or its file as PDF with the record's main points as headers."""

from base64 import b64encode
from typing import Any
from urllib.parse import quote

from esign.api import openapi
from esign.api.idempotency import Answer
from esign.service.letters import LetterFile
from esign.service.views import LetterView

JSON = "application/json"
PDF = "application/pdf"


def record(letter: LetterView, *, status: int) -> Answer:
    """The letter's record."""
    headers = _named(letter) | ({"Location": address(letter.id)} if status == 201 else {})
    return Answer(status, JSON, letter.model_dump_json().encode(), headers)


def signed_file(letter: LetterView, file: LetterFile, *, status: int) -> Answer:
    """The letter's newest file."""
    headers = _named(letter) | of_file(file)
    if status == 201:
        headers |= {"Location": address(letter.id), "Content-Location": f"{address(letter.id)}/file"}
    return Answer(status, PDF, file.content, headers)


def of_file(file: LetterFile) -> dict[str, str]:
    """The headers that belong to a letter's file."""
    return of_bytes(file.filename, file.sha256)


def of_bytes(filename: str, sha256: str) -> dict[str, str]:
    """The headers that belong to a file: its validator, its digest (RFC 9530), its name (RFC 6266)."""
    digest = b64encode(bytes.fromhex(sha256)).decode()
    return {
        "ETag": entity_tag(sha256),
        "Repr-Digest": f"sha-256=:{digest}:",
        "Content-Disposition": disposition(filename),
    }


def address(letter_id: str) -> str:
    """Where the letter's record is, relative to this service."""
    return f"/v1/letters/{quote(letter_id, safe='')}"


def entity_tag(sha256: str) -> str:
    """The strong validator of bytes."""
    return f'"{sha256}"'


def disposition(filename: str) -> str:
    """``Content-Disposition`` with the name in ASCII for old clients, and as it is (RFC 6266, 4.3)."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%/' else "_" for c in filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def _named(letter: LetterView) -> dict[str, str]:
    headers = {"Letter-Id": letter.id}
    if letter.address is not None and letter.code is not None:
        headers |= {"Letter-Address": letter.address, "Letter-Code": letter.code}
    if letter.signatures:
        headers["Letter-Level"] = str(letter.signatures[-1].level)
    return headers


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


FILE_HEADERS = {
    "ETag": _header("The SHA-256 of the file, hexadecimal, in quotes."),
    "Repr-Digest": _header("The same, as RFC 9530 has it."),
    "Content-Disposition": _header("A file name made of the letter's number (RFC 6266)."),
}
LETTER_HEADERS = {
    "Letter-Id": _header("The letter's id."),
    "Letter-Address": _header("The address of its verification page, as its QR holds it. Once signed."),
    "Letter-Code": _header("Its verification code, in groups. Once signed."),
    "Letter-Level": _header("The PAdES level that the newest signature reached."),
}
PDF_CONTENT = {PDF: {"schema": {"type": "string", "contentMediaType": PDF, "contentEncoding": "binary"}}}


def created(description: str, *, pdf: bool) -> dict[int, dict[str, Any]]:
    """The OpenAPI response of what makes or signs a letter."""
    openapi.schema_of(LetterView)
    content: dict[str, Any] = {JSON: {"schema": {"$ref": openapi.REFS.format(model="LetterView")}}}
    headers = {**LETTER_HEADERS, "Location": _header("The letter's record.")}
    if pdf:
        content = {**PDF_CONTENT, **content}
        headers |= FILE_HEADERS
    headers["Idempotency-Replayed"] = _header(
        "`true` where this is the answer of an earlier request with the same key."
    )
    return {201: {"description": description, "headers": headers, "content": content}}
