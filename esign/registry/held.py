"""Signature values that a signer has consented to and a client has not fetched yet (CSC API; docs/decisions/csc.md).

They are sealed under the server key, for minutes, and are given out once. They are found by an HMAC of the activation
data (SAD), which only the client has.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from esign.registry.models import HeldSignatures
from esign.registry.secrets import Keys

PURPOSE = "csc sad"
REMEMBERED_FOR = timedelta(minutes=10)
"""How long after its end a row is still there, so that one who comes late is told so."""


@dataclass(frozen=True)
class Held:
    """What was kept."""

    name: str
    """Under which the audit trail knows it."""
    signer_id: str
    content: bytes
    expires_at: datetime


def name_of(keys: Keys, sad: str) -> str:
    """Under which the audit trail knows what is kept for that activation data; it tells nothing of it."""
    return keys.mac(PURPOSE, sad)[:16]


def keep(
    session: Session,
    keys: Keys,
    sad: str,
    client_id: str,
    signer_id: str,
    content: bytes,
    at: datetime,
    until: datetime,
) -> None:
    """Keeps ``content`` for the client that has ``sad``; what is over is cleared away."""
    forget(session, at)
    sad_hmac = keys.mac(PURPOSE, sad)
    session.add(
        HeldSignatures(
            sad_hmac=sad_hmac,
            client_id=client_id,
            signer_id=signer_id,
            sealed=keys.seal(content, _bound_to(sad_hmac)),
            created_at=at,
            expires_at=until,
        )
    )
    session.flush()


def forget(session: Session, at: datetime) -> None:
    """Clears away what nobody fetched."""
    session.execute(
        sa.delete(HeldSignatures).where(col(HeldSignatures.expires_at) < at - REMEMBERED_FOR),
        execution_options={"synchronize_session": False},
    )


def take(session: Session, keys: Keys, sad: str, client_id: str) -> Held | None:
    """What is kept for that client under ``sad``, and gone with this unit of work; None where there is nothing."""
    row = session.scalars(
        sa.delete(HeldSignatures)
        .where(col(HeldSignatures.sad_hmac).in_(keys.macs(PURPOSE, sad)), col(HeldSignatures.client_id) == client_id)
        .returning(HeldSignatures),
        execution_options={"synchronize_session": False},
    ).one_or_none()
    if row is None:
        return None
    content = keys.open(row.sealed, _bound_to(row.sad_hmac))
    return Held(row.sad_hmac[:16], row.signer_id, content, row.expires_at)


def _bound_to(sad_hmac: str) -> str:
    return f"held_signatures.sealed/{sad_hmac}"
