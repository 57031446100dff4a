"""Who a holder is, for authorities that know people by NIK, e-mail address or subscriber's number."""

from collections.abc import Callable

from esign.ca.authority import Secret
from esign.ca.surroundings import Identity
from esign.errors import SignerUnknown
from esign.registry import signers
from esign.registry.database import Database
from esign.registry.secrets import Keys


def identifier(database: Database, keys: Keys) -> Callable[[str], Identity]:
    """A function that gives the identity of a holder, who is named by his id in the register."""

    def identify(holder: str) -> Identity:
        with database.read() as session:
            signer = signers.anywhere(session, holder)
        if signer is None or not signer.enabled:
            raise SignerUnknown
        nik = signers.nik(keys, signer)
        return Identity(
            nik=Secret(nik.get_secret_value()) if nik is not None else None,
            email=signer.email,
            subscriber=signer.subscriber,
        )

    return identify
