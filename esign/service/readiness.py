"""Whether the service can do its work now, part by part, without prettifying."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, timedelta

import sqlalchemy as sa

from esign.errors import EsignError
from esign.pades.profile import Profile
from esign.service.services import Services

EXPIRY_NOTICE = timedelta(days=30)
"""A certificate that ends sooner is told of."""


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
    checks = [
        _tried("database", lambda: _database(services)),
        _tried("blobs", lambda: _blobs(services)),
        *(_tried(f"sandbox:{kind}", lambda pool=pool: _pool(pool.pids())) for kind, pool in services.pools().items()),  # type: ignore[misc]
    ]
    if services.authorities.default is None:
        checks.append(Check("authority", ok=False, detail="no authority is set up"))
    for authority in services.authorities:
        problems = authority.problems()
        checks.append(
            Check(f"authority:{authority.name}", ok=not problems, detail="; ".join(problems) or "answers")
        )
        checks.append(_tried(f"certificates:{authority.name}", lambda a=authority: _roots(services, a.roots())))  # type: ignore[misc]
        if Profile(services.settings.profile).includes(Profile.B_T):
            there = authority.timestamps() is not None
            detail = "there" if there else f"{services.settings.profile} needs one, and there is none"
            checks.append(Check(f"timestamps:{authority.name}", ok=there, detail=detail))
    return Readiness(tuple(checks))
