"""One signature, examined: structure, changes, CMS, time-stamps, certificate (EN 319 102-1, 5.3 to 5.6)."""

from dataclasses import replace
from datetime import datetime
from typing import NoReturn

from asn1crypto import x509

from esign.verify import cms, levels, sentences
from esign.verify.changes import compare
from esign.verify.checks import PolicyCheck
from esign.verify.claims import claimed_time, shown_text
from esign.verify.cms import ODD_INPUT, CmsError, NotUnderstoodError, SignedMessage
from esign.verify.conclusions import conclude, verdict_of
from esign.verify.context import Context
from esign.verify.crypto import UnknownAlgorithmError, digest, signature_algorithm_name
from esign.verify.policy import weakness_of_signature
from esign.verify.report import (
    Changes,
    ChangeState,
    Finding,
    Indication,
    Integrity,
    SignatureKind,
    SignatureReport,
    SubIndication,
    TimestampInfo,
)
from esign.verify.shown import certificate_info
from esign.verify.steps import Check, Steps
from esign.verify.structure import ExaminedSignature
from esign.verify.timestamps import Token, read_token
from esign.verify.trusting import Conclusion, Problem, weak

_PADES = "ETSI.CAdES.detached"
_CMS_SIGNATURES = (_PADES, "adbe.pkcs7.detached")
_DOCUMENT_TIMESTAMP = "ETSI.RFC3161"
MAX_TOKENS = 8
"""Signature time-stamps examined in one signature."""


class Subject:
    """A signature under examination."""

    def __init__(self, context: Context, examined: ExaminedSignature, number: int = 1) -> None:
        """``number``: its place in the file, from 1."""
        self.context = context
        self.examined = examined
        self.number = number
        self.message: SignedMessage | None = None
        self.token: Token | None = None
        self.signer: x509.Certificate | None = None
        self.integrity = Integrity()
        self.changes = Changes(state=ChangeState.NONE)
        self.certification: int | None = None
        self.proven: datetime | None = None
        self.stamps: list[tuple[Token, Conclusion | None]] = []
        self.steps = Steps(examined.steps)
        self._unread: CmsError | None = None
        self._notes: list[Finding] = []
        """What did not hold and, by the policy, does not fail."""
        self.kind = self._kind()

    @property
    def signed_end(self) -> int:
        """How many bytes the signed revision has; 0 where that is not known."""
        return self.examined.signed.end if self.examined.signed is not None else 0

    def _kind(self) -> SignatureKind:
        name = self.examined.found.sub_filter
        if name == _DOCUMENT_TIMESTAMP:
            return SignatureKind.DOCUMENT_TIMESTAMP
        return SignatureKind.SIGNATURE if name in _CMS_SIGNATURES else SignatureKind.NOT_UNDERSTOOD

    def read(self) -> None:
        """Reads the CMS and shares the evidence in it with the other signatures."""
        contents = self.examined.found.contents
        if self.kind is SignatureKind.NOT_UNDERSTOOD or not self.examined.sound or contents is None:
            return
        try:
            self.message = cms.read_message(contents.value)
        except NotUnderstoodError as error:
            self.kind = SignatureKind.NOT_UNDERSTOOD
            self._unread = error
        except CmsError as error:
            self._unread = error
        if self.message is not None:
            self.steps.passed(Check.MESSAGE, f"SignedData of {len(self.message.certificates)} certificates")
            self.context.take_in_message(self.message, self.number)

    def report(self) -> SignatureReport:
        """Examines what is left and tells all."""
        conclusion = self._conclusion()
        if self.kind is SignatureKind.DOCUMENT_TIMESTAMP and conclusion.passed and self.token and self.token.time:
            signed = self.examined.signed
            if signed is not None and not self.context.integrity_only:
                self.context.note_stamp(signed, self.token.time)
                self.proven = min(self.token.time, self.proven or self.token.time)
        return self._told(conclusion)

    def unexamined(self, reason: str) -> SignatureReport:
        """The report on a signature whose examination broke off."""
        conclusion = conclude(SubIndication.GENERIC, _fail("signature.not_examined", reason))
        self.steps.found(conclusion.findings[0])
        verdict = verdict_of(conclusion, integrity_only=False)
        return SignatureReport(
            field=self.examined.fields[0].name if self.examined.fields else None,
            kind=SignatureKind.NOT_UNDERSTOOD,
            sub_filter=self.examined.found.sub_filter,
            verdict=verdict,
            indication=conclusion.indication,
            sub_indication=conclusion.sub_indication,
            sentence=sentences.of_signature(
                SignatureKind.NOT_UNDERSTOOD,
                verdict,
                conclusion.sub_indication,
                signer=None,
                proven=None,
                claimed=None,
                level=None,
                permitted=False,
            ),
            findings=conclusion.findings,
        )

    # --- the steps ---------------------------------------------------------------------------------

    def _conclusion(self) -> Conclusion:
        if not self.examined.sound or self.examined.signed is None:
            self.integrity = Integrity(structure=False)
            return conclude(SubIndication.FORMAT_FAILURE, *self.examined.faults)
        self.integrity = Integrity(structure=True)
        changed = self._compared()
        conclusion = self._integrity_conclusion()
        if changed is not None and conclusion.sub_indication is not SubIndication.FORMAT_FAILURE:
            return changed
        if not conclusion.passed:
            return conclusion
        self._read_stamps()
        if not self.context.integrity_only:
            conclusion = self._trust_conclusion()
        failing = self._demanded_besides() if conclusion.passed and self.token is None else None
        if failing is not None:
            conclusion = replace(conclusion, indication=failing[0], sub_indication=failing[1], findings=(failing[2],))
        return replace(conclusion, findings=(*conclusion.findings, *self._notes))

    def _failing(self, check: PolicyCheck, problem: Problem, step: Check | None = None) -> Problem | None:
        """The problem, if the policy makes it fail; else it is noted, or ignored."""
        finding = self.context.policy.steered(check, problem[2])
        if finding is None:
            return None
        self.steps.found(finding, step)
        if finding.severity == "fail":
            return problem
        self._notes.append(finding)
        return None

    def _demanded_besides(self) -> Problem | None:
        """What a policy may demand beyond the rule."""
        demands: list[tuple[PolicyCheck, str, str]] = []
        if self.changes.state is ChangeState.PERMITTED:
            message = "the file was changed later, in ways that are permitted"
            demands.append((PolicyCheck.SIGNATURE_LATER_CHANGES, "signature.later_changes", message))
        if not self.context.integrity_only:
            if self.proven is None:
                message = "no trusted time-stamp proves when it existed"
                demands.append((PolicyCheck.SIGNATURE_TIMESTAMP_PRESENT, "signature.no_timestamp", message))
            if any(judged is not None and not judged.passed for _, judged in self.stamps):
                message = "it carries a time-stamp that can't be relied on"
                demands.append((PolicyCheck.SIGNATURE_TIMESTAMPS_TRUSTED, "signature.timestamp_untrusted", message))
        for check, code, message in demands:
            problem = (Indication.INDETERMINATE, SubIndication.SIG_CONSTRAINTS_FAILURE, _fail(code, message))
            if (failing := self._failing(check, problem)) is not None:
                return failing
        return None

    def _compared(self) -> Conclusion | None:
        """Step 2: what follows the signed revision."""
        after = self.examined.after
        final, view = self.context.structure.view, self.examined.view
        if view is not None:
            comparison = compare(view, final, self.examined, self.context.history)
            self.changes, self.certification = comparison.changes, comparison.certification
        if view is not None and self.changes.state is not ChangeState.SUSPICIOUS:
            after = (*after, *self.context.witnessed.since(view.end))
        if after:
            self.changes = Changes(state=ChangeState.SUSPICIOUS, list=(*after, *self.changes.list))
        if view is not None:
            self._note_changes()
        if self.changes.state is ChangeState.SUSPICIOUS:
            return conclude(SubIndication.HASH_FAILURE, *self.changes.list)
        return None

    def _note_changes(self) -> None:
        changes = self.changes
        if changes.state is ChangeState.SUSPICIOUS:
            for finding in changes.list:
                self.steps.found(finding, None if finding in self.examined.after else Check.CHANGES)
            return
        self.steps.passed(Check.CHANGES, "nothing was changed" if not changes.list else "permitted changes only")
        for finding in changes.list:
            self.steps.found(finding, Check.CHANGES)

    def _integrity_conclusion(self) -> Conclusion:
        """Step 3: the CMS."""
        conclusion = self._message_conclusion()
        for finding in conclusion.findings:
            if self.token is None:
                self.steps.found(finding)
        return conclusion

    def _message_conclusion(self) -> Conclusion:
        if self.kind is SignatureKind.NOT_UNDERSTOOD:
            message = self._unread.message if self._unread else f"/SubFilter {self.examined.found.sub_filter}"
            return conclude(SubIndication.GENERIC, _fail("signature.not_understood", message))
        if self.kind is SignatureKind.DOCUMENT_TIMESTAMP:
            return self._token_conclusion()
        if self.message is None:
            error = self._unread
            if error is None:
                return conclude(SubIndication.GENERIC)
            return conclude(error.sub_indication, _fail(error.code, error.message))
        try:
            self._check_message(self.message)
        except CmsError as error:
            return conclude(error.sub_indication, _fail(error.code, error.message))
        except UnknownAlgorithmError as error:
            return conclude(SubIndication.GENERIC, _fail("cms.algorithm", str(error)))
        except ODD_INPUT as error:
            finding = _fail("cms.unreadable", f"the CMS can't be read: {type(error).__name__}")
            return conclude(SubIndication.FORMAT_FAILURE, finding)
        return Conclusion(Indication.TOTAL_PASSED)

    def _check_message(self, message: SignedMessage) -> None:
        signed = self.examined.signed
        if message.content is not None:
            raise CmsError("cms.encapsulated", "the CMS brings its own content along", SubIndication.FORMAT_FAILURE)
        self.steps.passed(Check.CONTENT, "detached")
        if not message.signed_attributes:
            self._check_without_attributes(message)
        cms.check_form(message, "data")
        self.steps.passed(Check.ATTRIBUTES, f"{len(message.attributes)} signed attributes")
        if signed is None or not cms.digest_matches(message, self.context.digest_of(message.digest_algorithm, signed)):
            self.integrity = replace_integrity(self.integrity, digest=False)
            raise CmsError("cms.digest", "the digest is not that of the signed bytes", SubIndication.HASH_FAILURE)
        self.integrity = replace_integrity(self.integrity, digest=True)
        self.steps.passed(Check.DIGEST, message.digest_algorithm)
        self.signer = cms.find_signer(
            message, self.context.chains.certificates, required=self._must_name_certificate(message)
        )
        self._note_signer(message, self.signer)
        try:
            cms.check_value(message, self.signer)
        except CmsError:
            self.integrity = replace_integrity(self.integrity, signature_value=False)
            raise
        self.integrity = replace_integrity(self.integrity, signature_value=True)
        self.steps.passed(Check.VALUE, signature_algorithm_name(message.signature_algorithm))
        cms.check_order(message)

    def _check_without_attributes(self, message: SignedMessage) -> NoReturn:
        """Old programs signed the bytes themselves: whether they are unchanged is told, never genuine (rule 7)."""
        signed = self.examined.signed
        if signed is None or message.content_type != "data":
            raise CmsError("cms.content_type", "the content is no plain data", SubIndication.FORMAT_FAILURE)
        self.signer = cms.find_signer(message, self.context.chains.certificates, required=False)
        try:
            cms.check_value(message, self.signer, self.context.bytes_of(signed))
        except CmsError:
            self.integrity = replace_integrity(self.integrity, signature_value=False)
            raise
        self.integrity = replace_integrity(self.integrity, digest=True, signature_value=True)
        what = "there are no signed attributes: the signature is over the bytes themselves"
        raise CmsError("cms.no_signed_attributes", what, SubIndication.SIG_CONSTRAINTS_FAILURE)

    def _must_name_certificate(self, message: SignedMessage) -> bool:
        """Whether the signing-certificate attribute must be there: PAdES wants it, unless the policy does without."""
        if self.examined.found.sub_filter != _PADES or cms.has_signing_certificate(message):
            return False
        finding = _fail("cms.no_signing_certificate_attribute", "there is no signing-certificate attribute")
        problem = (Indication.INDETERMINATE, SubIndication.SIG_CONSTRAINTS_FAILURE, finding)
        if self.context.policy.demands(PolicyCheck.SIGNATURE_CERTIFICATE_NAMED):
            return True
        self._failing(PolicyCheck.SIGNATURE_CERTIFICATE_NAMED, problem)
        return False

    def _note_signer(self, message: SignedMessage, signer: x509.Certificate) -> None:
        fingerprint = signer.sha256.hex()
        self.steps.passed(Check.IDENTIFIED, "named by the SignerInfo", fingerprint)
        if cms.has_signing_certificate(message):
            self.steps.passed(Check.REFERENCE, "its digest is in the signing-certificate attribute", fingerprint)
        else:
            self.steps.informed(Check.REFERENCE, "there is no signing-certificate attribute, and none is asked for")

    def _token_conclusion(self) -> Conclusion:
        signed, contents = self.examined.signed, self.examined.found.contents
        if signed is None or contents is None:
            return conclude(SubIndication.FORMAT_FAILURE)
        self.token = read_token(
            contents.value,
            lambda name: self.context.digest_of(name, signed),
            self.context.chains.certificates,
            "document",
            self.steps,
        )
        self.signer, self.message = self.token.certificate, self.token.message
        self.integrity = Integrity(structure=True, digest=self.token.intact, signature_value=self.token.intact)
        return Conclusion(Indication.TOTAL_PASSED) if self.token.intact else self.token.failure()

    def _trust_conclusion(self) -> Conclusion:
        """Steps 4 and 5: the proven time, and what holds at it."""
        signed, message, signer = self.examined.signed, self.message, self.signer
        if signed is None or message is None or signer is None:
            return conclude(SubIndication.GENERIC)
        covered = self.context.proven_by_document(signed)
        if self.token is not None:
            self.proven = covered
            self._note_proof(covered)
            return self.token.judged(self.context.trusting, covered or self.context.at)
        trusting, moment = self.context.trusting, covered or self.context.at
        self.stamps = [(token, token.judged(trusting, moment)) for token, _ in self.stamps]
        times = [token.time for token, judged in self.stamps if judged is not None and judged.passed and token.time]
        self.proven = min([*times, *([covered] if covered is not None else [])], default=None)
        proven = self.proven or self.context.at
        self._note_proof(self.proven)
        stated = min((token.time for token, _ in self.stamps if token.intact and token.time), default=None)
        conclusion = trusting.judge_signer(signer, proven, self.steps, stated=stated)
        weakness = weakness_of_signature(
            self.context.policy, message.signature_algorithm, signer.public_key, proven, message.digest_algorithm
        )
        if weakness is None:
            name = signature_algorithm_name(message.signature_algorithm)
            self.steps.passed(Check.ALGORITHMS, f"{message.digest_algorithm}, {name} at {proven}")
            return conclusion
        problem = self._failing(PolicyCheck.SIGNATURE_ALGORITHMS, weak(weakness), Check.ALGORITHMS)
        if conclusion.passed and problem is not None:
            indication, sub, finding = problem
            return replace(conclusion, indication=indication, sub_indication=sub, findings=(finding,), embedded=False)
        return conclusion

    def _note_proof(self, proven: datetime | None) -> None:
        """The time for which the signature is judged, and how that time is proven."""
        at = self.context.at
        self.steps.passed(Check.POLICY, f"{self.context.policy.title}, validated at {at}")
        for number, (token, judged) in enumerate(self.stamps, 1):
            if judged is not None and judged.passed:
                self.steps.passed(Check.TIMESTAMP, f"signature time-stamp {number} of {token.time}")
            elif judged is not None:
                why = judged.sub_indication or judged.indication
                finding = Finding(code="timestamp.not_passed", severity="warn", message=f"time-stamp {number}: {why}")
                self.steps.found(finding, Check.TIMESTAMP)
        if proven is None:
            self.steps.informed(Check.PROVEN, f"no trusted time-stamp: judged for the time of validation, {at}")
        else:
            self.steps.passed(Check.PROVEN, f"existed at {proven}")
            self.steps.passed(Check.PAST, f"judged for {proven}, not for the time of validation")

    def _read_stamps(self) -> None:
        message = self.message
        if message is None or self.token is not None:
            return
        for der in message.tokens[:MAX_TOKENS]:
            known = self.context.chains.certificates
            token = read_token(der, lambda name: digest(name, message.signature), known, "signature")
            if token.message is not None:
                self.context.take_in_message(token.message, self.number)
            self.stamps.append((token, None))

    # --- what is told ------------------------------------------------------------------------------

    def _told(self, conclusion: Conclusion) -> SignatureReport:
        found, signed = self.examined.found, self.examined.signed
        verdict = verdict_of(conclusion, integrity_only=self.context.integrity_only)
        holds = self.integrity.holds
        signer = certificate_info(self.signer, self.context.chains) if self.signer is not None else None
        chain = conclusion.chain or ((self.signer,) if self.signer is not None else ())
        infos = tuple(info for item in chain if (info := certificate_info(item, self.context.chains)) is not None)
        claimed = claimed_time(found.dictionary, self.message)
        level = levels.level_of(self, conclusion) if holds else None
        return SignatureReport(
            field=self.examined.fields[0].name if self.examined.fields else None,
            kind=self.kind,
            sub_filter=found.sub_filter,
            verdict=verdict,
            indication=conclusion.indication,
            sub_indication=conclusion.sub_indication,
            sentence=sentences.of_signature(
                self.kind,
                verdict,
                conclusion.sub_indication,
                signer=signer.common_name if signer is not None else None,
                proven=self.proven,
                claimed=claimed,
                level=level,
                permitted=self.changes.state is ChangeState.PERMITTED,
                stated=sentences.stated_time(token.info(judged) for token, judged in self.stamps),
                findings=conclusion.findings,
                sealed=signer is not None and signer.seal,
            ),
            level=level,
            signer=signer,
            claimed_time=claimed,
            proven_time=self.proven,
            reason=shown_text(found.dictionary, "Reason"),
            location=shown_text(found.dictionary, "Location"),
            certification=self.certification,
            integrity=self.integrity,
            changes=self.changes,
            covers_whole_file=signed is not None and signed.end == self.context.structure.size,
            byte_range=signed.byte_range if signed is not None else None,
            signed_end=signed.end if signed is not None else None,
            signed_sha256=self.context.sha256_of_prefix(signed.end) if signed is not None else None,
            digest_algorithm=self.message.digest_algorithm if self.message is not None else None,
            signature_algorithm=signature_algorithm_name(self.message.signature_algorithm) if self.message else None,
            timestamps=self._timestamp_infos(conclusion),
            chain=infos,
            revocation=conclusion.revocation,
            findings=conclusion.findings if self.changes.state is not ChangeState.SUSPICIOUS else (),
        )

    def _timestamp_infos(self, conclusion: Conclusion) -> tuple[TimestampInfo, ...]:
        if self.token is not None:
            return (self.token.info(None if self.context.integrity_only else conclusion),)
        return tuple(token.info(judged) for token, judged in self.stamps)


def replace_integrity(integrity: Integrity, **proofs: bool) -> Integrity:
    """The same with some proofs settled."""
    return integrity.model_copy(update=proofs)


def _fail(code: str, message: str) -> Finding:
    return Finding(code=code, severity="fail", message=message)
