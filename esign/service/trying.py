"""An authority tried, part by part, and what was found in plain words: for whoever connects one."""

import hashlib
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from asn1crypto import x509
from pydantic import JsonValue

from esign.ca.authority import (
    Activation,
    Authority,
    Consent,
    Credential,
    CredentialStatus,
    Document,
    DocumentActivation,
    Warns,
)
from esign.errors import EsignError
from esign.pades.profile import Profile
from esign.pades.sign import SignRequest, sign
from esign.pades.spec import NewField
from esign.pades.token import TimestampToken
from esign.registry import agencies, audit, signers
from esign.registry.audit import Actor
from esign.registry.models import Agency, Event, Signer
from esign.service import expiring
from esign.service.readiness import cause_of
from esign.service.services import Services
from esign.service.signers import common_name, holding, refuse_unusable
from esign.verify.online import examine
from esign.verify.report import SignatureKind, Verdict
from esign.x509.trust import TrustStore

Word = Literal["ok", "note", "wrong"]
_SHOWN = 50
"""How many signers are asked about."""


@dataclass(frozen=True)
class Found:
    """One thing that was tried."""

    word: Word
    """``ok``: works; ``note``: to be known; ``wrong``: does not work."""
    text: str


def trial(services: Services, authority: Authority) -> Iterator[Found]:
    """Everything about an authority that can be tried without a signer's secret. Never raises what it finds."""
    yield from _problems(authority)
    yield from _roots(services, authority)
    yield from _timestamps(services, authority)
    yield from _kinds(authority)
    yield from _certificates(services, authority)
    yield from _signers(services, authority)


def _problems(authority: Authority) -> Iterator[Found]:
    try:
        problems = list(authority.problems())
    except EsignError as error:
        problems = [_said(error)]
    yield from (Found("wrong", problem) for problem in problems)
    if not problems:
        yield Found("ok", "it answers, and lets this service in")
    if isinstance(authority, Warns):
        yield from (Found("note", warning) for warning in authority.warnings())


def _roots(services: Services, authority: Authority) -> Iterator[Found]:
    try:
        roots = list(authority.roots())
    except EsignError as error:
        yield Found("wrong", f"its roots can't be had: {_said(error)}")
        return
    if not roots:
        yield Found("wrong", "no root is trusted for it: nothing that it signs would pass our own check")
    now = services.clock.now()
    for root in roots:
        until = root.not_valid_after
        state = f"valid until {until:%Y-%m-%d}" if until > now else f"ENDED on {until:%Y-%m-%d}"
        yield Found(
            "ok" if until > now else "note", f"trusted root {_name(root)}, {state}, SHA-256 {root.sha256.hex()}"
        )


def _timestamps(services: Services, authority: Authority) -> Iterator[Found]:
    source = authority.timestamps()
    if source is None:
        yield Found("note", "no time-stamp authority is set: levels above what it signs itself are out of reach")
        return
    try:
        token = source.token(hashlib.sha256(secrets.token_bytes(32)).digest(), "sha256")
    except EsignError as error:
        yield Found("wrong", f"its time-stamp authority gives no time-stamp: {_said(error)}")
        return
    apart = abs((TimestampToken(token).time - services.clock.now()).total_seconds())
    yield Found("ok", f"its time-stamp authority gives time-stamps; its clock and ours are {apart:.0f} s apart")


def _kinds(authority: Authority) -> Iterator[Found]:
    has = authority.codes() is not None
    yield Found(
        "note", "it sends one-time codes" if has else "it has no one-time codes: signers give a passphrase or PIN"
    )
    if authority.seals() is not None:
        yield Found("note", "seals are activated by an officer, then sealed by codes")


def _certificates(services: Services, authority: Authority) -> Iterator[Found]:
    now = services.clock.now()
    try:
        for each in expiring.certificates(authority):
            if each.until < now:
                yield Found("wrong", f"its certificate {each.name} ended on {each.until:%Y-%m-%d}")
            elif each.until < now + expiring.SOON:
                yield Found("note", f"its certificate {each.name} ends soon, on {each.until:%Y-%m-%d}")
    except EsignError as error:
        yield Found("wrong", f"its own certificates can't be had: {_said(error)}")


def _signers(services: Services, authority: Authority) -> Iterator[Found]:
    held = list(_held(services, authority.name))
    for agency, signer, holder in held[:_SHOWN]:
        who = f"{agency.slug} {signer.id} ({signer.name})"
        try:
            yield _told(who, authority.credential(holder))
        except EsignError as error:
            yield Found("wrong", f"{who}: {_said(error)}")
    if len(held) > _SHOWN:
        yield Found("note", f"and {len(held) - _SHOWN} signers more, who were not asked about")
    if not held:
        yield Found("note", "no signer here has his key there yet")


def _held(services: Services, name: str) -> Iterator[tuple[Agency, Signer, str]]:
    """The signers who are on and whose key that authority holds, with its name for each."""
    with services.database.read() as session:
        for agency in agencies.all_of_them(session):
            for signer in signers.of_agency(session, agency.id) if agency.enabled else ():
                if signer.enabled and (at := _holding(services, signer)) is not None and at[0] == name:
                    yield agency, signer, at[1]


def _holding(services: Services, signer: Signer) -> tuple[str, str] | None:
    with services.database.read() as session:
        try:
            return holding(services, session, signer)
        except EsignError:
            return None


def _told(who: str, seen: Credential) -> Found:
    if seen.status is not CredentialStatus.ISSUE:
        return Found("note", f"{who}: {seen.status.value}, may not sign")
    if seen.certificate is None:
        return Found("ok", f"{who}: may sign; his certificate is not shown before")
    until = seen.certificate.not_valid_after
    return Found("ok", f"{who}: may sign as {_name(seen.certificate)}, until {until:%Y-%m-%d}")


def _name(certificate: x509.Certificate) -> str:
    return common_name(certificate.subject)


def _said(error: EsignError) -> str:
    """A refusal in a line, with what lies behind it."""
    behind = cause_of(error)
    return error.sentence("en") + (f" ({behind})" if behind else "")


def signature(
    services: Services, authority: Authority, signer: Signer, pdf: bytes, consent: Consent, actor: Actor
) -> Iterator[Found]:
    """A trial signature of a signer's on ``pdf``, made and checked, and thrown away. Never raises what it finds.

    It is a signature like any other at the authority, so the audit trail has it.
    """
    with services.database.read() as session:
        _, holder = holding(services, session, signer)
    now = services.clock.now()
    data: dict[str, JsonValue] = {"authority": authority.name, "sha256": hashlib.sha256(pdf).hexdigest()}
    with services.database.write() as session:
        audit.record(session, Event.AUTHORITY_TRIED, actor, now, signer=signer.id, agency=signer.agency_id, data=data)
    try:
        refuse_unusable(authority.credential(holder))
        began = time.monotonic()
        with authority.activate(holder, consent) as activation:
            signed = _signed(services, authority, activation, pdf)
        yield Found("ok", f"it signed, in {time.monotonic() - began:.1f} s")
        yield from _checked(services, authority, pdf, signed)
    except EsignError as error:
        yield Found("wrong", f"it did not sign: {_said(error)}")


def _signed(services: Services, authority: Authority, activation: Activation | DocumentActivation, pdf: bytes) -> bytes:
    if not isinstance(activation, Activation):
        (signed,) = activation.sign_documents([Document(pdf)])
        return signed
    request = SignRequest(
        profile=Profile.B_LT, field=NewField(), signing_time=services.clock.now().replace(microsecond=0), may_lower=True
    )
    return sign(
        pdf,
        request,
        activation,
        timestamps=authority.timestamps(),
        revocation=authority.revocation(),
        runner=services.parse,
        clock=services.clock,
        cache=services.evidence,
    ).pdf


def _checked(services: Services, authority: Authority, pdf: bytes, signed: bytes) -> Iterator[Found]:
    """What our own check says of the signed trial."""
    if not signed.startswith(pdf) or len(signed) == len(pdf):
        yield Found("wrong", "what came back is not the trial letter with a signature added")
        return
    report = examine(
        signed,
        TrustStore(tuple(authority.roots()), services.trust.intermediates),
        services.clock,
        services.parse,
        authority.revocation(),
        renderer=services.render,
        timeout=services.settings.sandbox_seconds,
    )
    made = [each for each in report.signatures if each.kind is not SignatureKind.DOCUMENT_TIMESTAMP]
    good = report.verdict is Verdict.GENUINE and len(made) == 1
    level = made[0].level.value if made and made[0].level is not None else "no level"
    who = made[0].signer.common_name if made and made[0].signer is not None else "nobody"
    text = f"our own check says {report.verdict.value}: {level}, by {who}"
    yield Found("ok" if good else "wrong", text if good else f"{text}. {report.sentence.en}")
