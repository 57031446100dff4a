"""Persons who are entered by a program, and then wait for their certificate; and what state it is in.

Who may vouch for a person's identity is the agency's *verifikator*, not the program that hands his name in: so nobody
gets a certificate by this. At the development CA an operator issues it (`esign signer certify`); a real authority does
so by its own procedure.
"""

from dataclasses import dataclass

from pydantic import JsonValue

from esign.ca.authority import Credential, CredentialStatus
from esign.errors import (
    AuthorityNotAdmitted,
    AuthorityRefused,
    AuthorityUnavailable,
    CredentialMissing,
    SignerExists,
    SignerUnknown,
)
from esign.registry import agencies, audit, credentials, models, signers
from esign.registry.models import Event, Scope, Signer
from esign.service.orders import Caller
from esign.service.services import Services
from esign.service.signers import holding, named, note


def register(services: Services, caller: Caller, new: signers.NewSigner) -> Signer:
    """Enters a person of the caller's agency.

    Raises `Forbidden`, `SignerExists` for a NIK or an e-mail address that the agency has already, `StorageUnavailable`.
    """
    caller.require(Scope.SIGNERS_REGISTER)
    now = services.clock.now()
    new = new.model_copy(update={"agency_id": caller.agency_id})
    with services.database.write() as session:
        agencies.hold(session, caller.agency_id)
        if new.email is not None and signers.has_email(session, caller.agency_id, new.email):
            raise SignerExists
        signer = signers.add(session, services.keys, new, now)
        data: dict[str, JsonValue] = {"client": caller.client_id, "waits": True}
        audit.record(session, Event.SIGNER_CREATED, caller.actor, now, signer=signer.id, data=data)
    return signer


@dataclass(frozen=True)
class Standing:
    """A person's certificate, as far as it is known."""

    status: CredentialStatus
    signer: Signer
    credential: Credential | None = None
    """What the authority shows; None where it can't be asked."""
    unanswered: str | None = None
    """The authority that does not answer, or not this service: the state is as it was last seen."""


def standing(services: Services, caller: Caller, *, nik: str | None, email: str | None) -> Standing:
    """How the certificate of that person stands now, noted in the register.

    Raises `Forbidden`, `SignerUnknown`, `StorageUnavailable`.
    """
    caller.require(Scope.SIGNERS_READ)
    with services.database.read() as session:
        signer = named(services, session, caller.agency_id, nik=nik, email=email)
    return of_signer(services, caller, signer)


def of_signer(services: Services, caller: Caller, signer: Signer) -> Standing:
    """How the certificate of that signer stands now, noted in the register. Raises `StorageUnavailable`."""
    try:
        with services.database.read() as session:
            name, holder = holding(services, session, signer)
    except CredentialMissing:
        return Standing(CredentialStatus.NO_CERTIFICATE, signer)
    try:
        seen = services.authorities.named(name).credential(holder)
    except (AuthorityUnavailable, AuthorityNotAdmitted, AuthorityRefused):
        return _remembered(services, signer, name)
    if services.dev_ca is not None and name == services.dev_ca.name and seen.certificate is None:
        # It knows nobody before it issues; to the agency he is registered, and it is an operator's turn.
        return Standing(CredentialStatus.WAITING_FOR_VERIFICATION, signer, seen)
    if not _known(services, signer, seen):
        note(services, signer, seen, caller.actor)
    return Standing(seen.status, signer, seen)


def _known(services: Services, signer: Signer, seen: Credential) -> bool:
    """Whether the register has it so already: programs ask before each signature, and not every question writes."""
    with services.database.read() as session:
        known = credentials.of_signer(session, signer.id, seen.authority)
    certificate = seen.certificate.dump() if seen.certificate is not None else None
    told = (known.holder, known.status.value, known.certificate) if known is not None else None
    return told == (seen.holder, seen.status.value, certificate)


def _remembered(services: Services, signer: Signer, authority: str) -> Standing:
    with services.database.read() as session:
        known = credentials.of_signer(session, signer.id, authority)
    status = CredentialStatus(known.status.value) if known is not None else CredentialStatus.NO_CERTIFICATE
    return Standing(status, signer, unanswered=authority)


def any_named(services: Services, caller: Caller, reference: str) -> Signer:
    """The caller's agency's signer of that NIK, e-mail address or subscriber's number.

    Raises `Forbidden`, `SignerUnknown`.
    """
    caller.require(Scope.SIGNERS_READ)
    with services.database.read() as session:
        if "@" in reference:
            return named(services, session, caller.agency_id, nik=None, email=reference)
        try:
            return named(services, session, caller.agency_id, nik=reference, email=None)
        except SignerUnknown:
            found = signers.by_subscriber(session, caller.agency_id, reference)
    if not found.enabled:
        raise SignerUnknown
    return found


def agency_name(services: Services, caller: Caller) -> str:
    """The name of the caller's agency."""
    with services.database.read() as session:
        found = agencies.get(session, caller.agency_id)
    return found.name if found is not None else ""


@dataclass(frozen=True)
class Ended:
    """A certificate of the agency whose validity is over, as it was last seen."""

    signer: Signer
    credential: models.Credential


def ended(services: Services, caller: Caller) -> list[Ended]:
    """The certificates of the agency's signers that have expired, the longest ago first. Raises `Forbidden`."""
    caller.require(Scope.SIGNERS_READ)
    now = services.clock.now()
    with services.database.read() as session:
        found = [
            Ended(signer, each)
            for signer in signers.of_agency(session, caller.agency_id)
            if signer.enabled
            for each in credentials.all_of_signer(session, signer.id)
            if each.not_after is not None and each.not_after < now
        ]
    return sorted(found, key=lambda each: each.credential.not_after or now)
