"""Where the time comes from. Pure code takes a clock as an argument and never asks the machine."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present time, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present time, aware, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True)
class FixedClock:
    """A clock that stands still, for validation at a given time and for tests."""

    moment: datetime

    def now(self) -> datetime:
        """That moment."""
        return self.moment
