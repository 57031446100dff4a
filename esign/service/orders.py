"""What a caller asks for: validated input of the use cases, the same for API, jobs and command line."""

import re
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812  (a letter has a field named date)
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from esign.errors import Forbidden
from esign.pades.placement import Placement
from esign.registry.audit import Actor
from esign.registry.inputs import printable
from esign.registry.models import Level, Scope

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _a_day(given: object) -> object:
    """Only as ISO 8601 writes it: pydantic alone would read ``0`` as the first of January 1970."""
    if isinstance(given, Date) or (isinstance(given, str) and _ISO_DATE.fullmatch(given.strip())):
        return given
    raise PydanticCustomError("date_parsing", "is no day such as 2026-01-31")


def _of_the_republic(day: Date) -> Date:
    if day.year < 1945:
        raise ValueError("is before 1945")
    return day


Day = Annotated[Date, BeforeValidator(_a_day)]
"""A day, in JSON and forms as ``2026-01-31``."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(printable)]
"""One line of text that is shown to people: no control or direction-turning characters."""


@dataclass(frozen=True)
class Caller:
    """Who asks: an API client of one agency, in one request."""

    client_id: str
    client_name: str
    agency_id: str
    scopes: frozenset[Scope]
    request_id: str

    @property
    def actor(self) -> Actor:
        """The caller as the audit trail names it."""
        return Actor(
            name=self.client_name, request_id=self.request_id, agency_id=self.agency_id, client_id=self.client_id
        )

    def require(self, scope: Scope) -> None:
        """Raises `Forbidden` unless the caller has the scope."""
        if scope not in self.scopes:
            raise Forbidden(reason=f"scope {scope.value} is missing")


class LetterFields(BaseModel):
    """What the register keeps of a letter beside its bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    number: Annotated[Line, Field(max_length=100)]
    """Nomor surat, as printed, for example ``400.7/123/DINKES/2026``."""
    date: Annotated[Day, AfterValidator(_of_the_republic)]
    """Tanggal surat: the date that is printed on the letter."""
    subject: Annotated[Line, Field(max_length=500)]
    """Perihal."""
    classification: Annotated[Line, Field(max_length=50)] | None = None
    """Sifat, one of the agency's own names; left out: the agency's default."""


class UnnumberedFields(BaseModel):
    """A letter that is handed in without number, subject and date: the API of BSrE's service has no such fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    classification: Annotated[Line, Field(max_length=50)] | None = None
    """Sifat, one of the agency's own names; left out: the application's default, else `UNNUMBERED`."""


UNNUMBERED = "terbatas"
"""The classification of letters that are handed in without one through BSrE's API: nothing of them is public."""


class SignOrder(BaseModel):
    """How one official signs a letter; the passphrase travels beside it, never in it."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    signer: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
    """The signer's id in the register, or his NIK."""
    profile: Level | None = None
    """The PAdES level asked for; left out: the agency's default."""
    may_lower: bool = False
    """Where the level can't be reached now: sign at the level that can (told in the record) instead of refusing."""
    placement: Placement | None = None
    """Where the stamp goes; left out: the signer's planned field, else free space below the text."""
    capacity: Annotated[Line, Field(max_length=200)] | None = None
    """In whose place he signs: ``a.n. Bupati``, ``Plt.``, ``Plh.``; left out: the signer's own."""
    reason: Annotated[Line, Field(max_length=200)] | None = None
    """Why he signs, as PDF readers show it."""
    location: Annotated[Line, Field(max_length=200)] | None = None
    """Where he signs, as PDF readers show it."""
    footer: bool | None = None
    """Two small lines on each page, with the first signature only; left out: the agency's choice."""


class PlannedSigner(BaseModel):
    """An official who will sign after the first, and where his stamp will be."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    signer: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
    """The signer's id in the register, or his NIK."""
    placement: Placement
    """Where his stamp will be."""


class SigningPlan(BaseModel):
    """Who signs after the first official. Given, the first signature certifies the letter (DocMDP P=2)."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    followers: Annotated[tuple[PlannedSigner, ...], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = [follower.signer for follower in self.followers]
        if len(set(names)) != len(names):
            raise ValueError("names a signer twice")
        if any(follower.placement.kind == "invisible" for follower in self.followers):
            raise ValueError("a follower's field needs a place on a page")
        return self


class LetterQuery(BaseModel):
    """Which letters to list, newest first."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    number: Annotated[str, Field(max_length=100)] | None = None
    """Exactly this number."""
    text: Annotated[str, Field(min_length=2, max_length=100)] | None = None
    """Part of the number or subject, in any case."""
    status: Literal["draft", "reserved", "signing", "signed", "failed", "unknown", "withdrawn", "replaced"] | None = (
        None
    )
    classification: Annotated[str, Field(max_length=50)] | None = None
    signer: Annotated[str, Field(max_length=64)] | None = None
    """A signer's id."""
    since: Day | None = None
    """Letters dated on this day or later."""
    until: Day | None = None
    """Letters dated on this day or earlier."""
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=200)] | None = None
    """``next`` of the page before."""
