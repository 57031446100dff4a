"""What validation asked and what it found, noted while it goes: the matter of the detailed report.

Each check belongs to a building block of EN 319 102-1, clauses 5.2 to 5.6. Whoever makes a check notes it; a check
that nobody noted was not reached.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from esign.verify.report import Finding


class Block(StrEnum):
    """The building blocks and processes of EN 319 102-1."""

    FORMAT = "format_checking"
    SIGNER = "identification_of_the_signing_certificate"
    CONTEXT = "validation_context_initialisation"
    CERTIFICATE = "x509_certificate_validation"
    FRESHNESS = "revocation_freshness"
    CRYPTO = "cryptographic_verification"
    ACCEPTANCE = "signature_acceptance_validation"
    TIMESTAMPS = "timestamp_validation"
    TIME = "proof_of_existence"
    PAST = "past_signature_validation"


class Check(StrEnum):
    """The checks, by stable codes."""

    DICTIONARY = "format.dictionary"
    BYTE_RANGE = "format.byte_range"
    GAP = "format.gap"
    REVISION = "format.revision"
    FIELD = "format.field"
    OVERWRITTEN = "format.overwritten"
    OVERLAP = "format.overlap"
    FOLLOWING = "format.following_bytes"
    CHANGES = "format.changes"
    MESSAGE = "format.message"
    CONTENT = "format.content"
    ATTRIBUTES = "format.attributes"
    IDENTIFIED = "signer.certificate"
    REFERENCE = "signer.reference"
    POLICY = "context.policy"
    CHAIN = "certificate.chain"
    PATH = "certificate.path"
    PURPOSE = "certificate.purpose"
    VALIDITY = "certificate.validity"
    REVOCATION = "certificate.revocation"
    CHAIN_ALGORITHMS = "certificate.algorithms"
    FRESH = "revocation.fresh"
    DIGEST = "crypto.digest"
    VALUE = "crypto.value"
    ALGORITHMS = "acceptance.algorithms"
    IMPRINT = "timestamp.imprint"
    ORDER = "timestamp.order"
    TIMESTAMP = "timestamp.passed"
    PROVEN = "time.proven"
    PAST = "past.proven_time"
    OTHER = "other"


class Outcome(StrEnum):
    """What came of a check."""

    PASSED = "passed"
    FAILED = "failed"
    WARNED = "warned"
    INFORMED = "informed"
    NOT_REACHED = "not_reached"
    """An earlier answer settled the matter, or it was not asked for."""


@dataclass(frozen=True)
class Step:
    """One check that was made."""

    check: Check
    outcome: Outcome
    found: str
    """What was found, in technical English."""
    finding: str | None = None
    """The code of the finding that came of it."""
    certificate: str | None = None
    """Which certificate it is about: SHA-256, in hexadecimal."""


_OF_FINDINGS: dict[str, Check] = {
    "signature.unreadable": Check.DICTIONARY,
    "signature.compressed": Check.DICTIONARY,
    "signature.unreferenced": Check.DICTIONARY,
    "signature.key_twice": Check.DICTIONARY,
    "signature.without_field": Check.FIELD,
    "signature.shared_dictionary": Check.FIELD,
    "signature.detached": Check.FIELD,
    "signature.overwritten": Check.OVERWRITTEN,
    "signature.not_understood": Check.MESSAGE,
    "byte_range.overlap": Check.OVERLAP,
    "revision.final_unreadable": Check.FOLLOWING,
    "revision.not_continued": Check.FOLLOWING,
    "bytes.unaccounted": Check.FOLLOWING,
    "cms.encapsulated": Check.CONTENT,
    "cms.content_type": Check.ATTRIBUTES,
    "cms.not_der": Check.ATTRIBUTES,
    "cms.unsorted": Check.ATTRIBUTES,
    "cms.attribute_twice": Check.ATTRIBUTES,
    "cms.no_message_digest": Check.ATTRIBUTES,
    "cms.digest": Check.DIGEST,
    "cms.no_certificate": Check.IDENTIFIED,
    "cms.several_certificates": Check.IDENTIFIED,
    "cms.no_signing_certificate_attribute": Check.REFERENCE,
    "cms.other_certificate": Check.REFERENCE,
    "cms.value": Check.VALUE,
    "cms.algorithm": Check.VALUE,
    "timestamp.empty": Check.CONTENT,
    "timestamp.digest": Check.DIGEST,
    "timestamp.imprint": Check.IMPRINT,
    "timestamp.future": Check.ORDER,
    "timestamp.algorithm": Check.IMPRINT,
    "timestamp.unreadable": Check.MESSAGE,
    "chain.none": Check.CHAIN,
    "chain.broken": Check.PATH,
    "chain.not_yet_valid": Check.VALIDITY,
    "certificate.purpose": Check.PURPOSE,
    "certificate.expired": Check.VALIDITY,
    "certificate.not_yet_valid": Check.VALIDITY,
    "certificate.revoked": Check.REVOCATION,
    "revocation.unknown": Check.FRESH,
    "algorithm.weak": Check.ALGORITHMS,
}
_OF_KINDS: dict[str, Check] = {
    "byte_range": Check.BYTE_RANGE,
    "contents": Check.GAP,
    "gap": Check.GAP,
    "revision": Check.REVISION,
    "cms": Check.MESSAGE,
    "chain": Check.PATH,
    "certificate": Check.PATH,
    "revocation": Check.FRESH,
    "algorithm": Check.ALGORITHMS,
}


def check_of(code: str) -> Check:
    """The check that a finding of that code came of."""
    return _OF_FINDINGS.get(code) or _OF_KINDS.get(code.partition(".")[0], Check.OTHER)


_OUTCOMES = {"fail": Outcome.FAILED, "warn": Outcome.WARNED, "inform": Outcome.INFORMED}


class Steps:
    """The checks of one signature or time-stamp, in the order in which they were made."""

    def __init__(self, steps: Iterable[Step] = ()) -> None:
        self._steps = list(steps)

    @property
    def taken(self) -> tuple[Step, ...]:
        """All that were noted, each once."""
        return tuple(dict.fromkeys(self._steps))

    def passed(self, check: Check, found: str = "", certificate: str | None = None) -> None:
        """Notes a check that passed."""
        self._steps.append(Step(check, Outcome.PASSED, found, None, certificate))

    def informed(self, check: Check, found: str, certificate: str | None = None) -> None:
        """Notes what a check found that neither passes nor fails."""
        self._steps.append(Step(check, Outcome.INFORMED, found, None, certificate))

    def found(self, finding: Finding, check: Check | None = None, certificate: str | None = None) -> None:
        """Notes the check that a finding came of."""
        outcome = _OUTCOMES[finding.severity]
        self._steps.append(Step(check or check_of(finding.code), outcome, finding.message, finding.code, certificate))
