"""``python -m tests.fuzz``: many mutants in a few processes, counted by what came of them. Ends with 1 on a violation.

A mutant is known by seed and number, as long as the folder of specimens is kept: ``--seed S --index N`` makes one of
them again and says what comes of it.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from tests.fuzz.judge import Judge
from tests.fuzz.mutants import Laboratory
from tests.fuzz.processes import Tally, keep, run
from tests.fuzz.specimens import kept


def say(line: str) -> None:
    """A line for people, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def tell(total: Tally, seconds: float) -> None:
    """The counts."""
    say(f"mutants      {total.done} in {seconds:.0f} s, {total.done / max(seconds, 0.001):.0f}/s")
    for title, counted in (("outcome", total.outcomes), ("kind", total.kinds), ("believed", total.believed)):
        for name, number in counted.most_common():
            say(f"{title:<12} {name:<28} {number}")
    took, index, name = total.slowest
    say(f"slowest      {took:.2f} s: number {index}, of {name}")
    say(f"memory       {total.memory / 1024:.0f} MB at most in a process")
    say(f"violations   {len(total.violations)}")
    for index, message in sorted(total.violations):
        say(f"  number {index}: {message}")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Mutants of signed letters.")
    parser.add_argument("--mutants", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--folder", type=Path, default=Path("var/fuzz"))
    parser.add_argument("--index", type=int, help="only this one, kept in the folder")
    given = parser.parse_args()
    folder = given.folder / "specimens"
    if given.index is not None:
        corpus = kept(folder)
        mutant = Laboratory(corpus).mutant(given.seed, given.index)
        say(f"{mutant.kind} of {mutant.specimen.name}: {keep(given.folder, mutant, given.seed, given.index)}")
        judged = Judge(corpus).judge(mutant)
        say(f"{judged.outcome} in {judged.seconds:.2f} s: {judged.violation or 'right'}")
        return 0 if judged.violation is None else 1
    say(f"seed {given.seed}, {given.mutants} mutants, {given.processes} processes")
    began = time.monotonic()
    total = run(folder, given.seed, given.mutants, given.processes, say)
    tell(total, time.monotonic() - began)
    return 1 if total.violations else 0


if __name__ == "__main__":
    sys.exit(main())
