"""What the signatures of one file share while they are examined: bytes, evidence, trust, proofs of existence."""

from datetime import datetime

from esign.verify.chains import Chains
from esign.verify.cms import ODD_INPUT, SignedMessage
from esign.verify.difference import History
from esign.verify.evidence import Material, Store, read_store
from esign.verify.inventory import Inventory
from esign.verify.lists import Origin
from esign.verify.policy import Policy
from esign.verify.prefixes import Prefixes
from esign.verify.revocation import RevocationData
from esign.verify.structure import SignedRange, Structure
from esign.verify.trusting import Trusting
from esign.verify.witness import UNSEEN, Witnessed
from esign.x509.encoding import read_certificate
from esign.x509.trust import TrustStore


class Context:
    """The shared state of one validation."""

    def __init__(
        self,
        pdf: bytes,
        structure: Structure,
        trust: TrustStore,
        at: datetime,
        policy: Policy,
        *,
        integrity_only: bool,
        witnessed: Witnessed = UNSEEN,
    ) -> None:
        self._pdf = memoryview(pdf)
        self.structure = structure
        self.at = at
        self.policy = policy
        self.integrity_only = integrity_only
        self.witnessed = witnessed
        self.chains = Chains(trust)
        self.revocation = RevocationData(policy, self.chains)
        self.trusting = Trusting(self.chains, self.revocation, policy, at)
        self.store = read_store(structure.view) if structure.view is not None else Store()
        self.inventory = Inventory()
        self._digests: dict[tuple[str, SignedRange], bytes] = {}
        signed = [item.signed for item in structure.signatures if item.signed is not None]
        self._prefixes = Prefixes(self._pdf, (place for each in signed for place in (each.gap_start, each.end)))
        self.history = _history(structure)
        self._stamps: list[tuple[SignedRange, datetime]] = []
        self.chains.add(*self.store.certificates)
        self.inventory.certificates(self.store.certificates, "dss")
        self.take_in(self.store.ocsps, self.store.crls, "dss")

    def take_in(
        self, ocsps: tuple[bytes, ...], crls: tuple[bytes, ...], origin: Origin, signature: int | None = None
    ) -> None:
        """Adds revocation data of that origin; ``signature``: the number of the one that brought them."""
        for der in ocsps:
            self.inventory.revocation("ocsp", self.revocation.add_ocsp(der, origin), origin, signature)
        for der in crls:
            self.revocation.add_crl(der, origin)
            self.inventory.revocation("crl", der, origin, signature)

    def take_in_message(self, message: SignedMessage, signature: int) -> None:
        """Adds the certificates and revocation data that the CMS of a signature, or of its time-stamp, brings."""
        self.chains.add(*message.certificates)
        self.inventory.certificates(message.certificates, "cms", signature)
        self.take_in(message.ocsps, message.crls, "cms", signature)

    def take_in_material(self, material: Material) -> None:
        """Adds what was handed in."""
        origin: Origin = "given" if material.given else "fetched"
        for der in material.certificates:
            try:
                certificate = read_certificate(der)
            except ODD_INPUT:
                continue
            self.chains.add(certificate)
            self.inventory.certificates((certificate,), origin)
        self.take_in(material.ocsps, material.crls, origin)

    def digest_of(self, name: str, signed: SignedRange) -> bytes:
        """The digest of the signed ranges, computed once per algorithm. Raises `UnknownAlgorithmError`."""
        key = (name, signed)
        if key not in self._digests:
            rest = self._pdf[signed.gap_end : signed.end]
            self._digests[key] = self._prefixes.digest(name, signed.gap_start, rest)
        return self._digests[key]

    def bytes_of(self, signed: SignedRange) -> bytes:
        """The signed bytes themselves."""
        return bytes(self._pdf[: signed.gap_start]) + bytes(self._pdf[signed.gap_end : signed.end])

    def sha256_of_prefix(self, end: int) -> str:
        """SHA-256 of the first ``end`` bytes, the end of a signed revision, in hexadecimal."""
        return self._prefixes.digest("sha256", end).hex()

    def note_stamp(self, signed: SignedRange, time: datetime) -> None:
        """Notes a document time-stamp that passed: what it covers existed at that time."""
        self._stamps.append((signed, time))

    def proven_by_document(self, signed: SignedRange) -> datetime | None:
        """The earliest time of a trusted document time-stamp over the whole revision of that signature."""
        return min((time for stamp, time in self._stamps if stamp.gap_start >= signed.end), default=None)

    def covered_after(self, position: int) -> bool:
        """Whether a trusted document time-stamp covers the bytes before that position."""
        return any(stamp.gap_start >= position for stamp, _ in self._stamps)


def _history(structure: Structure) -> History | None:
    """What was added after the first signed revision; None where nothing was, or it can't be read."""
    ends = [item.signed.end for item in structure.signatures if item.signed is not None]
    if structure.view is None or not ends or structure.view.last.end <= min(ends):
        return None
    return History(structure.file, structure.view, min(ends))
