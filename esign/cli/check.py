"""``esign check``: is everything well, and what is left to settle."""

from datetime import timedelta
from typing import Annotated

import typer

from esign.cli.console import actor, opened
from esign.service import readiness, settling


def check(
    deep: Annotated[bool, typer.Option("--deep", help="Read the whole audit trail and every released file.")] = False,
    settle: Annotated[
        str | None, typer.Option(metavar="LETTER", help="Settle a letter of unknown outcome as not signed.")
    ] = None,
    stalled: Annotated[int, typer.Option(min=1, help="Minutes after which signing counts as broken off.")] = 10,
) -> None:
    """Say how each part is, end what is over, and name what waits for a person. Exit status 1 if anything is wrong."""
    wrong = 0
    with opened(workers=True) as services:
        for pool in services.pools().values():
            pool.wait_ready()
        for part in readiness.check(services).checks:
            typer.echo(f"{'ok   ' if part.ok else 'WRONG'}  {part.name}: {part.detail}")
            wrong += not part.ok
        if settle is not None:
            letter = settling.resolve(services, settle, actor())
            typer.echo(f"settled  {letter.number} is {letter.status.value}")
        done = settling.settle(services, actor(), stalled_after=timedelta(minutes=stalled))
        if done.freed or done.undone:
            typer.echo(f"settled  {len(done.freed)} reservations were over, {len(done.undone)} signings broken off")
        for letter in settling.unknown(services):
            typer.echo(f"WAITS  {letter.id}  {letter.number}: whether it was signed is not known (--settle)")
            wrong += 1
        if deep:
            for fault in settling.faults(services):
                typer.echo(f"WRONG  {fault.kind}: {fault.detail}")
                wrong += 1
    if wrong:
        raise typer.Exit(1)
