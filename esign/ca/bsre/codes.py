"""One-time codes and the activations of seals, as version 2 of the service has them (contract, 4.2 and 4.3)."""

from collections.abc import Callable

from esign.ca.authority import IssuedCode, Secret
from esign.ca.bsre.client_v2 import ClientV2
from esign.ca.bsre.orders import Person
from esign.errors import CodesUnsupported

Calling = Callable[[str], Person]
"""Whom the service is told for a holder. Raises `SignerUnknown`."""


class BsreCodes:
    """Implements `esign.ca.authority.OneTimeCodes`."""

    def __init__(self, authority: str, client: ClientV2, calling: Calling) -> None:
        self._authority, self._client, self._calling = authority, client, calling

    def send(self, holder: str, signatures: int) -> None:
        """See `OneTimeCodes.send`. Raises `CodesUnsupported` for a seal: its codes come by its activation."""
        person = self._calling(holder)
        if person.subscriber is not None:
            raise CodesUnsupported(authority=self._authority)
        self._client.send_code(person, signatures)


class BsreSeals:
    """Implements `esign.ca.authority.SealActivations`. A person, who is no seal, gets `CodesUnsupported`."""

    def __init__(self, authority: str, client: ClientV2, calling: Calling) -> None:
        self._authority, self._client, self._calling = authority, client, calling

    def request(self, holder: str) -> None:
        """See `SealActivations.request`."""
        self._client.request_activation(self._seal(holder))

    def refresh(self, holder: str, activation: Secret) -> IssuedCode:
        """See `SealActivations.refresh`."""
        return self._client.refresh_activation(self._seal(holder), activation)

    def revoke(self, holder: str, activation: Secret) -> None:
        """See `SealActivations.revoke`."""
        self._client.revoke_activation(self._seal(holder), activation)

    def code(self, holder: str, activation: Secret, signatures: int) -> IssuedCode:
        """See `SealActivations.code`."""
        return self._client.seal_code(self._seal(holder), activation, signatures)

    def _seal(self, holder: str) -> Person:
        person = self._calling(holder)
        if person.subscriber is None:
            raise CodesUnsupported(authority=self._authority)
        return person
