"""Why a field was refused, in both languages, and never with what was sent in it.

pydantic's messages are not passed on: some hold the value, and all are English.
"""

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from esign.api.negotiation import Language


class Reason(NamedTuple):
    """One reason in Indonesian and English; may hold ``{placeholders}`` for limits, never for values."""

    id: str
    en: str

    def language(self, language: Language) -> str:
        """The reason in that language."""
        return self.id if language == "id" else self.en


@dataclass(frozen=True)
class Refused:
    """One field and why it was refused."""

    field: str
    reason: Reason


class InvalidFields(Exception):  # noqa: N818 the problem that it becomes is RequestInvalid
    """One or more fields of a request are missing or wrong."""

    def __init__(self, *refused: Refused) -> None:
        self.refused = refused
        super().__init__(", ".join(one.field for one in refused))

    @classmethod
    def one(cls, field: str, reason: Reason) -> "InvalidFields":
        """A single field."""
        return cls(Refused(field, reason))


REQUIRED = Reason("wajib diisi", "is required")
TWICE = Reason("dikirim lebih dari sekali", "was sent more than once")
NOT_TEXT = Reason("bukan teks UTF-8", "is not UTF-8 text")
NOT_JSON = Reason("bukan JSON yang benar", "is not valid JSON")
NOT_AN_OBJECT = Reason("harus objek JSON", "has to be a JSON object")
NOT_MULTIPART = Reason("bukan multipart/form-data yang utuh", "is not complete multipart/form-data")
TOO_MANY = Reason("paling banyak {limit}", "may be there {limit} times at most")
NOT_A_FILE = Reason(
    "harus dikirim sebagai berkas (bagian dengan nama berkas)", "has to be sent as a file (a part with a file name)"
)
NOT_TEXT_BUT_FILE = Reason("harus dikirim sebagai teks, bukan berkas", "has to be sent as text, not as a file")
TOO_LONG = Reason("lebih panjang dari {limit} byte", "is longer than {limit} bytes")
UNKNOWN = Reason("tidak dikenal", "is not known here")
MISNAMED = Reason("tidak dikenal; maksudnya {name}?", "is not known here; did you mean {name}?")
NOT_IN_ADDRESS = Reason(
    "isian dikirim di dalam isi permintaan, tidak pernah di alamat; bila itu passphrase, gantilah, "
    "karena alamat tercatat di banyak tempat",
    "fields belong in the body, never in the address; if it was a passphrase, change it, "
    "for addresses are recorded in many places",
)
SECRET_NEEDS_TEXT = Reason(
    "harus dikirim sebagai isian teks, tidak pernah sebagai berkas; yang terkirim tidak disimpan",
    "has to be sent as a text field, never as a file; what was sent was not kept",
)

# By pydantic's error types. What is not listed gets FALLBACK.
_BY_TYPE: dict[str, Reason] = {
    "missing": REQUIRED,
    "string_type": Reason("harus teks", "has to be text"),
    "string_too_short": Reason("paling sedikit {min_length} karakter", "needs at least {min_length} characters"),
    "string_too_long": Reason("paling banyak {max_length} karakter", "may have at most {max_length} characters"),
    "string_pattern_mismatch": Reason("bentuknya salah", "has the wrong form"),
    "too_short": Reason("paling sedikit {min_length} butir", "needs at least {min_length} items"),
    "too_long": Reason("paling banyak {max_length} butir", "may have at most {max_length} items"),
    "literal_error": Reason("harus salah satu dari {expected}", "has to be one of {expected}"),
    "enum": Reason("harus salah satu dari {expected}", "has to be one of {expected}"),
    "bool_parsing": Reason("harus true atau false", "has to be true or false"),
    "bool_type": Reason("harus true atau false", "has to be true or false"),
    "int_parsing": Reason("harus bilangan bulat", "has to be a whole number"),
    "int_type": Reason("harus bilangan bulat", "has to be a whole number"),
    "int_from_float": Reason("harus bilangan bulat", "has to be a whole number"),
    "float_parsing": Reason("harus bilangan", "has to be a number"),
    "float_type": Reason("harus bilangan", "has to be a number"),
    "finite_number": Reason("harus bilangan", "has to be a number"),
    "greater_than": Reason("harus lebih dari {gt}", "has to be more than {gt}"),
    "greater_than_equal": Reason("paling sedikit {ge}", "has to be at least {ge}"),
    "less_than": Reason("harus kurang dari {lt}", "has to be less than {lt}"),
    "less_than_equal": Reason("paling banyak {le}", "has to be at most {le}"),
    "union_tag_invalid": Reason("harus salah satu dari {expected_tags}", "has to be one of {expected_tags}"),
    "union_tag_not_found": Reason("wajib diisi", "is required"),
    "json_invalid": NOT_JSON,
    "model_type": NOT_AN_OBJECT,
    "model_attributes_type": NOT_AN_OBJECT,
    "dict_type": NOT_AN_OBJECT,
    "tuple_type": Reason("harus larik JSON", "has to be a JSON array"),
    "list_type": Reason("harus larik JSON", "has to be a JSON array"),
    "extra_forbidden": UNKNOWN,
}
for _type in ("date_parsing", "date_from_datetime_parsing", "date_type", "date_from_datetime_inexact"):
    _BY_TYPE[_type] = Reason("harus tanggal seperti 2026-01-31", "has to be a date such as 2026-01-31")

FALLBACK = Reason("tidak dapat diterima", "can't be accepted")

# What our own validators say (esign.service.orders, esign.pades.placement), in Indonesian.
_OWN: dict[str, str] = {
    "has control characters, or ones that turn the direction of writing": (
        "berisi karakter kendali atau pembalik arah tulisan"
    ),
    "pages are counted from 1, or from the end with -1": "halaman dihitung dari 1, atau dari belakang mulai -1",
    "is before 1945": "sebelum tahun 1945",
    "names a signer twice": "menyebut penanda tangan dua kali",
    "a follower's field needs a place on a page": "kolom penanda tangan berikutnya memerlukan tempat pada halaman",
}


def of(error: ValidationError, *, known: Collection[str] = (), inside: Sequence[str | int] = ()) -> InvalidFields:
    """The fields that pydantic refused.

    ``known`` are the names that there are, to put a misspelt one right; ``inside`` is the place of the
    validated value in the request. A name that is not ours is never repeated: what is sent in its place
    may be anything.
    """
    return of_details(error.errors(include_url=False, include_input=False), known=known, inside=inside)


def of_details(
    details: Iterable[ErrorDetails], *, known: Collection[str] = (), inside: Sequence[str | int] = ()
) -> InvalidFields:
    """The same for error details as FastAPI hands them on."""
    return InvalidFields(*(_refused(one, known, inside) for one in details))


def unknown(name: str, known: Collection[str], *, inside: str = "") -> Refused:
    """A field whose name is not known here: told by the nearest name that is, never repeated."""
    near = difflib.get_close_matches(name[:64], known, n=1, cutoff=0.7)
    return Refused(f"{inside}.*" if inside else "*", filled(MISNAMED, name=near[0]) if near else UNKNOWN)


def filled(reason: Reason, **limits: object) -> Reason:
    """The reason with its limits."""
    limits = {name: f"{value:g}" if isinstance(value, float) else value for name, value in limits.items()}
    return Reason(reason.id.format_map(_Shown(limits)), reason.en.format_map(_Shown(limits)))


class _Shown(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"


def _refused(detail: ErrorDetails, known: Collection[str], inside: Sequence[str | int]) -> Refused:
    place = _without_kinds([*inside, *detail["loc"]])
    context: Mapping[str, object] = detail.get("ctx", {})
    if detail["type"] == "extra_forbidden":
        parent = ".".join(str(part) for part in place[:-1])
        return unknown(str(place[-1]), known if not parent else (), inside=parent)
    if detail["type"] in ("union_tag_not_found", "union_tag_invalid") and "discriminator" in context:
        place.append(str(context["discriminator"]).strip("'"))
    field = ".".join(str(part) for part in place) or "body"
    if detail["type"] == "value_error":
        english = str(context.get("error", ""))
        return Refused(field, Reason(_OWN.get(english, FALLBACK.id), english if english in _OWN else FALLBACK.en))
    kind: str = detail["type"]
    if kind in ("too_short", "too_long") and context.get("field_type") == "Value":  # text, where it was stripped first
        kind = f"string_{kind}"
    return Refused(field, filled(_BY_TYPE.get(kind, FALLBACK), **context))


def _without_kinds(place: Sequence[str | int]) -> list[str | int]:
    """The place without the kind of placement, which pydantic puts into it and which nobody sent as a name."""
    return [part for before, part in zip(("", *place), place, strict=False) if before != "placement"]
