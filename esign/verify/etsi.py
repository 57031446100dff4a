"""The validation report of ETSI TS 119 102-2 V1.4.1 in XML, made from the other reports of the same validation."""

from base64 import b64encode
from datetime import datetime
from typing import cast
from xml.etree.ElementTree import Element, tostring

from esign.verify import etsi_names as names
from esign.verify.detailed import BlockReport, CheckReport, SignatureDetails
from esign.verify.diagnostic import Diagnostic, SignatureData, TimestampData
from esign.verify.etsi_names import digest, element, moment, reference
from esign.verify.full import FullReport
from esign.verify.report import Indication, Report, SignatureKind, SignatureReport, SubIndication, Verdict
from esign.verify.steps import Check, Outcome

MEDIA_TYPE = "application/xml"


def etsi_report(full: FullReport) -> bytes:
    """The report as an XML document in UTF-8.

    What stands against the file as a whole (active content, for one) makes each of its signatures INDETERMINATE /
    SIG_CONSTRAINTS_FAILURE here, for this form knows no verdict of a file. Raises ValueError for a report that left out
    trust: it would say TOTAL-PASSED of a signature whose signer nobody vouches for.
    """
    if full.report.integrity_only:
        raise ValueError("a report that leaves out trust has no ETSI form")
    root = Element(f"{{{names.VR}}}ValidationReport")
    present = {item.sha256 for item in full.diagnostic.certificates}
    told = list(zip(full.report.signatures, full.detailed.signatures, full.diagnostic.signatures, strict=True))
    signatures = [item for item in told if item[0].kind is not SignatureKind.DOCUMENT_TIMESTAMP]
    for simple, details, data in signatures:
        _Signature(full, simple, details, data, present).put(root)
    if not signatures:
        _nothing(root, full.report)
    _objects(root, full)
    return cast("bytes", tostring(root, encoding="UTF-8", xml_declaration=True))


def _nothing(root: Element, report: Report) -> None:
    status = element(element(root, "SignatureValidationReport"), "SignatureValidationStatus")
    if report.verdict is Verdict.UNSIGNED:
        element(status, "MainIndication", names.NO_SIGNATURE)
    else:
        element(status, "MainIndication", names.TOTAL[Indication.INDETERMINATE])
        element(status, "SubIndication", names.sub_indication(SubIndication.GENERIC))


class _Signature:
    """One SignatureValidationReport."""

    def __init__(
        self,
        full: FullReport,
        simple: SignatureReport,
        details: SignatureDetails,
        data: SignatureData,
        present: set[str],
    ) -> None:
        self.full, self.simple, self.details, self.data, self.present = full, simple, details, data, present
        self.stamps = [item for item in full.diagnostic.timestamps if item.signature == data.number]
        self.covering = [item for item in full.diagnostic.timestamps if self._covers(item)]
        against = [item for item in full.report.findings if item.severity == "fail"]
        self.indication, self.sub = simple.indication, simple.sub_indication
        if against and self.indication is Indication.TOTAL_PASSED:
            self.indication, self.sub = Indication.INDETERMINATE, SubIndication.SIG_CONSTRAINTS_FAILURE
        self.against = against

    def _covers(self, stamp: TimestampData) -> bool:
        """Whether a document time-stamp stands over all of this signature's revision."""
        if stamp.kind != "document" or self.simple.signed_end is None:
            return False
        other = self.full.diagnostic.signatures[stamp.signature - 1].byte_range
        return other is not None and other[1] >= self.simple.signed_end

    def put(self, root: Element) -> None:
        """Adds it to the document."""
        report = element(root, "SignatureValidationReport")
        self._identifier(report)
        self._constraints(report)
        self._times(report)
        self._document(report)
        self._attributes(report)
        if self.simple.signer is not None and self.simple.signer.sha256 in self.present:
            signer = element(report, "SignerInformation")
            reference(signer, "SignerCertificate", certificate_id(self.simple.signer.sha256))
            element(signer, "Signer", self.simple.signer.subject)
        if self.details.process in names.PROCESSES:
            process = element(report, "SignatureValidationProcess")
            element(process, "SignatureValidationProcessID", names.PROCESSES[self.details.process])
        self._status(report)

    def _identifier(self, report: Element) -> None:
        made = element(report, "SignatureIdentifier", id=signature_id(self.data.number))
        if self.data.signed_attributes_sha256 is not None:
            digest(made, "sha256", self.data.signed_attributes_sha256)
        if self.data.signature_value is not None:
            value = b64encode(bytes.fromhex(self.data.signature_value)).decode()
            element(made, "SignatureValue", value, names.DS)
        element(made, "HashOnly", "false")
        element(made, "DocHashOnly", "false")
        if self.simple.field is not None:
            element(made, "DAIdentifier", self.simple.field)

    def _constraints(self, report: Element) -> None:
        made = element(report, "ValidationConstraintsEvaluationReport")
        put_policy(made, self.full.report)
        for finding in self.against:
            check = CheckReport.model_construct(
                code=f"file.{finding.code}", outcome=Outcome.FAILED, found=finding.message, certificate=None
            )
            put_check(made, check, Indication.INDETERMINATE, self.sub, self.present)
        put_checks(made, self.details.blocks, self.simple.indication, self.simple.sub_indication, self.present)

    def _times(self, report: Element) -> None:
        made = element(report, "ValidationTimeInfo")
        moment(made, "ValidationTime", self.full.report.at)
        best = element(made, "BestSignatureTime")
        moment(best, "POETime", self.simple.proven_time or self.full.report.at)
        element(best, "TypeOfProof", names.BY_VALIDATION)
        proof = self._proof(self.simple.proven_time)
        if proof is not None:
            reference(best, "POEObject", timestamp_id(proof))

    def _proof(self, time: datetime | None) -> TimestampData | None:
        """The time-stamp that proves that time."""
        candidates = (*self.stamps, *self.covering)
        return next((item for item in candidates if time is not None and item.time == time), None)

    def _document(self, report: Element) -> None:
        algorithm = self.simple.digest_algorithm
        if self.data.digest is None or algorithm is None or self.simple.signed_sha256 is None:
            return
        made = element(report, "SignersDocument")
        digest(made, algorithm, self.data.digest)
        reference(made, "SignersDocumentRepresentation", revision_id(self.simple.signed_sha256))

    def _attributes(self, report: Element) -> None:
        simple = self.simple
        made = Element(f"{{{names.VR}}}SignatureAttributes")
        if simple.claimed_time is not None:
            moment(element(made, "SigningTime", Signed="true"), "Time", simple.claimed_time)
        for stamp in self.stamps:
            if stamp.time is not None:
                attribute = element(made, "SignatureTimeStamp", Signed="false")
                reference(attribute, "AttributeObject", timestamp_id(stamp))
                moment(attribute, "TimeStampValue", stamp.time)
        for stamp in self.covering:
            if stamp.time is not None:
                attribute = element(made, "DocTimeStamp", Signed="false")
                reference(attribute, "AttributeObject", timestamp_id(stamp))
                moment(attribute, "TimeStampValue", stamp.time)
        if simple.location is not None:
            place = element(made, "SignatureProductionPlace", Signed="true")
            element(place, "AddressString", simple.location)
        if simple.reason is not None:
            element(element(made, "Reason", Signed="true"), "ReasonElement", simple.reason)
        if simple.sub_filter is not None:
            element(element(made, "SubFilter", Signed="true"), "SubFilterElement", simple.sub_filter)
        if simple.byte_range is not None:
            element(made, "ByteRange", " ".join(map(str, simple.byte_range)))
        if len(made):
            report.append(made)

    def _status(self, report: Element) -> None:
        made = element(report, "SignatureValidationStatus")
        element(made, "MainIndication", names.TOTAL[self.indication])
        if self.sub is not None:
            element(made, "SubIndication", names.sub_indication(self.sub))
        data = Element(f"{{{names.VR}}}AssociatedValidationReportData")
        put_chain(data, self.simple, self.present)
        self._related(data)
        self._revoked(data)
        self._algorithm(data)
        if len(data):
            made.append(data)

    def _related(self, data: Element) -> None:
        related = [*(revocation_id(name) for name in self.data.revocation), *map(timestamp_id, self.stamps)]
        for identifier in dict.fromkeys(related):
            reference(data, "RelatedValidationObject", identifier)

    def _revoked(self, data: Element) -> None:
        for item in self.simple.revocation:
            if item.state == "revoked" and item.revoked_at is not None and item.certificate_sha256 in self.present:
                made = element(data, "RevocationStatusInformation")
                reference(made, "ValidationObjectId", certificate_id(item.certificate_sha256))
                moment(made, "RevocationTime", item.revoked_at)
                if item.reason is not None:
                    element(made, "RevocationReason", names.REASON + item.reason)
                if item.sha256 is not None:
                    reference(made, "RevocationObject", revocation_id(item.sha256))
                return

    def _algorithm(self, data: Element) -> None:
        asked = [item for block in self.details.blocks for item in block.checks if item.code == Check.ALGORITHMS.value]
        outcomes = {item.outcome for item in asked}
        if self.simple.signature_algorithm is None or not outcomes & {Outcome.PASSED, Outcome.FAILED}:
            return
        made = element(data, "CryptoInformation")
        reference(made, "ValidationObjectId", signature_id(self.data.number))
        uri = names.signature_algorithm(self.simple.signature_algorithm, self.simple.digest_algorithm)
        element(made, "Algorithm", uri)
        element(made, "SecureAlgorithm", "false" if Outcome.FAILED in outcomes else "true")


# --- validation objects ---------------------------------------------------------------------------


def _objects(root: Element, full: FullReport) -> None:
    diagnostic = full.diagnostic
    objects = Element(f"{{{names.VR}}}SignatureValidationObjects")
    for certificate in diagnostic.certificates:
        _object(objects, certificate_id(certificate.sha256), names.CERTIFICATE, certificate.sha256, certificate.encoded)
    for item in diagnostic.revocation:
        kind = names.CRL if item.kind == "crl" else names.OCSP
        _object(objects, revocation_id(item.sha256), kind, item.sha256, item.encoded)
    for stamp in diagnostic.timestamps:
        made = _object(objects, timestamp_id(stamp), names.TIMESTAMP, stamp.sha256, stamp.encoded)
        _timestamp(made, full, stamp)
    signed = {item.signed_sha256 for item in full.report.signatures if item.signed_sha256 is not None}
    for name in sorted(signed):
        _object(objects, revision_id(name), names.SIGNED_DATA, name, None)
    if len(objects):
        root.append(objects)


def _object(objects: Element, identifier: str, kind: str, sha256: str, encoded: bytes | None) -> Element:
    """A validation object: by its digest, or with its octets where the diagnostic data have them."""
    made = element(objects, "ValidationObject", id=identifier)
    element(made, "ObjectType", kind)
    representation = element(made, "ValidationObjectRepresentation")
    if encoded is None:
        digest(representation, "sha256", sha256)
    else:
        element(representation, "base64", b64encode(encoded).decode())
    return made


def _timestamp(made: Element, full: FullReport, stamp: TimestampData) -> None:
    simple = full.report.signatures[stamp.signature - 1]
    details = full.detailed.signatures[stamp.signature - 1]
    present = {item.sha256 for item in full.diagnostic.certificates}
    told = simple.timestamps[stamp.number - 1] if stamp.number <= len(simple.timestamps) else None
    if told is None:
        return
    blocks: tuple[BlockReport, ...] = details.blocks
    if stamp.kind == "signature":
        blocks = details.timestamps[stamp.number - 1].blocks if stamp.number <= len(details.timestamps) else ()
    if told.trusted and stamp.time is not None:
        provisioning = element(made, "POEProvisioning")
        moment(provisioning, "POETime", stamp.time)
        _proves(provisioning, full.diagnostic, stamp)
    report = element(made, "ValidationReport")
    constraints = element(report, "ValidationConstraintsEvaluationReport")
    put_policy(constraints, full.report)
    put_checks(constraints, blocks, told.indication, told.sub_indication, present)
    if stamp.certificate is not None and stamp.certificate in present:
        signer = element(report, "SignerInformation")
        reference(signer, "SignerCertificate", certificate_id(stamp.certificate))
        element(signer, "Signer", told.authority or "")
    status = element(report, "SignatureValidationStatus")
    element(status, "MainIndication", names.PARTIAL[told.indication])
    if told.sub_indication is not None:
        element(status, "SubIndication", names.sub_indication(told.sub_indication))


def _proves(provisioning: Element, diagnostic: Diagnostic, stamp: TimestampData) -> None:
    """The signatures that a time-stamp proves to have existed."""
    own = diagnostic.signatures[stamp.signature - 1]
    for item in diagnostic.signatures:
        proven = item is own if stamp.kind == "signature" else _is_before(item, own)
        if proven and item.signed_attributes_sha256 is not None:
            made = element(provisioning, "SignatureReference")
            element(made, "DigestMethod", names.DIGESTS["sha256"])
            element(made, "DigestValue", b64encode(bytes.fromhex(item.signed_attributes_sha256)).decode())


def _is_before(item: SignatureData, other: SignatureData) -> bool:
    """Whether all of a signature's revision stands before the gap of another."""
    if item.byte_range is None or other.byte_range is None:
        return False
    return item.byte_range[2] + item.byte_range[3] <= other.byte_range[1]


# --- what both have --------------------------------------------------------------------------------


def put_policy(parent: Element, report: Report) -> None:
    """The policy, by name and hash."""
    policy = element(parent, "SignatureValidationPolicy")
    identifier = element(element(policy, "SignaturePolicyIdentifier"), "SignaturePolicyId", namespace=names.XADES)
    named = element(identifier, "SigPolicyId", namespace=names.XADES)
    element(named, "Identifier", names.POLICY + report.policy, names.XADES)
    hashed = element(identifier, "SigPolicyHash", namespace=names.XADES)
    element(hashed, "DigestMethod", namespace=names.DS, Algorithm=names.DIGESTS["sha256"])
    element(hashed, "DigestValue", b64encode(bytes.fromhex(report.policy_sha256)).decode(), names.DS)
    element(policy, "PolicyName", report.policy)


def put_checks(
    parent: Element,
    blocks: tuple[BlockReport, ...],
    indication: Indication,
    sub: SubIndication | None,
    present: set[str],
) -> None:
    """Each check that was made, as a constraint."""
    for block in blocks:
        for check in block.checks:
            if check.outcome is not Outcome.NOT_REACHED:
                put_check(parent, check, indication, sub, present)


def put_check(
    parent: Element, check: CheckReport, indication: Indication, sub: SubIndication | None, present: set[str]
) -> None:
    """One check, as a constraint with its status."""
    failed = check.outcome is Outcome.FAILED
    made = element(parent, "ValidationConstraint")
    element(made, "ValidationConstraintIdentifier", names.CHECK + check.code)
    element(element(made, "ConstraintStatus"), "Status", names.APPLIED)
    status = element(made, "ValidationStatus")
    element(status, "MainIndication", names.PARTIAL[indication if failed else Indication.TOTAL_PASSED])
    if failed and sub is not None:
        element(status, "SubIndication", names.sub_indication(sub))
    data = Element(f"{{{names.VR}}}AssociatedValidationReportData")
    if check.certificate is not None and check.certificate in present:
        reference(data, "RelatedValidationObject", certificate_id(check.certificate))
    if check.found:
        found = element(element(data, "AdditionalValidationReportData"), "ReportData")
        element(found, "Type", names.FOUND)
        element(found, "Value", check.found)
    if len(data):
        status.append(data)


def put_chain(parent: Element, simple: SignatureReport, present: set[str]) -> None:
    """The chain of the signing certificate."""
    chain = [item for item in simple.chain if item.sha256 in present]
    if not chain or len(chain) != len(simple.chain):
        return
    anchored = chain[-1].trusted
    if anchored:
        reference(parent, "TrustAnchor", certificate_id(chain[-1].sha256))
    made = element(parent, "CertificateChain")
    reference(made, "SigningCertificate", certificate_id(chain[0].sha256))
    inner = chain[1:-1] if anchored else chain[1:]
    for item in inner:
        reference(made, "IntermediateCertificate", certificate_id(item.sha256))
    if anchored:
        reference(made, "TrustAnchor", certificate_id(chain[-1].sha256))


def signature_id(number: int) -> str:
    """The XML id of a signature."""
    return f"S-{number}"


def certificate_id(sha256: str) -> str:
    """The XML id of a certificate."""
    return f"C-{sha256}"


def revocation_id(sha256: str) -> str:
    """The XML id of an OCSP answer or a CRL."""
    return f"R-{sha256}"


def timestamp_id(stamp: TimestampData) -> str:
    """The XML id of a time-stamp: one token may stand in several places."""
    return f"T-{stamp.signature}-{stamp.number}-{stamp.sha256}"


def revision_id(sha256: str) -> str:
    """The XML id of a signed revision."""
    return f"D-{sha256}"
