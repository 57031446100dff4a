"""What a client sends in the place of a file: made from the file, where the file is."""

import hashlib
from typing import cast

from asn1crypto import tsp

from esign.errors import LetterNotExamined
from esign.pdf.sandbox import Header, Runner
from esign.verify.cms import ODD_INPUT, SignedMessage, read_message
from esign.verify.crypto import UnknownAlgorithmError, digest
from esign.verify.digest_report import MAX_ITEMS, MAX_SIGNATURES, DigestedSignature, DigestRequest
from esign.verify.evidence import read_store
from esign.verify.structure import ExaminedSignature, examine_structure

DIGEST_TASK = "esign.verify.digesting:digest_task"


def digests_of(pdf: bytes, password: str = "") -> DigestRequest | None:
    """The request for a file; None where no signature in it has a sound structure.

    Signatures whose structure is broken are left out: without the file nothing can be said of them. Raises
    `PdfSyntaxError` for more signatures than may be examined.
    """
    structure = examine_structure(pdf, password=password)
    sound = [item for item in structure.signatures if item.sound and item.signed is not None]
    signatures = tuple(made for item in sound if (made := _digested(pdf, item)) is not None)[:MAX_SIGNATURES]
    if not signatures:
        return None
    store = read_store(structure.view) if structure.view is not None else None
    ends = sorted({item.signed.end for item in sound if item.signed is not None} - {len(pdf)})
    return DigestRequest(
        signatures=signatures,
        file_sha256=hashlib.sha256(pdf).hexdigest(),
        revision_sha256=tuple(hashlib.sha256(memoryview(pdf)[:end]).hexdigest() for end in ends[-200:]),
        certificates=tuple(item.dump() for item in store.certificates[:MAX_ITEMS]) if store is not None else (),
        ocsps=store.ocsps[:MAX_ITEMS] if store is not None else (),
        crls=store.crls[:MAX_ITEMS] if store is not None else (),
    )


def digests_in(runner: Runner, pdf: bytes, password: str | None = None, *, timeout: float) -> DigestRequest | None:
    """`digests_of` in a sandbox worker. Raises `Busy` and `LetterNotExamined`."""
    answer, _ = runner.run(DIGEST_TASK, {"password": password}, pdf, timeout=timeout)
    request = answer.get("request")
    try:
        return None if request is None else DigestRequest.model_validate(request)
    except ValueError as error:
        raise LetterNotExamined(reason="answer") from error


def digest_task(header: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """`digests_of` as a task of the sandbox."""
    made = digests_of(blobs[0], str(header["password"] or ""))
    return {"request": None if made is None else cast("Header", made.model_dump(mode="json"))}, []


def _digested(pdf: bytes, item: ExaminedSignature) -> DigestedSignature | None:
    signed, contents, sub_filter = item.signed, item.found.contents, item.found.sub_filter
    if signed is None or contents is None:
        return None
    try:
        message = read_message(contents.value)
        algorithm = _of_imprint(message) if sub_filter == "ETSI.RFC3161" else message.digest_algorithm
        view = memoryview(pdf)
        value = digest(algorithm, view[: signed.gap_start], view[signed.gap_end : signed.end])
        return DigestedSignature.model_validate(
            {
                "cms": contents.value,
                "digest_algorithm": algorithm,
                "digest": value.hex(),
                "sub_filter": sub_filter,
                "field": item.fields[0].name[:500] if item.fields else None,
            }
        )
    except (*ODD_INPUT, UnknownAlgorithmError):
        return None


def _of_imprint(token: SignedMessage) -> str:
    """The digest algorithm of a time-stamp's imprint. Raises what odd input raises."""
    stated = tsp.TSTInfo.load(token.content or b"", strict=True)
    return str(stated["message_imprint"]["hash_algorithm"]["algorithm"].native)
