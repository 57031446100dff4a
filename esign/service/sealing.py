"""The service's own seal, for the reports that it prints.

See docs/decisions/report-seal.md: the passphrase is stored nowhere; it follows from the server key.
"""

import logging
from contextlib import ExitStack, suppress
from datetime import datetime
from threading import Lock
from types import TracebackType
from typing import Self

from esign.ca.authority import Activation, Consent, Secret
from esign.ca.dev.authority import DevCa
from esign.ca.dev.subject import HolderKind, Subject
from esign.errors import CredentialExists, CredentialExpired, EsignError, SignerUnknown, WrongPassphrase
from esign.pades.evidence import EvidenceCache
from esign.pades.profile import Profile
from esign.pades.sign import SignRequest, sign
from esign.pades.spec import NewField
from esign.pdf.sandbox import Runner
from esign.registry.secrets import Keys
from esign.x509.clock import Clock
from esign.x509.keys import KeyAlgorithm

_log = logging.getLogger(__name__)
_PURPOSE = "report seal"
NAME = "Segel laporan pemeriksaan"
ORGANISATION = "Layanan verifikasi esign"


class ReportSeal:
    """The seal at the development CA, opened at its first use and made when it isn't there. Close it."""

    def __init__(self, ca: DevCa, keys: Keys, holder: str) -> None:
        self._ca, self._keys, self._holder = ca, keys, holder
        self._lock = Lock()
        self._open = ExitStack()
        self._activation: Activation | None = None

    def sealed(self, pdf: bytes, at: datetime, runner: Runner, clock: Clock, evidence: EvidenceCache) -> bytes | None:
        """The PDF with the seal, certified against changes; None where the seal can't be used now, which is logged.

        ``at`` is the claimed time, in the zone in which it is written.
        """
        try:
            request = SignRequest(
                profile=Profile.B_LT,
                field=NewField(),
                signing_time=at,
                name=NAME,
                reason="Laporan pemeriksaan berkas",
                followers=(),
                may_lower=True,
            )
            signed = sign(
                pdf,
                request,
                self._activated(),
                timestamps=self._ca.timestamps(),
                revocation=self._ca.revocation(),
                runner=runner,
                clock=clock,
                cache=evidence,
            )
        except EsignError as error:
            _log.warning("a report could not be sealed: %s", error.code)
            self.close()
            return None
        return signed.pdf

    def _activated(self) -> Activation:
        with self._lock:
            if self._activation is None:
                self._activation = self._opened()
            return self._activation

    def _opened(self) -> Activation:
        """The seal's key: made where there is none, and put under the present server key where it is under another."""
        present = Secret(self._keys.mac(_PURPOSE, self._holder))
        try:
            return self._open.enter_context(self._ca.activate(self._holder, Consent(present)))
        except SignerUnknown:
            subject = Subject(NAME, ORGANISATION)
            with suppress(CredentialExists):  # another process was quicker
                self._ca.issue(self._holder, subject, present, kind=HolderKind.SEAL, key=KeyAlgorithm.P256)
        except (WrongPassphrase, CredentialExpired) as reason:
            _log.info("the report seal gets a new key and certificate: %s", reason.code)
            self._ca.renew(self._holder, present)
        return self._open.enter_context(self._ca.activate(self._holder, Consent(present)))

    def close(self) -> None:
        """Forgets the key."""
        with self._lock:
            self._activation = None
            self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
