"""The dev CA as the rest of the service sees it."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from asn1crypto import x509

from esign.ca.authority import Consent, Credential, CredentialStatus
from esign.ca.dev import creation
from esign.ca.dev.authorities import Authorities
from esign.ca.dev.codes import Counter, Deliver, DevCodes, DevSeals, Purpose, Spending
from esign.ca.dev.crl import RevocationLists
from esign.ca.dev.database import Database, Entry
from esign.ca.dev.folder import Folder, Record
from esign.ca.dev.hierarchy import ROLES, Addresses, Issuer, Role
from esign.ca.dev.issuance import Issuance, refuse_unusable, status
from esign.ca.dev.responder import Responders
from esign.ca.dev.sources import InProcessRevocation
from esign.ca.dev.subject import HolderKind
from esign.ca.dev.timestamps import TimestampAuthority
from esign.ca.dev.vault import Vault
from esign.errors import CodesUnsupported, ConsentIncomplete, EsignError, KeyElsewhere, SignerUnknown, WrongCode
from esign.x509 import keys
from esign.x509.cache import CachedRevocation
from esign.x509.clock import Clock
from esign.x509.keys import KeyAlgorithm, PrivateKey
from esign.x509.sources import RevocationSource
from esign.x509.trust import TrustStore

_log = logging.getLogger("esign.ca.dev")


class DevCa:
    """A development certificate authority in a folder; implements `esign.ca.authority.Authority`.

    Its registration desk (``issue``, ``certify``, ``renew``, ``suspend``, ``resume``, ``revoke``, ``certificates``) is
    described at `esign.ca.dev.issuance.Issuance`.

    Safe in threads, and several processes may have the same folder open. Close it, or use it in ``with``.
    """

    name = "dev"

    warning = (
        "This is the development CA. Anyone may issue certificates with it in any name, its keys lie in plain files, "
        "and nobody outside trusts it. Never sign official letters with it."
    )

    def __init__(self, folder: Folder, pki_url: str, tag: str, clock: Clock, *, deliver: Deliver | None = None) -> None:
        """For `open` and `create`, which check first."""
        self.folder = folder
        self.addresses = Addresses(pki_url)
        self._clock = clock
        self._database = Database(folder.database)
        self._authorities = Authorities(folder, self._database, self.addresses, tag, clock)
        self._vault = Vault(folder)
        self._counter = Counter(self._database, self._authorities, self._vault)
        self._codes, self._seals = DevCodes(self._counter, deliver), DevSeals(self._counter, deliver)
        desk = Issuance(self._database, self._authorities, self._vault)
        self.issue, self.certify = desk.issue, desk.certify
        self.renew, self.reissue_signers = desk.renew, desk.reissue
        self.suspend, self.resume, self.revoke, self.certificates = (
            desk.suspend,
            desk.resume,
            desk.revoke,
            desk.certificates,
        )
        self.responders = Responders(self._database, self._authorities)
        self.revocation_lists = RevocationLists(self._database, self._authorities)
        self.timestamp_authority = TimestampAuthority(self._authorities)
        revocation = InProcessRevocation(self._authorities, self.responders, self.revocation_lists)
        self._revocation = CachedRevocation(revocation, clock)

    # --- opening and closing

    @classmethod
    def create(
        cls,
        folder: Path,
        pki_url: str,
        clock: Clock,
        *,
        environment: str = "development",
        hierarchy: KeyAlgorithm = KeyAlgorithm.RSA_3072,
        deliver: Deliver | None = None,
    ) -> Self:
        """A new CA in ``folder``, which may exist but holds none yet.

        ``pki_url`` is where others reach its ``/pki``. ``hierarchy`` is the kind of key of root and issuing
        CAs; responders and the time-stamp authority have RSA-2048 under RSA, else the same.
        Raises `ConfigurationError`.
        """
        creation.refuse_production(environment)
        creation.create(Folder(folder), creation.normal_url(pki_url), clock.now(), hierarchy)
        return cls.open(folder, pki_url, clock, environment=environment, deliver=deliver)

    @classmethod
    def open(
        cls,
        folder: Path,
        pki_url: str,
        clock: Clock,
        *,
        environment: str = "development",
        deliver: Deliver | None = None,
    ) -> Self:
        """The CA in ``folder``. Says its `warning` in the log.

        ``deliver`` brings one-time codes to people; without it, there are none.
        Raises `ConfigurationError`: in production, without a CA there, or where it was made for another ``pki_url``.
        """
        creation.refuse_production(environment)
        url = creation.normal_url(pki_url)
        record = creation.recorded(Folder(folder), url)
        _log.warning(cls.warning)
        return cls(Folder(folder), url, record.tag, clock, deliver=deliver)

    @classmethod
    def open_or_create(
        cls,
        folder: Path,
        pki_url: str,
        clock: Clock,
        *,
        environment: str = "development",
        hierarchy: KeyAlgorithm = KeyAlgorithm.RSA_3072,
        deliver: Deliver | None = None,
    ) -> Self:
        """The CA in ``folder``, made at first use. Raises as `open` does."""
        creation.refuse_production(environment)
        url = creation.normal_url(pki_url)
        creation.create(Folder(folder), url, clock.now(), hierarchy, existing_ok=True)
        return cls.open(folder, url, clock, environment=environment, deliver=deliver)

    @classmethod
    def reissue(cls, folder: Path, pki_url: str, clock: Clock, *, environment: str = "development") -> int:
        """Moves the CA to another address: every current certificate is issued anew over its own key.

        The root stays as it is, so letters signed before stay valid; their certificates stay in the register.
        Gives the number of signers' certificates issued. Raises `ConfigurationError`.
        """
        creation.refuse_production(environment)
        url = creation.normal_url(pki_url)
        with Folder(folder).locked():
            record = creation.record_of(Folder(folder))
            creation.reissue_roles(Folder(folder), record, url, clock.now())
            with cls(Folder(folder), url, record.tag, clock) as ca:
                count = ca.reissue_signers()
            Folder(folder).write_record(Record(pki_url=url, tag=record.tag))
        return count

    def close(self) -> None:
        """Closes the register."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # --- the port

    def credential(self, holder: str) -> Credential:
        """The state of the holder's credential now. Raises `AuthorityUnavailable`."""
        with self._database.reading() as register:
            entry = register.of_holder(holder)
        if entry is None:
            return Credential(self.name, holder, CredentialStatus.NOT_REGISTERED, None, ())
        return Credential(
            authority=self.name,
            holder=holder,
            status=status(entry, self._clock.now()),
            certificate=entry.certificate,
            chain=self._authorities.chain(entry.issuer),
            revoked_at=entry.revoked_at,
        )

    @contextmanager
    def activate(self, holder: str, consent: Consent) -> Iterator["DevActivation"]:
        """Opens the holder's key, with its passphrase or a one-time code. Where both are given, both must be right.

        With a code no more signatures are made than the consent is for, and those not made are given back to it.
        Raises `SignerUnknown`, `KeyElsewhere`, the `CredentialUnusable` that fits, `WrongPassphrase`, `WrongCode`,
        `CodesUnsupported` for a key from before there were codes, `ConsentIncomplete`, `AuthorityUnavailable`.
        """
        if consent.passphrase is None and consent.code is None:
            raise ConsentIncomplete(authority=self.name, missing="passphrase")
        with self._database.reading() as register:
            entry = register.of_holder(holder)
            if entry is None:
                raise SignerUnknown
            if entry.private_key is None:
                raise KeyElsewhere(authority=self.name)
            refuse_unusable(entry, self._clock.now())
            sealed, copy = register.private_key(entry.private_key), register.key_copy(entry.private_key)
        public_key = entry.certificate.public_key.dump()
        with ExitStack() as closing:
            spending: Spending | None = None
            if consent.passphrase is not None:
                key = keys.decrypt(sealed, consent.passphrase.reveal().encode(), public_key)
            elif copy is not None:
                key = self._vault.open(copy, public_key)
            else:
                raise CodesUnsupported(authority=self.name)
            if consent.code is not None:
                purpose = Purpose.SEAL if entry.kind is HolderKind.SEAL else Purpose.SIGNING
                spent = self._counter.spent(holder, purpose, consent.code, consent.signatures)
                spending = closing.enter_context(spent)
            activation = DevActivation(self, entry, self._authorities.chain(entry.issuer), key, spending)
            closing.callback(activation.end)
            yield activation

    def codes(self) -> DevCodes:
        """Its one-time codes for signing."""
        return self._codes

    def seals(self) -> DevSeals:
        """The activations of its seals, which open with their passphrase too."""
        return self._seals

    def roots(self) -> Sequence[x509.Certificate]:
        """Its root."""
        return (self._authorities.own(Issuer.ROOT).certificate,)

    def own_certificates(self) -> Sequence[x509.Certificate]:
        """Of all its roles."""
        return tuple(self._authorities.own(role).certificate for role in ROLES)

    def timestamps(self) -> TimestampAuthority:
        """Its time-stamp authority, in this process."""
        return self.timestamp_authority

    def revocation(self) -> RevocationSource:
        """Its OCSP responders and CRLs, in this process; see `CachedRevocation`."""
        return self._revocation

    def problems(self) -> Sequence[str]:
        """What keeps it from being ready, in plain English."""
        try:
            found = [f"the private key of {role} can't be read" for role in self._authorities.missing_keys()]
            now = self._clock.now()
            for role in ROLES:
                own = self._authorities.own(role)
                if now < own.certificate.not_valid_before:
                    found.append(f"the certificate of {role} is not yet valid: the clock is wrong")
                elif now > own.not_after:
                    found.append(f"the certificate of {role} expired on {own.not_after:%Y-%m-%d}: esign ca reissue")
        except EsignError as error:
            return [f"the dev CA in {self.folder.path} can't be used: {error.code}"]
        return found

    def trust(self) -> TrustStore:
        """Its root as anchor and its issuing CAs, for validating what it vouches for."""
        own = self._authorities.own
        return TrustStore(
            anchors=(own(Issuer.ROOT).certificate,),
            intermediates=(own(Issuer.PERSONS).certificate, own(Issuer.SEALS).certificate),
        )

    def own_certificate(self, role: Role) -> x509.Certificate:
        """The current certificate of one of the CA's own."""
        return self._authorities.own(role).certificate

    def now(self) -> datetime:
        """The CA's time."""
        return self._clock.now()

    def refuse_unusable(self, certificate: x509.Certificate) -> None:
        """Raises the `CredentialUnusable` that fits, unless a signer's certificate may sign now."""
        issuer = Issuer.SEALS if certificate.issuer == self.own_certificate(Issuer.SEALS).subject else Issuer.PERSONS
        with self._database.reading() as register:
            entry = register.of_serial(issuer, certificate.serial_number)
        if entry is None:
            raise SignerUnknown
        refuse_unusable(entry, self._clock.now())


class DevActivation:
    """A signer's opened key; implements `esign.ca.authority.Activation`."""

    def __init__(
        self, ca: DevCa, entry: Entry, chain: Sequence[x509.Certificate], key: PrivateKey, spending: Spending | None
    ) -> None:
        self.certificate = entry.certificate
        self.chain = chain
        self._ca = ca
        self._key: PrivateKey | None = key
        self._spending = spending
        self._counting = threading.Lock()

    def sign_digests(self, digests: Sequence[bytes], digest_algorithm: str) -> Sequence[bytes]:
        """The signature values over digests. The certificate's state is asked anew each time.

        Raises ValueError for a digest that isn't SHA-256, SHA-384 or SHA-512, RuntimeError after the end of the
        activation, `WrongCode` for more signatures than the code was to make, the `CredentialUnusable` that fits,
        `AuthorityUnavailable`.
        """
        key = self._key
        if key is None:
            raise RuntimeError("this activation has ended")
        self._ca.refuse_unusable(self.certificate)
        if self._spending is None:
            return [keys.sign_digest(key, digest, digest_algorithm) for digest in digests]
        with self._counting:
            if self._spending.left < len(digests):
                raise WrongCode
            values = [keys.sign_digest(key, digest, digest_algorithm) for digest in digests]
            self._spending.left -= len(digests)
            return values

    def end(self) -> None:
        """Forgets the key."""
        self._key = None
