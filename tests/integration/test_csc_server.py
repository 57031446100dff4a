"""Our CSC face as any client meets it: raw requests, right and wrong, and answers in the API's own words."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx
import pytest
from asn1crypto import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from esign.ca.authority import Secret
from esign.registry import audit
from esign.registry.models import Event, Scope, Signer
from esign.service import parties
from esign.x509 import tsp
from esign.x509.clock import FixedClock, SystemClock
from tests.integration.conftest import OPERATOR, PASSPHRASE, House
from tests.integration.csc import credentials_of

DIGEST = hashlib.sha256(b"Surat Keputusan").digest()
OTHER = hashlib.sha256(b"Surat Perintah").digest()
SHA256, RSA = "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.11"


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


@dataclass
class Program:
    """A client of one version, with a token."""

    http: httpx.Client
    version: str

    def ask(self, method: str, **body: object) -> httpx.Response:
        return self.http.post(f"/csc/{self.version}/{method}", json=body)

    def authorize(self, signer: Signer, *digests: bytes, pin: str = PASSPHRASE, **more: object) -> httpx.Response:
        hashes_ = [b64(digest) for digest in digests]
        body: dict[str, object] = {"credentialID": signer.id, "numSignatures": len(digests)}
        if self.version == "v1":
            body |= {"hash": hashes_, "PIN": pin}
        else:
            body |= {"hashes": hashes_, "hashAlgorithmOID": SHA256, "authData": [{"id": "PIN", "value": pin}]}
        return self.ask("credentials/authorize", **(body | more))

    def sad(self, signer: Signer, *digests: bytes) -> str:
        answer = self.authorize(signer, *digests)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["SAD"])

    def sign(self, signer: Signer, sad: str, *digests: bytes, **more: object) -> httpx.Response:
        hashes_ = [b64(digest) for digest in digests]
        name, algorithm = ("hash", "hashAlgo") if self.version == "v1" else ("hashes", "hashAlgorithmOID")
        body: dict[str, object] = {"credentialID": signer.id, "SAD": sad, "signAlgo": RSA}
        return self.ask("signatures/signHash", **(body | {name: hashes_, algorithm: SHA256} | more))


def error(answer: httpx.Response) -> tuple[int, str, str]:
    body = answer.json()
    assert set(body) == {"error", "error_description"}
    return answer.status_code, body["error"], body["error_description"]


@pytest.fixture(scope="module")
def url(house: House) -> Iterator[str]:
    with house.with_settings(csc_server=True) as address:
        yield address


def token(url: str, version: str, client_id: str, key: str, **more: str) -> httpx.Response:
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": key, **more}
    return httpx.post(f"{url}/csc/{version}/oauth2/token", data=form)


Programs = Callable[..., Program]


@pytest.fixture
def program(house: House, url: str) -> Iterator[Programs]:
    """Makes clients, with tokens of new ones unless an id and a key are given."""
    with ExitStack() as closing:

        def made(version: str, client_id: str = "", key: str = "", *, at: str = "", bearer: str = "") -> Program:
            if not bearer:
                granted = token(url, version, *((client_id, key) if key else credentials_of(house)))
                assert granted.status_code == 200, granted.text
                bearer = f"Bearer {granted.json()['access_token']}"
            http = httpx.Client(base_url=at or url, headers={"Authorization": bearer}, timeout=60)
            return Program(closing.enter_context(http), version)

        yield made


@pytest.fixture(params=["v1", "v2"])
def csc(request: pytest.FixtureRequest, program: Programs) -> Program:
    return program(request.param)


# --- what it says of itself and of credentials


def test_it_is_there_only_where_the_settings_say_so(house: House) -> None:
    assert httpx.post(f"{house.url}/csc/v1/info", json={}).status_code == 404


def test_info_names_what_is_there(csc: Program) -> None:
    said = csc.ask("info").json()
    assert said["specs"] == {"v1": "1.0.4.0", "v2": "2.0.0.2"}[csc.version]
    assert said["authType"] == ["oauth2client"]
    assert said["oauth2"] == f"https://surat.example.go.id/csc/{csc.version}"
    for method in set(said["methods"]) - {"oauth2/token"}:
        assert csc.ask(method, certificates="semua").status_code == 400, method


def test_credentials_are_the_agencys_own(house: House, url: str, csc: Program, signer: Signer) -> None:
    listed = csc.ask("credentials/list").json()["credentialIDs"]
    assert signer.id in listed
    assert csc.ask("credentials/list", userID=signer.id).json()["credentialIDs"] == [signer.id]
    assert error(csc.ask("credentials/list", userID="siapa"))[2] == "Invalid parameter userID"

    said = csc.ask(
        "credentials/info", credentialID=signer.id, certificates="chain", certInfo=True, authInfo=True
    ).json()
    certificates = [x509.Certificate.load(base64.b64decode(each)) for each in said["cert"]["certificates"]]
    assert [each.issuer for each in certificates[:-1]] == [each.subject for each in certificates[1:]]
    assert said["key"]["status"] == "enabled"
    assert (said["key"]["len"], said["SCAL"], said["cert"]["status"]) == (2048, "2", "valid")
    assert said["cert"]["validTo"] == certificates[0].not_valid_after.strftime("%Y%m%d%H%M%SZ")
    mode = said["authMode"] if csc.version == "v1" else said["auth"]["mode"]
    assert mode == "explicit"


def test_credentials_are_listed_page_by_page_in_v1(house: House, program: Programs) -> None:
    house.signer(), house.signer()
    csc = program("v1")
    everything = csc.ask("credentials/list").json()["credentialIDs"]
    found: list[str] = []
    page: dict[str, str] = {}
    while True:
        answer = csc.ask("credentials/list", maxResults=len(everything) // 2, **page).json()
        found += answer["credentialIDs"]
        if "nextPageToken" not in answer:
            break
        page = {"pageToken": answer["nextPageToken"]}
    assert found == everything
    assert error(csc.ask("credentials/list", pageToken="999"))[2] == "Invalid parameter pageToken"


def test_v2_lists_credentials_with_what_is_known_of_them(house: House, program: Programs, signer: Signer) -> None:
    csc = program("v2")
    gone = house.signer()
    assert house.services.dev_ca is not None
    house.services.dev_ca.suspend(gone.id)
    (told,) = csc.ask("credentials/list", userID=gone.id, credentialInfo=True, certificates="none").json()[
        "credentialInfos"
    ]
    assert (told["credentialID"], told["cert"], told["key"]["status"]) == (gone.id, {"status": "suspended"}, "disabled")
    for each, kept in ((gone, []), (signer, [signer.id])):
        valid = csc.ask("credentials/list", userID=each.id, onlyValid=True).json()
        assert valid == {"credentialIDs": kept, "onlyValid": True}


# --- signing


def test_a_hash_is_signed(csc: Program, signer: Signer) -> None:
    sad = csc.sad(signer, DIGEST, OTHER)
    answer = csc.sign(signer, sad, OTHER, DIGEST)
    assert answer.status_code == 200, answer.text
    info = csc.ask("credentials/info", credentialID=signer.id).json()
    certificate = x509.Certificate.load(base64.b64decode(info["cert"]["certificates"][0]))
    key = serialization.load_der_public_key(certificate.public_key.dump())
    assert isinstance(key, rsa.RSAPublicKey)
    for digest, value in zip((OTHER, DIGEST), answer.json()["signatures"], strict=True):
        key.verify(base64.b64decode(value), digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))


def test_activation_data_is_good_once(csc: Program, signer: Signer) -> None:
    sad = csc.sad(signer, DIGEST)
    assert csc.sign(signer, sad, DIGEST).status_code == 200
    assert error(csc.sign(signer, sad, DIGEST)) == (400, "invalid_request", "Invalid parameter SAD")


def test_activation_data_is_good_for_its_own_hashes_alone(csc: Program, signer: Signer) -> None:
    sad = csc.sad(signer, DIGEST, OTHER)
    third = hashlib.sha256(b"Surat Edaran").digest()
    for digests in ([DIGEST, third], [DIGEST], [DIGEST, DIGEST], [DIGEST, OTHER, OTHER], [third, third]):
        assert error(csc.sign(signer, sad, *digests)) == (400, "invalid_request", "Hash is not authorized by the SAD")
    assert csc.sign(signer, sad, DIGEST, OTHER).status_code == 200, "what was refused did not spend it"


def test_activation_data_is_good_for_its_own_client_and_signer_alone(
    house: House, program: Programs, csc: Program, signer: Signer
) -> None:
    sad = csc.sad(signer, DIGEST)
    stranger = program(csc.version)
    assert error(stranger.sign(signer, sad, DIGEST))[2] == "Invalid parameter SAD"
    assert error(csc.sign(house.signer(), sad, DIGEST))[2] == "Invalid parameter SAD"
    assert csc.sign(signer, sad, DIGEST).status_code == 200


def test_activation_data_ends(house: House, program: Programs, csc: Program, signer: Signer) -> None:
    sad = csc.sad(signer, DIGEST)
    later = FixedClock(SystemClock().now() + timedelta(minutes=6))
    settings = house.services.settings.model_copy(update={"csc_server": True})
    with house.serving(replace(house.services, settings=settings, clock=later)) as url:
        other = program(csc.version, at=url, bearer=csc.http.headers["authorization"])
        assert error(other.sign(signer, sad, DIGEST)) == (400, "invalid_request", "SAD expired")


def test_another_process_hands_the_signatures_out(
    house: House, program: Programs, csc: Program, signer: Signer
) -> None:
    sad = csc.sad(signer, DIGEST)
    with house.with_settings(csc_server=True) as url:
        other = program(csc.version, at=url, bearer=csc.http.headers["authorization"])
        assert other.sign(signer, sad, DIGEST).status_code == 200


def test_what_waits_in_the_database_can_not_be_read_there(house: House, csc: Program, signer: Signer) -> None:
    sad = csc.sad(signer, DIGEST)
    with house.services.database.read() as session:
        rows = session.connection().exec_driver_sql("SELECT * FROM held_signatures").all()
    assert rows
    written = repr(rows)
    for secret in (sad, PASSPHRASE, DIGEST.hex(), b64(DIGEST)):
        assert secret not in written
    assert csc.sign(signer, sad, DIGEST).status_code == 200
    with house.services.database.read() as session:
        assert len(session.connection().exec_driver_sql("SELECT * FROM held_signatures").all()) == len(rows) - 1


def test_the_number_of_signatures_is_that_of_the_hashes(csc: Program, signer: Signer) -> None:
    for number in (2, 0, -1):
        assert error(csc.authorize(signer, DIGEST, numSignatures=number)) == (
            400,
            "invalid_request",
            "Invalid value for parameter numSignatures",
        )
    assert error(csc.authorize(signer, DIGEST, numSignatures=501))[2] == "Numbers of signatures is too high"
    assert error(csc.authorize(signer, numSignatures=1))[2] == "Empty hash array"


def test_a_wrong_pin_is_counted_and_locks(house: House, csc: Program) -> None:
    signer = house.signer()
    wrong = (400, "invalid_pin", "The PIN is invalid")
    if csc.version == "v2":
        wrong = (400, "invalid_authentication_data", "The authentication data is invalid: PIN")
    for _ in range(house.services.settings.attempts_per_client):
        assert error(csc.authorize(signer, DIGEST, pin="salah")) == wrong
    assert error(csc.authorize(signer, DIGEST)) == (400, "invalid_request", "Credential locked")
    assert csc.ask("credentials/info", credentialID=signer.id).json()["key"]["status"] == "enabled", "for others it is"
    with house.services.database.read() as session:
        assert audit.of_kind(session, Event.SIGNER_LOCKED)[-1].signer_id == signer.id
        assert all(event.signer_id != signer.id for event in audit.of_kind(session, Event.HASHES_SIGNING))
    parties.lift_lock(house.services, house.agency.id, signer.id, OPERATOR)
    assert csc.authorize(signer, DIGEST).status_code == 200


def test_nobody_signs_without_authentication_data(csc: Program, signer: Signer) -> None:
    assert error(csc.authorize(signer, DIGEST, PIN=None, authData=[]))[:2] == (400, "invalid_request")


def test_a_revoked_certificate_signs_no_more_and_gives_nothing_out(house: House, csc: Program) -> None:
    signer = house.signer()
    sad = csc.sad(signer, DIGEST)
    assert house.services.dev_ca is not None
    house.services.dev_ca.revoke(signer.id)
    disabled = (400, "invalid_request", "The credential identified by credentialID is disabled")
    assert error(csc.sign(signer, sad, DIGEST)) == disabled
    assert error(csc.authorize(signer, DIGEST)) == disabled
    assert csc.ask("credentials/info", credentialID=signer.id).json()["cert"]["status"] == "revoked"


def test_time_stamps_carry_the_nonce(csc: Program) -> None:
    answer = csc.ask("signatures/timestamp", hash=b64(DIGEST), hashAlgo=SHA256, nonce="1F2E3D4C")
    stamp = tsp.check(base64.b64decode(answer.json()["timestamp"]), DIGEST, nonce=0x1F2E3D4C)
    assert stamp.imprint_algorithm == "sha256"
    assert csc.ask("signatures/timestamp", hash=b64(DIGEST), hashAlgo=SHA256).status_code == 200
    for body, told in (
        ({"hash": b64(DIGEST), "hashAlgo": "1.2.3"}, "Invalid parameter hashAlgo"),
        ({"hash": b64(DIGEST[:20]), "hashAlgo": SHA256}, "Invalid digest value length"),
        ({"hash": "###", "hashAlgo": SHA256}, "Invalid Base64 hash string parameter"),
        ({"hash": b64(DIGEST), "hashAlgo": SHA256, "nonce": "bukan"}, "Invalid parameter nonce"),
        ({"hashAlgo": SHA256}, "Missing (or invalid type) string parameter hash"),
    ):
        assert error(csc.ask("signatures/timestamp", **body)) == (400, "invalid_request", told)


# --- who may


def test_a_client_needs_the_scope_for_bare_hashes(house: House, url: str) -> None:
    everything_else = [scope for scope in Scope if scope is not Scope.HASHES_SIGN]
    client_id, key = credentials_of(house, *everything_else)
    assert error(token(url, "v1", client_id, key))[:2] == (403, "access_denied")


def test_a_client_calls_from_its_networks_alone(house: House, url: str) -> None:
    client_id, key = credentials_of(house, networks=("192.0.2.0/24",))
    assert error(token(url, "v2", client_id, key))[:2] == (403, "access_denied")


def test_a_key_is_good_with_its_own_client_id_alone(house: House, url: str) -> None:
    client_id, key = credentials_of(house)
    other_id, _ = credentials_of(house)
    for given in ((other_id, key), (client_id, key[:-1]), ("", key), (client_id, "")):
        assert error(token(url, "v1", *given))[:2] == (401, "invalid_client")
    basic = httpx.post(f"{url}/csc/v1/oauth2/token", data={"grant_type": "client_credentials"}, auth=(client_id, key))
    assert basic.status_code == 200


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"grant_type": "authorization_code"}, (400, "unsupported_grant_type")),
        ({"scope": "credential"}, (400, "invalid_scope")),
    ],
)
def test_only_client_credentials_for_the_service_are_granted(
    house: House, url: str, fields: dict[str, str], told: tuple[int, str]
) -> None:
    assert error(token(url, "v1", *credentials_of(house), **fields))[:2] == told


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"grant_type=client_credentials&grant_type=x", b"a=1&" * 60])
def test_a_token_request_that_is_none_is_refused(url: str, body: bytes) -> None:
    assert error(httpx.post(f"{url}/csc/v1/oauth2/token", content=body))[:2] == (400, "invalid_request")


def test_a_token_ends_with_its_time_its_key_and_its_client(house: House, program: Programs) -> None:
    client_id, key = credentials_of(house)
    csc = program("v1", client_id, key)
    later = FixedClock(SystemClock().now() + timedelta(hours=1, seconds=1))
    settings = house.services.settings.model_copy(update={"csc_server": True})
    with house.serving(replace(house.services, settings=settings, clock=later)) as there:
        late = program("v1", at=there, bearer=csc.http.headers["authorization"])
        assert error(late.ask("credentials/list"))[:2] == (401, "expired_token")
    assert csc.ask("credentials/list").status_code == 200
    new_key = parties.renew_client_key(house.services, house.agency.id, client_id, OPERATOR)
    assert error(csc.ask("credentials/list"))[:2] == (401, "invalid_token")
    csc = program("v1", client_id, new_key)
    parties.switch_client(house.services, house.agency.id, client_id, OPERATOR, enabled=False)
    refused = csc.ask("credentials/list")
    assert error(refused)[:2] == (401, "invalid_token")
    assert refused.headers["www-authenticate"].startswith("Bearer")


def test_a_made_up_token_is_none(house: House, url: str) -> None:
    sealed = base64.urlsafe_b64encode(
        house.services.keys.seal(b'["a", "b", "c", 4102444800]', "something else")
    ).decode()
    for made in ("x", "é", sealed, sealed * 40, Secret("x").reveal() * 3000):
        headers = [(b"authorization", f"Bearer {made}".encode("latin-1"))]
        answer = httpx.post(f"{url}/csc/v2/credentials/list", json={}, headers=headers)
        assert error(answer)[:2] == (401, "invalid_token")


# --- bad input


BAD: list[object] = [None, 1, "", "x" * 300, [], {}, True, ["a"], "\x00", "1e400"]


def test_no_bad_input_is_our_fault(csc: Program, signer: Signer) -> None:
    good: dict[str, dict[str, object]] = {
        "credentials/list": {"userID": signer.id, "maxResults": 3, "pageToken": "1", "certificates": "single"},
        "credentials/info": {"credentialID": signer.id, "certificates": "chain", "certInfo": True},
        "credentials/authorize": {
            "credentialID": signer.id,
            "numSignatures": 1,
            "hash": [b64(DIGEST)],
            "hashAlgo": SHA256,
            "authData": [{"id": "PIN"}],
        },
        "signatures/signHash": {
            "credentialID": signer.id,
            "SAD": "tidak ada",
            "hash": [b64(DIGEST)],
            "hashAlgo": SHA256,
            "signAlgo": RSA,
            "signAlgoParams": "BQA=",
        },
        "signatures/timestamp": {"hash": b64(DIGEST), "hashAlgo": SHA256, "nonce": "ff"},
        "credentials/sendOTP" if csc.version == "v1" else "credentials/getChallenge": {
            "credentialID": "tidak-ada",
            "authObjectID": "OTP",
        },
    }
    for method, body in good.items():
        for name in body:
            for value in BAD:
                answer = csc.ask(method, **(body | {name: value}))
                assert answer.status_code < 500, (method, name, value, answer.text)
                if answer.status_code >= 400:
                    error(answer)
    for raw in (b"", b"[]", b"null", b"{", b'{"a":1,"a":2}', b"\xff", b"[" * 5000, b'{"credentialID": NaN}'):
        for method in good:
            answer = csc.http.post(f"/csc/{csc.version}/{method}", content=raw)
            assert error(answer)[:2] == (400, "invalid_request")
    assert error(csc.ask("credentials/info", credentialID="x" * 300_000))[0] == 413
    assert error(csc.ask("tidak/ada"))[0] == 404
    assert error(csc.http.get(f"/csc/{csc.version}/credentials/info"))[0] == 404


def test_other_algorithms_than_the_keys_are_refused(csc: Program, signer: Signer) -> None:
    sad = csc.sad(signer, DIGEST)
    for more, told in (
        ({"signAlgo": "1.2.840.10045.4.3.2"}, "Invalid parameter signAlgo"),
        ({"signAlgo": "1.2.840.113549.1.1.10"}, "Invalid parameter signAlgo"),
        ({"signAlgo": "1.2.840.113549.1.1.13"}, "Invalid parameter signAlgo"),
        ({"signAlgoParams": "MAA="}, "Invalid parameter signAlgoParams"),
        (
            {"hashAlgo": "2.16.840.1.101.3.4.2.3", "hashAlgorithmOID": "2.16.840.1.101.3.4.2.3"},
            "Invalid digest value length",
        ),
        ({"operationMode": "A"}, "Invalid parameter operationMode"),
    ):
        assert error(csc.sign(signer, sad, DIGEST, **more)) == (400, "invalid_request", told)
    assert csc.sign(signer, sad, DIGEST, signAlgo="1.2.840.113549.1.1.1").status_code == 200
