"""The signer's consent brought to his authority, and the counting of what was wrong.

A secret counts as tried before it is tried: otherwise many requests at once would have many tries.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pydantic import JsonValue

from esign.ca.authority import Activation, Authority, Consent, DocumentActivation, LateActivation
from esign.errors import Busy, WrongCode, WrongPassphrase
from esign.registry import attempts, audit
from esign.registry.models import Event
from esign.service import signers
from esign.service.orders import Caller
from esign.service.services import Services

_PATIENCE = 10.0
"""Seconds that a request waits while the same signer's other requests have their secrets tried."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5


@dataclass(frozen=True)
class Trial:
    """Whose secret is tried, for whom, where."""

    services: Services
    caller: Caller
    signer_id: str
    authority: Authority
    holder: str
    """The authority's name for the signer."""


@contextmanager
def activated(trial: Trial, consent: Consent) -> Iterator[Activation | DocumentActivation]:
    """An activation of the signer's credential.

    Raises `SignerLocked`, `WrongPassphrase` with the tries that are left, `WrongCode`, and what the authority raises;
    where it signs whole documents, or binds the consent to digests, it says what is wrong with a secret only inside.
    """
    limits = signers.limits_of(trial.services)
    attempt = _attempt(trial, limits)
    settled = False

    def settle(*, right: bool) -> None:
        nonlocal settled
        if not settled:
            settled = True
            with trial.services.database.write() as session:
                (attempts.forgive if right else attempts.take_back)(session, attempt)

    try:
        with ExitStack() as opening:
            activation = opening.enter_context(trial.authority.activate(trial.holder, consent))
            if isinstance(activation, Activation) and not isinstance(activation, LateActivation):
                settle(right=True)  # it has tried the secret
            yield activation
        settle(right=True)
    except (WrongPassphrase, WrongCode) as error:
        if settled:
            raise
        settled = True
        remaining = _confirm_wrong(trial, attempt, limits)
        raise (WrongPassphrase(remaining=remaining) if isinstance(error, WrongPassphrase) else error) from None
    except BaseException:
        settle(right=False)
        raise


@contextmanager
def tried(trial: Trial) -> Iterator[None]:
    """The trial of a secret that opens no key, such as the code of a seal's activation; counted as passphrases are.

    Raises `SignerLocked`, and what is raised inside.
    """
    limits = signers.limits_of(trial.services)
    attempt = _attempt(trial, limits)
    try:
        yield
    except (WrongPassphrase, WrongCode):
        _confirm_wrong(trial, attempt, limits)
        raise
    except BaseException:
        with trial.services.database.write() as session:
            attempts.take_back(session, attempt)
        raise
    with trial.services.database.write() as session:
        attempts.forgive(session, attempt)


def _confirm_wrong(trial: Trial, attempt: attempts.Attempt, limits: attempts.Limits) -> int:
    """Counts the wrong secret, with its audit event; how many tries are left."""
    now, actor = trial.services.clock.now(), trial.caller.actor
    with trial.services.database.write() as session:
        remaining = attempts.confirm_wrong(session, attempt, now, limits)
        data: dict[str, JsonValue] = {"remaining": remaining}
        audit.record(session, Event.PASSPHRASE_WRONG, actor, now, signer=trial.signer_id, data=data)
        if remaining == 0:
            audit.record(session, Event.SIGNER_LOCKED, actor, now, signer=trial.signer_id)
        return remaining


def _attempt(trial: Trial, limits: attempts.Limits) -> attempts.Attempt:
    """An attempt that may be made now. While as many are tried as guesses are left, it waits for its turn."""
    services = trial.services
    pause, until = _FIRST_PAUSE, time.monotonic() + _PATIENCE
    while True:
        try:
            with services.database.write() as session:
                return attempts.reserve(session, trial.signer_id, trial.caller.client_id, services.clock.now(), limits)
        except Busy:
            if time.monotonic() > until:
                raise
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
