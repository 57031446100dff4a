"""``esign check``: is everything well, and what is left to settle."""

import re
from collections import Counter
from datetime import timedelta
from typing import Annotated

import typer

from esign.cli.console import actor, opened
from esign.cli.findings import Findings
from esign.errors import StorageUnavailable
from esign.registry.audit import ChainReport
from esign.service import expiring, inspection, parties, readiness, rotation, settling
from esign.service.services import Services

_NOTE = re.compile(r"(?P<seq>[1-9][0-9]*):(?P<hash>[0-9a-f]{64})")
_SHOWN = 20
"""How many officials are named one by one."""


def _noted(values: list[str] | None) -> dict[int, str]:
    matches = [_NOTE.fullmatch(value.strip().lower()) for value in values or []]
    if not all(matches):
        raise typer.BadParameter("it has the form SEQ:HASH, as esign check --deep prints it", param_hint="--noted")
    return {int(match["seq"]): match["hash"] for match in matches if match is not None}


def check(
    deep: Annotated[
        bool, typer.Option("--deep", help="Read the whole audit trail, every file and what lies beside them.")
    ] = False,
    noted: Annotated[
        list[str] | None,
        typer.Option(metavar="SEQ:HASH", help="Compare the audit trail with a hash noted earlier; several times."),
    ] = None,
    tidy: Annotated[
        bool, typer.Option("--tidy", help="Remove files older than a day that nothing in the register names.")
    ] = False,
    settle: Annotated[
        str | None, typer.Option(metavar="LETTER", help="Settle a letter of unknown outcome as not signed.")
    ] = None,
    stalled: Annotated[int, typer.Option(min=1, help="Minutes after which signing counts as broken off.")] = 10,
) -> None:
    """Say how each part is, end what is over, and name what waits for a person. Exit status 1 if anything is wrong."""
    notes, report = _noted(noted), Findings()
    with opened(workers=True) as services:
        _parts(services, report)
        _letters(services, report, settle, timedelta(minutes=stalled))
        _certificates(services, report)
        _locks(services, report)
        _keys(services, report)
        if deep or notes:
            _audit(inspection.audit_trail(services, notes), notes, report)
        if deep:
            _files(services, report)
        if deep or tidy:
            _unnamed(services, report, tidy=tidy)
    if report.wrong:
        raise typer.Exit(1)


def _parts(services: Services, report: Findings) -> None:
    for pool in services.pools().values():
        pool.wait_ready()
    for part in readiness.check(services).checks:
        if part.ok:
            report.well(f"{part.name}: {part.detail}")
        else:
            report.fault(f"{part.name}: {part.detail}" + (f" ({part.cause})" if part.cause else ""))


def _letters(services: Services, report: Findings, settle: str | None, stalled: timedelta) -> None:
    if settle is not None:
        letter = settling.resolve(services, settle, actor())
        report.note("settled", f"{letter.number or letter.id} is {letter.status.value}")
    done = settling.settle(services, actor(), stalled_after=stalled)
    if done.freed or done.undone:
        report.note("settled", f"{len(done.freed)} reservations were over, {len(done.undone)} signings broken off")
    for letter in settling.unknown(services):
        report.waits(
            f"{letter.id}  {letter.number or '-'}: whether the authority signed is not known. Ask the authority, then: "
            f"esign check --settle {letter.id}"
        )


def _certificates(services: Services, report: Findings) -> None:
    now = services.clock.now()
    for authority in services.authorities:
        for certificate in expiring.certificates(authority):
            if now < certificate.until < now + expiring.SOON:
                report.note("SOON", f"{authority.name}: {certificate.name} ends on {certificate.until:%Y-%m-%d}")
    ending = expiring.officials(services)
    for each in ending[:_SHOWN]:
        word, verb = ("ENDED", "ended") if each.until <= now else ("SOON", "ends")
        who = f"{each.agency.slug} {each.signer.id} ({each.signer.name})"
        report.note(word, f"the certificate of {who} {verb} on {each.until:%Y-%m-%d}")
    if len(ending) > _SHOWN:
        report.note("SOON", f"and those of {len(ending) - _SHOWN} more officials")


def _locks(services: Services, report: Findings) -> None:
    for lock in parties.locks(services):
        report.note(
            "LOCKED",
            f"{lock.agency} {lock.signer_id} ({lock.signer}) through {lock.client}, for {-(-lock.seconds // 60)} more "
            f"minutes: esign signer unlock {lock.agency} {lock.signer_id}",
        )


def _keys(services: Services, report: Findings) -> None:
    if services.keys.earlier_ids:
        done = rotation.keyring(services).settled
        report.note(
            "KEYS", f"the server key is being changed: {'nothing waits any more, ' if done else ''}esign keys status"
        )


def _audit(chain: ChainReport, notes: dict[int, str], report: Findings) -> None:
    if chain.broken_at is None:
        as_noted = ", and is as it was noted" if notes else ""
        report.well(f"audit trail: {chain.events} events fit together{as_noted}")
        report.note("NOTE", f"keep elsewhere, for --noted another day: {chain.events}:{chain.head}")
    elif chain.broken_at in notes:
        report.fault(
            f"audit trail: event {chain.broken_at} is not as it was noted: it was changed, or the trail was cut off "
            f"(a restore from an older backup does that); {chain.events} events before it fit together"
        )
    else:
        report.fault(f"audit trail: event {chain.broken_at} was changed, removed or put in")


def _files(services: Services, report: Findings) -> None:
    found: Counter[str] = Counter()
    try:
        for file in inspection.files(services):
            found[file.state] += 1
            if file.state != "whole":
                report.fault(
                    f"{file.named.sha256} of letter {file.named.letter_id} ({file.named.role}) is {file.state}"
                )
    except StorageUnavailable as error:
        report.fault(f"files: the rest can't be read ({readiness.cause_of(error) or error.code})")
    report.note(
        "WRONG" if found["missing"] + found["damaged"] else "ok",
        f"files: {found.total()} read, {found['missing']} missing, {found['damaged']} damaged"
        + (": put them back from the backup, under the same names" if found["missing"] + found["damaged"] else ""),
    )


def _unnamed(services: Services, report: Findings, *, tidy: bool) -> None:
    """Lists or removes what failed requests left behind. Younger files may belong to a request that still runs."""
    count = size = 0
    for blob in inspection.tidy(services, actor()) if tidy else inspection.unnamed(services):
        count, size = count + 1, size + blob.size
        report.note("removed" if tidy else "UNNAMED", f"{blob.sha256}  {blob.size} bytes, of {blob.modified:%Y-%m-%d}")
    if tidy:
        report.well(f"unnamed files: {count} removed, {size} bytes")
    elif count:
        report.note(
            "UNNAMED",
            f"{count} files, {size} bytes, older than a day, are named by nothing: esign check --tidy, but after a "
            "restore look at them first",
        )
    else:
        report.well("unnamed files: none older than a day")
