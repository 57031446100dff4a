"""Whether a certificate was revoked at a time, by OCSP answers and CRLs (EN 319 102-1, 5.2.5; rule 8)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal, cast

from asn1crypto import core, crl, ocsp, x509

from esign.verify.chains import Chain, Chains
from esign.verify.cms import ODD_INPUT
from esign.verify.lists import Origin, RevocationLists, united
from esign.verify.policy import Policy, weakness_of_digest, weakness_of_key
from esign.verify.report import RevocationInfo
from esign.x509 import ocsp as x509_ocsp
from esign.x509.rejection import Rejected
from esign.x509.revocation import RevocationAnswer, RevocationState
from esign.x509.scope import Use
from esign.x509.trust import TrustStore


@dataclass(frozen=True)
class Statement:
    """What one OCSP answer or CRL says of a certificate, and where it came from."""

    kind: Literal["ocsp", "crl"]
    origin: Origin
    answer: RevocationAnswer
    covers_expired: datetime | None
    """It speaks of certificates that expired no earlier than this (archiveCutoff, expiredCertsOnCRL)."""
    vouchers: tuple[Chain, ...] = ()
    """Chains of those who signed a CRL in the issuer's place: it counts only while they are not revoked."""
    encoded: bytes = b""
    """The answer or list itself, DER."""


@dataclass(frozen=True)
class RevocationStatus:
    """What is known of a certificate at a time."""

    state: Literal["good", "revoked", "stale", "unknown"]
    statement: Statement | None = None
    fresh: bool = False

    def info(self, certificate: x509.Certificate) -> RevocationInfo | None:
        """For the report; None without a statement."""
        if self.statement is None:
            return None
        answer = self.statement.answer
        return RevocationInfo(
            certificate_sha256=certificate.sha256.hex(),
            kind=self.statement.kind,
            origin=self.statement.origin,
            state=answer.state.value,
            this_update=answer.this_update,
            next_update=answer.next_update,
            produced_at=answer.produced_at,
            revoked_at=answer.revoked_at,
            reason=answer.reason.value if answer.reason else None,
            fresh=self.fresh,
            sha256=hashlib.sha256(self.statement.encoded).hexdigest(),
        )


class RevocationData:
    """All OCSP answers and CRLs of one validation; what is said of a certificate is checked once."""

    def __init__(self, policy: Policy, chains: Chains | None = None) -> None:
        """``chains``: where the certificates of those who sign CRLs for others are found."""
        self._policy = policy
        self._ocsps: dict[bytes, tuple[bytes, Origin]] = {}
        self._lists = RevocationLists(chains)
        self._trust = chains.trust if chains is not None else TrustStore()
        self._known_lists: set[bytes] = set()
        self._statements: dict[tuple[bytes, bytes], tuple[Statement, ...]] = {}
        self._asked: list[bytes] = []

    def add_ocsp(self, der: bytes, origin: Origin) -> bytes:
        """Takes an OCSPResponse, or a bare BasicOCSPResponse (RFC 5940), which it wraps; gives back what it keeps."""
        try:
            parsed = ocsp.OCSPResponse.load(der)
            _ = parsed["response_status"].native
        except ODD_INPUT:
            try:
                der = _wrapped(ocsp.BasicOCSPResponse.load(der))
            except ODD_INPUT:
                return der
        self._ocsps.setdefault(hashlib.sha256(der).digest(), (der, origin))
        self._statements.clear()
        return der

    def add_crl(self, der: bytes, origin: Origin) -> None:
        """Takes a CertificateList."""
        key = hashlib.sha256(der).digest()
        if key not in self._known_lists:
            self._known_lists.add(key)
            self._lists.add(der, origin)
            self._statements.clear()

    def statements(self, certificate: x509.Certificate, issuer: x509.Certificate) -> tuple[Statement, ...]:
        """All that is said of a certificate by those who may say it, newest first."""
        key = (certificate.sha256, issuer.sha256)
        if key not in self._statements:
            found = [*self._from_ocsps(certificate, issuer), *self._from_lists(certificate, issuer)]
            found.sort(key=lambda item: (item.answer.this_update, item.answer.produced_at), reverse=True)
            self._statements[key] = tuple(found)
        return self._statements[key]

    def _from_ocsps(self, certificate: x509.Certificate, issuer: x509.Certificate) -> Iterator[Statement]:
        mark = core.Integer(certificate.serial_number).dump()
        for der, origin in self._ocsps.values():
            if mark not in der:
                continue
            try:
                answer = x509_ocsp.check(der, certificate, issuer)
                covers_expired = _archive_cutoff(der, certificate)
            except (Rejected, *ODD_INPUT):
                continue
            if self._is_acceptable(answer) and self._is_in_scope(issuer, Use.OCSP, answer):
                yield Statement("ocsp", origin, answer, covers_expired, encoded=der)

    def _from_lists(self, certificate: x509.Certificate, issuer: x509.Certificate) -> Iterator[Statement]:
        try:
            found = [item for item in self._lists.findings(certificate, issuer) if self._is_acceptable(item.answer)]
            found = [item for item in found if self._is_in_scope(issuer, Use.CRL, item.answer)]
        except ODD_INPUT:
            return
        for item in united(found):
            try:
                covers_expired = _expired_certificates_on(item.encoded)
            except ODD_INPUT:
                continue
            yield Statement("crl", item.origin, item.answer, covers_expired, item.vouchers, item.encoded)

    def _is_in_scope(self, issuer: x509.Certificate, use: Use, answer: RevocationAnswer) -> bool:
        """Whether the trust list lets the issuer vouch for such answers, at the time when this one was made."""
        return self._trust.refusal((issuer,), (use,), answer.produced_at) is None

    def _is_acceptable(self, answer: RevocationAnswer) -> bool:
        produced = answer.produced_at
        return (
            answer.this_update <= produced + self._policy.tolerance
            and weakness_of_digest(self._policy, answer.digest_algorithm, produced) is None
            and weakness_of_key(self._policy, answer.signer.public_key, produced) is None
        )

    def status(
        self, certificate: x509.Certificate, issuer: x509.Certificate, moment: datetime, at: datetime
    ) -> RevocationStatus:
        """Whether the certificate was revoked at ``moment``, as is known at ``at``.

        A statement is fresh when thisUpdate ≥ moment − F (rule 8). The newest statement tells a hold; any
        other revocation is for good.
        """
        slack = self._policy.tolerance
        usable = [
            item
            for item in self.statements(certificate, issuer)
            if item.answer.this_update <= at + slack and self._is_vouched_for(item, certificate, at)
        ]
        stale: Statement | None = None
        for index, item in enumerate(usable):
            answer = item.answer
            if answer.state is RevocationState.REVOKED and (index == 0 or not answer.on_hold):
                if answer.revoked_at is not None and moment < answer.revoked_at:
                    return RevocationStatus("good", item, fresh=True)
                return RevocationStatus("revoked", item, fresh=True)
        for item in usable:
            if item.answer.state is not RevocationState.GOOD or not _speaks_of(item, certificate):
                continue
            if item.answer.is_fresh(moment - slack, self._policy.longest_freshness):
                return RevocationStatus("good", item, fresh=True)
            stale = stale or item
        if stale is not None:
            return RevocationStatus("stale", stale)
        return RevocationStatus("unknown", usable[0] if usable else None)

    def _is_vouched_for(self, item: Statement, certificate: x509.Certificate, at: datetime) -> bool:
        """Whether those who signed a CRL in the issuer's place were not revoked, by other data than their own."""
        if not item.vouchers:
            return True
        if certificate.sha256 in self._asked:
            return False
        self._asked.append(certificate.sha256)
        try:
            return all(
                self._is_unrevoked(voucher, above, item.answer.this_update, at)
                for chain in item.vouchers
                for voucher, above in pairwise(chain)
            )
        finally:
            self._asked.pop()

    def _is_unrevoked(
        self, certificate: x509.Certificate, issuer: x509.Certificate, moment: datetime, at: datetime
    ) -> bool:
        found = self.status(certificate, issuer, moment, at)
        if found.state != "good" or found.statement is None:
            return False
        return found.statement.answer.state is RevocationState.GOOD


def _wrapped(basic: ocsp.BasicOCSPResponse) -> bytes:
    _ = basic["tbs_response_data"]["produced_at"].native
    response = {"response_type": "basic_ocsp_response", "response": basic}
    return cast("bytes", ocsp.OCSPResponse({"response_status": "successful", "response_bytes": response}).dump())


def _archive_cutoff(der: bytes, certificate: x509.Certificate) -> datetime | None:
    """The value of archiveCutoff (RFC 6960, 4.4.4) in the answer for a certificate."""
    for single in ocsp.OCSPResponse.load(der).response_data["responses"]:
        if single["cert_id"]["serial_number"].native == certificate.serial_number:
            cutoff = single.archive_cutoff_value
            return None if cutoff is None else cast("datetime", cutoff.native)
    return None


def _expired_certificates_on(der: bytes) -> datetime | None:
    """The value of expiredCertsOnCRL (ITU-T X.509, 9.5.2.8)."""
    for extension in crl.CertificateList.load(der)["tbs_cert_list"]["crl_extensions"] or ():
        if extension["extn_id"].dotted == "2.5.29.60":
            return cast("datetime", core.GeneralizedTime.load(bytes(extension["extn_value"])).native)
    return None


def _speaks_of(item: Statement, certificate: x509.Certificate) -> bool:
    """Whether "not revoked" means anything: after a certificate's end its issuer may have dropped it."""
    end = certificate.not_valid_after
    if item.answer.this_update <= end:
        return True
    return item.covers_expired is not None and item.covers_expired <= end
