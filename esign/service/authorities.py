"""Which authorities there are, and which of them holds a signer's key."""

from collections.abc import Iterator, Mapping

from esign.ca.authority import Authority
from esign.errors import AuthorityUnavailable, RequestInvalid
from esign.x509.trust import TrustStore


class Authorities:
    """The authorities of this installation, by the name that the register keeps with each credential."""

    def __init__(self, by_name: Mapping[str, Authority], default: str | None) -> None:
        self._by_name = dict(by_name)
        self.default = default
        """The authority of signers for whom none is chosen; None where there is none at all."""

    def __iter__(self) -> Iterator[Authority]:
        return iter(self._by_name.values())

    def named(self, name: str) -> Authority:
        """The authority of that name. Raises `AuthorityUnavailable` where it is not set up here."""
        try:
            return self._by_name[name]
        except KeyError:
            raise AuthorityUnavailable(authority=name) from None

    def refuse_unknown(self, name: str | None) -> None:
        """Raises `RequestInvalid` for the name of an authority that is not set up here; None is none."""
        if name is not None and name not in self._by_name:
            known = ", ".join(self._by_name) or "none"
            raise RequestInvalid(field="authority", reason=f"there is no such authority here; there is {known}")

    def trust(self, base: TrustStore) -> TrustStore:
        """``base`` with the roots of all authorities added."""
        return base.merged(TrustStore(anchors=tuple(root for authority in self for root in authority.roots())))
