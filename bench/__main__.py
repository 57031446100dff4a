"""``python -m bench [SUBJECT…]``: runs the subjects, which are the modules of this package, and prints their tables."""

import argparse
import importlib
import json
import pkgutil
import sys
from dataclasses import asdict
from pathlib import Path

import bench
from bench.harness import Table, machine


def subjects() -> list[str]:
    """The modules of this package that have a ``tables`` function, by name."""
    own = {"__main__", "harness"}
    return sorted(module.name for module in pkgutil.iter_modules(bench.__path__) if module.name not in own)


def main(arguments: list[str] | None = None) -> int:
    """Runs what was asked for; everything, if nothing was."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=f"one of {', '.join(subjects())}; default: all")
    parser.add_argument("--seconds", type=float, default=2.0, help="time for each table row (default 2)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    wanted = parser.parse_args(arguments)
    unknown = set(wanted.subjects) - set(subjects())
    if unknown:
        parser.error(f"no such subject: {', '.join(sorted(unknown))}")
    done: list[Table] = []
    for subject in wanted.subjects or subjects():
        for table in importlib.import_module(f"bench.{subject}").tables(wanted.seconds):
            done.append(table)
            if not wanted.json:
                print(table.text(), end="\n\n", flush=True)
    if wanted.json:
        json.dump({"machine": machine(), "tables": [asdict(table) for table in done]}, sys.stdout, indent=1)
        print()
    else:
        print(machine())
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    sys.exit(main())
