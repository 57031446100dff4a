"""Whether a certificate may be relied on for what it signed, at the time that is proven (EN 319 102-1, 5.2.6, 5.6)."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from asn1crypto import x509

from esign.verify.chains import Chain, Chains
from esign.verify.policy import (
    Policy,
    Weakness,
    may_sign_documents,
    may_stamp_times,
    weakness_of_certificates,
)
from esign.verify.report import FetchRequest, Finding, Indication, RevocationInfo, SubIndication
from esign.verify.revocation import RevocationData, RevocationStatus
from esign.verify.shown import shown_name
from esign.verify.steps import Check, Steps
from esign.x509 import crl as x509_crl
from esign.x509.revocation import RevocationReason

_HARMLESS_FOR_TIMESTAMPS = (
    RevocationReason.AFFILIATION_CHANGED,
    RevocationReason.SUPERSEDED,
    RevocationReason.CESSATION_OF_OPERATION,
)
"""Reasons after which older time-stamps keep their worth (RFC 3161, 4)."""

Problem = tuple[Indication, SubIndication, Finding]
"""What stands against a certificate."""


@dataclass(frozen=True)
class Conclusion:
    """An indication with its sub-indication and what led to it."""

    indication: Indication
    sub_indication: SubIndication | None = None
    findings: tuple[Finding, ...] = ()
    chain: Chain = ()
    revocation: tuple[RevocationInfo, ...] = ()
    embedded: bool = False
    """The file itself brings revocation data for all of the chain."""

    @property
    def passed(self) -> bool:
        """Whether the indication is TOTAL_PASSED."""
        return self.indication is Indication.TOTAL_PASSED


@dataclass
class Trusting:
    """What one validation trusts and knows, shared by its signatures and time-stamps."""

    chains: Chains
    revocation: RevocationData
    policy: Policy
    at: datetime
    missing: dict[tuple[str, bytes], FetchRequest] = field(default_factory=dict)

    def judge_signer(self, certificate: x509.Certificate, proven: datetime, steps: Steps | None = None) -> Conclusion:
        """Whether a document signature of that certificate holds that is proven to exist at ``proven``.

        The checks made are noted in ``steps``.
        """
        steps = Steps() if steps is None else steps
        if not may_sign_documents(self.policy, certificate):
            return self._refused(certificate, proven, "its purposes don't include signing documents", steps)
        steps.passed(Check.PURPOSE, "it may sign documents", certificate.sha256.hex())
        return self._judge(certificate, proven, steps, fresh_for=proven, stamped=None)

    def judge_authority(
        self, certificate: x509.Certificate, proven: datetime, stamped: datetime, steps: Steps | None = None
    ) -> Conclusion:
        """Whether a time-stamp holds that states ``stamped`` and is proven to exist at ``proven``.

        Its revocation data must be fresh for the time that it states: what a time-stamp authority signed
        before its revocation without loss of key stays good (RFC 3161, 4). The checks made are noted in ``steps``.
        """
        steps = Steps() if steps is None else steps
        if not may_stamp_times(certificate):
            return self._refused(certificate, proven, "it is no time-stamping certificate", steps)
        steps.passed(Check.PURPOSE, "it may stamp times", certificate.sha256.hex())
        return self._judge(certificate, proven, steps, fresh_for=stamped, stamped=stamped)

    def _refused(self, certificate: x509.Certificate, proven: datetime, message: str, steps: Steps) -> Conclusion:
        finding = _fail("certificate.purpose", message)
        steps.found(finding, certificate=certificate.sha256.hex())
        standing = self.chains.standing(certificate, proven)
        if standing.state == "none":
            return _no_chain(standing.chain, steps)
        return Conclusion(Indication.INDETERMINATE, SubIndication.CHAIN_CONSTRAINTS_FAILURE, (finding,), standing.chain)

    def _judge(
        self,
        certificate: x509.Certificate,
        proven: datetime,
        steps: Steps,
        *,
        fresh_for: datetime,
        stamped: datetime | None,
    ) -> Conclusion:
        standing = self.chains.standing(certificate, proven)
        if standing.state == "none":
            return _no_chain(standing.chain, steps)
        anchor = standing.chain[-1]
        steps.passed(Check.CHAIN, f"to {shown_name(anchor.subject)}", anchor.sha256.hex())
        if standing.state == "broken":
            finding = _fail("chain.broken", standing.reason[:300])
            steps.found(finding)
            sub = SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE
            return Conclusion(Indication.INDETERMINATE, sub, (finding,), standing.chain)
        chain = standing.chain
        steps.passed(Check.PATH, f"{len(chain)} certificates")
        statuses = [
            self.revocation.status(item, issuer, fresh_for if stamped is None else stamped, self.at)
            for item, issuer in pairwise(chain)
        ]
        infos = tuple(
            info for item, status in zip(chain, statuses, strict=False) if (info := status.info(item)) is not None
        )
        embedded = all(
            any(statement.origin in ("dss", "cms") for statement in self.revocation.statements(item, issuer))
            for item, issuer in pairwise(chain)
        )
        problem = (
            self._dates(chain, proven, steps)
            or self._revoked(chain, statuses, proven, stamped, steps)
            or self._unknown(chain, statuses, steps)
            or self._weak(chain, proven, steps)
        )
        if problem is None:
            return Conclusion(Indication.TOTAL_PASSED, None, (), chain, infos, embedded)
        indication, sub, finding = problem
        return Conclusion(indication, sub, (finding,), chain, infos, embedded)

    def _dates(self, chain: Chain, proven: datetime, steps: Steps) -> Problem | None:
        problem = self._out_of_bounds(chain, proven)
        if problem is not None:
            steps.found(problem[2])
        else:
            for item in chain:
                found = f"{item.not_valid_before} to {item.not_valid_after}, at {proven}"
                steps.passed(Check.VALIDITY, found, item.sha256.hex())
        return problem

    def _out_of_bounds(self, chain: Chain, proven: datetime) -> Problem | None:
        slack = self.policy.tolerance
        leaf = chain[0]
        if proven + slack < leaf.not_valid_before:
            finding = _fail("certificate.not_yet_valid", f"proven at {proven}, valid from {leaf.not_valid_before}")
            return Indication.TOTAL_FAILED, SubIndication.NOT_YET_VALID, finding
        for index, item in enumerate(chain):
            if proven > item.not_valid_after:
                what = "the certificate" if index == 0 else shown_name(item.subject)
                finding = _fail("certificate.expired", f"{what} expired on {item.not_valid_after}")
                return Indication.INDETERMINATE, SubIndication.OUT_OF_BOUNDS_NO_POE, finding
            if proven + slack < item.not_valid_before:
                finding = _fail(
                    "chain.not_yet_valid", f"{shown_name(item.subject)} is valid from {item.not_valid_before}"
                )
                return Indication.INDETERMINATE, SubIndication.OUT_OF_BOUNDS_NO_POE, finding
        return None

    def _revoked(
        self,
        chain: Chain,
        statuses: list[RevocationStatus],
        proven: datetime,
        stamped: datetime | None,
        steps: Steps,
    ) -> Problem | None:
        problem = self._revoked_before(statuses, proven, stamped)
        for index, status in enumerate(statuses):
            fingerprint = chain[index].sha256.hex()
            if problem is not None and problem[3] == index:
                steps.found(problem[2], certificate=fingerprint)
                break
            if status.statement is not None:
                steps.passed(Check.REVOCATION, _told(status), fingerprint)
        return None if problem is None else problem[:3]

    def _revoked_before(
        self, statuses: list[RevocationStatus], proven: datetime, stamped: datetime | None
    ) -> tuple[Indication, SubIndication, Finding, int] | None:
        """The problem, and which certificate of the chain has it."""
        for index, status in enumerate(statuses):
            if status.statement is None:
                continue
            answer = status.statement.answer
            revoked_at = answer.revoked_at
            if revoked_at is None or (status.state != "revoked" and stamped is None):
                continue
            if proven < revoked_at:
                continue
            if stamped is not None and stamped < revoked_at and answer.reason in _HARMLESS_FOR_TIMESTAMPS:
                continue
            what = "on hold" if answer.on_hold else "revoked"
            finding = _fail("certificate.revoked", f"{what} since {revoked_at}, before the proven time {proven}")
            sub = SubIndication.REVOKED_NO_POE if index == 0 else SubIndication.REVOKED_CA_NO_POE
            return Indication.INDETERMINATE, sub, finding, index
        return None

    def _unknown(self, chain: Chain, statuses: list[RevocationStatus], steps: Steps) -> Problem | None:
        problem = None
        for item, issuer, status in zip(chain, chain[1:], statuses, strict=False):
            if status.state in ("good", "revoked"):
                steps.passed(Check.FRESH, _told(status), item.sha256.hex())
                continue
            self._ask(item, issuer)
            word = "only older than needed" if status.state == "stale" else "missing"
            finding = _fail("revocation.unknown", f"revocation data for {shown_name(item.subject)} are {word}")
            steps.found(finding, certificate=item.sha256.hex())
            problem = problem or (Indication.INDETERMINATE, SubIndication.TRY_LATER, finding)
        return problem

    def _ask(self, certificate: x509.Certificate, issuer: x509.Certificate) -> None:
        """Notes what a parent may fetch: for a chain that stands on a trusted root, nothing else."""
        ocsp_urls = tuple(url for url in certificate.ocsp_urls if url.lower().startswith(("http://", "https://")))
        crl_urls = tuple(x509_crl.distribution_points(certificate))
        wanted = (("ocsp", ocsp_urls), ("crl", crl_urls))
        for kind, urls in wanted:
            if urls:
                self.missing[(kind, certificate.sha256)] = FetchRequest(
                    kind="ocsp" if kind == "ocsp" else "crl",
                    subject=shown_name(certificate.subject),
                    urls=urls[:4],
                    certificate=certificate.dump(),
                    issuer=issuer.dump(),
                )

    def _weak(self, chain: Chain, proven: datetime, steps: Steps) -> Problem | None:
        weakness = weakness_of_certificates(self.policy, chain, proven)
        if weakness is None:
            steps.passed(Check.CHAIN_ALGORITHMS, f"at {proven}")
            return None
        problem = weak(weakness)
        steps.found(problem[2], Check.CHAIN_ALGORITHMS)
        return problem


def _told(status: RevocationStatus) -> str:
    """What the newest usable statement says, for the detailed report."""
    if status.statement is None:
        return status.state
    answer = status.statement.answer
    return f"{status.state} by {status.statement.kind} ({status.statement.origin}) of {answer.this_update}"


def weak(weakness: Weakness) -> Problem:
    """The indication for an algorithm that didn't count at the proven time (EN 319 102-1, 5.2.8)."""
    if weakness.until is None:
        finding = _fail("algorithm.weak", f"{weakness.what} is not acceptable")
        return Indication.INDETERMINATE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, finding
    finding = _fail("algorithm.weak", f"{weakness.what} is acceptable only until {weakness.until:%Y-%m-%d}")
    return Indication.INDETERMINATE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, finding


def _no_chain(chain: Chain, steps: Steps) -> Conclusion:
    finding = _fail("chain.none", "no chain leads to a trusted root")
    steps.found(finding)
    return Conclusion(Indication.INDETERMINATE, SubIndication.NO_CERTIFICATE_CHAIN_FOUND, (finding,), chain)


def _fail(code: str, message: str) -> Finding:
    return Finding(code=code, severity="fail", message=message)
