"""Everything is signed first, and handed to the JVM as it comes into being; then the tests judge file by file."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from esign.pades.profile import Profile
from tests.interop.cases import Case, cases
from tests.interop.readers import Answer, JavaReaders
from tests.interop.signing import Office, Signed
from tests.letter_files import Letter, letter, letters


@dataclass(frozen=True)
class Signing:
    """What became of a case: a file, or the error that kept it from being made."""

    signed: Signed | None
    error: Exception | None


class Session:
    """All signed files, and the JVM that reads them."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self._java: JavaReaders | None = None
        self._signed: dict[str, Signing] = {}

    def sign_all(self, wanted: Iterable[Case]) -> None:
        """Signs these cases, then writes down what readers may know besides."""
        for case in wanted:
            try:
                signed = self.office.sign(case)
            except Exception as error:  # noqa: BLE001  told by the tests of this case
                self._signed[case.name] = Signing(None, error)
            else:
                self._signed[case.name] = Signing(signed, None)
        self.office.write_material()

    def ask_java(self) -> None:
        """Starts the JVM, once, and asks it about every file."""
        if self._java is not None:
            return
        self._java = JavaReaders()
        for signing in self._signed.values():
            if signing.signed:
                signed = signing.signed
                self._java.ask("dss", signed.file, material=signed.material)
                if is_pdfa_2b(signed.case):
                    self._java.ask("verapdf", signed.file, flavour="2b")

    def signed(self, case: Case) -> Signed:
        """The signed file of the case."""
        signing = self._signed[case.name]
        if signing.signed is None:
            raise AssertionError(f"{case} could not be signed") from signing.error
        return signing.signed

    def java(self, reader: str, signed: Signed) -> Answer:
        """What EU DSS (``dss``) or veraPDF (``verapdf``) says of the file."""
        self.ask_java()
        assert self._java is not None
        return self._java.answer(reader, signed.file)

    def ask(self, reader: str, file: Path, **more: str | Path) -> Answer:
        """What EU DSS or veraPDF says of another file."""
        self.ask_java()
        assert self._java is not None
        self._java.ask(reader, file, **more)
        return self._java.answer(reader, file)

    def close(self) -> None:
        """Ends the JVM."""
        if self._java is not None:
            self._java.close()


def letter_of(case: Case) -> Letter:
    """What the letter was before we signed it."""
    return next((found for found in letters() if found.name == case.letter), letter("typst"))


def is_pdfa_2b(case: Case) -> bool:
    """Whether the letter came as PDF/A-2b from a producer (and not through somebody else's signing program)."""
    return letter_of(case).pdfa == "2B" and not letter_of(case).signatures


@pytest.fixture(scope="session")
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    parameters = (item.callspec.params for item in request.session.items if hasattr(item, "callspec"))
    selected = {case.name for each in parameters if isinstance(case := each.get("case"), Case)}
    with Office(tmp_path_factory.mktemp("interop")) as office:
        made = Session(office)
        made.sign_all(case for case in cases() if case.name in selected)
        yield made
        made.close()


RANK = {f"PAdES-BASELINE-{profile.removeprefix('B-')}": profile.rank for profile in Profile}
"""EU DSS's names of the levels."""
