"""Our client signs through our server face, over sockets: both versions of the API, both kinds of key."""

import base64
import hashlib
import json
import logging
from collections.abc import Iterator

import pytest

from esign.ca.authority import Consent, CredentialStatus, Secret
from esign.ca.csc import CscAuthority
from esign.pades.profile import Profile
from esign.pades.sign import SignedLetter, sign_all
from esign.pdf.sandbox import InProcess
from esign.registry import audit
from esign.registry.models import Event, Signer
from esign.registry.signers import NewSigner
from esign.service import signers
from esign.verify.online import examine
from esign.verify.report import Verdict
from esign.x509.clock import SystemClock
from esign.x509.keys import KeyAlgorithm
from tests import letter_files
from tests.integration.conftest import NIKS, OPERATOR, PASSPHRASE, House
from tests.integration.csc import Wire, connected, wired
from tests.officials import request

VERSIONS = ["v1", "v2"]
DIGEST = hashlib.sha256(b"Surat Keputusan").digest()


@pytest.fixture(scope="module")
def url(house: House) -> Iterator[str]:
    with house.with_settings(csc_server=True) as address:
        yield address


@pytest.fixture(scope="module")
def wire(url: str) -> Iterator[Wire]:
    with wired(url) as between:
        yield between


def official(house: House, key: KeyAlgorithm) -> Signer:
    new = NewSigner.model_validate({"agency_id": house.agency.id, "nik": next(NIKS), "name": f"Pejabat {key}"})
    return signers.enrol(house.services, new, house.agency.name, Secret(PASSPHRASE), OPERATOR, key=key)


def consent(signatures: int = 1) -> Consent:
    return Consent(Secret(PASSPHRASE), signatures=signatures)


def signed(authority: CscAuthority, holder: str, profile: Profile, *letters: bytes) -> list[SignedLetter]:
    """The letters, signed with one activation."""
    with authority.activate(holder, consent(len(letters))) as activation:
        return sign_all(
            [(pdf, request(profile)) for pdf in letters],
            activation,
            timestamps=authority.timestamps(),
            revocation=authority.revocation(),
            runner=InProcess(),
            clock=SystemClock(),
        )


def is_genuine(house: House, letter: SignedLetter, profile: Profile) -> None:
    assert house.services.dev_ca is not None
    dev_ca = house.services.dev_ca
    report = examine(letter.pdf, dev_ca.trust(), SystemClock(), InProcess(), dev_ca.revocation())
    (found,) = [each for each in report.signatures if each.field == letter.field]
    assert (found.verdict, str(found.level)) == (Verdict.GENUINE, f"PAdES {profile}")


@pytest.mark.parametrize("key", [KeyAlgorithm.RSA_2048, KeyAlgorithm.P256, KeyAlgorithm.P384])
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("profile", [Profile.B_B, Profile.B_LT])
def test_a_letter_signed_through_a_provider_is_genuine(
    house: House, url: str, version: str, key: KeyAlgorithm, profile: Profile
) -> None:
    signer = official(house, key)
    with connected(house, url, version) as authority:
        seen = authority.credential(signer.id)
        assert seen.status is CredentialStatus.ISSUE
        assert house.services.dev_ca is not None
        assert [each.dump() for each in seen.chain][-1:] == [each.dump() for each in house.services.dev_ca.roots()]
        (letter,) = signed(authority, signer.id, profile, letter_files.read("typst"))
        assert list(authority.problems()) == []
    is_genuine(house, letter, profile)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_batch_is_one_authorisation_of_which_only_hashes_leave(
    house: House, signer: Signer, wire: Wire, version: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    letters = [letter_files.read("typst"), letter_files.read("typst") + b"\n", letter_files.read("typst") + b"\n\n"]
    wire.asked.clear()
    wire.sent.clear()
    with connected(house, wire.url, version) as authority:
        made = signed(authority, signer.id, Profile.B_B, *letters)
    methods = [path.split(f"/{version}/")[1] for path in wire.asked]
    assert methods.count("credentials/authorize") == methods.count("signatures/signHash") == 1
    for letter in made:
        is_genuine(house, letter, Profile.B_B)

    sent = bytes(wire.sent)
    assert len(sent) < 10_000 < len(letters[0]), "more went out than hashes need, however encoded"
    assert not pieces(sent) & {piece for letter in (*letters, *(each.pdf for each in made)) for piece in pieces(letter)}
    bodies = [
        json.loads(part.partition(b"\r\n\r\n")[2].partition(b"POST ")[0]) for part in requests_of(sent, "signHash")
    ]
    name = "hash" if version == "v1" else "hashes"
    assert [len(base64.b64decode(text)) for text in bodies[0][name]] == [32, 32, 32]
    told = caplog.text + repr([record.args for record in caplog.records])
    sad = bodies[0]["SAD"]
    token = sent.partition(b"Bearer ")[2].partition(b"\r\n")[0].decode()
    for secret in (PASSPHRASE, sad, token):
        assert secret
        assert secret not in told


def pieces(text: bytes) -> set[bytes]:
    """All runs of so many octets that chance does not make two of them alike."""
    return {text[at : at + 20] for at in range(len(text) - 20)}


def requests_of(sent: bytes, method: str) -> list[bytes]:
    return [part for part in sent.split(b"POST /csc/")[1:] if part.split(b" ", 1)[0].endswith(method.encode())]


def test_more_than_one_authorisation_allows_is_authorised_in_parts(
    house: House, signer: Signer, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("esign.service.csc.MOST_HASHES", 2)
    digests = [hashlib.sha256(bytes([number])).digest() for number in range(5)]
    wire.asked.clear()
    with connected(house, wire.url, "v2") as authority, authority.activate(signer.id, consent(5)) as activation:
        values = activation.sign_digests(digests, "sha256")
    assert len(values) == len(set(values)) == 5
    assert sum(path.endswith("credentials/authorize") for path in wire.asked) == 3


def test_the_audit_trail_keeps_the_hashes_and_who_had_them_signed(house: House, signer: Signer, url: str) -> None:
    with connected(house, url, "v1") as authority, authority.activate(signer.id, consent()) as activation:
        activation.sign_digests([DIGEST], "sha256")
    with house.services.database.read() as session:
        signing = audit.of_kind(session, Event.HASHES_SIGNING)[-1]
        released = audit.of_kind(session, Event.HASHES_RELEASED)[-1]
    assert signing.data["hashes"] == [DIGEST.hex()]
    assert signing.signer_id == released.signer_id == signer.id
    assert signing.data["authorization"] == released.data["authorization"]
    assert released.client_id is not None


def test_an_ended_activation_signs_no_more(house: House, signer: Signer, url: str) -> None:
    with connected(house, url, "v1") as authority:
        with authority.activate(signer.id, consent()) as activation:
            pass
        with pytest.raises(RuntimeError):
            activation.sign_digests([DIGEST], "sha256")


def test_whoever_is_not_there_is_not_registered(house: House, url: str) -> None:
    with connected(house, url, "v2") as authority:
        assert authority.credential("tidak-ada").status is CredentialStatus.NOT_REGISTERED
