"""The forms of signing: their shapes, what they become, and how OpenAPI describes them."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from esign.api import openapi, reasons
from esign.api.reasons import InvalidFields, Reason, Refused
from esign.api.uploads import Shape, parse_json
from esign.ca.authority import Consent, Secret
from esign.service.orders import LetterFields, PlannedSigner, SigningPlan, SignOrder

FILE = "file"
PASSPHRASE = "passphrase"  # noqa: S105 the name of the field
CODE = "code"
FOLLOWERS = "followers"

_TEXT_BYTES = 4 * 1024
_JSON_BYTES = {"placement": 8 * 1024, FOLLOWERS: 64 * 1024}
_SECRET_BYTES = 1024

_SECRETS = {PASSPHRASE: _SECRET_BYTES, CODE: _SECRET_BYTES}
_ONE_OF_BOTH = Reason("wajib diisi, kecuali ada code", "is required, unless there is a code")

_Model = TypeVar("_Model", bound=BaseModel)

_LETTER = tuple(LetterFields.model_fields)
_ORDER = tuple(SignOrder.model_fields)


def _sizes(*names: str) -> dict[str, int]:
    return {name: _JSON_BYTES.get(name, _TEXT_BYTES) for name in names}


def sign_shape(max_letter_bytes: int) -> Shape:
    """A letter with its register fields, the order to sign it, and who signs after."""
    return Shape(
        _sizes(*_LETTER, *_ORDER, FOLLOWERS),
        secrets=_SECRETS,
        file=FILE,
        file_bytes=max_letter_bytes,
    )


def draft_shape(max_letter_bytes: int) -> Shape:
    """A letter with its register fields, and who signs after the first."""
    return Shape(_sizes(*_LETTER, FOLLOWERS), file=FILE, file_bytes=max_letter_bytes)


SIGNATURE = Shape(_sizes(*_ORDER), secrets=_SECRETS)
"""The order to sign a letter that is here already."""


class Filled:
    """The fields of a form, each part of which is taken out checked; all that is wrong is told together."""

    def __init__(self, fields: Mapping[str, JsonValue], shape: Shape) -> None:
        self._fields = dict(fields)
        self._shape = shape
        self._refused: list[Refused] = []
        for name in _JSON_BYTES:
            self._decode(name)

    @property
    def fields(self) -> dict[str, JsonValue]:
        """All fields, what was JSON in them decoded: what the request says, without its secrets."""
        return dict(self._fields)

    def letter(self) -> LetterFields | None:
        """What the register keeps of the letter; None where that is wrong."""
        return self._take(LetterFields, _LETTER)

    def order(self) -> SignOrder | None:
        """How it is to be signed; None where that is wrong."""
        return self._take(SignOrder, _ORDER)

    def plan(self) -> SigningPlan | None:
        """Who signs after the first; None where nobody is named or that is wrong."""
        return self._take(SigningPlan, (FOLLOWERS,)) if FOLLOWERS in self._fields else None

    def needs(self, name: str, *, there: bool) -> None:
        """Notes a missing part."""
        if not there:
            self._refused.append(Refused(name, reasons.REQUIRED))

    def consent(self, secrets: Mapping[str, Secret]) -> Consent:
        """What the signer consents with: his passphrase, a one-time code, or both. Notes where there is neither."""
        if not secrets:
            self._refused.append(Refused(PASSPHRASE, _ONE_OF_BOTH))
        return Consent(secrets.get(PASSPHRASE), secrets.get(CODE))

    def settle(self) -> None:
        """Raises `InvalidFields` with everything that was wrong."""
        if self._refused:
            raise InvalidFields(*self._refused)

    def _decode(self, name: str) -> None:
        value = self._fields.get(name)
        if isinstance(value, str):
            try:
                self._fields[name] = parse_json(value, name)
            except InvalidFields as invalid:
                self._refused += invalid.refused
                del self._fields[name]

    def _take(self, model: type[_Model], names: tuple[str, ...]) -> _Model | None:
        try:
            return model.model_validate({name: self._fields[name] for name in names if name in self._fields})
        except ValidationError as error:
            self._refused += reasons.of(error, known=self._shape.names).refused
            return None


_PASSPHRASE = {
    "type": "string",
    "format": "password",
    "maxLength": _SECRET_BYTES,
    "writeOnly": True,
    "description": (
        "The signer's passphrase at his authority. Used for this one signature; never stored, never logged. "
        "Where there is a `code`, it may be left out."
    ),
}
_CODE = {
    "type": "string",
    "format": "password",
    "maxLength": _SECRET_BYTES,
    "writeOnly": True,
    "description": (
        "A one-time code that his authority sent to the signer (`POST /v1/signers/{signer_id}/codes`, or its app), "
        "instead of the passphrase, or beside it where the authority asks for both. Never stored, never logged."
    ),
}
_CONSENT = {PASSPHRASE: _PASSPHRASE, CODE: _CODE}
_CONSENTED = [{"required": [PASSPHRASE]}, {"required": [CODE]}]
_FILE = {
    "type": "string",
    "contentMediaType": "application/pdf",
    "contentEncoding": "binary",
    "description": "The letter. Signed, its bytes stay the beginning of the result, unchanged.",
}


def _followers() -> dict[str, Any]:
    openapi.schema_of(PlannedSigner)
    return {
        "type": "array",
        "items": {"$ref": openapi.REFS.format(model="PlannedSigner")},
        "minItems": 1,
        "maxItems": 20,
        "description": (
            "Who signs after the first official, in order, and where: the first signature then certifies the letter "
            "(DocMDP P=2) and prepares their fields, so that every validator shows all signatures as sound."
        ),
    }


def _described(models: tuple[type[BaseModel], ...], extra: dict[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    needed: list[str] = []
    for model in models:
        schema = openapi.schema_of(model)
        properties |= schema["properties"]
        needed += schema.get("required", [])
    return {
        "type": "object",
        "properties": properties | extra,
        "required": [*required, *needed],
        "additionalProperties": False,
    }


def multipart_body(*models: type[BaseModel], consent: bool) -> dict[str, Any]:
    """The OpenAPI request body of a form with a file."""
    extra = {FILE: _FILE, FOLLOWERS: _followers()}
    schema = _described(models, extra | (_CONSENT if consent else {}), (FILE,))
    if consent:
        schema["anyOf"] = _CONSENTED
    as_json = {"contentType": "application/json"}
    encoding = {FILE: {"contentType": "application/pdf"}} | {
        name: as_json for name in _JSON_BYTES if name in schema["properties"]
    }
    return {"required": True, "content": {"multipart/form-data": {"schema": schema, "encoding": encoding}}}


def signature_body() -> dict[str, Any]:
    """The OpenAPI request body of an order without a file."""
    schema = _described((SignOrder,), _CONSENT, ()) | {"anyOf": _CONSENTED}
    encoding = {"placement": {"contentType": "application/json"}}
    return {
        "required": True,
        "content": {
            "application/json": {"schema": schema},
            "application/x-www-form-urlencoded": {"schema": schema, "encoding": encoding},
            "multipart/form-data": {"schema": schema, "encoding": encoding},
        },
    }
