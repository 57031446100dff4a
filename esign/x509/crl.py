"""What a CRL is worth, and what it says of a certificate (RFC 5280, sections 5 and 6.3)."""

from asn1crypto import crl as asn1_crl
from asn1crypto import x509
from cryptography import x509 as pyca

from esign.x509 import signatures
from esign.x509.rejection import UNREADABLE, Rejected
from esign.x509.revocation import RevocationAnswer, RevocationReason, RevocationState

LARGEST = 32 * 1024 * 1024
"""Octets of a list that is looked at."""

_UNDERSTOOD_OF_ENTRIES = {pyca.CRLReason.oid, pyca.InvalidityDate.oid}


def check(crl: bytes, certificate: x509.Certificate, issuer: x509.Certificate) -> RevocationAnswer:
    """What a CertificateList (DER) says of a certificate.

    Checked: it is ``issuer``'s, signed by its key, which may sign CRLs; complete (no delta, not indirect, for all
    reasons) and covers this kind of certificate. Not checked: freshness (`RevocationAnswer.is_fresh`), the
    strength of algorithms, and ``issuer`` itself. Raises `Rejected`.
    """
    if len(crl) > LARGEST:
        raise Rejected("the CRL is too large")
    try:
        return _check(pyca.load_der_x509_crl(crl), crl, certificate, issuer)
    except UNREADABLE as error:
        raise Rejected("the CRL is malformed") from error


def _check(
    parsed: pyca.CertificateRevocationList, encoded: bytes, certificate: x509.Certificate, issuer: x509.Certificate
) -> RevocationAnswer:
    name = parsed.issuer.public_bytes()
    if name != issuer.subject.dump() or certificate.issuer != issuer.subject:
        raise Rejected("the CRL is from another issuer")
    usage = issuer.key_usage_value
    if usage is not None and "crl_sign" not in usage.native:
        raise Rejected("the issuer's key is not for signing CRLs")
    _check_extensions(parsed, certificate)
    # The header alone is read again: asn1crypto must not walk a million entries.
    outer = asn1_crl.CertificateList.load(encoded)
    digest_algorithm = signatures.verify(
        issuer, outer["signature_algorithm"], signatures.octets(outer["signature"]), parsed.tbs_certlist_bytes
    )
    entry = parsed.get_revoked_certificate_by_serial_number(certificate.serial_number)
    reason = None if entry is None else _reason(entry)
    # removeFromCRL belongs into delta CRLs, and undoes the revocation there.
    revoked = entry is not None and reason is not RevocationReason.REMOVE_FROM_CRL
    return RevocationAnswer(
        state=RevocationState.REVOKED if revoked else RevocationState.GOOD,
        this_update=parsed.last_update_utc,
        next_update=parsed.next_update_utc,
        produced_at=parsed.last_update_utc,
        revoked_at=entry.revocation_date_utc if entry is not None and revoked else None,
        reason=reason if revoked else None,
        digest_algorithm=digest_algorithm,
        signer=issuer,
    )


def _check_extensions(parsed: pyca.CertificateRevocationList, certificate: x509.Certificate) -> None:
    for extension in parsed.extensions:
        if isinstance(extension.value, pyca.IssuingDistributionPoint):
            _check_scope(extension.value, certificate)
        elif isinstance(extension.value, pyca.DeltaCRLIndicator):
            raise Rejected("the CRL is a delta CRL")
        elif extension.critical and not isinstance(extension.value, pyca.AuthorityKeyIdentifier | pyca.CRLNumber):
            raise Rejected(f"the CRL's critical extension {extension.oid.dotted_string} is not understood")


def _check_scope(scope: pyca.IssuingDistributionPoint, certificate: x509.Certificate) -> None:
    """RFC 5280, 6.3.3 (b)(2)."""
    if scope.indirect_crl or scope.only_some_reasons or scope.only_contains_attribute_certs:
        raise Rejected("the CRL is indirect, or not for all reasons")
    if scope.only_contains_ca_certs and not certificate.ca:
        raise Rejected("the CRL is for CA certificates only")
    if scope.only_contains_user_certs and certificate.ca:
        raise Rejected("the CRL is not for CA certificates")
    if scope.relative_name is not None:
        raise Rejected("the CRL's distribution point is not understood")
    if scope.full_name is not None:
        points = {str(name.value) for name in scope.full_name if isinstance(name, pyca.UniformResourceIdentifier)}
        named = {url for point in certificate.crl_distribution_points for url in _urls(point)}
        if named and points and not named & points:
            raise Rejected("the CRL is for another distribution point")


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
    reason: RevocationReason | None = None
    for extension in entry.extensions:
        if isinstance(extension.value, pyca.CRLReason):
            reason = RevocationReason(extension.value.reason.value)
        elif extension.critical and extension.oid not in _UNDERSTOOD_OF_ENTRIES:
            raise Rejected(f"the CRL entry's critical extension {extension.oid.dotted_string} is not understood")
    return reason
