"""What a command found, line by line: a word in front that tells what it is, and in the end whether all is well."""

import typer


class Findings:
    """Lines on standard output, and whether one of them says that something is wrong."""

    def __init__(self) -> None:
        self.wrong = False

    def well(self, text: str) -> None:
        """Says what is well."""
        self._say("ok", text)

    def fault(self, text: str) -> None:
        """Says what is wrong."""
        self._say("WRONG", text)
        self.wrong = True

    def waits(self, text: str) -> None:
        """Says what a person has to settle; until then something is wrong."""
        self._say("WAITS", text)
        self.wrong = True

    def note(self, word: str, text: str) -> None:
        """Says what is to be known, and is nothing wrong."""
        self._say(word, text)

    def _say(self, word: str, text: str) -> None:
        typer.echo(f"{word:<8} {text}")
