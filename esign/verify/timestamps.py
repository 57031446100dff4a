"""Time-stamp tokens (RFC 3161), inside a signature or over the document (EN 319 102-1, 5.4)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal, cast

from asn1crypto import tsp, x509

from esign.verify.checks import PolicyCheck
from esign.verify.cms import (
    ODD_INPUT,
    UNSORTED,
    CmsError,
    SignedMessage,
    check_form,
    check_order,
    check_value,
    digest_matches,
    find_signer,
    read_message,
)
from esign.verify.crypto import UnknownAlgorithmError, digest
from esign.verify.policy import weakness_of_digest, weakness_of_signature
from esign.verify.report import Finding, Indication, SubIndication, TimestampInfo
from esign.verify.shown import shown_name
from esign.verify.steps import Check, Steps
from esign.verify.trusting import Conclusion, Problem, Trusting, weak

Imprint = Callable[[str], bytes]
"""The digest, by that algorithm, of what the token must be over."""


@dataclass(frozen=True)
class Token:
    """A time-stamp token whose CMS was checked."""

    kind: Literal["signature", "document"]
    time: datetime | None
    intact: bool
    """It belongs to these data, and its own signature holds."""
    fault: Finding | None = None
    sub_indication: SubIndication | None = None
    certificate: x509.Certificate | None = None
    message: SignedMessage | None = None
    imprint_algorithm: str = ""
    steps: Steps = field(default_factory=Steps, compare=False)
    """The checks made of it."""

    def failure(self) -> Conclusion:
        """The conclusion of a token that is not intact."""
        sub = self.sub_indication or SubIndication.FORMAT_FAILURE
        findings = (self.fault,) if self.fault is not None else ()
        unsettled = sub in (SubIndication.GENERIC, SubIndication.NO_SIGNING_CERTIFICATE_FOUND)
        failed = not unsettled and (self.fault is None or self.fault.code != UNSORTED)
        indication = Indication.TOTAL_FAILED if failed else Indication.INDETERMINATE
        return Conclusion(indication, sub, findings)

    def judged(self, trusting: Trusting, proven: datetime) -> Conclusion:
        """Whether it may be relied on, itself proven to exist at ``proven``."""
        if not self.intact or self.certificate is None or self.time is None or self.message is None:
            return self.failure()
        notes: list[Finding] = []
        for check, problem in self._own_problems(trusting, proven):
            finding = trusting.policy.steered(check, problem[2])
            if finding is None:
                continue
            self.steps.found(finding, Check.ORDER if check is PolicyCheck.TIMESTAMP_FUTURE else Check.ALGORITHMS)
            if finding.severity == "fail":
                return Conclusion(problem[0], problem[1], (finding, *notes))
            notes.append(finding)
        conclusion = trusting.judge_authority(self.certificate, proven, self.time, self.steps)
        return replace(conclusion, findings=(*conclusion.findings, *notes))

    def _own_problems(self, trusting: Trusting, proven: datetime) -> Iterator[tuple[PolicyCheck, Problem]]:
        """What stands against the token itself, whoever made it."""
        if self.certificate is None or self.time is None or self.message is None:
            return
        if self.time > trusting.at + trusting.policy.tolerance:
            finding = _fail("timestamp.future", f"it states {self.time}, after the time of validation")
            problem = (Indication.INDETERMINATE, SubIndication.TIMESTAMP_ORDER_FAILURE, finding)
            yield PolicyCheck.TIMESTAMP_FUTURE, problem
        else:
            self.steps.passed(Check.ORDER, f"{self.time}")
        weakness = weakness_of_digest(trusting.policy, self.imprint_algorithm, proven) or weakness_of_signature(
            trusting.policy,
            self.message.signature_algorithm,
            self.certificate.public_key,
            proven,
            self.message.digest_algorithm,
        )
        if weakness is not None:
            yield PolicyCheck.TIMESTAMP_ALGORITHMS, weak(weakness)
        else:
            found = f"{self.imprint_algorithm}, {self.message.digest_algorithm} at {proven}"
            self.steps.passed(Check.ALGORITHMS, found)

    def info(self, conclusion: Conclusion | None) -> TimestampInfo:
        """For the report; without a conclusion trust was left out."""
        if conclusion is None and not self.intact:
            conclusion = self.failure()
        return TimestampInfo(
            kind=self.kind,
            time=self.time,
            imprint_intact=self.intact,
            trusted=None if conclusion is None else conclusion.passed,
            authority=None if self.certificate is None else shown_name(self.certificate.subject),
            indication=Indication.TOTAL_PASSED if conclusion is None else conclusion.indication,
            sub_indication=None if conclusion is None else conclusion.sub_indication,
            findings=() if conclusion is None else conclusion.findings,
        )


def read_token(
    token: bytes,
    imprint: Imprint,
    known: tuple[x509.Certificate, ...],
    kind: Literal["signature", "document"],
    steps: Steps | None = None,
) -> Token:
    """Checks a token's form, digest, signature value and imprint, noting each in ``steps``. Never raises."""
    steps = Steps() if steps is None else steps
    token_read = _read(token, imprint, known, kind, steps)
    if token_read.fault is not None:
        steps.found(token_read.fault)
    return token_read


def _read(
    token: bytes,
    imprint: Imprint,
    known: tuple[x509.Certificate, ...],
    kind: Literal["signature", "document"],
    steps: Steps,
) -> Token:
    time: datetime | None = None
    try:
        message = read_message(token)
        steps.passed(Check.MESSAGE, f"SignedData of {len(message.certificates)} certificates")
        check_form(message, "tst_info")
        steps.passed(Check.ATTRIBUTES, f"{len(message.attributes)} signed attributes")
        _require(
            message.content is not None, "timestamp.empty", "the token states nothing", SubIndication.FORMAT_FAILURE
        )
        content = message.content or b""
        unchanged = digest_matches(message, digest(message.digest_algorithm, content))
        _require(unchanged, "timestamp.digest", "what the token states was changed", SubIndication.HASH_FAILURE)
        steps.passed(Check.DIGEST, message.digest_algorithm)
        stated = tsp.TSTInfo.load(content, strict=True)
        time = cast("datetime", stated["gen_time"].native).astimezone(UTC)
        algorithm = str(stated["message_imprint"]["hash_algorithm"]["algorithm"].native)
        certificate = find_signer(message, known, required=True)
        steps.passed(Check.IDENTIFIED, "named by the SignerInfo", certificate.sha256.hex())
        steps.passed(Check.REFERENCE, "its digest is in the signing-certificate attribute", certificate.sha256.hex())
        check_value(message, certificate)
        steps.passed(Check.VALUE)
        check_order(message)
        same = stated["message_imprint"]["hashed_message"].native == imprint(algorithm)
        _require(same, "timestamp.imprint", "the token was made for other data", SubIndication.HASH_FAILURE)
        steps.passed(Check.IMPRINT, algorithm)
    except CmsError as error:
        return Token(
            kind,
            time,
            intact=False,
            fault=_fail(error.code, error.message),
            sub_indication=error.sub_indication,
            steps=steps,
        )
    except UnknownAlgorithmError as error:
        return Token(
            kind,
            time,
            intact=False,
            fault=_fail("timestamp.algorithm", str(error)),
            sub_indication=SubIndication.GENERIC,
            steps=steps,
        )
    except ODD_INPUT as error:
        fault = _fail("timestamp.unreadable", f"the token can't be read: {type(error).__name__}")
        return Token(kind, time, intact=False, fault=fault, sub_indication=SubIndication.FORMAT_FAILURE, steps=steps)
    return Token(
        kind, time, intact=True, certificate=certificate, message=message, imprint_algorithm=algorithm, steps=steps
    )


def _require(condition: bool, code: str, message: str, sub_indication: SubIndication) -> None:  # noqa: FBT001
    if not condition:
        raise CmsError(code, message, sub_indication)


def _fail(code: str, message: str) -> Finding:
    return Finding(code=code, severity="fail", message=message)
