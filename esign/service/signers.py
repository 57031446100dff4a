"""Officials and their credentials, as the use cases see them."""

import hashlib
from datetime import UTC

from asn1crypto import x509
from pydantic import JsonValue, SecretStr, TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from esign.ca.authority import Credential, CredentialStatus, Secret
from esign.ca.dev.authority import DevCa
from esign.ca.dev.subject import HolderKind, Subject
from esign.errors import (
    AuthorityNotAdmitted,
    AuthorityRefused,
    AuthorityUnavailable,
    ConfigurationError,
    CredentialExpired,
    CredentialMissing,
    CredentialNotYetValid,
    CredentialRevoked,
    CredentialSuspended,
    CredentialUnusable,
    SignerUnknown,
)
from esign.registry import agencies, attempts, audit, credentials, signers
from esign.registry.inputs import Nik
from esign.registry.models import CredentialState, Event, Scope, Signer, SignerKind
from esign.service.orders import Caller
from esign.service.services import Services
from esign.service.views import CredentialCertificateView, CredentialView, SignerView
from esign.x509.keys import KeyAlgorithm

_NIK: TypeAdapter[SecretStr] = TypeAdapter(Nik)
_KINDS = {SignerKind.PERSON: HolderKind.PERSON, SignerKind.SEAL: HolderKind.SEAL}


def find(services: Services, session: Session, agency_id: str, reference: str) -> Signer:
    """The agency's signer of that id, or of that NIK. Raises `SignerUnknown`, also for one who is switched off."""
    try:
        nik = _NIK.validate_python(reference)
    except ValidationError:
        signer = signers.get(session, agency_id, reference)
    else:
        signer = signers.by_nik(session, services.keys, agency_id, nik)
    if not signer.enabled:
        raise SignerUnknown
    return signer


def named(services: Services, session: Session, agency_id: str, *, nik: str | None, email: str | None) -> Signer:
    """The agency's person of that NIK; where none is given, of that e-mail address.

    Raises `SignerUnknown`, also for what is no NIK, and for one who is switched off.
    """
    if nik:
        try:
            signer = signers.by_nik(session, services.keys, agency_id, _NIK.validate_python(nik.strip()))
        except ValidationError:
            raise SignerUnknown from None
    elif email:
        signer = signers.by_email(session, agency_id, email)
    else:
        raise SignerUnknown
    if not signer.enabled:
        raise SignerUnknown
    return signer


def view(signer: Signer, capacity: str | None = None) -> SignerView:
    """The signer as callers see him, in ``capacity`` or his own."""
    return SignerView(
        id=signer.id,
        kind=signer.kind.value,
        name=signer.name,
        office=signer.office,
        capacity=capacity or signer.capacity,
    )


def credential(services: Services, caller: Caller, reference: str) -> CredentialView:
    """The signer's certificate as his authority shows it now, noted in the register.

    Raises `Forbidden`, `SignerUnknown`, `AuthorityUnavailable`.
    """
    caller.require(Scope.SIGNERS_READ)
    with services.database.read() as session:
        signer = find(services, session, caller.agency_id, reference)
        name, holder = holding(services, session, signer)
    seen = services.authorities.named(name).credential(holder)
    note(services, signer, seen, caller.actor)
    with services.database.read() as session:
        locked = attempts.locked_for(session, signer.id, caller.client_id, services.clock.now(), limits_of(services))
    return _credential_view(signer, name, seen, locked)


def _credential_view(signer: Signer, authority: str, seen: Credential, locked: int) -> CredentialView:
    return CredentialView(
        signer=view(signer),
        authority=authority,
        status=seen.status.value,
        may_sign=seen.status is CredentialStatus.ISSUE and locked == 0,
        certificate=certificate_view(seen.certificate) if seen.certificate is not None else None,
        locked_seconds=locked,
    )


def holding(services: Services, session: Session, signer: Signer) -> tuple[str, str]:
    """The authority that holds the signer's key, and its name for him.

    The authority that was chosen for him, else for his agency; where none was chosen the one where he was last seen,
    else the default. Raises `CredentialMissing` where there is none.
    """
    known = {each.authority: each.holder for each in credentials.all_of_signer(session, signer.id)}
    agency = agencies.get(session, signer.agency_id)
    chosen = signer.authority or (agency.authority if agency is not None else None)
    name = chosen or next(iter(known), None) or services.authorities.default
    if name is None:
        raise CredentialMissing
    return name, known.get(name, signer.id)


def register(
    services: Services, new: signers.NewSigner, actor: audit.Actor, *, holder: str | None = None
) -> tuple[Signer, CredentialView | None]:
    """Enters a signer whose certificate an authority of another house has, and asks that authority for it.

    ``holder`` is the authority's name for him, where that is not his id here. The second is what the authority says;
    None where it can't be asked now. Raises `RequestInvalid`.
    """
    now = services.clock.now()
    services.authorities.refuse_unknown(new.authority)
    with services.database.write() as session:
        signer = signers.add(session, services.keys, new, now)
        audit.record(session, Event.SIGNER_CREATED, actor, now, signer=signer.id, agency=new.agency_id)
    return signer, _ask(services, signer, holder, actor)


def choose(
    services: Services, signer: Signer, authority: str, actor: audit.Actor, *, holder: str | None = None
) -> CredentialView | None:
    """Has an authority hold the signer's key from now on, and asks it for his certificate.

    Gives what it says; None where it can't be asked now. Raises `RequestInvalid` for an authority that isn't there.
    """
    now = services.clock.now()
    services.authorities.refuse_unknown(authority)
    with services.database.write() as session:
        changed = signers.change(session, signer, signers.SignerChanges(authority=authority), now)
        data: dict[str, JsonValue] = {"authority": authority}
        audit.record(session, Event.SIGNER_CHANGED, actor, now, signer=signer.id, agency=signer.agency_id, data=data)
    return _ask(services, changed, holder, actor)


def _ask(services: Services, signer: Signer, holder: str | None, actor: audit.Actor) -> CredentialView | None:
    with services.database.read() as session:
        name, known = holding(services, session, signer)
    try:
        seen = services.authorities.named(name).credential(holder or known)
    except (AuthorityUnavailable, AuthorityNotAdmitted, AuthorityRefused):
        if holder is not None:
            note(services, signer, Credential(name, holder, CredentialStatus.NO_CERTIFICATE, None, ()), actor)
        return None
    note(services, signer, seen, actor)
    return _credential_view(signer, name, seen, 0)


def note(services: Services, signer: Signer, seen: Credential, actor: audit.Actor) -> str:
    """Notes the credential in the register, with an audit event where it changed; gives the row's id."""
    now = services.clock.now()
    certificate = seen.certificate
    validity = certificate["tbs_certificate"]["validity"] if certificate is not None else None
    with services.database.write() as session:
        noted = credentials.note(
            session,
            signer.id,
            credentials.Seen(
                authority=seen.authority,
                holder=seen.holder,
                status=CredentialState(seen.status.value),
                certificate=certificate.dump() if certificate is not None else None,
                not_before=validity["not_before"].native.astimezone(UTC) if validity is not None else None,
                not_after=validity["not_after"].native.astimezone(UTC) if validity is not None else None,
            ),
            now,
        )
        if noted.changed:
            data = {"authority": seen.authority, "status": seen.status.value}
            audit.record(
                session, Event.CREDENTIAL_SEEN, actor, now, signer=signer.id, agency=signer.agency_id, data=data
            )
        return noted.credential.id


def refuse_unusable(seen: Credential) -> None:
    """Raises the `CredentialUnusable` that says why this credential may not sign; nothing where it may."""
    if seen.status is CredentialStatus.ISSUE:
        return
    if seen.status in {CredentialStatus.NO_CERTIFICATE, CredentialStatus.NOT_REGISTERED}:
        raise CredentialMissing
    if seen.status is CredentialStatus.EXPIRED:
        raise CredentialExpired(not_after=_day(seen.certificate, "not_after"))
    if seen.status is CredentialStatus.NEW:
        raise CredentialNotYetValid(not_before=_day(seen.certificate, "not_before"))
    if seen.status is CredentialStatus.SUSPEND:
        raise CredentialSuspended
    if seen.status is CredentialStatus.REVOKE:
        raise CredentialRevoked(revoked_at=seen.revoked_at.date().isoformat() if seen.revoked_at else None)
    raise CredentialUnusable(state=seen.status.value)


def _day(certificate: x509.Certificate | None, end: str) -> str:
    """The first or last day of a certificate's validity; a question mark where the authority does not show it."""
    if certificate is None:
        return "?"
    return str(certificate["tbs_certificate"]["validity"][end].native.date().isoformat())


def enrol(
    services: Services,
    new: signers.NewSigner,
    organisation: str,
    passphrase: Secret,
    actor: audit.Actor,
    *,
    key: KeyAlgorithm = KeyAlgorithm.RSA_2048,
) -> Signer:
    """Registers an official, or a seal, and has the dev CA issue a certificate under that passphrase.

    Raises `RequestInvalid`, and `ConfigurationError` where the dev CA is off: a real authority issues
    certificates by its own procedure.
    """
    dev_ca = _issuing(services)
    now = services.clock.now()
    with services.database.write() as session:
        signer = signers.add(session, services.keys, new, now)
        audit.record(session, Event.SIGNER_CREATED, actor, now, signer=signer.id, agency=new.agency_id)
        _issue(dev_ca, signer, organisation, passphrase, key)
    note(services, signer, dev_ca.credential(signer.id), actor)
    return signer


def certify(
    services: Services,
    signer: Signer,
    passphrase: Secret,
    actor: audit.Actor,
    *,
    key: KeyAlgorithm = KeyAlgorithm.RSA_2048,
) -> CredentialView:
    """Has the dev CA issue a certificate to a signer who is registered and waits for one; gives what it issued.

    Raises `RequestInvalid`, `CredentialExists`, and `ConfigurationError` as `enrol` does, also where another authority
    holds the signer's key.
    """
    dev_ca = _issuing(services)
    with services.database.read() as session:
        agency = agencies.get(session, signer.agency_id)
        name, holder = holding(services, session, signer)
    if agency is None:
        raise RuntimeError("a signer has an agency")
    if (name, holder) != (dev_ca.name, signer.id):
        raise ConfigurationError(variable="ESIGN_DEV_CA", reason=f"the authority {name} holds the signer's key")
    _issue(dev_ca, signer, agency.name, passphrase, key)
    seen = dev_ca.credential(holder)
    note(services, signer, seen, actor)
    return _credential_view(signer, name, seen, 0)


def _issuing(services: Services) -> DevCa:
    if services.dev_ca is None:
        raise ConfigurationError(variable="ESIGN_DEV_CA", reason="only the development CA issues certificates here")
    return services.dev_ca


def _issue(dev_ca: DevCa, signer: Signer, organisation: str, passphrase: Secret, key: KeyAlgorithm) -> None:
    subject = Subject.fitted(name=signer.name, organisation=organisation, office=signer.office)
    dev_ca.issue(signer.id, subject, passphrase, kind=_KINDS[signer.kind], key=key)


def certificate_view(certificate: x509.Certificate) -> CredentialCertificateView:
    """The certificate as callers see it; neither name holds more than common name and organisation."""
    validity = certificate["tbs_certificate"]["validity"]
    return CredentialCertificateView(
        subject=common_name(certificate.subject),
        organisation=certificate.subject.native.get("organization_name"),
        issuer=common_name(certificate.issuer),
        fingerprint=hashlib.sha256(certificate.dump()).hexdigest(),
        serial=f"{certificate.serial_number:x}",
        not_before=validity["not_before"].native.astimezone(UTC),
        not_after=validity["not_after"].native.astimezone(UTC),
    )


def common_name(name: x509.Name) -> str:
    """The common name; where there is none, the last and most particular part of the name."""
    native = name.native
    value = native.get("common_name") or (list(native.values()) or ["?"])[-1]
    return value if isinstance(value, str) else value[-1]


def limits_of(services: Services) -> attempts.Limits:
    """The limits of wrong passphrases, from the settings."""
    settings = services.settings
    return attempts.Limits(
        per_client=settings.attempts_per_client,
        per_signer=settings.attempts_per_signer,
        window_seconds=settings.attempts_window_seconds,
        lock_seconds=settings.lock_seconds,
    )
