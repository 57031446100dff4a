"""What happens to signers' certificates: issued, renewed, suspended, resumed, revoked.

A certificate that another replaces stays in the register, and OCSP goes on answering for it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from asn1crypto import x509
from cryptography import x509 as pyca
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from esign.ca.authority import CredentialStatus, Secret
from esign.ca.dev import requests
from esign.ca.dev.authorities import Authorities
from esign.ca.dev.database import Database, Entry, NewKey, Reader
from esign.ca.dev.hierarchy import Issuer
from esign.ca.dev.profiles import PublicKey, Validity, signer_certificate
from esign.ca.dev.subject import HolderKind, Subject, check_holder, distinguished_name
from esign.ca.dev.vault import Vault
from esign.errors import (
    CredentialExists,
    CredentialExpired,
    CredentialNotYetValid,
    CredentialRevoked,
    CredentialSuspended,
    CredentialUnusable,
    KeyElsewhere,
    RequestInvalid,
    SignerUnknown,
)
from esign.x509 import keys
from esign.x509.keys import KeyAlgorithm, PrivateKey
from esign.x509.revocation import RevocationReason

LIFETIME = timedelta(days=2 * 365)
"""How long a signer's certificate holds if nothing else is said; as at BSrE."""

SHORTEST_PASSPHRASE = 8

_ISSUERS = {HolderKind.PERSON: Issuer.PERSONS, HolderKind.SEAL: Issuer.SEALS}
_NOT_FOR_REVOKING = {RevocationReason.CERTIFICATE_HOLD, RevocationReason.REMOVE_FROM_CRL}


@dataclass(frozen=True)
class Issued:
    """A signer's certificate, as the CA's operator sees it."""

    holder: str
    kind: HolderKind
    status: CredentialStatus
    certificate: x509.Certificate
    current: bool
    """Whether it is the one that signs; False for those that were replaced."""
    revoked_at: datetime | None
    reason: RevocationReason | None


class Issuance:
    """The registration desk of the dev CA."""

    def __init__(self, database: Database, authorities: Authorities, vault: Vault) -> None:
        self._database = database
        self._authorities = authorities
        self._vault = vault

    def issue(
        self,
        holder: str,
        subject: Subject,
        passphrase: Secret,
        *,
        kind: HolderKind = HolderKind.PERSON,
        key: KeyAlgorithm = KeyAlgorithm.RSA_2048,
        lifetime: timedelta = LIFETIME,
        not_before: datetime | None = None,
    ) -> Issued:
        """A first certificate over a new key, or one after the last was revoked or has expired.

        ``not_before`` is now, if nothing is said. Raises `RequestInvalid`, and `CredentialExists` for a
        holder with a certificate in force (which is renewed).
        """
        check_holder(holder)
        _check_passphrase(passphrase)
        validity = self._validity(_ISSUERS[kind], not_before or self._authorities.now(), lifetime)
        self._refuse_existing(holder)
        new_key = keys.generate(key)
        kept = self._kept(new_key, passphrase)
        issuer = _ISSUERS[kind]
        certificate = signer_certificate(
            kind,
            distinguished_name(holder, kind, subject),
            new_key.public_key(),
            self._authorities.signer(issuer),
            validity,
            self._authorities.addresses,
        )
        with self._database.writing() as register:
            self._refuse_existing(holder, register)
            register.add_holder(holder, kind, issuer, certificate, kept)
            return self._current(register, holder)

    def certify(
        self,
        holder: str,
        csr: bytes,
        subject: Subject | None = None,
        *,
        kind: HolderKind = HolderKind.PERSON,
        lifetime: timedelta = LIFETIME,
    ) -> Issued:
        """A certificate for a key that is elsewhere, as in an HSM: only a request for it (PKCS #10) comes here.

        Nothing is believed of the request but its public key. Without a ``subject`` the name is that of the holder's
        last certificate. A certificate of such a key may be followed by the next while it is in force; it then stays
        as it is. Raises `RequestInvalid`, also for a key that another holder has or that was revoked,
        `CredentialExists` for a holder whose key is here, and `CredentialSuspended`.
        """
        check_holder(holder)
        public_key = requests.public_key(csr)
        validity = self._validity(_ISSUERS[kind], self._authorities.now(), lifetime)
        with self._database.writing() as register:
            last = register.of_holder(holder)
            if last is not None and last.on_hold:
                raise CredentialSuspended
            if last is None or last.private_key is not None:
                self._refuse_existing(holder, register)
            _refuse_known(register.with_public_key(_information(public_key)), holder)
            issuer = _ISSUERS[kind]
            certificate = signer_certificate(
                kind,
                _name(holder, kind, subject, last),
                public_key,
                self._authorities.signer(issuer),
                validity,
                self._authorities.addresses,
            )
            register.add_holder(holder, kind, issuer, certificate, None)
            return self._current(register, holder)

    def renew(
        self,
        holder: str,
        passphrase: Secret,
        *,
        key: KeyAlgorithm | None = None,
        lifetime: timedelta = LIFETIME,
    ) -> Issued:
        """A new certificate of the same name over a new key of the same kind, under this passphrase.

        The old one stays as it is and signs no more. Raises `SignerUnknown`, `RequestInvalid`, `KeyElsewhere`, and
        `CredentialSuspended` or `CredentialRevoked` for a holder whose certificate is not simply in force or expired.
        """
        _check_passphrase(passphrase)
        with self._database.reading() as register:
            old = _renewable(register, holder)
        certificate = pyca.load_der_x509_certificate(old.der)
        new_key = keys.generate(key or _algorithm(_public_key(certificate)))
        kept = self._kept(new_key, passphrase)
        with self._database.writing() as register:
            if _renewable(register, holder).serial != old.serial:
                raise CredentialExists
            issued = self._again(old, certificate, new_key.public_key(), self._authorities.now(), lifetime)
            register.add_holder(holder, _kind(old), old.issuer, issued, kept)
            return self._current(register, holder)

    def reissue(self) -> int:
        """New certificates, over the same keys and to the same dates, with the addresses of now; gives their number.

        Only for current certificates in force: what is suspended, revoked or expired keeps what it has.
        """
        now = self._authorities.now()
        count = 0
        with self._database.writing() as register:
            for old in register.of_holders():
                if not old.current or old.revoked_at is not None or old.not_after <= now:
                    continue
                certificate = pyca.load_der_x509_certificate(old.der)
                begin = max(now, old.not_before)
                issued = self._again(old, certificate, _public_key(certificate), begin, old.not_after - begin)
                register.add_holder(old.holder or "", _kind(old), old.issuer, issued, old.private_key)
                count += 1
        return count

    def suspend(self, holder: str) -> Issued:
        """Puts all of a holder's unexpired certificates on hold. Raises `SignerUnknown` or the `CredentialUnusable`."""
        return self._change(holder, RevocationReason.CERTIFICATE_HOLD)

    def resume(self, holder: str) -> Issued:
        """Lifts the hold: the certificates leave the CRL, and OCSP answers ``good`` again.

        (removeFromCRL itself stands in delta CRLs only, of which there are none; RFC 5280, 5.3.1.)
        Raises `SignerUnknown`, or `CredentialUnusable` where nothing is on hold.
        """
        return self._change(holder, RevocationReason.REMOVE_FROM_CRL)

    def revoke(self, holder: str, reason: RevocationReason = RevocationReason.UNSPECIFIED) -> Issued:
        """Revokes all of a holder's unexpired certificates for good.

        What was on hold counts as revoked since it was put on hold (X.509, reason code certificateHold).
        Raises `SignerUnknown`, `RequestInvalid` for a reason that is none, or the `CredentialUnusable`.
        """
        if reason in _NOT_FOR_REVOKING:
            raise RequestInvalid(field="reason", reason=f"{reason} does not revoke")
        return self._change(holder, reason)

    def certificates(self, holder: str | None = None) -> list[Issued]:
        """Every certificate of a holder, or of all holders, oldest first; those that were replaced too."""
        with self._database.reading() as register:
            return [self.issued(entry) for entry in register.of_holders(holder)]

    def issued(self, entry: Entry) -> Issued:
        """What the operator sees of a register entry now."""
        return Issued(
            holder=entry.holder or "",
            kind=_kind(entry),
            status=status(entry, self._authorities.clock.now()),
            certificate=entry.certificate,
            current=entry.current,
            revoked_at=entry.revoked_at,
            reason=entry.reason,
        )

    def _kept(self, key: PrivateKey, passphrase: Secret) -> NewKey:
        """The key as it is kept: under its passphrase, and for one-time codes."""
        return NewKey(keys.encrypt(key, passphrase.reveal().encode()), self._vault.copy(key))

    def _change(self, holder: str, reason: RevocationReason) -> Issued:
        now = self._authorities.now()
        with self._database.writing() as register:
            current = register.of_holder(holder)
            if current is None:
                raise SignerUnknown
            changing = [entry for entry in register.of_holders(holder) if _may_become(entry, reason, now)]
            if not changing:
                refuse_unusable(current, now)
                raise CredentialUnusable(state=str(status(current, now)))
            for entry in changing:
                if reason is RevocationReason.REMOVE_FROM_CRL:
                    register.set_state(entry, None, None)
                else:
                    register.set_state(entry, entry.revoked_at or now, reason)
            return self._current(register, holder)

    def _current(self, register: Reader, holder: str) -> Issued:
        entry = register.of_holder(holder)
        if entry is None:
            raise SignerUnknown
        return self.issued(entry)

    def _refuse_existing(self, holder: str, register: Reader | None = None) -> None:
        if register is None:
            with self._database.reading() as reader:
                return self._refuse_existing(holder, reader)
        entry = register.of_holder(holder)
        over = {CredentialStatus.REVOKE, CredentialStatus.EXPIRED}
        if entry is not None and status(entry, self._authorities.clock.now()) not in over:
            raise CredentialExists
        return None

    def _again(
        self, old: Entry, certificate: pyca.Certificate, public_key: PublicKey, begin: datetime, lifetime: timedelta
    ) -> bytes:
        return signer_certificate(
            _kind(old),
            certificate.subject,
            public_key,
            self._authorities.signer(old.issuer),
            self._validity(old.issuer, begin, lifetime),
            self._authorities.addresses,
        )

    def _validity(self, issuer: Issuer, begin: datetime, lifetime: timedelta) -> Validity:
        if lifetime <= timedelta():
            raise RequestInvalid(field="lifetime", reason="must be longer than nothing")
        begin = begin.replace(microsecond=0)
        # A certificate never outlives its issuer's.
        return Validity(begin, min(begin + lifetime, self._authorities.own(issuer).not_after))


def status(entry: Entry, now: datetime) -> CredentialStatus:
    """The state of a certificate at a moment, in BSrE's words."""
    if entry.on_hold:
        return CredentialStatus.SUSPEND
    if entry.revoked_at is not None:
        return CredentialStatus.REVOKE
    if now > entry.not_after:
        return CredentialStatus.EXPIRED
    return CredentialStatus.ISSUE if now >= entry.not_before else CredentialStatus.NEW


def refuse_unusable(entry: Entry, now: datetime) -> None:
    """Raises the `CredentialUnusable` that fits, unless the certificate may sign now."""
    match status(entry, now):
        case CredentialStatus.SUSPEND:
            raise CredentialSuspended
        case CredentialStatus.REVOKE:
            raise CredentialRevoked(revoked_at=entry.revoked_at.isoformat() if entry.revoked_at else None)
        case CredentialStatus.EXPIRED:
            raise CredentialExpired(not_after=entry.not_after.isoformat())
        case CredentialStatus.NEW:
            raise CredentialNotYetValid(not_before=entry.not_before.isoformat())


def _may_become(entry: Entry, reason: RevocationReason, now: datetime) -> bool:
    if entry.not_after < now:
        return False
    match reason:
        case RevocationReason.CERTIFICATE_HOLD:
            return entry.revoked_at is None
        case RevocationReason.REMOVE_FROM_CRL:
            return entry.on_hold
        case _:
            return entry.revoked_at is None or entry.on_hold


def _renewable(register: Reader, holder: str) -> Entry:
    entry = register.of_holder(holder)
    if entry is None:
        raise SignerUnknown
    if entry.on_hold:
        raise CredentialSuspended
    if entry.revoked_at is not None:
        raise CredentialRevoked(revoked_at=entry.revoked_at.isoformat())
    if entry.private_key is None:
        raise KeyElsewhere(authority="dev")
    return entry


def _name(holder: str, kind: HolderKind, subject: Subject | None, last: Entry | None) -> pyca.Name:
    if subject is not None:
        return distinguished_name(holder, kind, subject)
    if last is None or _kind(last) is not kind:
        raise RequestInvalid(field="subject", reason="must be given: no certificate tells the holder's name")
    return pyca.load_der_x509_certificate(last.der).subject


def _refuse_known(certified: list[Entry], holder: str) -> None:
    """Refuses a key that is another's, is held here, or was revoked."""
    for entry in certified:
        if entry.holder != holder or entry.private_key is not None:
            raise RequestInvalid(field="csr", reason="its key is another's")
        if entry.revoked_at is not None:
            raise RequestInvalid(field="csr", reason="its key was revoked; make a new one")


def _check_passphrase(passphrase: Secret) -> None:
    if len(passphrase.reveal()) < SHORTEST_PASSPHRASE:
        raise RequestInvalid(field="passphrase", reason=f"must have at least {SHORTEST_PASSPHRASE} characters")


def _kind(entry: Entry) -> HolderKind:
    return HolderKind.SEAL if entry.issuer is Issuer.SEALS else HolderKind.PERSON


def _public_key(certificate: pyca.Certificate) -> PublicKey:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise TypeError("neither an RSA nor an EC key")
    return key


def _information(key: PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _algorithm(key: PublicKey) -> KeyAlgorithm:
    if isinstance(key, rsa.RSAPublicKey):
        return KeyAlgorithm(f"rsa-{key.key_size}")
    return KeyAlgorithm(f"p{key.key_size}")
