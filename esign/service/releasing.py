"""What was made is kept: released when it passed our own check, held back when it did not."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from pydantic import JsonValue

from esign.ca.authority import Credential
from esign.errors import StorageUnavailable
from esign.pades.placement import Resolved
from esign.pades.sign import SignedLetter, SignRequest
from esign.registry import audit, signatures, states
from esign.registry.models import Event, Letter, Level, LevelReached, Signer, Status
from esign.service import signers
from esign.service.orders import Caller
from esign.service.services import Services


@dataclass(frozen=True)
class Made:
    """A signed letter that is to be released, and what the register notes of it."""

    letter: Letter
    signer: Signer
    capacity: str | None
    request: SignRequest
    signed: SignedLetter
    place: Resolved


def release(services: Services, caller: Caller, made: Sequence[Made], credential: Credential) -> list[Letter]:
    """The files to the blob store, then the rows and audit events of all letters in one transaction.

    Raises `StorageUnavailable`, and `LetterBusy` where a letter was given up for dead meanwhile.
    """
    credential_id = signers.note(services, made[0].signer, credential, caller.actor)
    new = [_signature(caller, each, credential_id, services.blobs.put(each.signed.pdf)) for each in made]
    now = services.clock.now()
    try:
        with services.database.write() as session:
            released = []
            for each, signature in zip(made, new, strict=True):
                letter, _ = states.release(session, each.letter, signature, now)
                audit.record(
                    session,
                    Event.LETTER_SIGNED,
                    caller.actor,
                    now,
                    letter=letter.id,
                    signer=each.signer.id,
                    data=_told(each, signature),
                )
                released.append(letter)
            return released
    except StorageUnavailable:
        committed = [
            _released_with(services, each.letter, item.revision_sha256) for each, item in zip(made, new, strict=True)
        ]
        there = [each for each in committed if each is not None]
        if len(there) < len(made):
            raise
        return there


def quarantine(
    services: Services, caller: Caller, letter: Letter, signer: Signer, pdf: bytes, wrong: Sequence[str]
) -> None:
    """Keeps a file that did not pass, where nobody gets it, and says so in the audit trail."""
    now = services.clock.now()
    sha256 = services.blobs.put(pdf)
    with services.database.write() as session:
        signatures.quarantine(
            session,
            signatures.Quarantined(
                letter_id=letter.id,
                signer_id=signer.id,
                client_id=caller.client_id,
                sha256=sha256,
                size=len(pdf),
                reason="self-check",
                details={"problems": list(wrong)},
                request_id=caller.request_id,
            ),
            now,
        )
        data: dict[str, JsonValue] = {"sha256": sha256, "problems": list(wrong)}
        audit.record(session, Event.LETTER_QUARANTINED, caller.actor, now, letter=letter.id, data=data)


def _signature(caller: Caller, made: Made, credential_id: str, sha256: str) -> signatures.NewSignature:
    signed, certificate = made.signed, made.signed.certificate
    visible = made.request.appearance is not None
    return signatures.NewSignature(
        signer_id=made.signer.id,
        credential_id=credential_id,
        signer_name=made.signer.name,
        signer_office=made.signer.office,
        signer_capacity=made.capacity,
        field_name=signed.field,
        page=made.place.page if visible else None,
        box=made.place.box if visible else None,
        profile=Level(made.request.profile),
        level=LevelReached(signed.level),
        certificate_sha256=hashlib.sha256(certificate.dump()).hexdigest(),
        subject_name=signers.common_name(certificate.subject),
        subject_organisation=certificate.subject.native.get("organization_name"),
        issuer_name=signers.common_name(certificate.issuer),
        signed_at=made.request.signing_time,
        timestamp_at=signed.timestamp_time,
        revision_sha256=sha256,
        size=len(signed.pdf),
        client_id=caller.client_id,
        request_id=caller.request_id,
    )


def _told(made: Made, signature: signatures.NewSignature) -> dict[str, JsonValue]:
    """What the audit trail keeps of a signature."""
    return {
        "sha256": signature.revision_sha256,
        "level": made.signed.level.value,
        "profile": made.request.profile.value,
        "certificate": signature.certificate_sha256,
        "field": made.signed.field,
        "number": made.letter.number,
        "code": made.letter.code,
    }


def _released_with(services: Services, letter: Letter, sha256: str) -> Letter | None:
    """The letter, where the commit that released this file was done and only its answer was lost."""
    with suppress(StorageUnavailable), services.database.read() as session:
        found = session.get(Letter, letter.id)
        if found is not None and found.status is Status.SIGNED and found.current_sha256 == sha256:
            return found
    return None
