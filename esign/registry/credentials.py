"""Credentials: what an authority last said of a signer's certificate."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from esign.registry import ids
from esign.registry.models import Credential, CredentialState, Signer


@dataclass(frozen=True)
class Seen:
    """A credential as an authority showed it."""

    authority: str
    holder: str
    status: CredentialState
    certificate: bytes | None = None
    """DER."""
    not_before: datetime | None = None
    not_after: datetime | None = None


@dataclass(frozen=True)
class Noted:
    """A credential after it was noted."""

    credential: Credential
    changed: bool
    """Whether status or certificate differ from what was known."""


def note(session: Session, signer_id: str, seen: Seen, at: datetime) -> Noted:
    """Notes what the authority showed at ``at``; a signer has one credential at an authority."""
    digest = hashlib.sha256(seen.certificate).hexdigest() if seen.certificate is not None else None
    credential = of_signer(session, signer_id, seen.authority)
    changed = credential is None or (credential.status, credential.certificate_sha256) != (seen.status, digest)
    if credential is None:
        credential = Credential(
            id=ids.new(),
            signer_id=signer_id,
            authority=seen.authority,
            holder=seen.holder,
            status=seen.status,
            certificate=seen.certificate,
            certificate_sha256=digest,
            not_before=seen.not_before,
            not_after=seen.not_after,
            checked_at=at,
        )
        session.add(credential)
    else:
        credential.holder = seen.holder
        credential.status = seen.status
        credential.certificate, credential.certificate_sha256 = seen.certificate, digest
        credential.not_before, credential.not_after = seen.not_before, seen.not_after
        credential.checked_at = at
    session.flush()
    return Noted(credential, changed)


def of_signer(session: Session, signer_id: str, authority: str) -> Credential | None:
    """The signer's credential at that authority, as last noted."""
    query = sa.select(Credential).where(col(Credential.signer_id) == signer_id, col(Credential.authority) == authority)
    return session.scalars(query).one_or_none()


def of_holder(session: Session, authority: str, holder: str) -> Credential | None:
    """The credential that the authority knows by that name of its holder."""
    query = sa.select(Credential).where(col(Credential.authority) == authority, col(Credential.holder) == holder)
    return session.scalars(query).one_or_none()


def all_of_signer(session: Session, signer_id: str) -> list[Credential]:
    """The signer's credentials at all authorities, by authority."""
    query = sa.select(Credential).where(col(Credential.signer_id) == signer_id).order_by(col(Credential.authority))
    return list(session.scalars(query))


def ending(session: Session, before: datetime) -> list[Credential]:
    """Active credentials of officials who are switched on, whose certificate ends before that time; the next first."""
    query = (
        sa.select(Credential)
        .join(Signer, col(Signer.id) == col(Credential.signer_id))
        .where(
            col(Credential.status) == CredentialState.ISSUE,
            col(Credential.not_after) < before,
            col(Signer.enabled).is_(True),
        )
        .order_by(col(Credential.not_after))
    )
    return list(session.scalars(query))
