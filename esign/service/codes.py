"""One-time codes, asked for by a caller: the signer's authority sends them, or has us send them."""

from datetime import timedelta
from math import ceil

from pydantic import JsonValue

from esign.errors import CodesUnsupported, CodeTooSoon, SignerLocked
from esign.registry import attempts, audit
from esign.registry.models import Event, Scope, Signer
from esign.service import signers
from esign.service.orders import Caller
from esign.service.services import Services
from esign.service.views import CodeSentView

PAUSE = timedelta(seconds=30)
"""Between two codes that are asked for one signer, through whichever client."""


def send(services: Services, caller: Caller, reference: str, signatures: int) -> CodeSentView:
    """Has a code for that many signatures sent to the agency's signer of that id (or NIK). Raises as `send_to` does."""
    caller.require(Scope.LETTERS_SIGN)
    with services.database.read() as session:
        signer = signers.find(services, session, caller.agency_id, reference)
    authority = send_to(services, caller, signer, signatures)
    return CodeSentView(signer=signers.view(signer), authority=authority, signatures=signatures)


def send_to(
    services: Services, caller: Caller, signer: Signer, signatures: int, *, scope: Scope = Scope.LETTERS_SIGN
) -> str:
    """Has the signer's authority send him a code for that many signatures; gives the authority's name.

    ``scope`` is what the caller needs for the signatures themselves. Raises `Forbidden`, `SignerUnknown`,
    `SignerLocked`, `CodeTooSoon`, `CodesUnsupported`, `RequestInvalid`, the `CredentialUnusable` that fits,
    `AuthorityUnavailable`, `AuthorityRefused`, `AuthorityNotAdmitted`, and ``mail.*`` where we send it.
    """
    caller.require(scope)
    now = services.clock.now()
    with services.database.read() as session:
        name, holder = signers.holding(services, session, signer)
        locked = attempts.locked_for(session, signer.id, caller.client_id, now, signers.limits_of(services))
        last = audit.newest_of_signer(session, Event.CODE_REQUESTED, signer.agency_id, signer.id)
    if locked:
        raise SignerLocked(seconds=locked)
    authority = services.authorities.named(name)
    codes = authority.codes()
    if codes is None:
        raise CodesUnsupported(authority=name)
    signers.refuse_unusable(authority.credential(holder))
    if last is not None and timedelta() <= now - last < PAUSE:
        raise CodeTooSoon(seconds=ceil((PAUSE - (now - last)).total_seconds()))
    codes.send(holder, signatures)
    with services.database.write() as session:
        data: dict[str, JsonValue] = {"authority": name, "signatures": signatures}
        audit.record(session, Event.CODE_REQUESTED, caller.actor, services.clock.now(), signer=signer.id, data=data)
    return name
