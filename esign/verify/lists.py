"""The CRLs of one validation, whoever signed them: complete, delta, indirect, or for some reasons (RFC 5280, 6.3.3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from asn1crypto import x509

from esign.verify.chains import Chain, Chains
from esign.verify.cms import ODD_INPUT
from esign.x509.crl import CertificateList, examine
from esign.x509.crl_scope import ALL_REASONS, named_issuers
from esign.x509.rejection import Rejected
from esign.x509.revocation import RevocationAnswer, RevocationState

Origin = Literal["dss", "cms", "given", "fetched"]

MAX_DELTAS = 8
"""Delta CRLs of one issuer that are read with each of its complete ones."""
MAX_SIGNERS = 16
"""Certificates of a CRL's issuer that are looked at when its own key didn't sign it, the trust store's first."""


@dataclass(frozen=True)
class ListFinding:
    """What a CRL, perhaps with a delta CRL, says of a certificate."""

    answer: RevocationAnswer
    reasons: frozenset[str]
    origin: Origin
    encoded: bytes
    vouchers: tuple[Chain, ...] = ()
    """Chains of those who signed in the issuer's place: what they say counts only while they are not revoked."""


class RevocationLists:
    """CRLs by the names of their issuers."""

    def __init__(self, chains: Chains | None) -> None:
        """``chains``: where the certificates of CRL signers are found; None: issuers sign their own."""
        self._chains = chains
        self._lists: dict[str, list[tuple[CertificateList, Origin]]] = {}

    def add(self, der: bytes, origin: Origin) -> None:
        """Takes a CertificateList; what can't be read is passed over."""
        try:
            read = CertificateList(der)
        except (Rejected, *ODD_INPUT):
            return
        self._lists.setdefault(read.key, []).append((read, origin))

    def findings(self, certificate: x509.Certificate, issuer: x509.Certificate) -> Iterator[ListFinding]:
        """All that is said of a certificate by those who may say it."""
        for name in sorted(named_issuers(certificate)):
            known = self._lists.get(name, [])
            deltas = [delta for delta, _ in known if delta.is_delta][:MAX_DELTAS]
            for base, origin in known:
                if base.is_delta:
                    continue
                found = self._finding(base, None, origin, certificate, issuer)
                if found is None:
                    continue
                yield found
                for delta in deltas:
                    newer = self._finding(base, delta, origin, certificate, issuer)
                    if newer is not None:
                        yield newer

    def _finding(
        self,
        base: CertificateList,
        delta: CertificateList | None,
        origin: Origin,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
    ) -> ListFinding | None:
        for signer, vouchers in self._signers(base, certificate, issuer):
            try:
                said = examine(base, certificate, issuer, signer, delta)
            except (Rejected, *ODD_INPUT):
                continue
            if signer.not_valid_before <= said.answer.this_update <= signer.not_valid_after:
                return ListFinding(said.answer, said.reasons, origin, base.encoded, vouchers)
        return None

    def _signers(
        self, base: CertificateList, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> Iterator[tuple[x509.Certificate, tuple[Chain, ...]]]:
        """Who may have signed a CRL about a certificate: its issuer; others of that name under the same root."""
        if issuer.subject.hashable == base.key:
            yield issuer, ()
        if self._chains is None:
            return
        for candidate in islice(self._chains.named(base.key), MAX_SIGNERS):
            if candidate.sha256 == issuer.sha256 or not base.may_be_signed_by(candidate):
                continue
            # RFC 5280, 6.3.3 (f): the trust anchor must be the certificate's own.
            above, own = (self._chains.standing(item, item.not_valid_before) for item in (candidate, certificate))
            if above.state == own.state == "stands" and above.chain[-1].sha256 == own.chain[-1].sha256:
                yield candidate, (above.chain,)


def united(findings: Sequence[ListFinding]) -> list[ListFinding]:
    """Those that decide by themselves; and CRLs for some reasons as one, where together they are for all."""
    result = [item for item in findings if item.reasons == ALL_REASONS or item.answer.state is RevocationState.REVOKED]
    newest: dict[frozenset[str], ListFinding] = {}
    for item in findings:
        if item.answer.state is not RevocationState.GOOD or item.reasons == ALL_REASONS:
            continue
        known = newest.get(item.reasons)
        if known is None or known.answer.this_update < item.answer.this_update:
            newest[item.reasons] = item
    parts = list(newest.values())
    if frozenset().union(*newest) == ALL_REASONS:
        oldest = min(parts, key=lambda item: item.answer.this_update)
        ends = [item.answer.next_update for item in parts if item.answer.next_update is not None]
        answer = replace(oldest.answer, next_update=min(ends) if len(ends) == len(parts) else None)
        vouchers = tuple(chain for item in parts for chain in item.vouchers)
        result.append(replace(oldest, answer=answer, reasons=ALL_REASONS, vouchers=vouchers))
    return result
