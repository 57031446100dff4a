"""Writes the parts of the documents that are read off the program: `esign … --help`, and the table of settings.

Run it after a change of either: ``python tools/make_docs.py``. A test compares.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.core import TyperCommand, TyperGroup

from esign.cli.main import app
from esign.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 100


def documents() -> Iterator[tuple[Path, str]]:
    """Each document with generated parts, and its text as it should be."""
    for name in ("README.md", "docs/cli.md", "docs/operate.md"):
        path = ROOT / name
        yield path, filled(path.read_text("utf-8"))


def filled(text: str) -> str:
    """The text with each part between ``<!-- generated: … -->`` and ``<!-- end -->`` made anew."""
    pattern = re.compile(r"(<!-- generated: (?P<what>.*?) -->\n).*?(<!-- end -->)", re.DOTALL)
    return pattern.sub(lambda match: f"{match[1]}{_part(match['what'])}\n{match[3]}", text)


def _part(what: str) -> str:
    if what == "settings":
        return settings_table()
    if what == "all commands":
        return "\n\n".join(f"## `{name}`\n\n{_help(command, name)}" for name, command in _commands())
    return next(_help(command, name) for name, command in _commands() if name == what)


def settings_table() -> str:
    """Every setting: its variable, default and meaning."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, "", ()) else f"`{_shown(field.default)}`"
        if name == "sandbox_workers":
            default = "one for each core, at most 4"
        rows.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(str(each) for each in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _commands() -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    """``esign`` and all commands below it, by their whole names."""
    pending: list[tuple[str, TyperCommand | TyperGroup]] = [("esign", known(typer.main.get_command(app)))]
    while pending:
        name, command = pending.pop(0)
        yield name, command
        below = command.commands if isinstance(command, TyperGroup) else {}
        pending[:0] = [(f"{name} {each}", known(child)) for each, child in below.items()]


def known(command: object) -> TyperCommand | TyperGroup:
    """The command as the class that Typer makes it."""
    if not isinstance(command, TyperCommand | TyperGroup):
        raise TypeError(command)
    return command


def _help(command: TyperCommand | TyperGroup, name: str) -> str:
    with typer.Context(command, info_name=name, max_content_width=WIDTH, terminal_width=WIDTH) as context:
        return f"```text\n{command.get_help(context).rstrip()}\n```"


if __name__ == "__main__":
    for path, text in documents():
        if path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            sys.stdout.write(f"{path.relative_to(ROOT)} written\n")
