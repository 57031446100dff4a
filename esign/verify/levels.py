"""The level that a signature reaches (EN 319 142-1, 6; PKCS#7 for what is not PAdES)."""

from typing import TYPE_CHECKING

from esign.verify.cms import has_signing_certificate
from esign.verify.report import Level, SignatureKind
from esign.verify.trusting import Conclusion

if TYPE_CHECKING:
    from esign.verify.subject import Subject

_PADES = (Level.PADES_B_B, Level.PADES_B_T, Level.PADES_B_LT, Level.PADES_B_LTA)
_PKCS7 = (Level.PKCS7_B, Level.PKCS7_T, Level.PKCS7_LT, Level.PKCS7_LTA)


def level_of(subject: "Subject", conclusion: Conclusion) -> Level | None:
    """The level of a signature whose integrity holds; None for what has none (document time-stamps).

    T: a time-stamp that is its own, inside it or over it. LT: besides, the file brings revocation data for the
    chains of the signer and of that time-stamp. LTA: besides, a document time-stamp over those data. Where trust
    is left out, chains aren't known, and only B and T are told.
    """
    if subject.kind is not SignatureKind.SIGNATURE or subject.message is None or subject.examined.signed is None:
        return None
    context = subject.context
    pades = subject.examined.found.sub_filter == "ETSI.CAdES.detached" and has_signing_certificate(subject.message)
    names = _PADES if pades else _PKCS7
    covered = context.proven_by_document(subject.examined.signed) is not None
    intact = [judged for token, judged in subject.stamps if token.intact]
    if context.integrity_only:
        return names[1] if intact else names[0]
    if not intact and not covered:
        return names[0]
    stamped = any(judged is not None and judged.embedded for judged in intact) or (covered and not intact)
    if not (conclusion.embedded and stamped):
        return names[1]
    if context.store.present and context.covered_after(max(context.store.end, subject.signed_end)):
        return names[3]
    return names[2]
