"""The house of the tests with a BSrE service in the dev CA's place, over a real socket."""

from collections.abc import Callable, Iterator, Sequence
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
from esign.service.evidence import RoutedEvidence
from esign.service.services import Services
from esign.x509.sources import RevocationSource
from esign.x509.transport import open_client
from esign.x509.trust import TrustStore
from tests.bsre_service import PASSWORD, USER, Person, Service
from tests.integration.conftest import OPERATOR, PASSPHRASE, House

EMAIL = "{0}@contoh.go.id"


@dataclass(frozen=True)
class BsreHouse:
    """The services of a house whose only authority is a BSrE service."""

    services: Services
    authority: BsreAuthority
    service: Service


def nik_of(house: House, signer: Signer) -> str:
    nik = registry.nik(house.services.keys, signer)
    assert nik is not None
    return nik.get_secret_value()


@contextmanager
def connected(
    house: House, folder: Path, signers: list[Signer], *, seals: dict[str, str] | None = None, **settings: Any
) -> Iterator[BsreHouse]:
    """A small service that knows these signers, and a connector to it. ``seals``: subscriber's number by holder."""
    ca = house.services.dev_ca
    assert ca is not None
    told = {
        name: settings.pop(name) for name in ("sub_filter", "stamped", "rect", "chains", "fills") if name in settings
    }
    with Service(ca, {}, **told).running() as service:
        niks = {signer.id: nik_of(house, signer) for signer in signers}
        for holder, nik in niks.items():
            service.people[nik] = service.people[EMAIL.format(holder)] = Person(holder, PASSPHRASE)
        for holder, subscriber in (seals or {}).items():
            service.people[subscriber] = Person(holder, PASSPHRASE)

        def identify(holder: str) -> Identity:
            if seals and holder in seals:
                return Identity(subscriber=seals[holder])
            if holder not in niks:
                raise SignerUnknown
            return Identity(nik=Secret(niks[holder]), email=EMAIL.format(holder))

        settings = {"url": service.url, "username": USER, "seconds": 5} | settings
        trust = TrustStore(tuple(ca.roots()))
        with joined(house, folder, signers, identify, trust, ca.revocation(), PASSWORD, settings) as (services, opened):
            service.requests.clear()
            yield BsreHouse(services, opened, service)


@contextmanager
def joined(
    house: House,
    folder: Path,
    signers: Sequence[Signer],
    identify: Callable[[str], Identity],
    trust: TrustStore,
    revocation: RevocationSource,
    password: str,
    settings: dict[str, Any],
) -> Iterator[tuple[Services, BsreAuthority]]:
    """The house's services with a connector to a service, who has these signers' keys."""
    file = folder / "password"
    file.write_text(password + "\n")
    config = BsreConfig.model_validate({"kind": "bsre", "password_file": file} | settings)
    with (
        open_client() as client,
        BsreAuthority.open(
            "bsre", config, Surroundings(house.services.clock, client, trust, revocation, identify)
        ) as authority,
    ):
        authorities = Authorities({"bsre": authority}, default="bsre")
        services = replace(
            house.services,
            authorities=authorities,
            trust=house.services.trust.merged(trust),
            revocation=RoutedEvidence(authorities, revocation),
        )
        for signer in signers:
            with services.database.read() as session:
                held = registered.holding(services, session, registry.get(session, signer.agency_id, signer.id))
            if held[0] != "bsre":
                registered.choose(services, signer, "bsre", OPERATOR)
        yield services, authority
