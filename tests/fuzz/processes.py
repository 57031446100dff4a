"""Several processes that judge mutants side by side, and what they count."""

import faulthandler
import gc
import multiprocessing
import os
import resource
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from asn1crypto import x509

from tests.fuzz.judge import Judge
from tests.fuzz.mutants import Laboratory, Mutant
from tests.fuzz.specimens import kept

ADDRESS_SPACE = 4 << 30
"""Bytes that a process may have."""
STUCK = 300
"""Seconds after which a process that says nothing ends itself."""
_BATCH = 100


@dataclass
class Tally:
    """What was counted."""

    outcomes: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    believed: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[int, str]] = field(default_factory=list)
    slowest: tuple[float, int, str] = (0.0, -1, "")
    memory: int = 0
    """Peak of a process, in kilobytes."""
    done: int = 0

    def add(self, other: "Tally") -> None:
        """Takes in what another counted."""
        self.outcomes += other.outcomes
        self.kinds += other.kinds
        self.believed += other.believed
        self.violations += other.violations
        self.slowest = max(self.slowest, other.slowest)
        self.memory = max(self.memory, other.memory)
        self.done += other.done


def _prepare_names_once() -> None:
    """Remembers how asn1crypto prepares strings of names for comparison, a pure function: a fifth of the time."""
    prepare = x509.NameTypeAndValue._ldap_string_prep
    remembered = lru_cache(maxsize=10_000)(lambda text: prepare(None, text))
    x509.NameTypeAndValue._ldap_string_prep = lambda _, text: remembered(text)


def _work(told: Connection, folder: Path, seed: int, numbers: range) -> None:
    """One process: judges the mutants of these numbers and tells of each batch."""
    os.nice(10)
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    _prepare_names_once()
    corpus = kept(folder)
    laboratory, judge = Laboratory(corpus), Judge(corpus)
    tally = Tally()
    gc.freeze()
    gc.disable()  # collected after each batch, which saves a tenth of the time
    for index in numbers:
        faulthandler.dump_traceback_later(STUCK, exit=True)
        told.send(index)
        mutant = laboratory.mutant(seed, index)
        judged = judge.judge(mutant)
        tally.outcomes[judged.outcome] += 1
        tally.kinds[mutant.kind] += 1
        if judged.outcome in ("genuine", "intact"):
            tally.believed[mutant.kind] += 1
        tally.slowest = max(tally.slowest, (judged.seconds, index, mutant.specimen.name))
        tally.done += 1
        if judged.violation is not None:
            tally.violations.append((index, f"{mutant.kind} of {mutant.specimen.name}: {judged.violation}"))
            keep(folder.parent, mutant, seed, index)
        if tally.done >= _BATCH or index == numbers[-1]:
            tally.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            gc.collect()
            told.send(tally)
            tally = Tally()
    told.close()


def keep(folder: Path, mutant: Mutant, seed: int, index: int) -> Path:
    """Puts a mutant beside the specimens."""
    place = folder / "violations"
    place.mkdir(exist_ok=True)
    path = place / f"{seed}-{index}-{mutant.specimen.name}.pdf"
    path.write_bytes(mutant.pdf)
    return path


def run(folder: Path, seed: int, mutants: int, processes: int, say: Callable[[str], None]) -> Tally:
    """Judges that many mutants. A process that dies is a violation, and another goes on after the mutant."""
    kept(folder)
    context = multiprocessing.get_context("spawn")
    total = Tally()
    at: dict[Connection, int] = {}
    alive: dict[Connection, tuple[SpawnProcess, range]] = {}

    def start(numbers: range) -> None:
        if numbers:
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(theirs, folder, seed, numbers))
            process.start()
            theirs.close()
            alive[ours] = (process, numbers)
            at[ours] = numbers[0] - numbers.step

    for first in range(processes):
        start(range(first, mutants, processes))
    began = shown = time.monotonic()
    while alive:
        for connection in wait(list(alive), timeout=60):
            assert isinstance(connection, Connection)
            try:
                message: int | Tally = connection.recv()
            except EOFError as error:
                process, numbers = alive.pop(connection)
                process.join()
                if process.exitcode and at[connection] < numbers[0]:
                    raise RuntimeError(f"a process ended with {process.exitcode} before it began") from error
                if process.exitcode:
                    total.violations.append((at[connection], f"the process died ({process.exitcode})"))
                    start(range(at[connection] + numbers.step, numbers.stop, numbers.step))
                continue
            if isinstance(message, int):
                at[connection] = message
            else:
                total.add(message)
        if time.monotonic() - shown > 60:
            shown = time.monotonic()
            say(f"{total.done} of {mutants}, {total.done / (shown - began):.0f}/s, {len(total.violations)} violations")
    return total
