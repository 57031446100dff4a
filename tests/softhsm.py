"""SoftHSM2 with tokens of its own for each test, and a module in front of it that fails as real ones do."""

import ctypes
import os
import secrets
import shutil
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests import programs

SO_PIN = "12345678"
_PLACES = ("/usr/lib/softhsm", "/usr/lib64/softhsm", "/usr/lib64/pkcs11", "/usr/local/lib/softhsm", "/opt/homebrew/lib")
_SOURCE = Path(__file__).parent / "integration" / "faulty_module.c"


def require_module() -> Path:
    """SoftHSM2's module, or the test ends."""
    programs.require_program("softhsm2-util")
    places = [Path(place) / "libsofthsm2.so" for place in _PLACES]
    found = next((place for place in places if place.exists()), None)
    return found or programs.missing("libsofthsm2.so is not where it is looked for")


@dataclass
class SoftHsm:
    """Tokens in a folder. They are found by modules initialised while the environment has ``SOFTHSM2_CONF``."""

    folder: Path
    module: Path
    pins: dict[str, str] = field(default_factory=dict)

    @classmethod
    def made(cls, folder: Path) -> "SoftHsm":
        """An HSM without tokens in a new folder."""
        module = require_module()
        (folder / "tokens").mkdir(parents=True)
        hsm = cls(folder, module)
        hsm.configuration.write_text(
            f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
        )
        return hsm

    @property
    def configuration(self) -> Path:
        """What ``SOFTHSM2_CONF`` has to name."""
        return self.folder / "softhsm2.conf"

    def token(self, label: str, pin: str | None = None) -> str:
        """A new token; gives its PIN."""
        pin = pin or f"pin {secrets.token_hex(4)}"
        self._util("--init-token", "--free", "--label", label, "--so-pin", SO_PIN, "--pin", pin)
        self.pins[label] = pin
        return pin

    def wipe(self, label: str, pin: str) -> None:
        """Initialises a token anew, as another process: its keys are gone."""
        self._util("--init-token", "--token", label, "--label", label, "--so-pin", SO_PIN, "--pin", pin)
        self.pins[label] = pin

    def delete(self, label: str) -> None:
        """Deletes a token."""
        self._util("--delete-token", "--token", label)

    def hide(self) -> None:
        """Takes all tokens away, as a cable that is pulled out does; only modules that begin anew see it."""
        (self.folder / "tokens").rename(self.folder / "away")
        (self.folder / "tokens").mkdir()

    def show(self) -> None:
        """Puts them back."""
        shutil.rmtree(self.folder / "tokens")
        (self.folder / "away").rename(self.folder / "tokens")

    def _util(self, *arguments: str) -> None:
        environment = os.environ.get("SOFTHSM2_CONF")
        os.environ["SOFTHSM2_CONF"] = str(self.configuration)
        try:
            done = programs.call([programs.require_program("softhsm2-util"), *arguments])
        finally:
            if environment is None:
                del os.environ["SOFTHSM2_CONF"]
            else:
                os.environ["SOFTHSM2_CONF"] = environment
        assert done.returncode == 0, done.stderr.decode()


@cache
def _built(folder: Path) -> Path:
    compiler = programs.require_program("cc", "gcc")
    target = folder / "faulty_module.so"
    done = programs.call(
        [compiler, "-std=gnu11", "-shared", "-fPIC", "-Wall", "-Werror", "-o", target, _SOURCE, "-ldl"]
    )
    assert done.returncode == 0, done.stderr.decode()
    return target


class FaultyModule:
    """SoftHSM2 behind a module that fails when it is told to (tests/integration/faulty_module.c)."""

    def __init__(self, hsm: SoftHsm, folder: Path) -> None:
        self.path = _built(folder)
        os.environ["FAULTY_MODULE_BEHIND"] = str(hsm.module)
        self._library = ctypes.CDLL(str(self.path))
        self.behave()

    def behave(self) -> None:
        """No more faults; the count of wrong PINs is forgotten."""
        self._library.faulty_reset()

    def fail(self, function: str, answer: int, *, after: int = 0, times: int = 1) -> None:
        """That function answers so, after so many good answers, so many times."""
        self._library.faulty_fail(function.encode(), ctypes.c_ulong(answer), after, times)

    def calls(self, function: str) -> int:
        """How often it was called since."""
        count: int = self._library.faulty_calls(function.encode())
        return count

    def lock_after(self, wrong: int) -> None:
        """Locks the user's PIN after so many wrong ones, as smart cards do and SoftHSM2 does not."""
        self._library.faulty_lock_after(wrong)

    def spoil(self) -> None:
        """Gives signature values that are wrong by a bit."""
        self._library.faulty_spoil()

    def cannot_lock(self) -> None:
        """Refuses to be used from several threads."""
        self._library.faulty_cannot_lock()
