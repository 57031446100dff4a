"""What a generator of sound files gives, and the authority under which they are signed."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from esign.verify.evidence import Material
from esign.verify.report import Verdict
from esign.x509.trust import TrustStore
from tests.attacks.authority import Authority, Holder
from tests.attacks.messages import Message

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


def trust() -> TrustStore:
    """The root of them all."""
    return TrustStore(anchors=(AUTHORITY.root.asn1,))


def material() -> Material:
    """A list of what is revoked: nothing."""
    return Material(crls=(AUTHORITY.crl(),), given=True)


def plainly(holder: Holder = OFFICIAL) -> Build:
    """A plain CMS of that holder."""
    return lambda data: Message(holder, sha256(data)).build()


def sha256(data: bytes) -> bytes:
    """The digest that most messages have."""
    return hashlib.sha256(data).digest()
