"""What was made is checked by our own verification before anyone gets it (design.md, 5.6); what others made, too."""

import hashlib
from collections.abc import Sequence

from asn1crypto import x509

from esign.ca.authority import Authority
from esign.errors import LetterSignatureBroken
from esign.pades.letter import LetterFacts
from esign.pades.profile import Pkcs7Level, Profile
from esign.pades.sign import SignedLetter
from esign.pdf.sandbox import Patient
from esign.service.services import Services
from esign.verify.online import examine
from esign.verify.report import ChangeState, Report, SignatureKind, SignatureReport, SubIndication, Verdict
from esign.x509.trust import TrustStore


def refuse_broken(services: Services, pdf: bytes, facts: LetterFacts) -> None:
    """Refuses a letter that carries a signature which does not hold, before another is put beside it.

    Whom it is by does not matter: we can't vouch for strangers' roots. Raises `LetterSignatureBroken`, `Busy`.
    """
    if not facts.signed:
        return
    report = examine(
        pdf,
        TrustStore(anchors=()),
        services.clock,
        services.parse,
        renderer=services.render,
        integrity_only=True,
        timeout=services.settings.sandbox_seconds,
    )
    if not report.signatures or not all(_holds(each) for each in report.signatures):
        raise LetterSignatureBroken


def problems(
    services: Services, original: bytes, signed: SignedLetter, authority: Authority, own_before: Sequence[str]
) -> list[str]:
    """What does not hold of a signed letter, in plain English; empty when all does.

    ``own_before`` are the fingerprints of the certificates of our earlier signatures in the letter, in
    order. Every one of them, and the new one, must validate to the authorities' roots; what strangers
    signed before must still be intact, for we can't vouch for their roots. Raises `Busy`.
    """
    if not signed.pdf.startswith(original) or len(signed.pdf) <= len(original):
        return ["the letter's bytes are not a prefix of the signed file"]
    trust = TrustStore(anchors=tuple(authority.roots()), intermediates=services.trust.intermediates)
    report = examine(
        signed.pdf,
        trust,
        services.clock,
        Patient(services.parse, services.settings.sandbox_seconds),
        authority.revocation(),
        renderer=Patient(services.render, services.settings.sandbox_seconds),
        timeout=services.settings.sandbox_seconds,
    )
    made = [each for each in report.signatures if each.kind is not SignatureKind.DOCUMENT_TIMESTAMP]
    mine = [each for each in made if each.field == signed.field]
    if len(mine) != 1:
        return [f"{len(mine)} signatures in the field {signed.field}"]
    return [
        *_wrong_in_own(mine[0], signed.certificate, signed),
        *_wrong_in_earlier(made, mine[0], own_before),
        *_wrong_in_file(report),
    ]


def _wrong_in_own(found: SignatureReport, certificate: x509.Certificate, signed: SignedLetter) -> list[str]:
    wrong = []
    if found.verdict is not Verdict.GENUINE and not _only_revocation_is_missing(found, signed):
        wrong.append(f"the new signature is {found.verdict}: {found.indication} {found.sub_indication or ''}".strip())
    if found.signer is None or found.signer.sha256 != hashlib.sha256(certificate.dump()).hexdigest():
        wrong.append("the new signature is not by the credential that was asked for")
    if found.level is None or found.level.value not in _told(signed):
        wrong.append(f"the new signature is at {found.level}, and {signed.level} was recorded")
    return wrong


def _told(signed: SignedLetter) -> tuple[str, ...]:
    """What the report may call the level that was recorded."""
    level = signed.level
    return (level.told, "PKCS#7-LTA") if level is Pkcs7Level.LT else (level.told,)


def _only_revocation_is_missing(found: SignatureReport, signed: SignedLetter) -> bool:
    """Whether all holds but what the level does not promise: revocation data, which nobody gave just now.

    The authority itself said before signing that the credential is active.
    """
    promised = signed.level.includes(Profile.B_LT)
    return not promised and found.integrity.holds and found.sub_indication is SubIndication.TRY_LATER


def _wrong_in_earlier(made: Sequence[SignatureReport], mine: SignatureReport, own_before: Sequence[str]) -> list[str]:
    earlier = [each for each in made if each is not mine]
    wrong = [f"the earlier signature in {each.field} no longer holds" for each in earlier if not _holds(each)]
    sound = [each.signer.sha256 for each in earlier if each.signer is not None and each.verdict is Verdict.GENUINE]
    wrong.extend(
        f"our earlier signature by {fingerprint[:16]}… is no longer genuine"
        for fingerprint in own_before
        if fingerprint not in sound
    )
    return wrong


def _holds(found: SignatureReport) -> bool:
    """Whether the signed bytes are there as signed, and nothing was changed since that may not be."""
    return found.integrity.holds and found.changes.state is not ChangeState.SUSPICIOUS


def _wrong_in_file(report: Report) -> list[str]:
    return [finding.message for finding in report.findings if finding.severity == "fail"]
