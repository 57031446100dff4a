"""What OCSP answers and CRLs say of a certificate, whichever of the two said it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from asn1crypto import x509


class RevocationState(StrEnum):
    """The state of a certificate (RFC 6960, 2.2)."""

    GOOD = "good"
    """Not revoked."""
    REVOKED = "revoked"
    """Revoked, or on hold (`RevocationReason.CERTIFICATE_HOLD`)."""
    UNKNOWN = "unknown"
    """The responder knows of no such certificate, or the CRL does not cover it."""


class RevocationReason(StrEnum):
    """Why a certificate was revoked (RFC 5280, 5.3.1), in the names of the ASN.1 module."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    CA_COMPROMISE = "cACompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    CERTIFICATE_HOLD = "certificateHold"
    REMOVE_FROM_CRL = "removeFromCRL"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"
    AA_COMPROMISE = "aACompromise"

    @property
    def number(self) -> int:
        """The value of CRLReason."""
        return _NUMBERS[self]


_NUMBERS = dict(zip(RevocationReason, (0, 1, 2, 3, 4, 5, 6, 8, 9, 10), strict=True))


@dataclass(frozen=True)
class RevocationAnswer:
    """What one OCSP answer or CRL says of one certificate, its signature and scope checked, its freshness not."""

    state: RevocationState
    this_update: datetime
    next_update: datetime | None
    produced_at: datetime
    """When the answer was signed; of a CRL its thisUpdate."""
    revoked_at: datetime | None
    reason: RevocationReason | None
    """The reason given; None without one, or where the certificate is not revoked."""
    digest_algorithm: str
    """The digest under the signature of the answer, by asn1crypto's name; what is strong enough is policy."""
    signer: x509.Certificate
    """Who signed: the issuer, or its delegated OCSP responder."""

    @property
    def on_hold(self) -> bool:
        """Whether the revocation may yet be lifted."""
        return self.reason is RevocationReason.CERTIFICATE_HOLD

    @property
    def freshness(self) -> timedelta | None:
        """The time from thisUpdate to nextUpdate, the default F of EN 319 102-1, 5.2.5.4; None without nextUpdate."""
        return None if self.next_update is None else self.next_update - self.this_update

    def is_fresh(self, moment: datetime, longest: timedelta | None = None) -> bool:
        """Whether the answer is recent enough to speak of ``moment``: thisUpdate ≥ moment − F.

        F is ``longest``, else `freshness`; with neither, only an answer made at or after the moment is.
        """
        return self.this_update >= moment - (longest or self.freshness or timedelta())
