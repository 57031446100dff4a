"""Which indication a sub-indication stands under (EN 319 102-1, table 6), and which verdict a signature alone gives."""

from esign.verify.report import Finding, Indication, SubIndication, Verdict
from esign.verify.trusting import Conclusion

_FAILED = (
    SubIndication.FORMAT_FAILURE,
    SubIndication.HASH_FAILURE,
    SubIndication.SIG_CRYPTO_FAILURE,
    SubIndication.REVOKED,
    SubIndication.EXPIRED,
    SubIndication.NOT_YET_VALID,
)
"""Sub-indications that stand under TOTAL_FAILED; all others stand under INDETERMINATE."""


def conclude(sub_indication: SubIndication, *findings: Finding) -> Conclusion:
    """The conclusion of a sub-indication, under the indication that it belongs to."""
    indication = Indication.TOTAL_FAILED if sub_indication in _FAILED else Indication.INDETERMINATE
    return Conclusion(indication, sub_indication, findings)


def verdict_of(conclusion: Conclusion, *, integrity_only: bool) -> Verdict:
    """What the file's verdict would be if this signature were alone."""
    if conclusion.passed:
        return Verdict.INTACT if integrity_only else Verdict.GENUINE
    if conclusion.indication is Indication.TOTAL_FAILED:
        return Verdict.ALTERED if conclusion.sub_indication is SubIndication.HASH_FAILURE else Verdict.INVALID
    if conclusion.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND:
        return Verdict.UNTRUSTED
    return Verdict.INDETERMINATE
