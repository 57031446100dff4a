"""All that the use cases need, opened once for a process from its settings."""

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from esign.ca.authority import Authority
from esign.ca.dev.authority import DevCa
from esign.ca.surroundings import Surroundings
from esign.pades.evidence import EvidenceCache
from esign.pdf.sandbox import SandboxPool
from esign.registry.blobs import Blobs, open_store
from esign.registry.database import Database
from esign.registry.migrations import migrate
from esign.registry.secrets import Keys, keys
from esign.service import authority_file, trusted
from esign.service.authorities import Authorities
from esign.service.code_post import CodePost
from esign.service.evidence import Nowhere, RoutedEvidence, outside
from esign.service.identities import identifier
from esign.service.sealing import ReportSeal
from esign.service.shelf import FileShelf
from esign.settings import Settings
from esign.verify.policy import DEFAULT, Policy
from esign.x509.clock import Clock, SystemClock
from esign.x509.sources import RevocationSource
from esign.x509.transport import open_client
from esign.x509.trust import TrustStore

_log = logging.getLogger(__name__)

_FETCHES = 16
"""Exchanges with others at the same time, for all checks of this process."""
_REMOTE = 32
"""Exchanges with authorities of other houses at the same time; each may take as long as a signature there."""
_WORK_ROOM = 4
"""How many times a letter's size one sandbox job may be sent and may answer, at most."""


@dataclass(frozen=True)
class Services:
    """The parts of a running service. Close it, or use it in ``with``."""

    settings: Settings
    database: Database
    blobs: Blobs
    keys: Keys
    clock: Clock
    parse: SandboxPool
    """Workers that read and write PDF structure."""
    render: SandboxPool
    """Workers that draw pages; never the ones that give verdicts."""
    authorities: Authorities
    trust: TrustStore
    dev_ca: DevCa | None
    policy: Policy = DEFAULT
    """By which files are checked."""
    revocation: RevocationSource | None = None
    """What a check may ask for that a file lacks."""
    evidence: EvidenceCache = field(default_factory=EvidenceCache)
    """Revocation data of CAs and time-stamp authorities, which many letters share."""
    seal: ReportSeal | None = None
    """For printed reports; None where there is none."""
    _closing: ExitStack = field(default_factory=ExitStack, repr=False)

    @classmethod
    def open(cls, settings: Settings, *, clock: Clock | None = None, workers: bool = True) -> "Services":
        """Everything opened: sandbox workers first, then keys, database (migrated), authorities and blobs.

        ``workers`` False starts no sandbox workers, for commands that touch no PDF. Raises
        `ConfigurationError` and `StorageUnavailable`; what was opened until then is closed.
        """
        clock = clock or SystemClock()
        with ExitStack() as opening:
            parse, render = (opening.enter_context(_pool(kind, settings, workers)) for kind in ("parse", "render"))
            file = authority_file.read(settings.authorities)
            server_keys = keys(settings)
            database = Database(settings.database)
            opening.callback(database.close)
            migrate(database.engine)
            dev_ca: DevCa | None = None
            by_name: dict[str, Authority] = {}
            if settings.dev_ca:
                dev_ca = DevCa.open_or_create(
                    settings.ca_dir,
                    settings.pki_url,
                    clock,
                    environment=settings.environment,
                    deliver=CodePost(settings, database, clock),
                )
                by_name[dev_ca.name] = opening.enter_context(dev_ca)
            applied, base = trusted.policy(settings), trusted.trust(settings)
            shelf = FileShelf(settings.data_dir / "cache" / "revocation.db")
            opening.callback(shelf.close)
            client = opening.enter_context(open_client(at_once=_FETCHES))
            network = outside(settings, client, shelf, clock, applied)
            surroundings = Surroundings(
                clock=clock,
                client=opening.enter_context(open_client(at_once=_REMOTE)),
                trust=base,
                revocation=network.for_signing() if network is not None else Nowhere(),
                identify=identifier(database, server_keys),
            )
            by_name.update(authority_file.opened(file, surroundings, opening))
            authorities = Authorities(by_name, default=file.default or next(iter(by_name), None))
            store = authorities.trust(base)
            trusted.tell(store, applied)
            seal: ReportSeal | None = None
            if dev_ca is not None and settings.report_seal:
                seal = opening.enter_context(ReportSeal(dev_ca, server_keys, settings.report_seal))
            return cls(
                settings=settings,
                database=database,
                blobs=open_store(settings.blobs),
                keys=server_keys,
                clock=clock,
                parse=parse,
                render=render,
                authorities=authorities,
                trust=store,
                dev_ca=dev_ca,
                policy=applied,
                revocation=RoutedEvidence(authorities, network),
                seal=seal,
                _closing=opening.pop_all(),
            )

    def close(self) -> None:
        """Closes everything, in the reverse order."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def pools(self) -> Mapping[str, SandboxPool]:
        """The sandbox pools by kind, for metrics and readiness."""
        return {"parse": self.parse, "render": self.render}


def _pool(kind: str, settings: Settings, workers: bool) -> SandboxPool:  # noqa: FBT001
    return SandboxPool(
        kind,
        workers=settings.sandbox_workers if workers else 0,
        queue=settings.sandbox_queue,
        memory=settings.sandbox_memory_bytes,
        request_bytes=_WORK_ROOM * settings.max_letter_bytes,
        answer_bytes=_WORK_ROOM * settings.max_letter_bytes,
    )
