"""``esign keys``: the server key, and its change."""

from datetime import UTC, datetime

import typer

from esign.cli.console import actor, opened
from esign.cli.findings import Findings
from esign.service import rotation
from esign.service.rotation import Keyring

app = typer.Typer(help="The server key, and its change.", no_args_is_help=True)

MINUTES = "%Y-%m-%d %H:%M UTC"


@app.command()
def rotate() -> None:
    """Seal NIKs and passwords anew under the present server key, and say what else needs the earlier one.

    Before it: put the new key into ESIGN_SECRET_KEY and the earlier one into ESIGN_OLD_SECRET_KEYS, and restart
    every server.
    """
    with opened() as services:
        sealed = rotation.rotate(services, actor())
        report = Findings()
        report.well(f"{sealed} NIKs and passwords were sealed anew under the key {services.keys.key_id}")
        _say(rotation.keyring(services), report)


@app.command()
def status() -> None:
    """Say which keys there are, and what still needs the earlier ones. Exit status 1 while anything does."""
    report = Findings()
    with opened() as services:
        _say(rotation.keyring(services), report)
    if report.wrong:
        raise typer.Exit(1)


def _say(found: Keyring, report: Findings) -> None:
    report.well(f"the present key is {found.present}; earlier keys: {', '.join(found.earlier) or 'none'}")
    if found.unreadable:
        report.fault(
            f"{found.unreadable} NIKs or passwords open under none of these keys: "
            "one is missing from ESIGN_OLD_SECRET_KEYS"
        )
    if waiting := found.sealed_otherwise - found.unreadable:
        report.waits(f"{waiting} NIKs and passwords are sealed under an earlier key: esign keys rotate")
    if not found.earlier:
        _say_who_is_shut_out(found, report)
    elif found.rotated_at is None:
        report.waits("the change is not done yet: restart every server with both keys, then esign keys rotate")
    else:
        _say_what_waits(found, report)


def _say_what_waits(found: Keyring, report: Findings) -> None:
    """While the earlier key is there: what would be lost without it."""
    for each in found.silent:
        report.waits(
            f"{each.agency.slug} {each.client.id} ({each.client.name}) has not called since the change, "
            f"{_last_call(each.client.last_used_at)}: without the earlier key its API key is void"
        )
    if found.repeatable_until is not None:
        until = found.repeatable_until.astimezone(UTC)
        report.waits(
            f"requests from before the change may be sent again until {until:{MINUTES}}: "
            "without the earlier key they would be done a second time"
        )
    if found.settled:
        report.well("nothing needs the earlier keys: take them out of ESIGN_OLD_SECRET_KEYS, restart every server")
    else:
        report.waits("leave the earlier keys in ESIGN_OLD_SECRET_KEYS until nothing waits for them")


def _say_who_is_shut_out(found: Keyring, report: Findings) -> None:
    """After the change: whoever never called in between needs another API key, or is not needed."""
    for each in found.silent:
        client = f"{each.agency.slug} {each.client.id}"
        report.waits(
            f"{client} ({each.client.name}) did not call while the earlier key was there, "
            f"{_last_call(each.client.last_used_at)}: esign client renew-key {client}, or esign client off {client}"
        )


def _last_call(at: datetime | None) -> str:
    return "and never before" if at is None else f"last on {at.astimezone(UTC):{MINUTES}}"
