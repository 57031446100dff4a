"""What a report lacks, asked for by the parent: for chains that stand, at once, and within a time."""

import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from asn1crypto import x509

from esign.errors import RevocationUnavailable
from esign.verify.cms import ODD_INPUT
from esign.verify.evidence import Material
from esign.verify.report import FetchRequest
from esign.x509 import chains
from esign.x509.encoding import read_certificate
from esign.x509.rejection import Rejected
from esign.x509.sources import IssuerSource, RevocationSource
from esign.x509.trust import TrustStore

MAX_FETCHES = 16
"""Certificates that are asked about, for one file."""
MAX_ROUNDS = 3
"""How often a file is looked at again for what was fetched: an issuer, then what is said of it."""
LATE = "there was no answer within the time for one check"


@dataclass(frozen=True)
class FetchLimits:
    """What fetching for one file may cost."""

    seconds: float = 10.0
    """All of it, however many certificates and rounds."""
    at_once: int = 4
    """Certificates asked about side by side."""


FETCH_LIMITS = FetchLimits()

Key = tuple[str, bytes]
"""Kind and certificate of a `FetchRequest`."""


@dataclass
class _Answers:
    ocsps: list[bytes] = field(default_factory=list)
    crls: list[bytes] = field(default_factory=list)
    certificates: list[bytes] = field(default_factory=list)
    outcomes: dict[Key, str] = field(default_factory=dict)


class Fetching:
    """The fetching for one file."""

    def __init__(self, source: RevocationSource | None, trust: TrustStore, limits: FetchLimits) -> None:
        """``source`` None fetches nothing, and says so of all that is missing."""
        self._source = source
        self._trust = trust
        self._limits = limits
        self._deadline = time.monotonic() + limits.seconds
        self._asked: set[Key] = set()
        self._outcomes: dict[Key, str] = {}

    def fetch(self, missing: tuple[FetchRequest, ...]) -> Material:
        """What could be had of what is missing; each thing is asked for once.

        For each certificate its OCSP answer, and its CRL where there is none.
        """
        if self._source is None:
            return Material()
        wanted: dict[bytes, list[FetchRequest]] = {}
        for request in missing:
            if (request.kind, request.certificate) not in self._asked:
                wanted.setdefault(request.certificate, []).append(request)
        chosen = list(wanted.values())[: max(0, MAX_FETCHES - len({der for _, der in self._asked}))]
        self._asked.update((request.kind, request.certificate) for group in chosen for request in group)
        answers = self._all(chosen)
        for each in answers:
            self._outcomes.update(each.outcomes)
        return Material(
            certificates=tuple(der for each in answers for der in each.certificates),
            ocsps=tuple(der for each in answers for der in each.ocsps),
            crls=tuple(der for each in answers for der in each.crls),
        )

    def told(self, missing: tuple[FetchRequest, ...]) -> tuple[FetchRequest, ...]:
        """What is still missing, each with why it could not be had."""
        if self._source is None:
            return tuple(item.model_copy(update={"outcome": "nothing is fetched here"}) for item in missing)
        return tuple(
            item.model_copy(update={"outcome": self._outcomes.get((item.kind, item.certificate))}) for item in missing
        )

    def _all(self, groups: list[list[FetchRequest]]) -> list[_Answers]:
        if not groups:
            return []
        executor = ThreadPoolExecutor(self._limits.at_once, thread_name_prefix="fetch")
        try:
            jobs: dict[Future[_Answers], list[FetchRequest]] = {
                executor.submit(self._about, group): group for group in groups
            }
            # Who is late goes on alone, within the limits of its own exchange: the next check finds what it kept.
            done, _ = wait(jobs, timeout=max(0.0, self._deadline - time.monotonic()))
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
        answers = []
        for job, group in jobs.items():
            if job in done:
                answers.append(job.result())
            else:
                answers.append(_Answers(outcomes={(each.kind, each.certificate): LATE for each in group}))
        return answers

    def _about(self, group: list[FetchRequest]) -> _Answers:
        """What can be had about one certificate. Never raises."""
        answers = _Answers()
        try:
            self._ask(group, answers)
        except ODD_INPUT as error:
            for request in group:
                reason = f"the certificate can't be read: {type(error).__name__}"
                answers.outcomes.setdefault((request.kind, request.certificate), reason)
        return answers

    def _ask(self, group: list[FetchRequest], answers: _Answers) -> None:
        certificate = read_certificate(group[0].certificate)
        if group[0].kind == "issuer":
            self._ask_issuer(group[0], certificate, answers)
            return
        above = [read_certificate(der) for der in group[0].chain]
        if not above or chains.build(certificate, self._trust, above) is None:
            for request in group:
                answers.outcomes[(request.kind, request.certificate)] = "its chain does not stand"
            return
        for kind, kept in (("ocsp", answers.ocsps), ("crl", answers.crls)):
            asked = next((each for each in group if each.kind == kind), None)
            if asked is None or self._source is None:
                continue
            ask = self._source.ocsp if kind == "ocsp" else self._source.crl
            try:
                answer = ask(certificate, above[0])
            except RevocationUnavailable as error:
                answers.outcomes[(kind, asked.certificate)] = _reason(error)
                continue
            if answer is not None:
                kept.append(answer)
                return
            answers.outcomes[(kind, asked.certificate)] = "nobody is named who could be asked"

    def _ask_issuer(self, request: FetchRequest, certificate: x509.Certificate, answers: _Answers) -> None:
        key = (request.kind, request.certificate)
        source: object = self._source
        if not isinstance(source, IssuerSource):
            answers.outcomes[key] = "issuers are not fetched here"
            return
        try:
            answer = source.issuer(certificate)
        except RevocationUnavailable as error:
            answers.outcomes[key] = _reason(error)
            return
        if answer is None:
            answers.outcomes[key] = "nobody is named who could be asked"
        else:
            answers.certificates.append(answer)


def _reason(error: RevocationUnavailable) -> str:
    """Why, in plain English; an address is never part of it."""
    cause = error.__cause__
    return cause.reason if isinstance(cause, Rejected) else "it could not be had"
