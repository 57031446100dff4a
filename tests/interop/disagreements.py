"""Where other validators say otherwise of sound and forged files: ``python -m tests.interop.disagreements``.

pyHanko is always asked; with ``--others`` EU DSS and poppler's pdfsig too. Each disagreement is settled in
docs/decisions/disagreements.md. ``--every=8`` takes each eighth file. Arguments are names of letters; none: a few.
"""

import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from esign.pdf.sandbox import InProcess
from esign.verify.online import examine
from esign.verify.report import Verdict
from esign.x509.clock import SystemClock
from tests import validators
from tests.attacks import later, published, spoilt
from tests.interop.readers import JavaReaders, pdfsig
from tests.legitimate import by_dss, by_pyhanko, by_us, encodings, filled, indonesian, manners, rights, saved, stores
from tests.legitimate.by_hand import Manner, sign_by_hand
from tests.legitimate.made import material, trust
from tests.letter_files import read

SOUND = (
    manners.once, manners.twice, manners.mixed, manners.before, manners.versions, manners.shapes,
    encodings.own, encodings.by_openssl, encodings.by_cryptography,
    by_pyhanko.once, by_pyhanko.several, by_pyhanko.later, by_pyhanko.rewritten, by_us.ours, by_dss.dss,
    saved.resaved, indonesian.indonesian, filled.filled, filled.noted, rights.enabled, rights.preceded, stores.stores,
)  # fmt: skip
FORGED_ON_SIGNED = (
    spoilt.universal, spoilt.wrapped, spoilt.copied_signature,
    later.incremental, later.shadow, later.annotations, later.fields, later.roles,
)  # fmt: skip
ALARMS = frozenset({Verdict.ALTERED, Verdict.INVALID, Verdict.NOT_EXAMINED})


@dataclass(frozen=True)
class Case:
    """A file and its group."""

    group: str
    name: str
    pdf: bytes
    forged: bool


def cases(letter: str) -> Iterator[Case]:
    """All sound and forged files made of a letter."""
    pdf = read(letter)
    for sound in SOUND:
        for made in sound(pdf):
            yield Case(f"{sound.__module__}.{sound.__name__}", made.name, made.pdf, forged=False)
    for attack in published.GENERATORS:
        for forgery in attack(pdf):
            yield Case(f"published.{attack.__name__}", forgery.name, forgery.pdf, forged=True)
    signed = sign_by_hand(pdf, Manner(sub_filter=b"ETSI.CAdES.detached", keys=b"/Reason(a)/Name(b)/M(D:20260101)"))
    for spoil in FORGED_ON_SIGNED:
        for forgery in spoil(signed):
            yield Case(f"{spoil.__module__}.{spoil.__name__}", forgery.name, forgery.pdf, forged=True)


def ours(pdf: bytes) -> Verdict:
    """Our verdict."""
    return examine(pdf, trust(), SystemClock(), InProcess(), material=(material(),), timeout=60).verdict


def pyhanko(pdf: bytes) -> str:
    """``sound`` where pyHanko trusts every signature, else what it objects to."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = validators.verdicts(pdf, list(trust().anchors))
    except Exception as error:  # noqa: BLE001  whatever it lets out is its answer
        return f"raised {type(error).__name__}"
    if not found:
        return "unsigned"
    bad = [item for item in found if not item.sound]
    return "sound" if not bad else f"unsound ({', '.join(str(item.changed) for item in bad)})"


def main(letters: list[str], *, others: bool, every: int = 1) -> int:
    """Prints the disagreements, and the rates."""
    counts: Counter[str] = Counter()
    java = JavaReaders() if others else None
    asked: list[tuple[Case, Verdict, Path]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, held in (("anchors", [each.dump() for each in trust().anchors]), ("crls", material().crls)):
            (folder / kind).mkdir()
            for number, data in enumerate(held):
                (folder / kind / str(number)).write_bytes(data)
        for letter in letters:
            for case in islice(cases(letter), 0, None, every):
                verdict, theirs = ours(case.pdf), pyhanko(case.pdf)
                kind = "forged" if case.forged else "sound"
                counts[f"{kind}, all"] += 1
                counts[f"{kind}, alarmed at by us"] += verdict in ALARMS
                counts[f"{kind}, called sound by pyHanko"] += theirs == "sound"
                if (theirs == "sound") != verdict.good:
                    print(f"pyHanko {theirs} | we {verdict} | {kind} | {letter} | {case.group} | {case.name}")  # noqa: T201
                if java is not None and len(asked) < 3000:
                    file = folder / f"{len(asked)}.pdf"
                    file.write_bytes(case.pdf)
                    java.ask("dss", file, material=folder)
                    asked.append((case, verdict, file))
        for case, verdict, file in asked:
            _others(java, case, verdict, file)
    if java is not None:
        java.close()
    for told, count in sorted(counts.items()):
        print(f"{told}: {count}")  # noqa: T201
    return 0


def _others(java: JavaReaders | None, case: Case, verdict: Verdict, file: Path) -> None:
    assert java is not None
    answer = java.answer("dss", file)
    kind = "forged" if case.forged else "sound"
    signatures = answer.get("signatures")
    if isinstance(signatures, list):
        failed = [item for item in signatures if item["indication"] in ("TOTAL_FAILED", "FAILED")]
        changed = [item for item in signatures if item["undefined_changes"] or item["overlapping_pages"]]
        said = "unsigned" if not signatures else "failed" if failed else "changed" if changed else "sound"
    else:
        said = f"raised {str(answer.get('exception'))[:60]}"
    if (said == "sound") != (verdict not in ALARMS):
        print(f"DSS {said} | we {verdict} | {kind} | {case.group} | {case.name}")  # noqa: T201
    lines = pdfsig(file)
    good = bool(lines) and all("Signature is Valid" in line.verdict for line in lines)
    if good != (verdict not in ALARMS):
        words = {line.verdict for line in lines} or {"unsigned"}
        print(f"pdfsig {', '.join(sorted(words))} | we {verdict} | {kind} | {case.group} | {case.name}")  # noqa: T201


if __name__ == "__main__":
    names = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    step = next((int(argument[8:]) for argument in sys.argv if argument.startswith("--every=")), 1)
    sys.exit(main(names or ["typst-1.4", "qpdf-object-streams"], others="--others" in sys.argv, every=step))
