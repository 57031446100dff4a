"""What is asked of the service in one call, whichever version is spoken."""

from dataclasses import dataclass

from esign.ca.authority import Consent, Secret
from esign.ca.surroundings import Identity


@dataclass(frozen=True)
class Person:
    """A signer, as the service knows him: by one of these, or an agency's seal by its subscriber's number."""

    nik: Secret | None = None
    email: str | None = None
    subscriber: str | None = None

    @property
    def known(self) -> bool:
        """Whether there is anything to call him by."""
        return self.nik is not None or self.email is not None or self.subscriber is not None

    @property
    def identifier(self) -> Secret:
        """What he is called by where one name has to do."""
        return self.nik or Secret(self.email or self.subscriber or "")

    def fields(self) -> dict[str, object]:
        """As the JSON of v2 names him."""
        if self.subscriber is not None:
            return {"idSubscriber": self.subscriber}
        return {"nik": self.nik.reveal()} if self.nik is not None else {"email": self.email}


def person(identity: Identity, by: str, api: str) -> Person:
    """Whom the service is told: a seal by its number, a person as `by` says, else by what is known of him."""
    if identity.subscriber is not None:
        return Person(subscriber=identity.subscriber) if api == "v2" else Person()
    if api == "v1":
        return Person(nik=identity.nik)
    if identity.email is not None and (by == "email" or identity.nik is None):
        return Person(email=identity.email)
    return Person(nik=identity.nik)


@dataclass(frozen=True)
class Given:
    """The secret that goes with an order: a one-time code where there is one, else a passphrase."""

    passphrase: Secret | None = None
    code: Secret | None = None

    @classmethod
    def of(cls, consent: Consent) -> "Given":
        """The one that is sent."""
        return cls(code=consent.code) if consent.code is not None else cls(passphrase=consent.passphrase)

    def fields(self) -> dict[str, object]:
        """As the JSON of v2 names it."""
        if self.code is not None:
            return {"totp": self.code.reveal()}
        return {"passphrase": self.passphrase.reveal() if self.passphrase is not None else ""}
