"""The checks of a validation by name, and how much each may count: the vocabulary of a policy file."""

from enum import StrEnum


class Severity(StrEnum):
    """What follows when a check does not hold."""

    FAIL = "FAIL"
    """The signature (or the file) is not genuine."""
    WARN = "WARN"
    """It is told as a warning, and changes no indication."""
    INFORM = "INFORM"
    """It is told, and changes no indication."""
    IGNORE = "IGNORE"
    """It is not asked."""


class PolicyCheck(StrEnum):
    """What is asked of a file, of each signature, of its signer and of its time-stamps."""

    FILE_READABLE = "file.readable"
    """The file could be examined wholly (rule 9)."""
    FILE_ACTIVE_CONTENT = "file.active_content"
    """What is signed is self-contained: no script, no form that computes, nothing from outside (rule 10)."""
    FILE_HYBRID_CONFLICT = "file.hybrid_conflict"
    """Old and new readers see the same objects in a file with hybrid cross-references."""
    FILE_TRAILING_BYTES = "file.trailing_bytes"
    """No white space after the end of the file (rule 4; anything else there is never permitted)."""

    SIGNATURE_STRUCTURE = "signature.structure"
    """ByteRange, gap and dictionary are as they must be (rules 1 to 3 and 5)."""
    SIGNATURE_DIGEST = "signature.digest"
    """The signed bytes have the signed digest."""
    SIGNATURE_VALUE = "signature.value"
    """The signature value fits the certificate's key."""
    SIGNATURE_FORM = "signature.form"
    """The CMS is sound: one SignerInfo, DER attributes, nothing encapsulated (rule 7)."""
    SIGNATURE_UNDERSTOOD = "signature.understood"
    """Its encoding is one that is known (rule 9)."""
    SIGNATURE_CHANGES = "signature.changes"
    """Nothing was changed since but what is permitted (rules 4 and 6)."""
    SIGNATURE_LATER_CHANGES = "signature.later_changes"
    """Nothing at all was changed since, permitted or not."""
    SIGNATURE_CERTIFICATE_NAMED = "signature.certificate_named"
    """A PAdES signature names its certificate by digest (EN 319 142-1, 6.3)."""
    SIGNATURE_ALGORITHMS = "signature.algorithms"
    """Its algorithm and key were acceptable at the proven time."""
    SIGNATURE_TIMESTAMP_PRESENT = "signature.timestamp_present"
    """A trusted time-stamp proves when it existed."""
    SIGNATURE_TIMESTAMPS_TRUSTED = "signature.timestamps_trusted"
    """Every time-stamp that it carries can be relied on."""

    SIGNER_CHAIN = "signer.chain"
    """The signer's chain stands and leads to a trusted root (RFC 5280, section 6)."""
    SIGNER_TRUST_SCOPE = "signer.trust_scope"
    """The trust list lets the chain's certificates vouch for this, at the proven time."""
    SIGNER_PURPOSE = "signer.purpose"
    """The certificate's key usages include signing documents."""
    SIGNER_NOT_YET_VALID = "signer.not_yet_valid"
    """The certificate was already valid at the proven time."""
    SIGNER_EXPIRED = "signer.expired"
    """The certificate had not expired at the proven time."""
    SIGNER_ISSUER_VALIDITY = "signer.issuer_validity"
    """Those above it, the root included, were within their validity at the proven time."""
    SIGNER_REVOKED = "signer.revoked"
    """The certificate was not revoked or on hold at the proven time."""
    SIGNER_ISSUER_REVOKED = "signer.issuer_revoked"
    """Nor were those above it."""
    SIGNER_REVOCATION_KNOWN = "signer.revocation_known"
    """There are revocation data for each certificate of the chain."""
    SIGNER_REVOCATION_FRESH = "signer.revocation_fresh"
    """They are recent enough for the proven time (rule 8)."""
    SIGNER_CHAIN_ALGORITHMS = "signer.chain_algorithms"
    """The keys and signatures of the chain were acceptable at the proven time."""

    TIMESTAMP_INTACT = "timestamp.intact"
    """A time-stamp belongs to these data and its own signature holds."""
    TIMESTAMP_CHAIN = "timestamp.chain"
    """Its authority's chain stands and leads to a trusted root."""
    TIMESTAMP_TRUST_SCOPE = "timestamp.trust_scope"
    """The trust list lets the chain's certificates vouch for time-stamps."""
    TIMESTAMP_PURPOSE = "timestamp.purpose"
    """Its certificate is one for time-stamps alone (RFC 3161, 2.3)."""
    TIMESTAMP_FUTURE = "timestamp.future"
    """It does not state a time to come."""
    TIMESTAMP_NOT_YET_VALID = "timestamp.not_yet_valid"
    """Its certificate was already valid."""
    TIMESTAMP_EXPIRED = "timestamp.expired"
    """Its certificate has not expired, unless a later time-stamp covers it."""
    TIMESTAMP_ISSUER_VALIDITY = "timestamp.issuer_validity"
    """Nor have those above it."""
    TIMESTAMP_REVOKED = "timestamp.revoked"
    """Its certificate was not revoked."""
    TIMESTAMP_ISSUER_REVOKED = "timestamp.issuer_revoked"
    """Nor were those above it."""
    TIMESTAMP_REVOCATION_KNOWN = "timestamp.revocation_known"
    """There are revocation data for its chain."""
    TIMESTAMP_REVOCATION_FRESH = "timestamp.revocation_fresh"
    """They are recent enough for the time that it states."""
    TIMESTAMP_CHAIN_ALGORITHMS = "timestamp.chain_algorithms"
    """The keys and signatures of its chain are acceptable."""
    TIMESTAMP_ALGORITHMS = "timestamp.algorithms"
    """Its own imprint, signature and key are acceptable."""

    @property
    def fixed(self) -> bool:
        """Whether it is part of what a verdict means, so that no policy may lower it."""
        return self in _FIXED


_FIXED = frozenset(
    {
        PolicyCheck.FILE_READABLE,
        PolicyCheck.SIGNATURE_STRUCTURE,
        PolicyCheck.SIGNATURE_DIGEST,
        PolicyCheck.SIGNATURE_VALUE,
        PolicyCheck.SIGNATURE_FORM,
        PolicyCheck.SIGNATURE_UNDERSTOOD,
        PolicyCheck.SIGNATURE_CHANGES,
        PolicyCheck.SIGNER_CHAIN,
        PolicyCheck.TIMESTAMP_INTACT,
        PolicyCheck.TIMESTAMP_CHAIN,
    }
)
