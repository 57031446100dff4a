"""Seals of agencies: entered, activated, and codes had for their signatures.

A seal is called by its subscriber's number, as at BSrE (contract, section 4.3). Its officer opens it by a code that is
sent to him; while that activation lasts, codes for batches of signatures are had with it.
"""

from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy.orm import Session

from esign.ca.authority import IssuedCode, SealActivations, Secret
from esign.errors import CodesUnsupported, RequestInvalid, SignerLocked, SignerUnknown
from esign.registry import attempts, audit, signers
from esign.registry.models import Event, Scope, Signer, SignerKind
from esign.service.activating import Trial, tried
from esign.service.orders import Caller
from esign.service.services import Services
from esign.service.signers import holding, limits_of, refuse_unusable

MOST_SIGNATURES = 10_000
"""For which one code may be asked."""


def find(session: Session, agency_id: str, subscriber: str) -> Signer:
    """The agency's seal of that subscriber's number. Raises `SignerUnknown`, also for one that is switched off."""
    found = signers.by_subscriber(session, agency_id, subscriber.strip())
    if found.kind is not SignerKind.SEAL or not found.enabled:
        raise SignerUnknown
    return found


def request_activation(services: Services, caller: Caller, subscriber: str) -> None:
    """Has the code that opens a seal sent to its officer.

    Raises `Forbidden`, `SignerUnknown`, `SignerLocked`, `CodeTooSoon`, `CodesUnsupported`, the `CredentialUnusable`
    that fits, `AuthorityUnavailable`, `AuthorityRefused`, `AuthorityNotAdmitted`, and ``mail.*`` where we send it.
    """
    opened = _open(services, caller, subscriber)
    _record(opened, Event.SEAL_ACTIVATION_REQUESTED)
    opened.activations.request(opened.trial.holder)


def refresh_activation(services: Services, caller: Caller, subscriber: str, activation: Secret) -> IssuedCode:
    """The activation that is in force, with its end. Raises `WrongCode`, and as `request_activation` does."""
    opened = _open(services, caller, subscriber)
    with tried(opened.trial):
        return opened.activations.refresh(opened.trial.holder, activation)


def revoke_activation(services: Services, caller: Caller, subscriber: str, activation: Secret) -> None:
    """Ends the activation. Raises as `refresh_activation` does."""
    opened = _open(services, caller, subscriber)
    with tried(opened.trial):
        opened.activations.revoke(opened.trial.holder, activation)
    _record(opened, Event.SEAL_ACTIVATION_REVOKED)


def seal_code(
    services: Services, caller: Caller, subscriber: str, activation: Secret, *, signatures: int
) -> IssuedCode:
    """A code for that many signatures of an activated seal. Raises `RequestInvalid`, and as `refresh_activation`."""
    if not 1 <= signatures <= MOST_SIGNATURES:
        raise RequestInvalid(field="data", reason=f"must be a number from 1 to {MOST_SIGNATURES}")
    opened = _open(services, caller, subscriber)
    with tried(opened.trial):
        code = opened.activations.code(opened.trial.holder, activation, signatures)
    _record(opened, Event.SEAL_CODE_MADE, signatures=signatures)
    return code


@dataclass(frozen=True)
class _Seal:
    trial: Trial
    activations: SealActivations


def _open(services: Services, caller: Caller, subscriber: str) -> _Seal:
    """The seal at its authority, whose certificate has to be usable."""
    caller.require(Scope.LETTERS_SIGN)
    with services.database.read() as session:
        signer = find(session, caller.agency_id, subscriber)
        name, holder = holding(services, session, signer)
        now, limits = services.clock.now(), limits_of(services)
        seconds = attempts.locked_for(session, signer.id, caller.client_id, now, limits)
    if seconds:
        raise SignerLocked(seconds=seconds)
    authority = services.authorities.named(name)
    activations = authority.seals()
    if activations is None:
        raise CodesUnsupported(authority=name)
    refuse_unusable(authority.credential(holder))
    return _Seal(Trial(services, caller, signer.id, authority, holder), activations)


def _record(opened: _Seal, event: Event, **more: JsonValue) -> None:
    trial = opened.trial
    now, data = trial.services.clock.now(), {"authority": trial.authority.name, **more}
    with trial.services.database.write() as session:
        audit.record(session, event, trial.caller.actor, now, signer=trial.signer_id, data=data)
