"""Whether the service can do its work now, part by part, without prettifying."""

from dataclasses import dataclass
from datetime import UTC

import sqlalchemy as sa

from esign.ca.authority import Authority
from esign.errors import EsignError
from esign.pades.profile import Profile
from esign.pdf.sandbox import SandboxPool
from esign.service.services import Services
from esign.service.signers import common_name


@dataclass(frozen=True)
class Check:
    """One part and its state."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class Readiness:
    """All parts."""

    checks: tuple[Check, ...]

    @property
    def ready(self) -> bool:
        """Whether every part is well."""
        return all(check.ok for check in self.checks)


def check(services: Services) -> Readiness:
    """Asks the database, the blob store, the sandbox, each authority and its time-stamp authority."""
    checks = [_database(services), _blobs(services)]
    checks.extend(_sandbox(kind, pool) for kind, pool in services.pools().items())
    if services.authorities.default is None:
        checks.append(Check("authority", ok=False, detail="no authority is set up"))
    for authority in services.authorities:
        problems = [*authority.problems(), *_ending(services, authority)]
        if authority.timestamps() is None and Profile(services.settings.profile).includes(Profile.B_T):
            problems.append(f"{services.settings.profile} needs a time-stamp authority, and it has none")
        checks.append(Check(f"authority:{authority.name}", ok=not problems, detail="; ".join(problems) or "answers"))
    return Readiness(tuple(checks))


def _database(services: Services) -> Check:
    try:
        with services.database.read() as session:
            session.execute(sa.text("SELECT 1"))
    except EsignError as error:
        return Check("database", ok=False, detail=error.code)
    return Check("database", ok=True, detail="answers")


def _blobs(services: Services) -> Check:
    try:
        services.blobs.probe()
    except EsignError as error:
        return Check("blobs", ok=False, detail=error.code)
    return Check("blobs", ok=True, detail="writes and reads")


def _sandbox(kind: str, pool: SandboxPool) -> Check:
    workers = len(pool.pids())
    return Check(f"sandbox:{kind}", ok=workers > 0, detail=f"{workers} workers")


def _ending(services: Services, authority: Authority) -> list[str]:
    """Its own certificates that have ended; none of them can vouch for anything any more."""
    now = services.clock.now()
    timestamps = authority.timestamps()
    own = [*authority.roots(), *(timestamps.certificates() if timestamps is not None else ())]
    return [
        f"the certificate of {common_name(certificate.subject)} ended on {end:%Y-%m-%d}"
        for certificate in own
        if (end := certificate["tbs_certificate"]["validity"]["not_after"].native.astimezone(UTC)) <= now
    ]
