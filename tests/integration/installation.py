"""An installation of its own, as an operator has it: settings, commands, an agency, an official and a program."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Self
from unittest.mock import patch

from typer.testing import CliRunner, Result

from esign import settings
from esign.ca.authority import Consent, Secret
from esign.cli.main import app
from esign.registry import audit, states
from esign.registry.agencies import NewAgency
from esign.registry.clients import NewClient
from esign.registry.letters import NewLetter, Rules, reserve
from esign.registry.letters import get as registered_letter
from esign.registry.models import Disclosure, Event, Letter, Scope
from esign.registry.signers import NewSigner
from esign.service import checking, clients, letters, parties, signers
from esign.service.orders import LetterFields, SignOrder
from esign.service.services import Services
from esign.service.told import Colour
from esign.service.views import LetterView
from tests import letter_files
from tests.integration.conftest import NIKS, OPERATOR, PASSPHRASE

COMMAND = [sys.executable, "-c", "from esign.cli.main import main; main()"]
"""``esign``, as a process."""


@dataclass(frozen=True)
class Installation:
    """Folders and variables, and what was entered at first."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    """Settings besides those of the folder."""
    agency: str = ""
    signer: str = ""
    client: str = ""
    api_key: str = ""

    @classmethod
    def made(cls, folder: Path, **given: str) -> Self:
        """A new one; ``given`` are further settings by their names."""
        empty = cls(folder, {f"ESIGN_{name.upper()}": value for name, value in given.items()})
        with empty.services() as services:
            new = NewAgency(slug="dinkes", name="Dinas Kesehatan", domain="surat.example.go.id")
            agency = parties.add_agency(services, new, OPERATOR)
            official = NewSigner.model_validate({"agency_id": agency.id, "nik": next(NIKS), "name": "Ni Luh Sari"})
            signer = signers.enrol(services, official, agency.name, Secret(PASSPHRASE), OPERATOR)
            program = NewClient(
                agency_id=agency.id, name="e-office", scopes=frozenset({Scope.LETTERS_SIGN, Scope.LETTERS_READ})
            )
            client, key = parties.add_client(services, program, OPERATOR)
        return replace(empty, agency=agency.id, signer=signer.id, client=client.id, api_key=key)

    def elsewhere(self, folder: Path) -> Self:
        """The same in another folder."""
        return replace(self, folder=folder)

    def having(self, **given: str | None) -> Self:
        """The same with other settings; None takes one away."""
        changed = self.variables | {f"ESIGN_{name.upper()}": value for name, value in given.items()}
        return replace(self, variables={name: value for name, value in changed.items() if value is not None})

    def signing_as(self, signer: str) -> Self:
        """The same, with another official who signs."""
        return replace(self, signer=signer)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a process of it."""
        kept = {name: value for name, value in os.environ.items() if name == "PATH" or name.startswith("AWS_")}
        return kept | {
            "ESIGN_DATA_DIR": str(self.folder / "var"),
            "ESIGN_CA_DIR": str(self.folder / "ca"),
            "ESIGN_PUBLIC_URL": "https://surat.example.go.id",
            "ESIGN_PKI_URL": "http://127.0.0.1:8000/pki",
            "ESIGN_SANDBOX_WORKERS": "1",
            **self.variables,
        }

    @contextmanager
    def services(self) -> Iterator[Services]:
        """Its services, in this process."""
        with patch.dict(os.environ, self.environment, clear=True):
            read = settings.read()
        with Services.open(read) as opened:
            yield opened

    def esign(self, *arguments: str, stdin: str = "") -> Result:
        """One command, in this process."""
        with patch.dict(os.environ, self.environment, clear=True):
            settings.load.cache_clear()
            try:
                return CliRunner().invoke(app, arguments, input=stdin)
            finally:
                settings.load.cache_clear()

    def sign(self, number: str, services: Services | None = None, passphrase: str = PASSPHRASE) -> LetterView:
        """Has a letter signed, as the program does."""
        if services is None:
            with self.services() as opened:
                return self.sign(number, opened, passphrase)
        caller = clients.authenticate(services, self.api_key, "127.0.0.1", "request")
        fields = LetterFields.model_validate({"number": number, "date": date(2026, 11, 23), "subject": "Undangan"})
        order = SignOrder.model_validate({"signer": self.signer, "placement": {"kind": "invisible"}})
        return letters.sign_new(
            services, caller, letter_files.read("typst"), fields, order, Consent(Secret(passphrase))
        )

    def is_green(self, letter: LetterView, services: Services | None = None) -> None:
        """The letter's newest file is genuine, and the register knows it."""
        if services is None:
            with self.services() as opened:
                self.is_green(letter, opened)
                return
        answer = checking.upload(services, services.blobs.get(letter.file.sha256))
        assert answer.told.colour is Colour.GREEN

    def being_signed(self, services: Services, number: str, ago: timedelta = timedelta(0)) -> Letter:
        """A letter that a process began to sign so long ago, and did not end."""
        began = services.clock.now() - ago
        new = NewLetter(
            agency_id=self.agency, client_id=self.client, number=number, date=began.date(), subject="Undangan",
            classification="biasa", disclosure=Disclosure.PUBLIC, pages=1, original_sha256="ab" * 32, original_size=1,
        )  # fmt: skip
        with services.database.write() as session:
            reserved = reserve(session, new, began, Rules()).letter
            data = {"authority": "dev"}
            audit.record(session, Event.LETTER_SIGNING, OPERATOR, began, letter=reserved.id, data=data)
            return states.start_signing(session, reserved, began)

    def as_it_is(self, services: Services, letter: Letter) -> Letter:
        """The letter as it stands in the register now."""
        with services.database.read() as session:
            return registered_letter(session, self.agency, letter.id)
