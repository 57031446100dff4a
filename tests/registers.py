"""A register to try things on: a real database with one agency, one official and one API client."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier
from typing import TypeVar

from pydantic import SecretStr

from esign.errors import EsignError
from esign.registry import agencies, clients, ids, letters, migrations, signatures, signers, states
from esign.registry.database import Database, open_engine
from esign.registry.models import Agency, ApiClient, Disclosure, Letter, Level, Scope, Signature, Signer
from esign.registry.secrets import Keys

Outcome = TypeVar("Outcome")

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
NIK = "3271044607800012"
SERVER_KEY = bytes(range(32))


def after(**timing: float) -> datetime:
    """That much after NOW."""
    return NOW + timedelta(**timing)


@dataclass(frozen=True)
class Register:
    database: Database
    keys: Keys
    agency: Agency
    signer: Signer
    client: ApiClient
    api_key: str

    def new_letter(self, number: str = "005/17/DISKOMINFO/2026", **changes: object) -> letters.NewLetter:
        """A letter to be entered."""
        given = {
            "agency_id": self.agency.id,
            "client_id": self.client.id,
            "number": number,
            "date": date(2026, 3, 2),
            "subject": "Undangan rapat koordinasi",
            "classification": "biasa",
            "disclosure": Disclosure.PUBLIC,
            "pages": 2,
            "original_sha256": "ab" * 32,
            "original_size": 70_000,
        }
        return letters.NewLetter.model_validate(given | changes)

    def new_signature(
        self, revision: str = "cd" * 32, field: str = "esign_1", **changes: object
    ) -> signatures.NewSignature:
        """A signature to be entered."""
        given = {
            "signer_id": self.signer.id,
            "credential_id": None,
            "signer_name": self.signer.name,
            "field_name": field,
            "page": 2,
            "box": (340.0, 120.0, 540.0, 200.0),
            "profile": Level.B_LT,
            "level": Level.B_LT,
            "certificate_sha256": "ef" * 32,
            "subject_name": "Budi Santoso",
            "subject_organisation": "Pemerintah Kota Contoh",
            "issuer_name": "esign Dev CA Persons",
            "signed_at": NOW,
            "timestamp_at": NOW,
            "revision_sha256": revision,
            "size": 98_000,
            "client_id": self.client.id,
            "request_id": "req-1",
        }
        return signatures.NewSignature.model_validate(given | changes)

    def reserved(self, number: str = "005/17/DISKOMINFO/2026", at: datetime = NOW) -> Letter:
        """A letter that holds its number."""
        with self.database.write() as session:
            return letters.reserve(session, self.new_letter(number), at, letters.Rules()).letter

    def signed(self, number: str = "005/17/DISKOMINFO/2026", revision: str = "cd" * 32) -> tuple[Letter, Signature]:
        """A letter that was released."""
        with self.database.write() as session:
            reserved = letters.reserve(session, self.new_letter(number), NOW, letters.Rules()).letter
            signing = states.start_signing(session, reserved, NOW)
            return states.release(session, signing, self.new_signature(revision), NOW)

    def as_it_is(self, letter: Letter) -> Letter:
        """The letter as it stands in the register now."""
        with self.database.read() as session:
            return letters.get(session, letter.agency_id, letter.id)


@contextmanager
def open_register(url: str) -> Iterator[Register]:
    """A register in that database, which is migrated; each call enters an agency of its own."""
    database, keys = Database(url), Keys(SERVER_KEY)
    try:
        migrations.migrate(database.engine)
        with database.write() as session:
            agency = agencies.add(
                session,
                agencies.NewAgency(slug=f"a{ids.new()}", name="Dinas Kominfo", domain="surat.contoh.go.id"),
                NOW,
            )
            official = signers.NewSigner(
                agency_id=agency.id, nik=SecretStr(NIK), name="Budi Santoso", office="Kepala Dinas"
            )
            signer = signers.add(session, keys, official, NOW)
            program = clients.NewClient(
                agency_id=agency.id, name="e-office", scopes=frozenset({Scope.LETTERS_SIGN, Scope.LETTERS_READ})
            )
            client, key = clients.add(session, keys, program, NOW)
        yield Register(database, keys, agency, signer, client, key)
    finally:
        database.close()


def sqlite_url(folder: Path) -> str:
    """A database file in that folder."""
    return f"sqlite:///{folder / 'esign.db'}"


def migrated_sqlite(folder: Path) -> str:
    """A database file in that folder whose tables are there already."""
    file = folder / "esign.db"
    file.touch(mode=0o600)
    file.write_bytes(_migrated())
    return sqlite_url(folder)


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        engine = open_engine(sqlite_url(Path(folder)))
        migrations.migrate(engine)
        engine.dispose()
        return (Path(folder) / "esign.db").read_bytes()


def race(runners: int, run: Callable[[int], Outcome]) -> tuple[list[Outcome], list[EsignError]]:
    """Lets that many threads start ``run`` at the same moment; what they brought home, and what refused them."""
    start = Barrier(runners)

    def runner(number: int) -> Outcome | EsignError:
        start.wait()
        try:
            return run(number)
        except EsignError as refusal:
            return refusal

    with ThreadPoolExecutor(runners) as pool:
        outcomes = list(pool.map(runner, range(runners)))
    return (
        [outcome for outcome in outcomes if not isinstance(outcome, EsignError)],
        [outcome for outcome in outcomes if isinstance(outcome, EsignError)],
    )
