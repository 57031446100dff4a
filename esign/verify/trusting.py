"""Whether a certificate may be relied on for what it signed, at the time that is proven (EN 319 102-1, 5.2.6, 5.6)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import Literal

from asn1crypto import x509

from esign.verify.chains import Chain, Chains
from esign.verify.checks import PolicyCheck, Severity
from esign.verify.cms import ODD_INPUT
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
from esign.x509.chains import issuer_addresses
from esign.x509.revocation import RevocationReason
from esign.x509.scope import Use, uses_of_signer

_HARMLESS_FOR_TIMESTAMPS = (
    RevocationReason.AFFILIATION_CHANGED,
    RevocationReason.SUPERSEDED,
    RevocationReason.CESSATION_OF_OPERATION,
)
"""Reasons after which older time-stamps keep their worth (RFC 3161, 4)."""

Problem = tuple[Indication, SubIndication, Finding]
"""What stands against a certificate."""
Role = Literal["signer", "timestamp"]
"""Whose certificate it is: the policy asks the same of both, each by a name of its own."""


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
class _Weighing:
    """What stands against one certificate, each problem as heavy as the policy has it."""

    policy: Policy
    role: Role
    steps: Steps
    notes: list[Finding] = field(default_factory=list)
    """What was found and does not fail."""

    def asks(self, name: str) -> bool:
        """Whether the policy asks for the check at all."""
        return self.policy.severity(self._check(name)) is not Severity.IGNORE

    def failing(
        self, name: str, problem: Problem, step: Check | None = None, certificate: str | None = None
    ) -> Problem | None:
        """The problem, if its check must hold; else it is noted, or ignored."""
        steered = self.policy.steered(self._check(name), problem[2])
        if steered is None:
            return None
        self.steps.found(steered, step, certificate)
        if steered.severity == "fail":
            return problem
        self.notes.append(steered)
        return None

    def _check(self, name: str) -> PolicyCheck:
        return PolicyCheck(f"{self.role}.{name}")


@dataclass
class Trusting:
    """What one validation trusts and knows, shared by its signatures and time-stamps."""

    chains: Chains
    revocation: RevocationData
    policy: Policy
    at: datetime
    missing: dict[tuple[str, bytes], FetchRequest] = field(default_factory=dict)

    def judge_signer(
        self,
        certificate: x509.Certificate,
        proven: datetime,
        steps: Steps | None = None,
        *,
        stated: datetime | None = None,
    ) -> Conclusion:
        """Whether a document signature of that certificate holds that is proven to exist at ``proven``.

        ``stated``: what a time-stamp says that itself proves nothing any more. The checks made are noted in ``steps``.
        """
        weighing = _Weighing(self.policy, "signer", Steps() if steps is None else steps)
        purpose = None
        if may_sign_documents(self.policy, certificate):
            weighing.steps.passed(Check.PURPOSE, "it may sign documents", certificate.sha256.hex())
        else:
            purpose = self._unfit(certificate, "its purposes don't include signing documents", weighing)
        conclusion = self._judge(certificate, proven, weighing, purpose, fresh_for=proven, stamped=None)
        return self._raised(conclusion, stated or certificate.not_valid_after)

    def judge_authority(
        self, certificate: x509.Certificate, proven: datetime, stamped: datetime, steps: Steps | None = None
    ) -> Conclusion:
        """Whether a time-stamp holds that states ``stamped`` and is proven to exist at ``proven``.

        Its revocation data must be fresh for the time that it states: what a time-stamp authority signed
        before its revocation without loss of key stays good (RFC 3161, 4). The checks made are noted in ``steps``.
        """
        weighing = _Weighing(self.policy, "timestamp", Steps() if steps is None else steps)
        purpose = None
        if may_stamp_times(certificate):
            weighing.steps.passed(Check.PURPOSE, "it may stamp times", certificate.sha256.hex())
        else:
            purpose = self._unfit(certificate, "it is no time-stamping certificate", weighing)
        conclusion = self._judge(certificate, proven, weighing, purpose, fresh_for=stamped, stamped=stamped)
        return self._raised(conclusion, stamped)

    def _raised(self, conclusion: Conclusion, moment: datetime) -> Conclusion:
        """The conclusion on an expired certificate, raised where it is known not to have been revoked at ``moment``.

        EN 319 102-1, 5.2.6.4 and 5.6.2: that is all that archived revocation data can do. It would take a proof that
        what it signed existed before it expired to go further (5.6.2.4), and only a later time-stamp gives that.
        """
        chain = conclusion.chain
        if conclusion.sub_indication is not SubIndication.OUT_OF_BOUNDS_NO_POE or len(chain) < 2:
            return conclusion
        if not any(item.code == "certificate.expired" for item in conclusion.findings):
            return conclusion
        known = all(
            self.revocation.status(item, issuer, moment, self.at).state == "good" for item, issuer in pairwise(chain)
        )
        return replace(conclusion, sub_indication=SubIndication.OUT_OF_BOUNDS_NOT_REVOKED) if known else conclusion

    def _unfit(self, certificate: x509.Certificate, message: str, weighing: _Weighing) -> Problem | None:
        finding = _fail("certificate.purpose", message)
        problem = (Indication.INDETERMINATE, SubIndication.CHAIN_CONSTRAINTS_FAILURE, finding)
        return weighing.failing("purpose", problem, certificate=certificate.sha256.hex())

    def _judge(
        self,
        certificate: x509.Certificate,
        proven: datetime,
        weighing: _Weighing,
        purpose: Problem | None,
        *,
        fresh_for: datetime,
        stamped: datetime | None,
    ) -> Conclusion:
        steps = weighing.steps
        standing = self.chains.standing(certificate, proven)
        if standing.state == "none":
            self._ask_issuer(standing.chain)
            return _no_chain(standing.chain, steps)
        if purpose is not None:
            return Conclusion(purpose[0], purpose[1], (purpose[2],), standing.chain)
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
            self._dates(chain, proven, weighing)
            or self._out_of_scope(chain, proven, weighing)
            or self._revoked(chain, statuses, proven, stamped, weighing)
            or self._unknown(chain, statuses, weighing)
            or self._weak(chain, proven, weighing)
        )
        notes = tuple(weighing.notes)
        if problem is None:
            return Conclusion(Indication.TOTAL_PASSED, None, notes, chain, infos, embedded)
        indication, sub, finding = problem
        return Conclusion(indication, sub, (finding, *notes), chain, infos, embedded)

    def _dates(self, chain: Chain, proven: datetime, weighing: _Weighing) -> Problem | None:
        odd = False
        for name, problem in self._out_of_bounds(chain, proven):
            odd = True
            if (failing := weighing.failing(name, problem)) is not None:
                return failing
        if not odd:
            for item in chain:
                found = f"{item.not_valid_before} to {item.not_valid_after}, at {proven}"
                weighing.steps.passed(Check.VALIDITY, found, item.sha256.hex())
        return None

    def _out_of_bounds(self, chain: Chain, proven: datetime) -> Iterator[tuple[str, Problem]]:
        """Each certificate that was not valid then, and the check that says so."""
        slack = self.policy.tolerance
        leaf = chain[0]
        if proven + slack < leaf.not_valid_before:
            finding = _fail("certificate.not_yet_valid", f"proven at {proven}, valid from {leaf.not_valid_before}")
            yield "not_yet_valid", (Indication.TOTAL_FAILED, SubIndication.NOT_YET_VALID, finding)
        for index, item in enumerate(chain):
            no_proof = SubIndication.OUT_OF_BOUNDS_NO_POE
            if proven > item.not_valid_after:
                what = "the certificate" if index == 0 else shown_name(item.subject)
                finding = _fail("certificate.expired", f"{what} expired on {item.not_valid_after}")
                yield "issuer_validity" if index else "expired", (Indication.INDETERMINATE, no_proof, finding)
            elif index and proven + slack < item.not_valid_before:
                name = shown_name(item.subject)
                finding = _fail("chain.not_yet_valid", f"{name} is valid from {item.not_valid_before}")
                yield "issuer_validity", (Indication.INDETERMINATE, no_proof, finding)

    def _out_of_scope(self, chain: Chain, proven: datetime, weighing: _Weighing) -> Problem | None:
        """What the trust list holds against the chain."""
        uses = (Use.TIMESTAMPS,) if weighing.role == "timestamp" else uses_of_signer(chain[0])
        refusal = self.chains.trust.refusal(chain, uses, proven)
        if refusal is None:
            return None
        finding = _fail("chain.out_of_scope", refusal.reason)
        sub = SubIndication.OUT_OF_BOUNDS_NO_POE if refusal.out_of_time else SubIndication.CHAIN_CONSTRAINTS_FAILURE
        return weighing.failing("trust_scope", (Indication.INDETERMINATE, sub, finding), Check.PATH)

    def _revoked(
        self,
        chain: Chain,
        statuses: list[RevocationStatus],
        proven: datetime,
        stamped: datetime | None,
        weighing: _Weighing,
    ) -> Problem | None:
        for index, status in enumerate(statuses):
            fingerprint = chain[index].sha256.hex()
            problem = self._revoked_before(status, index, proven, stamped)
            if problem is not None:
                name = "issuer_revoked" if index else "revoked"
                if (failing := weighing.failing(name, problem, certificate=fingerprint)) is not None:
                    return failing
            elif status.statement is not None:
                weighing.steps.passed(Check.REVOCATION, _told(status), fingerprint)
        return None

    def _revoked_before(
        self, status: RevocationStatus, index: int, proven: datetime, stamped: datetime | None
    ) -> Problem | None:
        """Whether the certificate of that place in the chain was revoked before the proven time."""
        if status.statement is None:
            return None
        answer = status.statement.answer
        revoked_at = answer.revoked_at
        if revoked_at is None or (status.state != "revoked" and stamped is None) or proven < revoked_at:
            return None
        if stamped is not None and stamped < revoked_at and answer.reason in _HARMLESS_FOR_TIMESTAMPS:
            return None
        what = "on hold" if answer.on_hold else "revoked"
        finding = _fail("certificate.revoked", f"{what} since {revoked_at}, before the proven time {proven}")
        sub = SubIndication.REVOKED_NO_POE if index == 0 else SubIndication.REVOKED_CA_NO_POE
        return Indication.INDETERMINATE, sub, finding

    def _unknown(self, chain: Chain, statuses: list[RevocationStatus], weighing: _Weighing) -> Problem | None:
        first = None
        for place, (item, status) in enumerate(zip(chain, statuses, strict=False), 1):
            if status.state in ("good", "revoked"):
                weighing.steps.passed(Check.FRESH, _told(status), item.sha256.hex())
                continue
            stale = status.state == "stale"
            name, word = ("revocation_fresh", "only older than needed") if stale else ("revocation_known", "missing")
            if weighing.asks(name):
                self._ask(item, chain[place:])
            finding = _fail("revocation.unknown", f"revocation data for {shown_name(item.subject)} are {word}")
            problem = (Indication.INDETERMINATE, SubIndication.TRY_LATER, finding)
            failing = weighing.failing(name, problem, certificate=item.sha256.hex())
            first = first or failing
        return first

    def _ask_issuer(self, chain: Chain) -> None:
        """Notes that an issuer is missing, where its certificate is said to be had."""
        last = chain[-1]
        try:
            urls = issuer_addresses(last)
        except ODD_INPUT:
            return
        if urls and last.subject != last.issuer:
            self.missing[("issuer", last.sha256)] = FetchRequest(
                kind="issuer", subject=shown_name(last.subject), urls=urls[:4], certificate=last.dump()
            )

    def _ask(self, certificate: x509.Certificate, above: Chain) -> None:
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
                    chain=tuple(item.dump() for item in above),
                )

    def _weak(self, chain: Chain, proven: datetime, weighing: _Weighing) -> Problem | None:
        weakness = weakness_of_certificates(self.policy, chain, proven)
        if weakness is None:
            weighing.steps.passed(Check.CHAIN_ALGORITHMS, f"at {proven}")
            return None
        return weighing.failing("chain_algorithms", weak(weakness), Check.CHAIN_ALGORITHMS)


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
