"""From a certificate to a root that is trusted."""

from collections.abc import Iterable
from datetime import datetime

from asn1crypto import x509

from esign.x509 import signatures
from esign.x509.encoding import as_found
from esign.x509.rejection import UNREADABLE, Rejected
from esign.x509.trust import TrustStore

LONGEST = 8
"""Certificates in a chain."""
MOST_SIGNATURES = 32
"""Signatures checked in search of a chain: hostile files hold many certificates of one name."""


def build(
    certificate: x509.Certificate,
    trust: TrustStore,
    others: Iterable[x509.Certificate] = (),
    *,
    at: datetime | None = None,
) -> tuple[x509.Certificate, ...] | None:
    """A chain to an anchor of ``trust``, ``certificate`` first, anchor last; None where there is none.

    Each link: names, key identifiers, the issuer's right to issue (basic constraints, path length, key usage), the
    signature; with ``at``, also that each certificate was valid then. Not checked: revocation, policies, name
    constraints: this says who may be asked about a certificate, not whether it is good.
    ``others`` are certificates that came along, and vouch for nothing.
    """
    candidates = [*trust.anchors, *trust.intermediates, *others]
    anchors = {anchor.dump() for anchor in trust.anchors}
    return _Search(candidates, anchors, at).extend((certificate,))


class _Search:
    """Depth first, the trust store's certificates before those that came along."""

    def __init__(self, candidates: list[x509.Certificate], anchors: set[bytes], at: datetime | None) -> None:
        self._candidates = candidates
        self._anchors = anchors
        self._at = at
        self._signatures_left = MOST_SIGNATURES

    def extend(self, chain: tuple[x509.Certificate, ...]) -> tuple[x509.Certificate, ...] | None:
        last = chain[-1]
        if self._at is not None and not last.not_valid_before <= self._at <= last.not_valid_after:
            return None
        if last.dump() in self._anchors:
            return chain
        if len(chain) == LONGEST:
            return None
        encoded = {certificate.dump() for certificate in chain}
        for candidate in self._candidates:
            if candidate.dump() in encoded or not self._may_have_issued(candidate, chain):
                continue
            found = self.extend((*chain, candidate))
            if found is not None:
                return found
        return None

    def _may_have_issued(self, issuer: x509.Certificate, chain: tuple[x509.Certificate, ...]) -> bool:
        try:
            if not may_issue(issuer, below=sum(not item.self_issued for item in chain[1:])) or not names_as_issuer(
                chain[-1], issuer
            ):
                return False
            if not self._signatures_left:
                return False
            self._signatures_left -= 1
            check_issued(chain[-1], issuer)
        except (Rejected, *UNREADABLE):
            return False
        return True


def names_as_issuer(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether a certificate names another as its issuer: by name, and by key identifier where both have one."""
    if certificate.issuer != issuer.subject:
        return False
    named, own = certificate.authority_key_identifier, issuer.key_identifier
    return named is None or own is None or named == own


def may_issue(certificate: x509.Certificate, *, below: int = 0) -> bool:
    """Whether a certificate may issue others with ``below`` CA certificates between (RFC 5280, 4.2.1.3 and 4.2.1.9).

    Self-issued ones between don't count.
    """
    constraints, usage = certificate.basic_constraints_value, certificate.key_usage_value
    if constraints is None or not constraints["ca"].native:
        return False
    longest = constraints["path_len_constraint"].native
    if longest is not None and below > longest:
        return False
    return usage is None or "key_cert_sign" in usage.native


def issuer_addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    """Where a certificate says that its issuer's is to be had, over http(s) (RFC 5280, 4.2.2.1)."""
    return tuple(
        description["access_location"].native
        for description in certificate.authority_information_access_value or ()
        if description["access_method"].native == "ca_issuers"
        and description["access_location"].name == "uniform_resource_identifier"
        and description["access_location"].native.lower().startswith(("http://", "https://"))
    )


def check_issued(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    """Checks the issuer's signature in a certificate. Raises `Rejected`."""
    signatures.verify(
        issuer,
        certificate["signature_algorithm"],
        signatures.octets(certificate["signature_value"]),
        as_found(certificate["tbs_certificate"]),
    )
