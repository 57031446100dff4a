"""What a CRL is worth, and what it says of a certificate (RFC 5280, sections 5 and 6.3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from asn1crypto import crl as asn1_crl
from asn1crypto import x509
from cryptography import x509 as pyca

from esign.x509 import signatures
from esign.x509.crl_scope import ALL_REASONS, covered_reasons
from esign.x509.encoding import as_found
from esign.x509.rejection import UNREADABLE, Rejected
from esign.x509.revocation import RevocationAnswer, RevocationReason, RevocationState

LARGEST = 32 * 1024 * 1024
"""Octets of a list that is looked at."""

_UNDERSTOOD = {
    "2.5.29.20",  # CRL number
    "2.5.29.27",  # delta CRL indicator
    "2.5.29.28",  # issuing distribution point
    "2.5.29.35",  # authority key identifier
}
_UNDERSTOOD_OF_ENTRIES = {pyca.CRLReason.oid, pyca.InvalidityDate.oid}
_CRITICAL = b"\x01\x01\xff\x04"
"""The end of an extension's ``critical``, and the tag of its value."""


@dataclass(frozen=True)
class CrlAnswer:
    """What one CRL says of a certificate, and for which reasons of revocation it speaks."""

    answer: RevocationAnswer
    reasons: frozenset[str]
    """Of `crl_scope.ALL_REASONS`: "not revoked" says nothing about the others."""


def check(crl: bytes, certificate: x509.Certificate, issuer: x509.Certificate) -> RevocationAnswer:
    """What a CertificateList (DER) says of a certificate.

    Checked: it is ``issuer``'s, signed by its key, which may sign CRLs; complete (no delta, for all reasons) and
    covers this certificate. Not checked: freshness (`RevocationAnswer.is_fresh`), the strength of algorithms, and
    ``issuer`` itself. Raises `Rejected`.
    """
    found = examine(CertificateList(crl), certificate, issuer, issuer)
    if found.answer.state is RevocationState.GOOD and found.reasons != ALL_REASONS:
        raise Rejected("the CRL is not for all reasons")
    return found.answer


def examine(
    base: "CertificateList",
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    signer: x509.Certificate,
    delta: "CertificateList | None" = None,
) -> CrlAnswer:
    """What a CRL, which may be indirect or limited to some reasons, says of a certificate of ``issuer``.

    ``signer`` has the key that must have signed it; where that is not ``issuer``, its chain and revocation are the
    caller's to check. ``delta`` is a delta CRL (RFC 5280, 5.2.4) to be read with it. Raises `Rejected`.
    """
    try:
        return _examine(base, certificate, issuer, signer, delta)
    except UNREADABLE as error:
        raise Rejected("the CRL is malformed") from error


def _examine(
    base: "CertificateList",
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    signer: x509.Certificate,
    delta: "CertificateList | None",
) -> CrlAnswer:
    if base.is_delta:
        raise Rejected("the CRL is a delta CRL")
    if certificate.issuer != issuer.subject or base.issuer != signer.subject:
        raise Rejected("the CRL is from another issuer")
    usage = signer.key_usage_value
    if usage is not None and "crl_sign" not in usage.native:
        raise Rejected("the issuer's key is not for signing CRLs")
    base.refuse_unknown()
    reasons = covered_reasons(base.scope, base.issuer, certificate)
    digest_algorithm = base.verify(signer)
    entry, newest = base.entry_of(certificate), base
    if delta is not None:
        delta.refuse_unknown()
        delta.refuse_unless_continuing(base)
        if delta.verify(signer) != digest_algorithm:
            raise Rejected("the delta CRL is signed in another way than the CRL")
        entry, newest = delta.entry_of(certificate) or entry, delta
    reason = None if entry is None else _reason(entry)
    # removeFromCRL belongs into delta CRLs, and undoes the revocation there.
    revoked = entry is not None and reason is not RevocationReason.REMOVE_FROM_CRL
    answer = RevocationAnswer(
        state=RevocationState.REVOKED if revoked else RevocationState.GOOD,
        this_update=newest.parsed.last_update_utc,
        next_update=newest.parsed.next_update_utc,
        produced_at=newest.parsed.last_update_utc,
        revoked_at=entry.revocation_date_utc if entry is not None and revoked else None,
        reason=reason if revoked else None,
        digest_algorithm=digest_algorithm,
        signer=signer,
    )
    return CrlAnswer(answer, reasons)


class CertificateList:
    """A CRL, read as far as it is asked: asn1crypto reads the header, cryptography walks a million entries.

    Raises `Rejected` for one that is too large or no CRL.
    """

    def __init__(self, encoded: bytes) -> None:
        if len(encoded) > LARGEST:
            raise Rejected("the CRL is too large")
        self.encoded = encoded
        try:
            self._outer = asn1_crl.CertificateList.load(encoded, strict=True)
            self._header = self._outer["tbs_cert_list"]
            self.issuer: x509.Name = self._header["issuer"]
            self.key = str(self.issuer.hashable)
            """The issuer's name, to look lists up by."""
            self._critical = set(self._outer.critical_extensions)
            self.scope: asn1_crl.IssuingDistributionPoint | None = self._outer.issuing_distribution_point_value
            indicator = self._outer.delta_crl_indicator_value
            self.is_delta = indicator is not None
            self._base_number = None if indicator is None else int(indicator)
            number = self._outer.crl_number_value
            self._number = None if number is None else int(number)
        except UNREADABLE as error:
            raise Rejected("the CRL is malformed") from error

    @cached_property
    def parsed(self) -> pyca.CertificateRevocationList:
        """The list, as cryptography reads it."""
        return pyca.load_der_x509_crl(self.encoded)

    def verify(self, signer: x509.Certificate) -> str:
        """Checks the signature; gives its digest algorithm. Raises `Rejected`."""
        value = signatures.octets(self._outer["signature"])
        return signatures.verify(signer, self._outer["signature_algorithm"], value, as_found(self._header))

    def may_be_signed_by(self, certificate: x509.Certificate) -> bool:
        """Whether nothing but the signature itself could speak against that signer."""
        wanted, own = self._outer.authority_key_identifier, certificate.key_identifier
        return wanted is None or own is None or wanted == own

    def refuse_unknown(self) -> None:
        """Raises `Rejected` for critical extensions, of the list or any of its entries, that are not understood."""
        for extension in self.parsed.extensions:
            if extension.critical and extension.oid.dotted_string not in _UNDERSTOOD:
                raise Rejected(f"the CRL's critical extension {extension.oid.dotted_string} is not understood")
        if self._has_critical_entries:
            for entry in self.parsed:
                for extension in entry.extensions:
                    if extension.critical and extension.oid not in self._understood_of_entries:
                        name = extension.oid.dotted_string
                        raise Rejected(f"the CRL entry's critical extension {name} is not understood")

    def refuse_unless_continuing(self, base: "CertificateList") -> None:
        """Raises `Rejected` where this is no delta CRL for that complete one (RFC 5280, 5.2.4 and 6.3.3 (c))."""
        if self._base_number is None or self._number is None or base._number is None:
            raise Rejected("the CRL is no delta CRL")
        if self.key != base.key or _encoded(self.scope) != _encoded(base.scope):
            raise Rejected("the delta CRL has another scope")
        own, other = self._outer.authority_key_identifier_value, base._outer.authority_key_identifier_value
        if _encoded(own) != _encoded(other):
            raise Rejected("the delta CRL is from another key")
        if not self._base_number <= base._number < self._number:
            raise Rejected("the delta CRL is not for this CRL")

    def entry_of(self, certificate: x509.Certificate) -> pyca.RevokedCertificate | None:
        """The certificate's entry, if it has one."""
        # cryptography looks for no negative numbers, which RFC 5280, 4.1.2.2 wants to be handled.
        if not self._is_indirect and certificate.serial_number >= 0:
            return self.parsed.get_revoked_certificate_by_serial_number(certificate.serial_number)
        wanted = str(certificate.issuer.hashable)
        for issuers, entry in self._entries_with_issuers():
            if entry.serial_number == certificate.serial_number and wanted in issuers:
                return entry
        return None

    def _entries_with_issuers(self) -> Iterator[tuple[frozenset[str], pyca.RevokedCertificate]]:
        """Of an indirect list: an issuer that an entry names holds for those after it (RFC 5280, 5.3.3)."""
        issuers = frozenset({self.key})
        for entry in self.parsed:
            for extension in entry.extensions:
                if isinstance(extension.value, pyca.CertificateIssuer):
                    names = extension.value.get_values_for_type(pyca.DirectoryName)
                    issuers = frozenset(str(x509.Name.load(name.public_bytes()).hashable) for name in names)
            yield issuers, entry

    @property
    def _is_indirect(self) -> bool:
        return self.scope is not None and bool(self.scope["indirect_crl"].native)

    @property
    def _understood_of_entries(self) -> set[pyca.ObjectIdentifier]:
        return _UNDERSTOOD_OF_ENTRIES | ({pyca.CertificateIssuer.oid} if self._is_indirect else set())

    @cached_property
    def _has_critical_entries(self) -> bool:
        entries = self._header["revoked_certificates"]
        return _CRITICAL in (cast("bytes | None", entries.contents) or b"")


def distribution_points(certificate: x509.Certificate) -> list[str]:
    """The http(s) addresses of the CRLs that cover a certificate, in its order; none of indirect CRLs."""
    found: list[str] = []
    for point in certificate.crl_distribution_points:
        if point["crl_issuer"].native is None:
            found.extend(url for url in _urls(point) if url.lower().startswith(("http://", "https://")))
    return found


def _urls(point: x509.DistributionPoint) -> list[str]:
    name = point["distribution_point"]
    if name.native is None or name.name != "full_name":
        return []
    return [str(general.native) for general in name.chosen if general.name == "uniform_resource_identifier"]


def _reason(entry: pyca.RevokedCertificate) -> RevocationReason | None:
    for extension in entry.extensions:
        if isinstance(extension.value, pyca.CRLReason):
            return RevocationReason(extension.value.reason.value)
    return None


def _encoded(value: asn1_crl.IssuingDistributionPoint | x509.AuthorityKeyIdentifier | None) -> bytes | None:
    return None if value is None else as_found(value)
