"""Officials whose keys lie in SoftHSM2, with certificates of the tests' dev CA."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from asn1crypto import x509

from esign.ca.authority import Consent, Secret
from esign.ca.dev import HolderKind, Subject
from esign.ca.dev.subject import distinguished_name
from esign.ca.pkcs11 import Pkcs11Authority, Pkcs11Config, TokenName, enrolment
from esign.ca.pkcs11.authority import load
from esign.ca.pkcs11.token import Token
from esign.ca.surroundings import Identity, Surroundings
from esign.x509.clock import Clock, SystemClock
from esign.x509.keys import KeyAlgorithm
from esign.x509.sources import RevocationSource
from esign.x509.transport import open_client
from esign.x509.trust import TrustStore, read_certificates
from tests.officials import dev_ca
from tests.softhsm import FaultyModule, SoftHsm

AGENCY = "Pemerintah Kabupaten Contoh"


@dataclass
class HsmHouse:
    """An HSM, and authorities over it."""

    hsm: SoftHsm
    module: Path
    faulty: FaultyModule
    folder: Path
    _closing: ExitStack = field(default_factory=ExitStack)

    def surroundings(
        self,
        *,
        trust: TrustStore | None = None,
        revocation: RevocationSource | None = None,
        clock: Clock | None = None,
    ) -> Surroundings:
        """The dev CA's trust and revocation data, unless others are given."""
        return Surroundings(
            clock=clock or SystemClock(),
            client=self._closing.enter_context(open_client()),
            trust=trust or dev_ca().trust(),
            revocation=revocation or dev_ca().revocation(),
            identify=lambda _: Identity(),
        )

    def config(self, **given: object) -> Pkcs11Config:
        """Holders with tokens of their own, unless something else is given."""
        return Pkcs11Config.model_validate({"kind": "pkcs11", "module": str(self.module), **given})

    def authority(self, surroundings: Surroundings | None = None, **given: object) -> Pkcs11Authority:
        """An authority, open until the test ends."""
        opened = Pkcs11Authority.open("hsm", self.config(**given), surroundings or self.surroundings())
        return self._closing.enter_context(opened)

    def official(
        self,
        holder: str,
        algorithm: KeyAlgorithm = KeyAlgorithm.P256,
        *,
        token: str | None = None,
        kind: HolderKind = HolderKind.PERSON,
        each_time: bool = False,
    ) -> Consent:
        """A key and its certificate on the token, which is a new one of the holder's name if none is named.

        ``each_time``: the key wants its PIN for each signature (CKA_ALWAYS_AUTHENTICATE).
        """
        label = token or holder
        if label not in self.hsm.pins:
            self.hsm.token(label)
        pin = Secret(self.hsm.pins[label])
        with self.token(label) as found, found.alone(pin, writing=True) as session:
            enrolment.generate(session, holder, algorithm, each_time=each_time)
            name = distinguished_name(holder, kind, Subject(holder.title(), AGENCY)).public_bytes()
            request = enrolment.request(session, holder, name, pin)
            enrolment.keep(session, holder, [self.certified(holder, request, kind)], dev_ca().trust(), _now())
        return Consent(pin)

    def certified(self, holder: str, request: bytes, kind: HolderKind = HolderKind.PERSON) -> x509.Certificate:
        """The dev CA's certificate for a request."""
        unique = f"{holder}-{os.urandom(4).hex()}"
        return dev_ca().certify(unique, request, Subject(holder.title(), AGENCY), kind=kind).certificate

    @contextmanager
    def token(self, label: str) -> Iterator[Token]:
        """A token, as the command line uses it."""
        module, opens = load(self.module, "module")
        found = Token(module, TokenName(label=label), opens)
        try:
            yield found
        finally:
            found.forget()
            module.close()


@contextmanager
def hsm_house(folder: Path, build: Path) -> Iterator[HsmHouse]:
    """An HSM in a folder; ``build`` keeps the module with faults for all tests of a run."""
    hsm = SoftHsm.made(folder)
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(hsm.configuration)
    faulty = FaultyModule(hsm, build)
    with ExitStack() as closing:
        try:
            yield HsmHouse(hsm, faulty.path, faulty, folder, closing)
        finally:
            closing.close()
            faulty.behave()
            if before is None:
                del os.environ["SOFTHSM2_CONF"]
            else:
                os.environ["SOFTHSM2_CONF"] = before


def read_one(path: Path) -> x509.Certificate:
    """The only certificate in a file."""
    (found,) = read_certificates(path.read_bytes())
    return found


_now = SystemClock().now
