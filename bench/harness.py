"""Timing that survives a shared, noisy machine: contenders take turns, medians are compared within one run."""

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

LEAST_ROUNDS = 5
MOST_ROUNDS = 300
"""Of what takes microseconds: the median is known by then, and before each the garbage is collected."""


@dataclass(frozen=True)
class Row:
    """One contender."""

    name: str
    milliseconds: float
    """Median."""
    ratios: dict[str, float] = field(default_factory=dict)
    """By the name of a reference: how many times its median this one is."""


@dataclass(frozen=True)
class Table:
    """What was compared."""

    title: str
    rows: list[Row]
    note: str = ""

    def text(self) -> str:
        """The table for a terminal."""
        references = list(dict.fromkeys(name for row in self.rows for name in row.ratios))
        width = max(len(row.name) for row in self.rows)
        lines = [self.title, f"{'':{width}}  {'ms':>9}" + "".join(f"  {'× ' + name:>14}" for name in references)]
        for row in self.rows:
            shares = "".join(
                f"  {row.ratios[name]:>14.2f}" if name in row.ratios else f"  {'':>14}" for name in references
            )
            lines.append(f"{row.name:{width}}  {row.milliseconds:>9.3f}{shares}")
        return "\n".join([*lines, *([self.note] if self.note else [])])


def compare(
    title: str,
    contenders: Mapping[str, Callable[[], object]],
    *,
    references: tuple[str, ...],
    seconds: float,
    note: str = "",
    once: tuple[str, ...] = (),
) -> Table:
    """Runs the contenders in turns until each had about ``seconds``; ratios to the named ``references``.

    Those named in ``once`` are so slow that they run a single time, without warming up.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for name, function in contenders.items():
        if name not in once:
            function()

    def done(name: str) -> bool:
        return bool(times[name]) if name in once else _enough(times[name], seconds)

    while not all(map(done, contenders)):
        for name, function in contenders.items():
            if done(name):
                continue
            gc.collect()
            start = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(taken) * 1000 for name, taken in times.items()}
    rows = [
        Row(name, median, {each: median / medians[each] for each in references if each != name})
        for name, median in medians.items()
    ]
    return Table(title, rows, note)


def _enough(taken: list[float], seconds: float) -> bool:
    return len(taken) >= MOST_ROUNDS or (len(taken) >= LEAST_ROUNDS and sum(taken) >= seconds)


def machine() -> str:
    """Where this ran."""
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
