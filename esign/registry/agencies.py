"""Agencies: who issues letters, and how each presents itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa
from pydantic import AfterValidator, Field, StringConstraints, model_validator
from sqlalchemy.orm import Session
from sqlmodel import col

from esign.errors import RequestInvalid
from esign.registry import ids
from esign.registry.columns import JsonObject
from esign.registry.inputs import Input, Line
from esign.registry.models import Agency, Disclosure, Level

CLASSIFICATIONS: Mapping[str, Disclosure] = {
    "biasa": Disclosure.PUBLIC,
    "terbatas": Disclosure.LIMITED,
    "rahasia": Disclosure.SECRET,
    "sangat_rahasia": Disclosure.TOP_SECRET,
}
"""The names of an agency that sets none of its own (indonesia.md, section 3)."""


def _a_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("there is no such time zone") from error
    return name


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])$")]
Domain = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{1,253}(?::[0-9]{1,5})?$", to_lower=True)]
Zone = Annotated[str, AfterValidator(_a_zone)]
Classification = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]


class NewAgency(Input):
    """An agency to be entered."""

    slug: Slug
    name: Line
    domain: Domain
    timezone: Zone = "Asia/Jakarta"
    language: Literal["id", "en"] = "id"
    stamp: JsonObject = Field(default_factory=dict)
    footer: bool = False
    classifications: dict[Classification, Disclosure] = Field(
        default_factory=lambda: dict(CLASSIFICATIONS), min_length=1
    )
    profile: Level | None = None
    authority: Line | None = None


class AgencyChanges(Input):
    """What is to be changed of an agency; what is not given stays."""

    name: Line | None = None
    domain: Domain | None = None
    timezone: Zone | None = None
    language: Literal["id", "en"] | None = None
    stamp: JsonObject | None = None
    footer: bool | None = None
    classifications: dict[Classification, Disclosure] | None = Field(default=None, min_length=1)
    profile: Level | None = None
    authority: Line | None = None
    enabled: bool | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("nothing is to be changed")
        return self


def add(session: Session, new: NewAgency, at: datetime) -> Agency:
    """Enters an agency. Raises `RequestInvalid` if its slug is taken."""
    if by_slug(session, new.slug) is not None:
        raise RequestInvalid(field="slug", reason="it is taken")
    agency = Agency(id=ids.new(), enabled=True, created_at=at, **new.model_dump(mode="python"))
    session.add(agency)
    session.flush()
    return agency


def get(session: Session, agency_id: str) -> Agency | None:
    """The agency of that id."""
    return session.get(Agency, agency_id)


def by_slug(session: Session, slug: str) -> Agency | None:
    """The agency of that short name."""
    return session.scalars(sa.select(Agency).where(col(Agency.slug) == slug)).one_or_none()


def hold(session: Session, agency_id: str) -> None:
    """Keeps others from holding the agency until this unit of work ends, so that what was looked up stays so."""
    session.execute(sa.select(col(Agency.id)).where(col(Agency.id) == agency_id).with_for_update(key_share=True))


def all_of_them(session: Session) -> list[Agency]:
    """All agencies by short name."""
    return list(session.scalars(sa.select(Agency).order_by(col(Agency.slug))))


def change(session: Session, agency: Agency, changes: AgencyChanges) -> Agency:
    """The agency with the changes. An explicit None for ``profile`` or ``authority`` goes back to the setting's."""
    values = changes.model_dump(exclude_unset=True)
    kept = {name: value for name, value in values.items() if value is not None or name in ("profile", "authority")}
    return session.scalars(
        sa.update(Agency).where(col(Agency.id) == agency.id).values(kept).returning(Agency),
        execution_options={"populate_existing": True},
    ).one()
