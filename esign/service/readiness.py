"""Whether the service can do its work now, part by part, without prettifying."""

from dataclasses import dataclass

from esign.ca.authority import Authority
from esign.errors import EsignError
from esign.pades.profile import Profile
from esign.pdf.sandbox import SandboxPool
from esign.registry import signers, upkeep
from esign.service import expiring
from esign.service.services import Services

_NEWEST_SIGNERS = 3
"""How many NIKs are opened to see whether the server key belongs to this database."""


@dataclass(frozen=True)
class Check:
    """One part and its state."""

    name: str
    ok: bool
    detail: str
    """Told in public; never a secret."""
    cause: str | None = None
    """What a store or a network said: for the operator alone."""
    ours: bool = True
    """Whether it is a part of this service. When an authority of another house is down, letters are still checked."""


@dataclass(frozen=True)
class Readiness:
    """All parts."""

    checks: tuple[Check, ...]

    @property
    def ready(self) -> bool:
        """Whether every part of this service is well."""
        return all(check.ok for check in self.checks if check.ours)


def check(services: Services) -> Readiness:
    """Asks the database, the server key, the blob store, the sandbox, each authority and its time-stamp authority."""
    checks = [_database(services), _key(services), _blobs(services)]
    checks.extend(_sandbox(kind, pool) for kind, pool in services.pools().items())
    if services.authorities.default is None:
        checks.append(Check("authority", ok=False, detail="no authority is set up"))
    checks.extend(_authority(services, authority) for authority in services.authorities)
    return Readiness(tuple(checks))


def cause_of(error: EsignError) -> str | None:
    """The first line of what lies behind a refusal, for the operator; it may name hosts and files, never a secret."""
    behind = error.__cause__
    if behind is None:
        return None
    line = (str(behind).strip().splitlines() or [""])[0]
    return f"{type(behind).__name__}: {line[:300]}".rstrip(": ")


def _database(services: Services) -> Check:
    try:
        problems = upkeep.database_problems(services.database)
    except EsignError as error:
        return Check("database", ok=False, detail=error.code, cause=cause_of(error))
    return Check("database", ok=not problems, detail="; ".join(problems) or "answers")


def _key(services: Services) -> Check:
    try:
        with services.database.read() as session:
            strange = signers.unreadable(session, services.keys, _NEWEST_SIGNERS)
    except EsignError as error:
        return Check("server key", ok=False, detail=f"could not be tried: {error.code}")
    if strange:
        return Check("server key", ok=False, detail="it is not the key that sealed this database")
    return Check("server key", ok=True, detail="belongs to this database")


def _blobs(services: Services) -> Check:
    try:
        services.blobs.probe()
    except EsignError as error:
        return Check("blobs", ok=False, detail=error.code, cause=cause_of(error))
    return Check("blobs", ok=True, detail="writes and reads")


def _sandbox(kind: str, pool: SandboxPool) -> Check:
    workers = len(pool.pids())
    return Check(f"sandbox:{kind}", ok=workers > 0, detail=f"{workers} workers")


def _authority(services: Services, authority: Authority) -> Check:
    name, now = f"authority:{authority.name}", services.clock.now()
    ours = authority is services.dev_ca
    try:
        problems = [
            *authority.problems(),
            *(
                f"the certificate of {each.name} ended on {each.until:%Y-%m-%d}"
                for each in expiring.certificates(authority)
                if each.until <= now
            ),
        ]
        if ours and authority.timestamps() is None and Profile(services.settings.profile).includes(Profile.B_T):
            problems.append(f"{services.settings.profile} needs a time-stamp authority, and it has none")
    except EsignError as error:
        return Check(name, ok=False, detail=error.code, cause=cause_of(error), ours=ours)
    return Check(name, ok=not problems, detail="; ".join(problems) or "answers", ours=ours)
