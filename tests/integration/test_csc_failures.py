"""Our client and our server face when something goes wrong between them, and what the letters and locks make of it."""

import hashlib
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import pytest

from esign.api import server
from esign.api.app import create_app
from esign.ca.authority import Consent, Secret
from esign.ca.csc import CscAuthority
from esign.ca.dev import CodeLetter, DevCa
from esign.errors import (
    AuthorityNotAdmitted,
    AuthorityRefused,
    AuthorityUnavailable,
    CredentialRevoked,
    CredentialUnusable,
    EsignError,
    SignerLocked,
    SigningOutcomeUnknown,
    TooManyRequests,
    WrongCode,
    WrongPassphrase,
)
from esign.registry import audit
from esign.registry import clients as registered
from esign.registry.models import Event, Scope, Signer
from esign.service import clients, letters, signers
from esign.service.authorities import Authorities
from esign.service.letters import HandedIn
from esign.service.orders import Caller, SignOrder, UnnumberedFields
from esign.service.services import Services
from esign.x509.clock import SystemClock
from tests import letter_files
from tests.integration.conftest import OPERATOR, PASSPHRASE, House
from tests.integration.csc import Wire, connected, wired

DIGEST = hashlib.sha256(b"Surat Keputusan").digest()
VERSIONS = pytest.mark.parametrize("version", ["v1", "v2"])


@pytest.fixture(scope="module")
def url(house: House) -> Iterator[str]:
    with house.with_settings(csc_server=True) as address:
        yield address


@pytest.fixture
def wire(url: str) -> Iterator[Wire]:
    with wired(url) as between:
        yield between


def sign(
    authority: CscAuthority, holder: str, passphrase: str = PASSPHRASE, digests: Sequence[bytes] = (DIGEST,)
) -> Sequence[bytes]:
    with authority.activate(holder, Consent(Secret(passphrase))) as activation:
        return activation.sign_digests(digests, "sha256")


def sign_with(authority: CscAuthority, holder: str, code: str, signatures: int = 1) -> Sequence[bytes]:
    with authority.activate(holder, Consent(code=Secret(code), signatures=signatures)) as activation:
        return activation.sign_digests([DIGEST] * signatures, "sha256")


# --- refusals, as they come through


@VERSIONS
def test_wrong_pins_and_then_a_lock_come_through(house: House, url: str, version: str) -> None:
    signer = house.signer()
    with connected(house, url, version) as authority:
        for _ in range(house.services.settings.attempts_per_client):
            with pytest.raises(WrongPassphrase):
                sign(authority, signer.id, "salah")
        with pytest.raises(CredentialUnusable):
            sign(authority, signer.id)


@VERSIONS
def test_a_revoked_certificate_comes_through(house: House, url: str, version: str) -> None:
    signer = house.signer()
    assert house.services.dev_ca is not None
    house.services.dev_ca.revoke(signer.id)
    with connected(house, url, version) as authority, pytest.raises(CredentialRevoked):
        sign(authority, signer.id)


def test_activation_data_for_other_hashes_and_used_ones_come_through(house: House, url: str, signer: Signer) -> None:
    other = hashlib.sha256(b"Surat Perintah").digest()
    with connected(house, url, "v2") as authority:
        found = authority.found(signer.id)
        with authority.activate(signer.id, Consent(Secret(PASSPHRASE))) as activation:
            algorithm = activation._algorithm("sha256")
            sad = authority.client.authorize(found.identifier, [DIGEST], algorithm, activation._factors or ())
            with pytest.raises(AuthorityRefused, match="not authorized by the SAD"):
                activation.signed([other], "sha256", sad)
            with pytest.raises(AuthorityRefused, match="not authorized by the SAD"):
                activation.signed([DIGEST, other], "sha256", sad)
            assert activation.signed([DIGEST], "sha256", sad)
            with pytest.raises(AuthorityRefused, match="Invalid parameter SAD"):
                activation.signed([DIGEST], "sha256", sad)


def test_a_client_without_the_scope_is_not_admitted(house: House, url: str, signer: Signer) -> None:
    key = house.key(Scope.LETTERS_SIGN)
    with house.services.database.read() as session:
        client_id = registered.authenticate(session, house.services.keys, key, None).client.id
    with (
        connected(house, url, "v1", client_id=client_id, client_secret=key) as authority,
        pytest.raises(AuthorityNotAdmitted),
    ):
        sign(authority, signer.id)


# --- one-time codes of the development CA


@dataclass
class Codes:
    """A server whose codes are caught on their way."""

    url: str
    sent: list[CodeLetter]


@pytest.fixture(scope="module")
def codes(house: House) -> Iterator[Codes]:
    own = house.services.dev_ca
    assert own is not None
    sent: list[CodeLetter] = []
    with DevCa.open(own.folder.path, house.services.settings.pki_url, SystemClock(), deliver=sent.append) as ca:
        settings = house.services.settings.model_copy(update={"csc_server": True})
        services = replace(
            house.services, settings=settings, dev_ca=ca, authorities=Authorities({ca.name: ca}, default=ca.name)
        )
        with house.serving(services) as url:
            yield Codes(url, sent)


@VERSIONS
def test_a_code_of_the_development_ca_signs_in_the_place_of_the_passphrase(
    house: House, codes: Codes, version: str
) -> None:
    signer = house.signer()
    with connected(house, codes.url, version) as authority:
        authority.codes().send(signer.id, 1)
        with pytest.raises(TooManyRequests):
            authority.codes().send(signer.id, 1)
        code = codes.sent[-1].code.reveal()
        with pytest.raises(WrongCode):
            sign_with(authority, signer.id, str((int(code) + 1) % 1_000_000).zfill(6))
        with pytest.raises(WrongCode):  # it was made for one signature
            sign_with(authority, signer.id, code, signatures=2)
        assert len(sign_with(authority, signer.id, code)) == 1
        with pytest.raises(WrongCode):
            sign_with(authority, signer.id, code)
    with house.services.database.read() as session:
        asked = audit.of_kind(session, Event.CODE_REQUESTED)[-1]
    assert (asked.signer_id, asked.data["signatures"]) == (signer.id, 1)


# --- a server that goes away, or is slow


@contextmanager
def a_server_of_its_own(house: House) -> Iterator[tuple[str, Callable[[], None]]]:
    """Its address, and what ends it."""
    settings = house.services.settings.model_copy(update={"csc_server": True})
    with ExitStack() as running:
        app = create_app(replace(house.services, settings=settings))
        yield running.enter_context(server.running(app, settings, port=0)), running.close


@VERSIONS
def test_a_server_that_dies_before_it_is_asked_to_sign_has_signed_nothing(
    house: House, signer: Signer, version: str
) -> None:
    with (
        a_server_of_its_own(house) as (url, end),
        connected(house, url, version) as authority,
        authority.activate(signer.id, Consent(Secret(PASSPHRASE))) as activation,
    ):
        algorithm = activation._algorithm("sha256")
        sad = authority.client.authorize(signer.id, [DIGEST], algorithm, activation._factors or ())
        end()
        with pytest.raises(AuthorityUnavailable):
            activation.signed([DIGEST], "sha256", sad)


def test_a_provider_where_nobody_listens_is_unavailable(house: House, signer: Signer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with connected(house, url, "v1") as authority:
            with pytest.raises(AuthorityUnavailable):
                authority.credential(signer.id)
            assert authority.timestamps() is None
            assert list(authority.problems()) == ["the provider's info can't be had: authority.unavailable"]


@VERSIONS
@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("credentials/info", AuthorityUnavailable),
        ("credentials/authorize", AuthorityUnavailable),
        ("signatures/signHash", SigningOutcomeUnknown),
    ],
)
def test_a_connection_that_breaks_leaves_the_outcome_open_once_signing_was_asked_for(
    house: House, signer: Signer, wire: Wire, version: str, method: str, error: type[EsignError]
) -> None:
    wire.cuts = method
    with connected(house, wire.url, version) as authority:
        with pytest.raises(error):
            sign(authority, signer.id)
        assert [path.endswith("signHash") for path in wire.asked].count(True) == (method == "signatures/signHash")
        wire.cuts = None
        assert len(sign(authority, signer.id)) == 1


def test_a_slow_answer_leaves_the_outcome_open(house: House, signer: Signer, wire: Wire) -> None:
    wire.delays = ("signatures/signHash", 2.5)
    with connected(house, wire.url, "v1", sign_seconds=2) as authority, pytest.raises(SigningOutcomeUnknown):
        sign(authority, signer.id)


# --- the service that signs through it


@dataclass(frozen=True)
class Office:
    """An office whose official's key is at the provider."""

    services: Services
    caller: Caller
    signer: Signer

    def sign(self, passphrase: str = PASSPHRASE, profile: str = "B-B") -> str:
        """The state of a letter that was handed in to be signed."""
        fields = {"signer": self.signer.id, "placement": {"kind": "invisible"}, "profile": profile}
        handed_in = HandedIn(letter_files.read("typst"), UnnumberedFields(), SignOrder.model_validate(fields))
        (made,) = letters.sign_all(self.services, self.caller, [handed_in], Consent(Secret(passphrase)))
        return made.status


@contextmanager
def office(house: House, url: str) -> Iterator[Office]:
    """The house's services, with the provider at ``url`` as authority of one official."""
    own, there = house.signer(), house.signer()
    key = house.key(Scope.LETTERS_SIGN, Scope.LETTERS_READ)
    with connected(house, url, "v1") as authority:
        services = replace(house.services, authorities=Authorities({"csc": authority}, default="csc"))
        signers.choose(services, own, "csc", OPERATOR, holder=there.id)
        yield Office(services, clients.authenticate(services, key, None, "request-of-test"), own)


def test_a_letter_is_signed_released_and_green_through_a_provider(house: House, url: str) -> None:
    with office(house, url) as here:
        assert here.sign(profile="B-LT") == "signed"


def test_wrong_passphrases_count_here_too_and_lock_before_the_provider_is_asked(house: House, wire: Wire) -> None:
    with office(house, wire.url) as here:
        limit = here.services.settings.attempts_per_client
        for tries in range(limit):
            with pytest.raises(WrongPassphrase) as wrong:
                here.sign("salah")
            assert wrong.value.details["remaining"] == limit - 1 - tries
        asked = [path for path in wire.asked if path.endswith("authorize")]
        with pytest.raises(SignerLocked):
            here.sign()
        assert [path for path in wire.asked if path.endswith("authorize")] == asked


def test_a_right_passphrase_makes_the_wrong_ones_forgotten(house: House, url: str) -> None:
    with office(house, url) as here:
        limit = here.services.settings.attempts_per_client
        for _ in range(2):
            for _ in range(limit - 1):
                with pytest.raises(WrongPassphrase):
                    here.sign("salah")
            assert here.sign() == "signed"


def test_a_letter_of_which_the_outcome_is_open_waits_for_a_person(house: House, wire: Wire) -> None:
    wire.cuts = "signatures/signHash"
    with office(house, wire.url) as here:
        with pytest.raises(SigningOutcomeUnknown):
            here.sign()
        with house.services.database.read() as session:
            states = session.connection().exec_driver_sql("SELECT status FROM letter ORDER BY id DESC LIMIT 1")
            assert states.scalar_one() == "unknown"


def test_what_is_told_of_a_provider_names_no_secret(house: House, url: str, caplog: pytest.LogCaptureFixture) -> None:
    with connected(house, url, "v1") as authority:
        authority.credential("tidak-ada")
        told = repr(authority.client.__dict__) + repr(authority.__dict__)
    assert not re.search(r"esign_[A-Za-z0-9]{20}", told + caplog.text)
