"""Bare hashes signed for programs that speak the CSC API. See docs/decisions/csc.md.

The signatures are made when the signer consents, and wait sealed until the program fetches them: so no passphrase is
kept, a consent is good for its own hashes alone, and any process of the installation may be asked next.
"""

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pydantic import JsonValue

from esign.ca.authority import Activation, Authority, Consent, Credential, Secret
from esign.ca.dev.timestamps import TimestampAuthority
from esign.errors import (
    ActivationDataExpired,
    ActivationDataUnknown,
    CredentialUnusable,
    EsignError,
    HashNotAuthorised,
    RequestInvalid,
    TimestampUnavailable,
)
from esign.registry import audit, credentials, held, signers
from esign.registry.models import Event, Scope, Signer
from esign.service import codes
from esign.service.activating import Trial, activated
from esign.service.orders import Caller
from esign.service.services import Services
from esign.service.signers import find, holding, named, note, refuse_unusable
from esign.x509 import tsp
from esign.x509.rejection import Rejected
from esign.x509.sources import TimestampSource

MOST_HASHES = 500
"""That one consent may be for (``multisign``)."""
HELD_FOR = timedelta(minutes=5)
"""How long signatures wait for the program."""
_BY_LENGTH = {32: "sha256", 48: "sha384", 64: "sha512"}
"""Which digest it is: v1 names none with the consent, and no others are signed."""


@dataclass(frozen=True)
class SigningCredential:
    """A signer's credential as the CSC API shows it."""

    id: str
    """The signer's id in the register."""
    name: str
    seen: Credential
    has_codes: bool
    """Whether one-time codes are sent to him."""


@dataclass(frozen=True)
class Consented:
    """What a program fetches its signatures with."""

    sad: Secret
    seconds: int
    """How long they wait."""


def all_credentials(services: Services, caller: Caller, user: str | None) -> list[str]:
    """The ids of the agency's signers who have been seen with a certificate, or of the one who is ``user``.

    ``user`` is an id, a NIK or an e-mail address. Raises `Forbidden`, `SignerUnknown`.
    """
    caller.require(Scope.HASHES_SIGN)
    with services.database.read() as session:
        if user is not None and "@" in user:
            chosen = [named(services, session, caller.agency_id, nik=None, email=user)]
        elif user is not None:
            chosen = [find(services, session, caller.agency_id, user)]
        else:
            chosen = [each for each in signers.of_agency(session, caller.agency_id) if each.enabled]
        return [
            each.id
            for each in chosen
            if any(seen.certificate is not None for seen in credentials.all_of_signer(session, each.id))
        ]


def credential(services: Services, caller: Caller, signer_id: str) -> SigningCredential:
    """The credential as its authority shows it now. Raises `Forbidden`, `SignerUnknown`, `AuthorityUnavailable`."""
    caller.require(Scope.HASHES_SIGN)
    signer, authority, holder = _of(services, caller, signer_id)
    seen = authority.credential(holder)
    note(services, signer, seen, caller.actor)
    return SigningCredential(signer.id, signer.name, seen, authority.codes() is not None)


def send_code(services: Services, caller: Caller, signer_id: str, signatures: int) -> None:
    """Has a one-time code for that many signatures sent to the signer. Raises as `codes.send_to` does."""
    with services.database.read() as session:
        signer = find(services, session, caller.agency_id, signer_id)
    codes.send_to(services, caller, signer, signatures, scope=Scope.HASHES_SIGN)


def consent(services: Services, caller: Caller, signer_id: str, digests: Sequence[bytes], given: Consent) -> Consented:
    """Signs the hashes with the signer's consent, and keeps the signatures until they are fetched.

    Raises `RequestInvalid` for what is no list of hashes of one kind, and what `activated` and the authority raise.
    """
    caller.require(Scope.HASHES_SIGN)
    algorithm = algorithm_of(digests)
    signer, authority, holder = _of(services, caller, signer_id)
    refuse_unusable(authority.credential(holder))
    sad = secrets.token_urlsafe(32)
    about: dict[str, JsonValue] = {"authorization": held.name_of(services.keys, sad)}
    with activated(Trial(services, caller, signer.id, authority, holder), given) as activation:
        if not isinstance(activation, Activation):
            raise CredentialUnusable(state="DOCUMENTS_ONLY")
        hashes: list[JsonValue] = [digest.hex() for digest in digests]
        said = {**about, "authority": authority.name, "digest_algorithm": algorithm, "hashes": hashes}
        _record(services, caller, signer, Event.HASHES_SIGNING, said)
        try:
            values = activation.sign_digests(digests, algorithm)
        except EsignError as error:
            _record(services, caller, signer, Event.HASHES_FAILED, {**about, "reason": error.code})
            raise
    _keep(services, caller, signer, sad, algorithm, list(zip(digests, values, strict=True)))
    return Consented(Secret(sad), int(HELD_FOR.total_seconds()))


def fetch(
    services: Services, caller: Caller, by: SigningCredential, sad: Secret, digests: Sequence[bytes]
) -> list[bytes]:
    """The signatures ``by`` a credential over the hashes that were consented to, in the order asked for; once.

    Raises `ActivationDataUnknown` (also for data that was used), `ActivationDataExpired`, `HashNotAuthorised` where the
    hashes are not all those of the consent, and the `CredentialUnusable` that fits: then they wait on.
    """
    caller.require(Scope.HASHES_SIGN)
    algorithm = algorithm_of(digests)
    refuse_unusable(by.seen)
    now = services.clock.now()
    with services.database.write() as session:
        found = held.take(session, services.keys, sad.reveal(), caller.client_id)
        if found is None or found.signer_id != by.id:
            raise ActivationDataUnknown
        if found.expires_at <= now:
            raise ActivationDataExpired
        kept = json.loads(found.content)
        consented = [(bytes.fromhex(digest), base64.b64decode(value)) for digest, value in kept["values"]]
        if kept["digest_algorithm"] != algorithm or sorted(digests) != sorted(digest for digest, _ in consented):
            raise HashNotAuthorised
        data: dict[str, JsonValue] = {"authorization": found.name, "count": len(digests)}
        audit.record(session, Event.HASHES_RELEASED, caller.actor, now, signer=by.id, data=data)
    values = dict(consented)
    return [values[digest] for digest in digests]


def has_timestamps(services: Services) -> bool:
    """Whether `timestamp` gives any."""
    return _timestamps(services) is not None


def timestamp(services: Services, caller: Caller, digest: bytes, algorithm: str, nonce: int | None) -> bytes:
    """A TimeStampToken (DER) of the default authority over a digest.

    A ``nonce`` is carried by the development CA's alone. Raises `TimestampUnavailable`, `RequestInvalid`.
    """
    caller.require(Scope.HASHES_SIGN)
    source = _timestamps(services)
    if source is None:
        raise TimestampUnavailable
    if nonce is None:
        return source.token(digest, algorithm)
    if not isinstance(source, TimestampAuthority):
        raise RequestInvalid(field="nonce", reason="no nonce is carried here")
    try:
        return tsp.token_of(source.reply(tsp.request(digest, algorithm, nonce=nonce)))
    except Rejected as error:
        raise TimestampUnavailable from error


def algorithm_of(digests: Sequence[bytes]) -> str:
    """The digest algorithm of hashes, by asn1crypto's name. Raises `RequestInvalid` where there is no single one."""
    lengths = {len(digest) for digest in digests}
    if not 0 < len(digests) <= MOST_HASHES:
        raise RequestInvalid(field="hash", reason=f"must be 1 to {MOST_HASHES} hashes")
    algorithm = _BY_LENGTH.get(lengths.pop()) if len(lengths) == 1 else None
    if algorithm is None:
        raise RequestInvalid(field="hash", reason="must all be of SHA-256, SHA-384 or SHA-512")
    return algorithm


def _of(services: Services, caller: Caller, signer_id: str) -> tuple[Signer, Authority, str]:
    with services.database.read() as session:
        signer = find(services, session, caller.agency_id, signer_id)
        name, holder = holding(services, session, signer)
    return signer, services.authorities.named(name), holder


def _record(services: Services, caller: Caller, signer: Signer, event: Event, data: dict[str, JsonValue]) -> None:
    with services.database.write() as session:
        audit.record(session, event, caller.actor, services.clock.now(), signer=signer.id, data=data)


def _keep(
    services: Services,
    caller: Caller,
    signer: Signer,
    sad: str,
    algorithm: str,
    values: list[tuple[bytes, bytes]],
) -> None:
    listed = [[digest.hex(), base64.b64encode(value).decode()] for digest, value in values]
    content = json.dumps({"digest_algorithm": algorithm, "values": listed}).encode()
    now = services.clock.now()
    with services.database.write() as session:
        held.keep(session, services.keys, sad, caller.client_id, signer.id, content, now, now + HELD_FOR)


def _timestamps(services: Services) -> TimestampSource | None:
    default = services.authorities.default
    return services.authorities.named(default).timestamps() if default is not None else None
