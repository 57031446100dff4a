"""The dev CA's certificate revocation lists (RFC 5280, section 5)."""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from esign.ca.dev.authorities import Authorities
from esign.ca.dev.database import Database, Entry, StoredCrl
from esign.ca.dev.hierarchy import Issuer
from esign.ca.dev.profiles import key_identifier
from esign.x509 import der
from esign.x509.revocation import RevocationReason

LIFETIME = timedelta(days=1)
"""nextUpdate − thisUpdate."""
STALE_AFTER = timedelta(hours=1)
"""A list of that age is made anew when it is asked for, though nothing changed."""

_EXPIRED_CERTIFICATES = x509.ObjectIdentifier("2.5.29.60")


class RevocationLists:
    """Makes the CRL of an issuer when it is asked for: kept while it is young and nothing changed."""

    def __init__(self, database: Database, authorities: Authorities) -> None:
        self._database = database
        self._authorities = authorities

    def current(self, issuer: Issuer) -> StoredCrl:
        """The CRL that holds now; its ``der``, ``this_update`` and ``next_update`` are never None."""
        now = self._authorities.now()
        with self._database.reading() as register:
            stored = register.crl(issuer)
        if _holds(stored, now):
            return stored
        with self._database.writing() as register:
            stored = register.crl(issuer)
            if _holds(stored, now):
                return stored
            number, revoked = stored.number + 1, register.revoked(issuer)
            encoded = self._sign(issuer, number, revoked, now)
            made = StoredCrl(number, encoded, now, now + LIFETIME, stored.changes, up_to_date=True)
            register.set_crl(issuer, made)
        return made

    def _sign(self, issuer: Issuer, number: int, revoked: list[Entry], now: datetime) -> bytes:
        signer = self._authorities.signer(issuer)
        own = self._authorities.own(issuer).certificate
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(signer.name)
            .last_update(now)
            .next_update(now + LIFETIME)
            .add_extension(
                x509.AuthorityKeyIdentifier(key_identifier(signer.key.public_key()), None, None), critical=False
            )
            .add_extension(x509.CRLNumber(number), critical=False)
            # Entries stay when the certificate expires, from the first on (X.509, expiredCertsOnCRL).
            .add_extension(
                x509.UnrecognizedExtension(_EXPIRED_CERTIFICATES, der.generalized_time(own.not_valid_before)),
                critical=False,
            )
        )
        for entry in revoked:
            builder = builder.add_revoked_certificate(_revoked(entry))
        return builder.sign(signer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _holds(stored: StoredCrl, now: datetime) -> bool:
    if stored.this_update is None or not stored.up_to_date:
        return False
    return stored.this_update <= now < stored.this_update + STALE_AFTER


def _revoked(entry: Entry) -> x509.RevokedCertificate:
    if entry.revoked_at is None or entry.reason is None:
        raise ValueError("not revoked")
    builder = x509.RevokedCertificateBuilder().serial_number(entry.serial).revocation_date(entry.revoked_at)
    # RFC 5280, 5.3.1: no reason rather than "unspecified".
    if entry.reason is not RevocationReason.UNSPECIFIED:
        builder = builder.add_extension(x509.CRLReason(x509.ReasonFlags(entry.reason.value)), critical=False)
    return builder.build()
