"""What a generator of sound files gives, and the authority under which they are signed."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from esign.verify.evidence import Material
from esign.verify.report import Verdict
from esign.x509.trust import TrustStore
from tests.attacks.authority import Authority, Holder
from tests.attacks.messages import Message
from tests.officials import dev_ca, official, roots

SOUND = frozenset({Verdict.GENUINE})
"""What is right for nearly all of them."""
AUTHORITY = Authority("Otoritas Sah")
OFFICIAL = AUTHORITY.issue("Pejabat Sah")
SECOND = AUTHORITY.issue("Pejabat Kedua")
STAMPER = AUTHORITY.time_stamper()

Build = Callable[[bytes], bytes]
"""The message for the signed bytes."""


@dataclass(frozen=True)
class Made:
    """A sound file, and the verdicts that are right for it."""

    name: str
    pdf: bytes
    right: frozenset[Verdict] = SOUND


@cache
def trust() -> TrustStore:
    """The root of those that others sign, and that of our own officials."""
    return TrustStore(anchors=(AUTHORITY.root.asn1, *roots()))


@cache
def material() -> Material:
    """Lists of what is revoked: nothing."""
    ours = dev_ca().revocation()
    chains = ((official().certificate, *official().chain), tuple(dev_ca().timestamps().certificates()))
    lists = {ours.crl(one, issuer) for chain in chains for one, issuer in pairwise(chain)}
    return Material(crls=(AUTHORITY.crl(), *(each for each in lists if each)), given=True)


def plainly(holder: Holder = OFFICIAL) -> Build:
    """A plain CMS of that holder."""
    return lambda data: Message(holder, sha256(data)).build()


def sha256(data: bytes) -> bytes:
    """The digest that most messages have."""
    return hashlib.sha256(data).digest()
