"""The dev CA's one-time codes, as those of BSrE: for signing, for opening a seal, and for batches of a seal.

A holder has one code for each purpose at a time; a new one voids the earlier one. What is kept is an HMAC, and what
is counted is counted in the register, so that several processes give away no signature and no guess twice.
"""

import hmac
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from esign.ca.authority import IssuedCode, Secret
from esign.ca.dev.authorities import Authorities
from esign.ca.dev.database import Database, Entry, StoredCode, Writer
from esign.ca.dev.issuance import refuse_unusable
from esign.ca.dev.subject import HolderKind
from esign.ca.dev.vault import Vault
from esign.errors import (
    AuthorityUnavailable,
    CodesUnsupported,
    CodeTooSoon,
    KeyElsewhere,
    RequestInvalid,
    SignerUnknown,
    WrongCode,
)

DIGITS = 6
MOST_WRONG = 5
"""Wrong tries after which a code is void: whoever guesses has one chance in 200,000."""
PAUSE = timedelta(seconds=30)
"""Between two codes that are sent to the same holder for the same purpose."""
MOST_SIGNATURES = 10_000


class Purpose(StrEnum):
    """What a code is for."""

    SIGNING = "signing"
    """Signatures of a person, a number of them."""
    ACTIVATION = "activation"
    """Opening a seal: until it ends, codes for batches are had without its officer."""
    SEAL = "seal"
    """Signatures of an open seal, a number of them."""


LIFETIMES = {
    Purpose.SIGNING: timedelta(minutes=5),
    Purpose.ACTIVATION: timedelta(hours=24),
    Purpose.SEAL: timedelta(minutes=5),
}


@dataclass(frozen=True)
class CodeLetter:
    """A code on its way to a person: the holder, or the officer of a seal."""

    holder: str
    purpose: Purpose
    code: Secret
    signatures: int | None
    """For how many signatures; None for the activation of a seal."""
    expires: datetime


Deliver = Callable[[CodeLetter], None]
"""Has a letter brought to its person. What it raises voids the code, and is raised on."""


class Counter:
    """Where codes are made, tried and used up."""

    def __init__(self, database: Database, authorities: Authorities, vault: Vault) -> None:
        self._database = database
        self._authorities = authorities
        self._vault = vault

    def holder(self, holder: str, kind: HolderKind) -> Entry:
        """The certificate of a holder whose key a code can open.

        Raises `SignerUnknown`, the `CredentialUnusable` that fits, `KeyElsewhere`, and `CodesUnsupported` for a
        holder of the other kind, or with a key from before there were codes.
        """
        with self._database.reading() as register:
            entry = register.of_holder(holder)
            if entry is None:
                raise SignerUnknown
            refuse_unusable(entry, self._authorities.clock.now())
            if entry.private_key is None:
                raise KeyElsewhere(authority="dev")
            if entry.kind is not kind or register.key_copy(entry.private_key) is None:
                raise CodesUnsupported(authority="dev")
        return entry

    def send(self, holder: str, purpose: Purpose, signatures: int | None, deliver: Deliver) -> None:
        """Makes a code and has it delivered. Raises `CodeTooSoon`, and what ``deliver`` raises."""
        code, now = _random(), self._authorities.now()
        with self._database.writing() as register:
            before = register.code(holder, purpose)
            waited = now - before.sent_at if before is not None else PAUSE
            if timedelta() <= waited < PAUSE:
                raise CodeTooSoon(seconds=int((PAUSE - waited).total_seconds()))
            expires = now + LIFETIMES[purpose]
            identifier = register.set_code(
                holder, purpose, self._digest(holder, purpose, code), signatures, now, expires
            )
        try:
            deliver(CodeLetter(holder, purpose, code, signatures, expires))
        except BaseException:
            # Where it can't be dropped either, nobody knows it.
            with suppress(AuthorityUnavailable), self._database.writing() as register:
                register.drop_code(identifier)
            raise

    @contextmanager
    def spent(self, holder: str, purpose: Purpose, code: Secret, signatures: int) -> Iterator["Spending"]:
        """Takes that many signatures from a code; those that are not made are given back in the end.

        Raises `WrongCode`, also where fewer are left.
        """
        with self._trying(holder, purpose, code) as (register, found):
            enough = found is not None and found.signatures is not None and found.signatures >= signatures > 0
            if found is not None and enough:
                register.change_left(found.id, -signatures)
        if found is None or not enough:
            raise WrongCode
        spending = Spending(signatures)
        try:
            yield spending
        finally:
            if spending.left:
                # Where they can't be given back, what was signed is signed all the same.
                with suppress(AuthorityUnavailable), self._database.writing() as register:
                    register.change_left(found.id, spending.left)

    def activation(self, holder: str, code: Secret) -> datetime:
        """When the activation of a seal ends. Raises `WrongCode`."""
        with self._trying(holder, Purpose.ACTIVATION, code) as (_, found):
            pass
        if found is None:
            raise WrongCode
        return found.expires_at

    def end_activation(self, holder: str, code: Secret) -> None:
        """Forgets the activation of a seal, and the code for a batch that was had with it. Raises `WrongCode`."""
        with self._trying(holder, Purpose.ACTIVATION, code) as (register, found):
            if found is not None:
                for each in (found, register.code(holder, Purpose.SEAL)):
                    if each is not None:
                        register.drop_code(each.id)
        if found is None:
            raise WrongCode

    def batch(self, holder: str, activation: Secret, signatures: int) -> IssuedCode:
        """A code for signatures of an open seal, good no longer than the activation. Raises `WrongCode`."""
        code, now = _random(), self._authorities.now()
        expires = now + LIFETIMES[Purpose.SEAL]
        with self._trying(holder, Purpose.ACTIVATION, activation) as (register, found):
            if found is not None:
                expires = min(expires, found.expires_at)
                digest = self._digest(holder, Purpose.SEAL, code)
                register.set_code(holder, Purpose.SEAL, digest, signatures, now, expires)
        if found is None:
            raise WrongCode
        return IssuedCode(code, expires)

    @contextmanager
    def _trying(self, holder: str, purpose: Purpose, code: Secret) -> Iterator[tuple[Writer, StoredCode | None]]:
        """The code of that value, if it is good; a wrong try is counted. Nothing may be raised in the block.

        What is raised would take the count back.
        """
        tried = self._digest(holder, purpose, code)
        with self._database.writing() as register:
            kept = register.code(holder, purpose)
            good = kept is not None and kept.wrong < MOST_WRONG and self._authorities.clock.now() < kept.expires_at
            right = hmac.compare_digest(tried, kept.digest if kept is not None else bytes(len(tried)))
            if kept is not None and good and not right:
                register.count_wrong(kept.id)
            yield register, kept if good and right else None

    def _digest(self, holder: str, purpose: Purpose, code: Secret) -> bytes:
        return self._vault.digest(holder, purpose, code.reveal().strip())


class Spending:
    """Signatures that were taken from a code and may be made now."""

    def __init__(self, left: int) -> None:
        self.left = left


class DevCodes:
    """Codes for signing; implements `esign.ca.authority.OneTimeCodes`."""

    def __init__(self, counter: Counter, deliver: Deliver | None) -> None:
        self._counter = counter
        self._deliver = deliver

    def send(self, holder: str, signatures: int) -> None:
        """Has a code for that many signatures sent to a person.

        Raises `SignerUnknown`, the `CredentialUnusable` that fits, `KeyElsewhere`, `CodeTooSoon`, `RequestInvalid`,
        `CodesUnsupported` (for a seal, and where nobody delivers), and what delivering raises.
        """
        if self._deliver is None:
            raise CodesUnsupported(authority="dev")
        _check(signatures)
        self._counter.holder(holder, HolderKind.PERSON)
        self._counter.send(holder, Purpose.SIGNING, signatures, self._deliver)


class DevSeals:
    """Activations of seals; implements `esign.ca.authority.SealActivations`."""

    def __init__(self, counter: Counter, deliver: Deliver | None) -> None:
        self._counter = counter
        self._deliver = deliver

    def request(self, holder: str) -> None:
        """Has a new activation sent to the seal's officer; it voids the earlier one. Raises as `DevCodes.send` does."""
        if self._deliver is None:
            raise CodesUnsupported(authority="dev")
        self._counter.holder(holder, HolderKind.SEAL)
        self._counter.send(holder, Purpose.ACTIVATION, None, self._deliver)

    def refresh(self, holder: str, activation: Secret) -> IssuedCode:
        """The activation that is in force and its end, which stays: an officer's consent is never drawn out.

        Raises `WrongCode`, `SignerUnknown`, `CodesUnsupported`, `KeyElsewhere`, the `CredentialUnusable` that fits.
        """
        self._counter.holder(holder, HolderKind.SEAL)
        return IssuedCode(activation, self._counter.activation(holder, activation))

    def revoke(self, holder: str, activation: Secret) -> None:
        """Ends the activation, and the code for a batch that was had with it. Raises as `refresh` does."""
        self._counter.holder(holder, HolderKind.SEAL)
        self._counter.end_activation(holder, activation)

    def code(self, holder: str, activation: Secret, signatures: int) -> IssuedCode:
        """A code for that many signatures; it voids the earlier one. Raises as `refresh` does, and `RequestInvalid`."""
        _check(signatures)
        self._counter.holder(holder, HolderKind.SEAL)
        return self._counter.batch(holder, activation, signatures)


def _random() -> Secret:
    return Secret(f"{secrets.randbelow(10**DIGITS):0{DIGITS}}")


def _check(signatures: int) -> None:
    if not 1 <= signatures <= MOST_SIGNATURES:
        raise RequestInvalid(field="signatures", reason=f"must be from 1 to {MOST_SIGNATURES}")
