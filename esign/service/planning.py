"""Who signs after the first official: the plan of a certified letter, as the register keeps it."""

from collections.abc import Collection, Sequence

from pydantic import BaseModel, ConfigDict, JsonValue
from sqlalchemy.orm import Session

from esign.errors import RequestInvalid
from esign.pades.placement import FieldPlacement, Placement
from esign.registry.models import Letter
from esign.service import signers
from esign.service.orders import SigningPlan
from esign.service.services import Services


class Planned(BaseModel):
    """An official who will sign, and the field that will stand ready for him."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    signer_id: str
    field: str
    """The fully qualified name of his signature field."""
    placement: Placement


def planned(
    services: Services, session: Session, agency_id: str, plan: SigningPlan | None, names: Collection[str]
) -> tuple[JsonValue, ...]:
    """The plan as the register keeps it. ``names`` are the form fields that the letter has.

    Raises `SignerUnknown`, and `RequestInvalid` where an official (by id or NIK) or a field is named twice.
    """
    taken = set(names)
    made: list[Planned] = []
    for follower in plan.followers if plan is not None else ():
        signer = signers.find(services, session, agency_id, follower.signer)
        field = follower.placement.field if isinstance(follower.placement, FieldPlacement) else _free_name(taken)
        if any(each.signer_id == signer.id or each.field == field for each in made):
            raise RequestInvalid(field=f"followers.{len(made)}", reason="the official or the field is named twice")
        taken.add(field)
        made.append(Planned(signer_id=signer.id, field=field, placement=follower.placement))
    return tuple(each.model_dump(mode="json") for each in made)


def plan_of(letter: Letter) -> tuple[Planned, ...]:
    """The plan that the register keeps of the letter; empty without one."""
    return tuple(Planned.model_validate(each) for each in letter.planned_signatures)


def field_of(plan: Sequence[Planned], signer_id: str) -> str | None:
    """The name of the field that stands ready for that signer."""
    return next((each.field for each in plan if each.signer_id == signer_id), None)


def _free_name(taken: Collection[str]) -> str:
    """The first free name for a follower; ``esign_1`` is left to who signs first."""
    number = 2
    while f"esign_{number}" in taken:
        number += 1
    return f"esign_{number}"
