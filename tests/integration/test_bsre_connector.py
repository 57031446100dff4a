"""The connector to BSrE's service and our own face of that service, in another process: each proves the other."""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from email import message_from_bytes, policy
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import pem

from esign import errors
from esign.ca.authority import Consent, Secret
from esign.ca.bsre import BsreAuthority
from esign.ca.surroundings import Identity
from esign.pades.placement import BoxPlacement
from esign.registry import clients
from esign.registry.clients import NewClient
from esign.registry.models import Scope, Signer, SignerKind
from esign.registry.signers import NewSigner
from esign.service import applications, checking, letters, parties, signers
from esign.service.orders import Caller, LetterFields, SignOrder
from esign.service.services import Services
from esign.service.told import Colour
from esign.service.views import LetterView
from esign.x509.addresses import AddressPolicy
from esign.x509.http import HttpRevocation
from esign.x509.transport import open_client
from esign.x509.trust import TrustStore
from tests import letter_files
from tests.integration.bsre_house import joined
from tests.integration.conftest import NIKS, OPERATOR, PASSPHRASE, House
from tests.integration.installation import COMMAND, Installation
from tests.integration.test_api_serve import free_port, wait_until_it_answers
from tests.mail import text_of
from tests.stamped_pages import codes, picture

NUMBERS = count(1)
SECRET = Consent(Secret(PASSPHRASE))
LETTER = letter_files.read("typst")
BOX = BoxPlacement(page=1, x=300, y=120, width=210, height=80)
PASSWORD = "sandi: aplikasi & surat"
USERNAME = {"v2": "surat-v2", "v1": "surat-v1", "size": "surat-v1-size"}
PEOPLE = ("sari", "wakil", "dicabut", "dibekukan", "asing")
SUBSCRIBER = "9001"


@dataclass(frozen=True)
class There:
    """The other installation, in a process of its own."""

    url: str
    folder: Path
    niks: dict[str, str]
    """By the name of a person in `PEOPLE`; nobody there knows the stranger."""
    trust: TrustStore
    installation: Installation

    def code(self, to: str) -> str:
        """The newest code that was mailed to that address."""
        mails = [
            message_from_bytes(path.read_bytes(), policy=policy.default)
            for path in sorted((self.folder / "var" / "outbox").iterdir(), key=lambda path: path.stat().st_mtime_ns)
        ]
        newest = next(each for each in reversed(mails) if each["To"] == to)
        (found,) = set(re.findall(r"\b\d{6}\b", text_of(newest)))
        return str(found)


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[There]:
    """A service with a dev CA of its own, which is called as BSrE's is."""
    folder, port = tmp_path_factory.mktemp("there"), free_port()
    url = f"http://127.0.0.1:{port}"
    made = Installation.made(folder, pki_url=f"{url}/pki", bsre_replay_seconds="0", log_level="debug")
    niks = {name: next(NIKS) for name in PEOPLE}
    with made.services() as services:
        agency = parties.agency(services, "dinkes")
        ca = services.dev_ca
        assert ca is not None
        for name in PEOPLE[:-1]:
            new = NewSigner.model_validate(
                {"agency_id": agency.id, "nik": niks[name], "name": "Ni Luh Sari", "email": f"{name}@contoh.go.id"}
            )
            known = signers.enrol(services, new, agency.name, Secret(PASSPHRASE), OPERATOR)
            if name == "dicabut":
                ca.revoke(known.id)
            elif name == "dibekukan":
                ca.suspend(known.id)
        seal = NewSigner.model_validate(
            {
                "agency_id": agency.id,
                "kind": SignerKind.SEAL,
                "name": "Dinas Kesehatan",
                "subscriber": SUBSCRIBER,
                "email": "petugas@contoh.go.id",
            }
        )
        signers.enrol(services, seal, agency.name, Secret(PASSPHRASE), OPERATOR)
        for manner, username in USERNAME.items():
            scopes = frozenset({Scope.LETTERS_SIGN, Scope.LETTERS_READ, Scope.SIGNERS_READ})
            client, _ = parties.add_client(
                services, NewClient(agency_id=agency.id, name=username, scopes=scopes), OPERATOR
            )
            applications.admit(services, agency.id, client.id, username, Secret(PASSWORD), OPERATOR)
            if manner == "size":
                applications.settle(services, agency.id, client.id, {"v1_rect": "size"}, None, OPERATOR)
        trust = TrustStore(tuple(ca.roots()))
    log = (folder / "log").open("w")
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", str(port)], env=made.environment, stdout=log, stderr=log, text=True
    )
    try:
        wait_until_it_answers(url, process)
        yield There(url, folder, niks, trust, made)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        log.close()
    written = (folder / "log").read_text()
    for secret in (*niks.values(), PASSPHRASE, PASSWORD):
        assert secret not in written


@pytest.fixture(scope="module")
def here(house: House, there: There) -> dict[str, Signer]:
    """The same persons in the register of this house, and the seal."""
    found = {name: house.signer(name="Ni Luh Sari", nik=there.niks[name]) for name in PEOPLE}
    return found | {"segel": house.signer(name="Dinas Kesehatan")}


@pytest.fixture
def caller(house: House) -> Caller:
    scopes = frozenset({Scope.LETTERS_SIGN, Scope.LETTERS_READ})
    key = house.key(*scopes)
    with house.services.database.read() as session:
        found = clients.authenticate(session, house.services.keys, key, None)
    return Caller(found.client.id, "uji", house.agency.id, scopes, "request-of-test")


@dataclass(frozen=True)
class At:
    """This house, connected to the other."""

    services: Services
    authority: BsreAuthority
    caller: Caller
    here: dict[str, Signer]

    def sign(self, who: str = "sari", consent: Consent = SECRET, pdf: bytes = LETTER, **given: object) -> LetterView:
        fields = LetterFields(number=f"SAMBUNG/{next(NUMBERS)}", date=date(2026, 11, 23), subject="Undangan")
        order = SignOrder.model_validate(
            {"signer": self.here[who].id, "placement": BOX, "profile": "B-T", "footer": True, **given}
        )
        return letters.sign_new(self.services, self.caller, pdf, fields, order, consent)

    def sound(self, made: LetterView) -> bytes:
        """The letter's file, which is green."""
        content = letters.file(self.services, self.caller, made.id).content
        assert checking.upload(self.services, content).told.colour is Colour.GREEN
        return content


@pytest.fixture
def connect(house: House, there: There, here: dict[str, Signer], caller: Caller, tmp_path: Path) -> Any:
    """Connects this house to the other, with settings."""
    niks = {signer.id: there.niks[name] for name, signer in here.items() if name in there.niks}

    def identify(holder: str) -> Identity:
        if holder == here["segel"].id:
            return Identity(subscriber=SUBSCRIBER)
        name = next(name for name, signer in here.items() if signer.id == holder)
        return Identity(nik=Secret(niks[holder]), email=f"{name}@contoh.go.id")

    @contextmanager
    def opened(password: str = PASSWORD, **settings: Any) -> Iterator[At]:
        settings = {"url": there.url, "username": USERNAME["v2"]} | settings
        with open_client() as client:
            addresses = AddressPolicy(own_origins=frozenset({there.url}))
            revocation = HttpRevocation(client, addresses, house.services.clock)
            with joined(
                house, tmp_path, list(here.values()), identify, there.trust, revocation, password, settings
            ) as (services, authority):
                yield At(services, authority, caller, here)

    return opened


WAYS = {
    "v2": {},
    "v2 by e-mail, address with /api/": {"by": "email", "url": "{}/api/"},
    "v1": {"api": "v1", "username": USERNAME["v1"]},
    "v1, sizes": {"api": "v1", "username": USERNAME["size"], "v1_rect": "size"},
}


@pytest.mark.parametrize(
    ("way", "stamp", "name"),
    [
        *((way, "picture", "typst") for way in WAYS),
        ("v2", "page", "libreoffice-pdfa-2b"),
        ("v1", "page", "typst"),
        ("v2", "picture", "cropped-rotated"),
        ("v1", "picture", "cropped-rotated"),
    ],
)
def test_a_letter_is_signed_by_the_other_house_and_green_in_this(
    connect: Any, there: There, way: str, stamp: str, name: str
) -> None:
    pdf = letter_files.read(name)
    settings = {key: value.format(there.url) for key, value in WAYS[way].items()}
    with connect(stamp=stamp, **settings) as at:
        made = at.sign(pdf=pdf, profile="B-LT")
        content = at.sound(made)
    assert content.startswith(pdf)
    assert [each.level for each in made.signatures] == ["B-LT"]
    assert str(made.code).replace("-", "") in "".join(codes(picture(content, 0, dpi=200)))


@pytest.mark.parametrize("way", ["v2", "v1"])
def test_several_letters_are_signed_in_one_authorisation(connect: Any, way: str) -> None:
    order = {"profile": "B-T", "placement": BOX}
    with connect(**WAYS[way]) as at:
        given = [
            letters.HandedIn(
                letter_files.read(name),
                LetterFields(number=f"BANYAK/{next(NUMBERS)}", date=date(2026, 11, 23), subject="Undangan"),
                SignOrder.model_validate({"signer": at.here["sari"].id, **order}),
            )
            for name in ("typst", "pdftex", "libreoffice-odt")
        ]
        for each in letters.sign_all(at.services, at.caller, given, SECRET):
            at.sound(each)


def test_a_second_official_signs_beside_the_first(connect: Any) -> None:
    with connect(stamp="page") as at:
        made = at.sign()
        order = SignOrder.model_validate(
            {"signer": at.here["wakil"].id, "placement": BOX.model_copy(update={"x": 70}), "profile": "B-T"}
        )
        both = letters.sign(at.services, at.caller, made.id, order, SECRET)
        assert len(codes(picture(at.sound(both), 0, dpi=150))) == 2


def test_a_code_that_was_mailed_signs_as_many_letters_as_it_was_sent_for(connect: Any, there: There) -> None:
    with connect() as at:
        sending = at.authority.codes()
        assert sending is not None
        sending.send(at.here["sari"].id, 1)
        code = Consent(code=Secret(there.code("sari@contoh.go.id")))
        at.sound(at.sign(consent=code))
        with pytest.raises(errors.WrongCode):
            at.sign(consent=code)
        with pytest.raises(errors.WrongCode):
            at.sign(consent=Consent(code=Secret("000000")))
        with pytest.raises(errors.SignerUnknown):
            sending.send(at.here["asing"].id, 1)


def test_a_seal_is_opened_kept_open_used_and_closed(connect: Any, there: There) -> None:
    with connect() as at:
        seals, holder = at.authority.seals(), at.here["segel"].id
        assert seals is not None
        with pytest.raises(errors.WrongCode):
            at.sign("segel", Consent(code=Secret("000000")))
        seals.request(holder)
        activation = Secret(there.code("petugas@contoh.go.id"))
        kept = seals.refresh(holder, activation)
        assert kept.value.reveal() == activation.reveal()
        assert seals.code(holder, activation, 3).value.reveal() != activation.reveal()
        made = at.sign("segel", Consent(code=activation))
        at.sound(made)
        seals.revoke(holder, activation)
        with pytest.raises(errors.WrongCode):
            at.sign("segel", Consent(code=activation))


@pytest.mark.parametrize("way", ["v2", "v1"])
@pytest.mark.parametrize(
    ("who", "passphrase", "error"),
    [
        ("sari", "keliru sekali", errors.WrongPassphrase),
        ("asing", PASSPHRASE, errors.CredentialMissing),
        ("dicabut", PASSPHRASE, errors.CredentialRevoked),
        ("dibekukan", PASSPHRASE, errors.CredentialSuspended),
    ],
)
def test_a_refusal_there_is_the_same_refusal_here(
    connect: Any, way: str, who: str, passphrase: str, error: type[errors.EsignError]
) -> None:
    with connect(**WAYS[way]) as at, pytest.raises(error):
        at.sign(who, Consent(Secret(passphrase)))


@pytest.mark.parametrize("way", ["v2", "v1"])
def test_a_wrong_password_of_the_application_is_told_apart_from_a_signers(connect: Any, way: str) -> None:
    with connect(password="salah", **WAYS[way]) as at:
        with pytest.raises(errors.AuthorityNotAdmitted):
            at.sign()
        assert "does not let this service in" in at.authority.problems()[0]


@pytest.mark.parametrize("way", ["v2", "v1"])
def test_a_connection_that_works_has_no_problems(connect: Any, way: str) -> None:
    with connect(**WAYS[way]) as at:
        assert at.authority.problems() == ()
        assert at.authority.credential(at.here["sari"].id).status == "ISSUE"
        assert at.authority.credential(at.here["dicabut"].id).status == "REVOKE"
        assert at.authority.credential(at.here["asing"].id).status == "NOT_REGISTERED"


def test_an_operator_connects_a_service_with_a_file_a_command_and_a_signer(there: There, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    (tmp_path / "root.pem").write_bytes(b"".join(pem.armor("CERTIFICATE", each.dump()) for each in there.trust.anchors))
    (tmp_path / "authorities.toml").write_text(
        f"""
        default = "bsre"
        [authorities.bsre]
        kind = "bsre"
        url = "{there.url}/api"
        username = "{USERNAME["v2"]}"
        password_file = "{tmp_path / "password"}"
        trust_files = ["{tmp_path / "root.pem"}"]
        """
    )
    variables = {"authorities": str(tmp_path / "authorities.toml"), "profile": "B-T"}
    made = Installation.made(tmp_path / "office").having(**variables)
    with made.services() as services:
        agency = parties.agency(services, "dinkes")
        new = NewSigner.model_validate({"agency_id": agency.id, "nik": there.niks["sari"], "name": "Ni Luh Sari"})
        signer, seen = signers.register(services, new, OPERATOR)
        assert seen is not None
        assert (seen.authority, seen.status, seen.may_sign) == ("bsre", "ISSUE", True)
        letter = made.signing_as(signer.id).sign("400/1", services)
        assert [each.level for each in letter.signatures] == ["B-LT"]  # as the other house gives it
    told = made.esign("authority", "test", "bsre")
    assert told.exit_code == 0, told.output
    assert "its address is http" in told.output
    assert f"{signer.id} ({signer.name}): may sign" in told.output
    (tmp_path / "password").unlink()
    told = made.esign("authority", "list")
    assert told.exit_code == 1
    assert "authorities.bsre.password_file" in told.output
