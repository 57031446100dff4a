"""What a credential asks of its signer, whichever version says it."""

from dataclasses import dataclass
from enum import StrEnum

from esign.ca.authority import Consent, Secret
from esign.ca.csc.messages import Auth, CredentialInfo
from esign.errors import AuthorityRefused, CodesUnsupported, ConsentIncomplete

_OUT_OF_BAND = frozenset({"PasswordOOB", "ChallengeResponseOOB"})


class Kind(StrEnum):
    """What of a consent answers a factor."""

    PASSPHRASE = "a passphrase"  # noqa: S105
    CODE = "a one-time code"


@dataclass(frozen=True)
class Factor:
    """One thing that is asked for."""

    id: str
    """The provider's name for it; in v1 ``PIN`` or ``OTP``."""
    kind: Kind
    required: bool = True
    sent: bool = False
    """Whether the provider sends it to the signer when it is asked to."""


@dataclass(frozen=True)
class Terms:
    """How signatures are authorised."""

    factors: tuple[Factor, ...] = ()
    any_one: bool = False
    """One of the factors is enough."""
    browser: bool = False
    """The signer agrees in his browser, at the provider (``oauth2code``)."""
    elsewhere: bool = False
    """The signer agrees on a device, and the provider is asked again and again whether he has."""

    @classmethod
    def of(cls, info: CredentialInfo) -> "Terms":
        """As a credential's information tells them."""
        if info.auth is not None:
            return _of_v2(info.auth)
        if info.mode == "oauth2code":
            return cls(browser=True)
        asked = ((info.pin, Factor("PIN", Kind.PASSPHRASE)), (info.otp, Factor("OTP", Kind.CODE)))
        factors = tuple(
            Factor(factor.id, factor.kind, each.presence == "true", each.type == "online")
            for each, factor in asked
            if each.presence != "false"
        )
        return cls(factors, any_one=len(factors) > 1 and not any(factor.required for factor in factors))

    def answered(self, consent: Consent, authority: str) -> list[tuple[Factor, Secret]]:
        """What of the consent goes to the provider.

        Raises `ConsentIncomplete`, and `AuthorityRefused` where the signer is asked in ways that can't be had here.
        """
        if self.browser:
            raise AuthorityRefused(authority=authority, reason="it asks the signer in his browser")
        if self.elsewhere:
            raise AuthorityRefused(authority=authority, reason="it asks the signer on another device")
        given = {Kind.PASSPHRASE: consent.passphrase, Kind.CODE: consent.code}
        filled = [(factor, secret) for factor in self.factors if (secret := given[factor.kind]) is not None]
        missing = [factor for factor in self.factors if factor.required and given[factor.kind] is None]
        if missing or (self.any_one and not filled):
            kinds = dict.fromkeys(factor.kind for factor in missing or self.factors)
            raise ConsentIncomplete(authority=authority, missing=(" or " if self.any_one else " and ").join(kinds))
        return filled

    def code(self, authority: str) -> Factor:
        """The factor that the provider sends to the signer. Raises `CodesUnsupported` where there is none."""
        for factor in self.factors:
            if factor.kind is Kind.CODE and factor.sent:
                return factor
        raise CodesUnsupported(authority=authority)


def _of_v2(auth: Auth) -> Terms:
    if auth.mode == "oauth2code":
        return Terms(browser=True)
    if any(each.type in _OUT_OF_BAND for each in auth.objects):
        return Terms(elsewhere=True)
    words = (auth.expression or "").replace("(", " ").replace(")", " ").split()
    any_one = "OR" in words or "XOR" in words
    return Terms(
        tuple(
            Factor(
                each.id,
                Kind.CODE if _is_code(each.id, each.type, each.generator) else Kind.PASSPHRASE,
                required=not any_one,
                sent=each.type == "ChallengeResponse",
            )
            for each in auth.objects
        ),
        any_one=any_one,
    )


def _is_code(name: str, kind: str, generator: str | None) -> bool:
    return kind == "ChallengeResponse" or generator is not None or "OTP" in name.upper()
