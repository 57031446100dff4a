"""Certificate chains to a trusted root (RFC 5280, section 6): built by our own search, validated by certvalidator.

Validity dates, revocation and algorithms are left to whoever knows the proven time; here a chain stands when its
signatures, names, constraints and policies do.
"""

from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Literal

from asn1crypto import x509
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor, TrustQualifiers
from pyhanko_certvalidator.errors import ValidationError
from pyhanko_certvalidator.name_trees import (
    default_excluded_subtrees,
    default_permitted_subtrees,
    process_general_subtrees,
)
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    NO_REVOCATION,
    AcceptAllAlgorithms,
    CertRevTrustPolicy,
    PKIXValidationParams,
)
from pyhanko_certvalidator.sig_validate import SignatureValidator
from pyhanko_certvalidator.validate import async_validate_path

from esign.verify.cms import ODD_INPUT
from esign.x509.chains import check_issued
from esign.x509.rejection import Rejected
from esign.x509.trust import TrustStore

MAX_LENGTH = 8
"""Certificates in a chain, anchor included."""
MAX_CHAINS = 24
"""Chains tried for one certificate."""
MAX_CERTIFICATES = 4096
"""Certificates taken in by one validation."""
MAX_LINKS = 512
"""Certificate signatures checked in one validation: hostile files hold many certificates of one name."""

_UNDERSTOOD_CRITICAL = frozenset(
    {
        "basic_constraints",
        "key_usage",
        "extended_key_usage",
        "certificate_policies",
        "subject_alt_name",
        "issuer_alt_name",
        "name_constraints",
        "policy_constraints",
        "policy_mappings",
        "inhibit_any_policy",
        "crl_distribution_points",
        "authority_key_identifier",
        "key_identifier",
        "authority_information_access",
        "qualified_statements",
        "ocsp_no_check",
    }
)

_ANY_TIME, _EVER = datetime(5000, 1, 1, tzinfo=UTC), timedelta(days=4_998 * 365)
"""A moment and a tolerance at which no dates are wrong: they are judged elsewhere, by the proven time."""

Chain = tuple[x509.Certificate, ...]
"""Leaf first, the anchor last."""


@dataclass(frozen=True)
class Standing:
    """What the search for a certificate's chain gave."""

    state: Literal["stands", "broken", "none"]
    chain: Chain
    """The chain; where it is broken or there is none, as far as it was found."""
    reason: str = ""


@dataclass(frozen=True)
class PolicyDemands:
    """What is demanded of the certificate policies along a chain (RFC 5280, 6.1.1 (c) and (e) to (g))."""

    acceptable: frozenset[str] = frozenset({"any_policy"})
    """Their OIDs, in the policy domain of the root; one of them must hold where `explicit` or a certificate says so."""
    explicit: bool = False
    inhibit_mapping: bool = False
    inhibit_any: bool = False


class Chains:
    """Chains of one validation, each judged once."""

    def __init__(self, trust: TrustStore, demands: PolicyDemands = PolicyDemands()) -> None:
        self.trust = trust
        self._demands = demands
        self._anchors = {item.dump() for item in trust.anchors}
        self._known: set[bytes] = set()
        self._by_subject: dict[str, dict[bytes, x509.Certificate]] = {}
        self._judged: dict[tuple[bytes, ...], str | None] = {}
        self._standing: dict[tuple[bytes, datetime], Standing] = {}
        self._links: dict[tuple[bytes, bytes], bool] = {}
        self.add(*trust)

    def add(self, *certificates: x509.Certificate) -> None:
        """Takes certificates that may be part of a chain; trusts none of them."""
        for certificate in certificates:
            der = certificate.dump()
            if der in self._known or len(self._known) >= MAX_CERTIFICATES:
                continue
            self._known.add(der)
            try:
                key = certificate.subject.hashable
                _ = certificate.issuer.hashable, certificate.not_valid_after, certificate.public_key.algorithm
                _ = certificate.key_identifier, certificate.authority_key_identifier, certificate.serial_number
            except ODD_INPUT:
                continue
            self._by_subject.setdefault(key, {})[der] = certificate
            self._standing.clear()

    def is_anchor(self, certificate: x509.Certificate) -> bool:
        """Whether the certificate is trusted by itself."""
        return certificate.dump() in self._anchors

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """All that are known."""
        return tuple(item for group in self._by_subject.values() for item in group.values())

    def named(self, hashable_name: str) -> tuple[x509.Certificate, ...]:
        """Those whose subject has that name (`Name.hashable`)."""
        return tuple(self._by_subject.get(hashable_name, {}).values())

    def standing(self, leaf: x509.Certificate, moment: datetime) -> Standing:
        """The best chain of a certificate: one that stands, valid at ``moment`` rather than not."""
        key = (leaf.sha256, moment)
        if key not in self._standing:
            try:
                self._standing[key] = self._find(leaf, moment)
            except ODD_INPUT as error:
                reason = f"the certificates can't be read: {type(error).__name__}"
                self._standing[key] = Standing("broken", (leaf,), reason)
        return self._standing[key]

    def _find(self, leaf: x509.Certificate, moment: datetime) -> Standing:
        standing: list[Chain] = []
        broken: tuple[Chain, str] | None = None
        for chain in islice(self._candidates((leaf,)), MAX_CHAINS):
            reason = self._judge(chain)
            if reason is None:
                standing.append(chain)
                if is_valid_at(chain, moment):
                    break
            elif broken is None:
                broken = (chain, reason)
        if standing:
            best = next((chain for chain in standing if is_valid_at(chain, moment)), standing[0])
            return Standing("stands", best)
        if broken is not None:
            return Standing("broken", *broken)
        return Standing("none", self._as_far_as_known(leaf))

    def _candidates(self, chain: Chain) -> Iterator[Chain]:
        last = chain[-1]
        if self.is_anchor(last):
            yield chain
            return
        if len(chain) >= MAX_LENGTH:
            return
        used = {item.dump() for item in chain}
        issuers = [item for item in self._issuers(last) if item.dump() not in used]
        for issuer in sorted(issuers, key=lambda item: not self.is_anchor(item)):
            yield from self._candidates((*chain, issuer))

    def _issuers(self, certificate: x509.Certificate) -> Iterator[x509.Certificate]:
        wanted = certificate.authority_key_identifier
        for candidate in self._by_subject.get(certificate.issuer.hashable, {}).values():
            own = candidate.key_identifier
            if (wanted is None or own is None or wanted == own) and self._is_signed_by(certificate, candidate):
                yield candidate

    def _is_signed_by(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        key = (certificate.sha256, issuer.sha256)
        if key not in self._links:
            if len(self._links) >= MAX_LINKS:
                return False
            try:
                check_issued(certificate, issuer)
                self._links[key] = True
            except (Rejected, *ODD_INPUT):
                self._links[key] = False
        return self._links[key]

    def _as_far_as_known(self, leaf: x509.Certificate) -> Chain:
        chain = [leaf]
        while len(chain) < MAX_LENGTH:
            issuer = next((item for item in self._issuers(chain[-1]) if item not in chain), None)
            if issuer is None or chain[-1].subject == chain[-1].issuer:
                break
            chain.append(issuer)
        return tuple(chain)

    def _judge(self, chain: Chain) -> str | None:
        key = tuple(item.sha256 for item in chain)
        if key not in self._judged:
            self._judged[key] = _why_broken(chain, self._demands)
        return self._judged[key]


def is_valid_at(chain: Chain, moment: datetime) -> bool:
    """Whether all certificates of a chain, the anchor included, are within their validity."""
    return all(item.not_valid_before <= moment <= item.not_valid_after for item in chain)


def _why_broken(chain: Chain, demands: PolicyDemands) -> str | None:
    """Why a chain doesn't stand, dates and revocation aside; None when it does."""
    leaf, anchor = chain[0], chain[-1]
    try:
        unknown = sorted(_unknown_critical(leaf))
        if unknown:
            return f"critical extensions that are not understood: {', '.join(unknown)}"
        if len(chain) == 1:
            return None
        context = ValidationContext(
            trust_roots=[anchor],
            moment=_ANY_TIME,
            allow_fetching=False,
            revinfo_policy=CertRevTrustPolicy(NO_REVOCATION),
            algorithm_usage_policy=AcceptAllAlgorithms(),
            time_tolerance=_EVER,
            signature_validator=_CheckedBefore(),
        )
        path = ValidationPath(CertTrustAnchor(anchor, _qualifiers(anchor, demands)), list(chain[-2:0:-1]), leaf)
        _run(async_validate_path(context, path))
    except ValidationError as error:
        return str(error)
    except ODD_INPUT as error:
        return f"the chain can't be read: {type(error).__name__}"
    return None


def _qualifiers(anchor: x509.Certificate, demands: PolicyDemands) -> TrustQualifiers:
    """The demands, and what a root says of itself that limits those below it: path length, names (RFC 5937, 3.2)."""
    permitted, excluded = default_permitted_subtrees(), default_excluded_subtrees()
    names = anchor.name_constraints_value
    if names is not None:
        for known, field in ((permitted, "permitted_subtrees"), (excluded, "excluded_subtrees")):
            if isinstance(names[field], x509.GeneralSubtrees):
                known.update(process_general_subtrees(names[field]))
    return TrustQualifiers(
        standard_parameters=PKIXValidationParams(
            user_initial_policy_set=demands.acceptable,
            initial_explicit_policy=demands.explicit,
            initial_policy_mapping_inhibit=demands.inhibit_mapping,
            initial_any_policy_inhibit=demands.inhibit_any,
            initial_permitted_subtrees=permitted,
            initial_excluded_subtrees=excluded,
        ),
        max_path_length=anchor.max_path_length,
        max_aa_path_length=anchor.max_path_length,
    )


class _CheckedBefore(SignatureValidator):
    """Signatures in chains are checked once, by `check_issued`: a chain is made of no other links."""

    def validate_signature(self, *_arguments: object, **_context: object) -> None:
        """Does nothing."""


def _unknown_critical(certificate: x509.Certificate) -> set[str]:
    extensions = certificate["tbs_certificate"]["extensions"]
    return {
        str(item["extn_id"].native)
        for item in extensions or ()
        if item["critical"].native and item["extn_id"].native not in _UNDERSTOOD_CRITICAL
    }


def _run(coroutine: Coroutine[object, object, object]) -> None:
    """Runs a coroutine that awaits nothing outside itself: without fetching, certvalidator has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise NotImplementedError("the validation of a path waited for something")
