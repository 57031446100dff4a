"""Which certificates, and which reasons of revocation, a CRL speaks for (RFC 5280, 5.2.5 and 6.3.3)."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from asn1crypto import core, x509
from asn1crypto import crl as asn1_crl

from esign.x509.rejection import Rejected

ALL_REASONS = frozenset(x509.ReasonFlags._map.values()) - {"unused"}
"""Reasons of revocation that distribution points and CRLs can be limited to, by asn1crypto's names."""

_Name = tuple[str, str | bytes]


def covered_reasons(
    scope: asn1_crl.IssuingDistributionPoint | None, issuer: x509.Name, certificate: x509.Certificate
) -> frozenset[str]:
    """For which reasons a CRL tells of a certificate; `ALL_REASONS` where nothing limits it.

    ``scope`` is the CRL's issuingDistributionPoint, ``issuer`` its issuer. Distribution points are those of the
    certificate, and the one that RFC 5280, 6.3.3 assumes for CRLs found elsewhere: its issuer's own.
    Raises `Rejected` where the CRL doesn't cover the certificate at all.
    """
    indirect, only_some = False, ALL_REASONS
    names: frozenset[_Name] | None = None
    if scope is not None:
        _check_kind(scope, certificate)
        indirect = bool(scope["indirect_crl"].native)
        only_some = _reasons(scope["only_some_reasons"])
        if isinstance(scope["distribution_point"], x509.DistributionPointName):
            names = frozenset(_names(scope["distribution_point"], issuer.hashable))
    covered: frozenset[str] = frozenset()
    reason = "the CRL is from another issuer"
    for issuers, point_names, reasons in _points(certificate):
        if issuer.hashable not in issuers if issuers else issuer.hashable != certificate.issuer.hashable:
            continue
        if issuers and not indirect:
            reason = "the CRL is not the indirect one that the certificate names"
        elif names is not None and not names & point_names:
            reason = "the CRL is for another distribution point"
        else:
            covered |= reasons & only_some
    if not covered:
        raise Rejected(reason)
    return covered


def named_issuers(certificate: x509.Certificate) -> frozenset[str]:
    """Who may issue CRLs about a certificate: its issuer, and the cRLIssuers of its distribution points; hashable."""
    return frozenset({certificate.issuer.hashable}.union(*(issuers for issuers, _, _ in _points(certificate))))


def _check_kind(scope: asn1_crl.IssuingDistributionPoint, certificate: x509.Certificate) -> None:
    if scope["only_contains_attribute_certs"].native:
        raise Rejected("the CRL is for attribute certificates")
    if scope["only_contains_ca_certs"].native and not certificate.ca:
        raise Rejected("the CRL is for CA certificates only")
    if scope["only_contains_user_certs"].native and certificate.ca:
        raise Rejected("the CRL is not for CA certificates")


def _points(certificate: x509.Certificate) -> Iterator[tuple[frozenset[str], frozenset[_Name], frozenset[str]]]:
    """Each distribution point: its cRLIssuers, if any, its names, and its reasons."""
    own = certificate.issuer.hashable
    yield frozenset(), frozenset({("directory_name", own)}), ALL_REASONS
    for point in certificate.crl_distribution_points_value or ():
        issuers: frozenset[str] = frozenset()
        if isinstance(point["crl_issuer"], x509.GeneralNames):
            found = (_key(name) for name in point["crl_issuer"])
            issuers = frozenset(str(value) for kind, value in found if kind == "directory_name")
        if isinstance(point["distribution_point"], x509.DistributionPointName):
            names = frozenset(_names(point["distribution_point"], *(issuers or {own})))
        else:
            names = frozenset(("directory_name", issuer) for issuer in issuers)
        yield issuers, names, _reasons(point["reasons"])


def _reasons(flags: core.Asn1Value) -> frozenset[str]:
    return frozenset(flags.native) & ALL_REASONS if isinstance(flags, x509.ReasonFlags) else ALL_REASONS


def _names(point: x509.DistributionPointName, *bases: str) -> Iterator[_Name]:
    if point.name == "full_name":
        yield from (_key(name) for name in point.chosen)
    else:
        # As `Name.hashable` joins its parts.
        yield from (("directory_name", f"{base}\x1e{point.chosen.hashable}") for base in bases)


def _key(name: x509.GeneralName) -> _Name:
    """What two names are compared by (RFC 5280, 7.1 and 7.4)."""
    if name.name == "directory_name":
        return name.name, str(name.chosen.hashable)
    if name.name == "uniform_resource_identifier":
        parts = urlsplit(str(name.native))
        return name.name, parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl()
    return name.name, name.dump()
