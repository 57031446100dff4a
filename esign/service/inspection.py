"""Whether what is kept still holds together: the files, one by one, and what no row names."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from pydantic import JsonValue

from esign.errors import BlobDamaged, BlobMissing
from esign.registry import audit, upkeep
from esign.registry.blobs import StoredBlob
from esign.registry.models import Event
from esign.registry.upkeep import NamedFile
from esign.service.services import Services

_BATCH = 200


@dataclass(frozen=True)
class ReadFile:
    """A file that the register names, as it was found."""

    named: NamedFile
    state: Literal["whole", "missing", "damaged"]


def files(services: Services) -> Iterator[ReadFile]:
    """Reads every file that the register names, against its hash. Raises `StorageUnavailable` if the store is away."""
    for named in upkeep.named_files(services.database):
        try:
            services.blobs.get(named.sha256)
        except BlobMissing:
            yield ReadFile(named, "missing")
        except BlobDamaged:
            yield ReadFile(named, "damaged")
        else:
            yield ReadFile(named, "whole")


def audit_trail(services: Services, noted: dict[int, str] | None = None) -> audit.ChainReport:
    """Reads the whole audit trail; ``noted`` are hashes that were noted elsewhere, by seq."""
    with services.database.read() as session:
        return audit.verify_chain(session, noted)


def unnamed(services: Services) -> Iterator[StoredBlob]:
    """Blobs older than a day that nothing in the register names."""
    return upkeep.unnamed_blobs(services.database, services.blobs, services.clock.now())


def tidy(services: Services, actor: audit.Actor) -> Iterator[StoredBlob]:
    """Removes those, and gives each that is gone; the audit trail names them.

    Nothing younger than a day is touched: a file is put before the row that names it. Released letters
    are named for good.
    """
    found = unnamed(services)
    while batch := list(islice(found, _BATCH)):
        removed: list[StoredBlob] = []
        try:
            for blob in batch:
                services.blobs.delete(blob.sha256)
                removed.append(blob)
        finally:
            _record(services, actor, removed)
        yield from removed


def _record(services: Services, actor: audit.Actor, removed: list[StoredBlob]) -> None:
    if not removed:
        return
    hashes: list[JsonValue] = [blob.sha256 for blob in removed]
    with services.database.write() as session:
        audit.record(session, Event.BLOB_REMOVED, actor, services.clock.now(), data={"sha256": hashes})
