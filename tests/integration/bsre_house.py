"""The house of the tests with a BSrE service in the dev CA's place, over a real socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from esign.ca.authority import Secret
from esign.ca.bsre import BsreAuthority, BsreConfig
from esign.ca.surroundings import Identity, Surroundings
from esign.errors import SignerUnknown
from esign.registry import signers as registry
from esign.registry.models import Signer
from esign.service import signers as registered
from esign.service.authorities import Authorities
from esign.service.services import Services
from esign.x509.transport import open_client
from esign.x509.trust import TrustStore
from tests.bsre_service import PASSWORD, USER, Person, Service
from tests.integration.conftest import OPERATOR, PASSPHRASE, House

EMAIL = "{0}@contoh.go.id"


@dataclass(frozen=True)
class BsreHouse:
    """The services of a house whose only authority is the BSrE service."""

    services: Services
    authority: BsreAuthority
    service: Service


def person_of(house: House, service: Service, signer: Signer, **given: Any) -> str:
    """Makes the service know the signer, whose key is at the dev CA; gives his NIK."""
    nik = registry.nik(house.services.keys, signer)
    assert nik is not None
    person = Person(signer.id, PASSPHRASE, **given)
    service.people[nik.get_secret_value()] = service.people[EMAIL.format(signer.id)] = person
    return nik.get_secret_value()


@contextmanager
def connected(
    house: House, folder: Path, signers: list[Signer], *, seals: dict[str, str] | None = None, **settings: Any
) -> Iterator[BsreHouse]:
    """A service that knows these signers, and a connector to it. ``seals``: subscriber's number by holder."""
    ca = house.services.dev_ca
    assert ca is not None
    told = {name: settings.pop(name) for name in ("sub_filter", "stamped", "rect", "chains") if name in settings}
    password = folder / "password"
    password.write_text(PASSWORD + "\n")
    with Service(ca, {}, **told).running() as service, open_client() as client:
        niks = {signer.id: person_of(house, service, signer) for signer in signers}
        for holder, subscriber in (seals or {}).items():
            service.people[subscriber] = Person(holder, PASSPHRASE)

        def identify(holder: str) -> Identity:
            if seals and holder in seals:
                return Identity(subscriber=seals[holder])
            if holder not in niks:
                raise SignerUnknown
            return Identity(nik=Secret(niks[holder]), email=EMAIL.format(holder))

        config = BsreConfig.model_validate(
            {"kind": "bsre", "url": service.url, "username": USER, "password_file": password, "seconds": 5} | settings
        )
        surroundings = Surroundings(
            house.services.clock, client, TrustStore(tuple(ca.roots())), ca.revocation(), identify
        )
        with BsreAuthority.open("bsre", config, surroundings) as authority:
            authorities = Authorities({"bsre": authority}, default="bsre")
            services = replace(house.services, authorities=authorities)
            for signer in signers:
                registered.choose(services, signer, "bsre", OPERATOR)
            service.requests.clear()
            yield BsreHouse(services, authority, service)
