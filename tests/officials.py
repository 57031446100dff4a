"""Officials who sign in tests: holders at a dev CA that lives as long as the test run."""

import atexit
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path

from asn1crypto import x509

from esign.ca.authority import Consent, Secret
from esign.ca.dev import DevActivation, DevCa, Subject
from esign.pades.evidence import EvidenceCache
from esign.pades.profile import Profile
from esign.pades.sign import SignedLetter, SignRequest, sign
from esign.pades.spec import NewField, Rect
from esign.pdf.sandbox import InProcess
from esign.x509.clock import Clock, FixedClock, SystemClock
from esign.x509.keys import KeyAlgorithm
from esign.x509.sources import RevocationSource, TimestampSource

WIB = timezone(timedelta(hours=7))
FIRST: Rect = (60, 60, 210, 120)
SECOND: Rect = (60, 140, 210, 200)

_ADDRESS = "http://127.0.0.1:8000/pki"
_RESOURCES = ExitStack()
atexit.register(_RESOURCES.close)
_PASSPHRASE = Secret("rahasia-sekali")


@cache
def dev_ca() -> DevCa:
    """A CA with EC keys, quick to make."""
    folder = _RESOURCES.enter_context(tempfile.TemporaryDirectory())
    ca = DevCa.create(Path(folder), _ADDRESS, SystemClock(), hierarchy=KeyAlgorithm.P256)
    return _RESOURCES.enter_context(ca)


def dev_ca_at(moment: datetime) -> DevCa:
    """The same CA, at a moment that stands still."""
    return _RESOURCES.enter_context(DevCa.open(dev_ca().folder.path, _ADDRESS, FixedClock(moment)))


def official(name: str = "Budi Santoso", key: KeyAlgorithm = KeyAlgorithm.P256) -> DevActivation:
    """An official's open key; the same one each time for the same name and kind of key, said or left out."""
    return _official(name, key)


@cache
def _official(name: str, key: KeyAlgorithm) -> DevActivation:
    holder = f"{name.lower().replace(' ', '-')}-{key}"
    dev_ca().issue(holder, Subject(name, "Pemerintah Kabupaten Contoh"), _PASSPHRASE, key=key)
    return _RESOURCES.enter_context(dev_ca().activate(holder, Consent(_PASSPHRASE)))


def roots() -> list[x509.Certificate]:
    """What validators are to trust."""
    return list(dev_ca().roots())


def request(profile: Profile = Profile.B_B, **changes: object) -> SignRequest:
    """A request for a stamp-less signature in a new field on the first page."""
    wanted = SignRequest(
        profile=profile,
        field=NewField(rect=FIRST),
        signing_time=datetime.now(UTC).astimezone(WIB),
        name="Budi Santoso",
        reason="Persetujuan – sah (a.n. Bupati)",
        location="Kabupaten Contoh",
    )
    return replace(wanted, **changes)  # type: ignore[arg-type]


def signed(
    pdf: bytes,
    wanted: SignRequest,
    signer: DevActivation | None = None,
    *,
    timestamps: TimestampSource | None = None,
    revocation: RevocationSource | None = None,
    clock: Clock | None = None,
    cache: EvidenceCache | None = None,
) -> SignedLetter:
    """The letter signed in this process, with the dev CA's services unless others are given."""
    return sign(
        pdf,
        wanted,
        signer or official(),
        timestamps=timestamps or dev_ca().timestamps(),
        revocation=revocation or dev_ca().revocation(),
        runner=InProcess(),
        clock=clock or SystemClock(),
        cache=cache,
    )
