"""Signers: the officials of an agency. Their NIK rests sealed and is found by its HMAC."""

from datetime import datetime
from typing import Annotated, Self

import sqlalchemy as sa
from pydantic import SecretStr, StringConstraints, model_validator
from sqlalchemy.orm import Session
from sqlmodel import col

from esign.errors import ConfigurationError, SignerExists, SignerUnknown
from esign.registry import ids
from esign.registry.inputs import Input, Line, Nik
from esign.registry.models import Signer, SignerKind
from esign.registry.secrets import Keys

PURPOSE = "signer nik"

Nip = Annotated[str, StringConstraints(pattern=r"^[0-9]{18}$")]
Subscriber = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,64}$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]{1,64}@[^@\s]{1,255}$")]


class NewSigner(Input):
    """An official to be entered, or an agency's seal."""

    agency_id: str
    nik: Nik | None = None
    """None for a seal, and for a person who is known by his e-mail address alone."""
    name: Line
    kind: SignerKind = SignerKind.PERSON
    subscriber: Subscriber | None = None
    """BSrE's number of the subscriber, by which seals are called."""
    authority: Line | None = None
    """Name of the authority that holds the key; None takes the agency's."""
    nip: Nip | None = None
    office: Line | None = None
    rank: Line | None = None
    capacity: Line | None = None
    email: Email | None = None

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if self.kind is SignerKind.SEAL and self.nik is not None:
            raise ValueError("a seal has no NIK")
        if self.kind is SignerKind.PERSON and self.nik is None and self.email is None:
            raise ValueError("a person has a NIK or an e-mail address")
        return self


class SignerChanges(Input):
    """What is to be changed of a signer; what is not given stays, None empties. The NIK is who he is: it stays."""

    name: Line | None = None
    nip: Nip | None = None
    office: Line | None = None
    rank: Line | None = None
    capacity: Line | None = None
    email: Email | None = None
    subscriber: Subscriber | None = None
    authority: Line | None = None
    enabled: bool | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("nothing is to be changed")
        return self


def add(session: Session, keys: Keys, new: NewSigner, at: datetime) -> Signer:
    """Enters a signer. Raises `SignerExists` if the agency already has one of that NIK or subscriber's number."""
    if new.nik is not None and _of_nik(session, keys, new.agency_id, new.nik) is not None:
        raise SignerExists
    if new.subscriber is not None and _of_subscriber(session, new.agency_id, new.subscriber) is not None:
        raise SignerExists
    signer_id, nik = ids.new(), new.nik.get_secret_value() if new.nik is not None else None
    signer = Signer(
        id=signer_id,
        nik_sealed=keys.seal(nik.encode(), _bound_to(signer_id)) if nik is not None else None,
        nik_hmac=keys.mac(PURPOSE, new.agency_id, nik) if nik is not None else None,
        enabled=True,
        created_at=at,
        updated_at=at,
        **new.model_dump(exclude={"nik"}),
    )
    session.add(signer)
    session.flush()
    return signer


def get(session: Session, agency_id: str, signer_id: str) -> Signer:
    """The signer of that id at that agency. Raises `SignerUnknown`."""
    query = sa.select(Signer).where(col(Signer.id) == signer_id, col(Signer.agency_id) == agency_id)
    signer = session.scalars(query).one_or_none()
    if signer is None:
        raise SignerUnknown
    return signer


def by_nik(session: Session, keys: Keys, agency_id: str, nik: SecretStr) -> Signer:
    """The signer of that NIK at that agency. Raises `SignerUnknown`."""
    signer = _of_nik(session, keys, agency_id, nik)
    if signer is None:
        raise SignerUnknown
    return signer


def by_email(session: Session, agency_id: str, email: str) -> Signer:
    """The agency's one person of that e-mail address, in any case. Raises `SignerUnknown`, also where there are two."""
    found = session.scalars(_of_email(agency_id, email).limit(2)).all()
    if len(found) != 1:
        raise SignerUnknown
    return found[0]


def has_email(session: Session, agency_id: str, email: str) -> bool:
    """Whether a person of the agency has that e-mail address, in any case."""
    return session.scalars(_of_email(agency_id, email).limit(1)).first() is not None


def by_subscriber(session: Session, agency_id: str, subscriber: str) -> Signer:
    """The agency's signer of that number at BSrE. Raises `SignerUnknown`."""
    signer = _of_subscriber(session, agency_id, subscriber)
    if signer is None:
        raise SignerUnknown
    return signer


def anywhere(session: Session, signer_id: str) -> Signer | None:
    """The signer of that id, at whichever agency."""
    return session.get(Signer, signer_id)


def of_agency(session: Session, agency_id: str) -> list[Signer]:
    """The agency's signers by name."""
    query = sa.select(Signer).where(col(Signer.agency_id) == agency_id).order_by(col(Signer.name), col(Signer.id))
    return list(session.scalars(query))


def change(session: Session, signer: Signer, changes: SignerChanges, at: datetime) -> Signer:
    """The signer with the changes."""
    values = changes.model_dump(exclude_unset=True)
    kept = {name: value for name, value in values.items() if value is not None or name not in ("name", "enabled")}
    return session.scalars(
        sa.update(Signer).where(col(Signer.id) == signer.id).values(**kept, updated_at=at).returning(Signer),
        execution_options={"populate_existing": True},
    ).one()


def nik(keys: Keys, signer: Signer) -> SecretStr | None:
    """The signer's NIK, opened; None where none is known.

    Raises `ConfigurationError` if the server key is not the one that sealed it.
    """
    if signer.nik_sealed is None:
        return None
    return SecretStr(keys.open(signer.nik_sealed, _bound_to(signer.id)).decode())


def rotate(session: Session, keys: Keys) -> int:
    """Seals every NIK that is under an earlier key anew under the present one; how many there were."""
    rotated = 0
    for signer in session.scalars(sa.select(Signer).order_by(col(Signer.id))):
        known = nik(keys, signer) if signer.nik_sealed and not keys.is_present(signer.nik_sealed) else None
        if known is not None:
            plain = known.get_secret_value()
            signer.nik_sealed = keys.seal(plain.encode(), _bound_to(signer.id))
            signer.nik_hmac = keys.mac(PURPOSE, signer.agency_id, plain)
            rotated += 1
    return rotated


def sealed_otherwise(session: Session, keys: Keys) -> int:
    """How many NIKs are not sealed under the present key."""
    query = sa.select(col(Signer.nik_sealed)).where(col(Signer.nik_sealed).is_not(None))
    return sum(not keys.is_present(sealed) for sealed in session.scalars(query) if sealed is not None)


def unreadable(session: Session, keys: Keys, limit: int | None = None) -> int:
    """How many NIKs none of the keys opens; of the ``limit`` officials entered last, or of all."""
    query = sa.select(col(Signer.id), col(Signer.nik_sealed)).where(col(Signer.nik_sealed).is_not(None))
    query = query.order_by(col(Signer.id).desc()).limit(limit)
    return sum(
        sealed is not None and not _opens(keys, signer_id, sealed) for signer_id, sealed in session.execute(query)
    )


def _opens(keys: Keys, signer_id: str, sealed: bytes) -> bool:
    try:
        keys.open(sealed, _bound_to(signer_id))
    except ConfigurationError:
        return False
    return True


def _of_email(agency_id: str, email: str) -> sa.Select[Signer]:
    return sa.select(Signer).where(
        col(Signer.agency_id) == agency_id,
        col(Signer.kind) == SignerKind.PERSON,
        sa.func.lower(col(Signer.email)) == email.strip().lower(),
    )


def _of_nik(session: Session, keys: Keys, agency_id: str, nik: SecretStr) -> Signer | None:
    candidates = keys.macs(PURPOSE, agency_id, nik.get_secret_value())
    query = sa.select(Signer).where(col(Signer.agency_id) == agency_id, col(Signer.nik_hmac).in_(candidates))
    return session.scalars(query).first()


def _of_subscriber(session: Session, agency_id: str, subscriber: str) -> Signer | None:
    query = sa.select(Signer).where(col(Signer.agency_id) == agency_id, col(Signer.subscriber) == subscriber)
    return session.scalars(query).one_or_none()


def _bound_to(signer_id: str) -> str:
    return f"signer.nik_sealed/{signer_id}"
