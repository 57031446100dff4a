from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from esign.ca.authority import CredentialStatus
from esign.errors import ConfigurationError, Forbidden, RequestInvalid, SignerExists, SignerUnknown, Unauthenticated
from esign.registry import agencies, apikeys, clients, credentials, signers
from esign.registry.credentials import Seen
from esign.registry.models import CredentialState, Disclosure, Level, Scope
from esign.registry.secrets import Keys
from tests.registers import NIK, NOW, SERVER_KEY, Register, after, migrated_sqlite, open_register

NEW_SERVER_KEY = bytes(range(32, 64))
OTHER_NIK = "3271044607800099"


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with open_register(migrated_sqlite(tmp_path)) as opened:
        yield opened


# --- agencies ---


def test_an_agency_names_its_classifications_itself(register: Register) -> None:
    own = {"biasa": Disclosure.PUBLIC, "penting": Disclosure.LIMITED}
    with register.database.write() as session:
        agency = agencies.change(session, register.agency, agencies.AgencyChanges(classifications=own))
    assert agency.disclosure("penting") is Disclosure.LIMITED
    assert agency.disclosure("rahasia") is None
    assert register.agency.disclosure("sangat_rahasia") is Disclosure.TOP_SECRET, "the default"


def test_an_agency_is_changed_in_what_is_given_only(register: Register) -> None:
    with register.database.write() as session:
        agencies.change(session, register.agency, agencies.AgencyChanges(profile=Level.B_LTA, footer=True))
        agencies.change(session, register.agency, agencies.AgencyChanges(profile=None, name="Diskominfo"))
    with register.database.read() as session:
        agency = agencies.by_slug(session, register.agency.slug)
    assert agency is not None
    assert (agency.name, agency.footer, agency.profile, agency.domain) == (
        "Diskominfo",
        True,
        None,
        "surat.contoh.go.id",
    )


def test_a_slug_is_taken_once(register: Register) -> None:
    again = agencies.NewAgency(slug=register.agency.slug, name="X", domain="x.go.id")
    with pytest.raises(RequestInvalid), register.database.write() as session:
        agencies.add(session, again, NOW)


@pytest.mark.parametrize(
    "wrong",
    [
        {"slug": "Kota Contoh"},
        {"slug": "-"},
        {"name": " "},
        {"domain": "https://x.go.id"},
        {"timezone": "Asia/Nowhere"},
        {"classifications": {"biasa": "everything"}},
        {"classifications": {}},
        {"language": "nl"},
    ],
)
def test_an_agency_is_made_from_validated_input(wrong: dict[str, object]) -> None:
    given = {"slug": "contoh", "name": "Contoh", "domain": "contoh.go.id"}
    assert agencies.NewAgency.model_validate(given).timezone == "Asia/Jakarta"
    with pytest.raises(ValidationError):
        agencies.NewAgency.model_validate(given | wrong)


# --- signers ---


def test_a_signer_is_found_by_nik_at_his_agency_only(register: Register) -> None:
    url = register.database.engine.url.render_as_string(hide_password=False)
    with open_register(url) as other, register.database.read() as session:
        found = signers.by_nik(session, register.keys, register.agency.id, SecretStr(NIK))
        assert found.id == register.signer.id
        there = signers.by_nik(session, register.keys, other.agency.id, SecretStr(NIK))
        assert there.id == other.signer.id
        assert there.nik_hmac != found.nik_hmac, "a copied table does not tell that they are one person"
        with pytest.raises(SignerUnknown):
            signers.by_nik(session, register.keys, register.agency.id, SecretStr(OTHER_NIK))
        with pytest.raises(SignerUnknown):
            signers.get(session, other.agency.id, register.signer.id)


def test_a_nik_is_registered_once_at_an_agency(register: Register) -> None:
    again = signers.NewSigner(agency_id=register.agency.id, nik=SecretStr(NIK), name="Budi lagi")
    with pytest.raises(SignerExists) as caught, register.database.write() as session:
        signers.add(session, register.keys, again, NOW)
    assert NIK not in str(caught.value.details)


def test_a_nik_opens_with_the_server_key_and_in_its_row_only(register: Register) -> None:
    assert signers.nik(register.keys, register.signer) == SecretStr(NIK)
    with pytest.raises(ConfigurationError):
        signers.nik(Keys(NEW_SERVER_KEY), register.signer)
    moved = register.signer.model_copy(update={"id": "another"})
    with pytest.raises(ConfigurationError):
        signers.nik(register.keys, moved)


def test_no_file_of_the_database_holds_a_nik_or_a_key_in_the_clear(register: Register, tmp_path: Path) -> None:
    for file in tmp_path.glob("esign.db*"):
        content = file.read_bytes()
        assert NIK.encode() not in content
        assert register.api_key.encode() not in content
        assert register.api_key[12:-6].encode() not in content
    assert b"Budi Santoso" in b"".join(file.read_bytes() for file in tmp_path.glob("esign.db*"))


@pytest.mark.parametrize("wrong", ["327104460780001", "32710446078000123", "327104460780001a", "٣٢٧١٠٤٤٦٠٧٨٠٠٠١٢", ""])
def test_a_nik_has_sixteen_digits_and_a_wrong_one_is_not_shown(wrong: str) -> None:
    with pytest.raises(ValidationError) as caught:
        signers.NewSigner(agency_id="a", nik=SecretStr(wrong), name="Budi")
    assert not wrong or wrong not in str(caught.value)


def test_a_signer_moves_on_and_his_nik_does_not(register: Register) -> None:
    with register.database.write() as session:
        changed = signers.change(
            session, register.signer, signers.SignerChanges(office="Asisten I", rank=None), after(days=1)
        )
    assert (changed.office, changed.name, changed.updated_at) == ("Asisten I", "Budi Santoso", after(days=1))
    with pytest.raises(ValidationError):
        signers.SignerChanges.model_validate({"nik": NIK})


def test_a_new_server_key_takes_over_niks_row_by_row(register: Register) -> None:
    both, new = Keys(NEW_SERVER_KEY, SERVER_KEY), Keys(NEW_SERVER_KEY)
    with register.database.read() as session:
        signers.by_nik(session, both, register.agency.id, SecretStr(NIK))
    with register.database.write() as session:
        assert signers.rotate(session, both) >= 1
    with register.database.write() as session:
        assert signers.rotate(session, both) == 0
        found = signers.by_nik(session, new, register.agency.id, SecretStr(NIK))
        assert signers.nik(new, found) == SecretStr(NIK)
        signers.rotate(session, Keys(SERVER_KEY, NEW_SERVER_KEY))


@pytest.mark.parametrize("name", ["a\nb", "a\u2028b", "a\x85b", "Budi\u202eomar", "zero\u200bwidth", "\U000e0041"])
def test_a_name_hides_nothing_from_who_reads_it(name: str) -> None:
    with pytest.raises(ValidationError):
        signers.NewSigner.model_validate({"agency_id": "a", "nik": NIK, "name": name})


# --- credentials ---


def test_the_register_speaks_the_states_of_the_authority() -> None:
    assert {state.value for state in CredentialState} == {status.value for status in CredentialStatus}


def test_a_credential_follows_what_the_authority_shows(register: Register) -> None:
    first = Seen("dev", "holder-1", CredentialState.ISSUE, b"certificate 1", NOW, after(days=30))
    with register.database.write() as session:
        noted = credentials.note(session, register.signer.id, first, NOW)
        assert noted.changed
        assert not credentials.note(session, register.signer.id, first, after(hours=1)).changed
        gone = Seen("dev", "holder-1", CredentialState.NO_CERTIFICATE)
        again = credentials.note(session, register.signer.id, gone, after(hours=2))
    assert again.changed
    assert again.credential.id == noted.credential.id
    assert (again.credential.certificate_sha256, again.credential.checked_at) == (None, after(hours=2))


def test_credentials_that_end_soon_are_found(register: Register) -> None:
    with register.database.write() as session:
        for authority, days in (("dev", 20), ("other", 40)):
            seen = Seen(authority, register.signer.id, CredentialState.ISSUE, b"c", NOW, after(days=days))
            credentials.note(session, register.signer.id, seen, NOW)
        ending = credentials.ending(session, after(days=30))
        assert [one.authority for one in ending if one.signer_id == register.signer.id] == ["dev"]
        assert len(credentials.all_of_signer(session, register.signer.id)) == 2


# --- API clients ---


def test_a_key_authenticates_its_client(register: Register) -> None:
    with register.database.read() as session:
        who = clients.authenticate(session, register.keys, register.api_key, None)
    assert (who.client.id, who.agency.id) == (register.client.id, register.agency.id)
    who.require(Scope.LETTERS_SIGN)
    with pytest.raises(Forbidden):
        who.require(Scope.ADMIN)


def test_what_is_no_key_of_ours_is_refused(register: Register) -> None:
    strange = apikeys.new()
    mistyped = register.api_key[:-7] + ("a" if register.api_key[-7] != "a" else "b") + register.api_key[-6:]
    for key in ("", "esign_", strange, mistyped, register.api_key.upper(), register.api_key + "0", "é" * 44):
        with register.database.read() as session, pytest.raises(Unauthenticated):
            clients.authenticate(session, register.keys, key, None)


def test_a_client_or_agency_that_is_switched_off_is_refused(register: Register) -> None:
    with register.database.write() as session:
        clients.switch(session, register.client, enabled=False)
    with register.database.read() as session, pytest.raises(Unauthenticated):
        clients.authenticate(session, register.keys, register.api_key, None)
    with register.database.write() as session:
        clients.switch(session, register.client, enabled=True)
        agencies.change(session, register.agency, agencies.AgencyChanges(enabled=False))
    with register.database.read() as session, pytest.raises(Unauthenticated):
        clients.authenticate(session, register.keys, register.api_key, None)


@pytest.mark.parametrize(
    ("address", "admitted"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("11.1.2.3", False),
        ("fd00::1", True),
        ("fe80::1", False),
        ("testclient", False),
        (None, False),
    ],
)
def test_a_client_calls_from_its_networks_only(register: Register, address: str | None, admitted: bool) -> None:
    program = clients.NewClient(
        agency_id=register.agency.id,
        name="x",
        scopes=frozenset({Scope.LETTERS_READ}),
        networks=("10.0.0.0/8", "fd00::/8"),
    )
    with register.database.write() as session:
        _, key = clients.add(session, register.keys, program, NOW)
        if admitted:
            clients.authenticate(session, register.keys, key, address)
            return
        with pytest.raises(Forbidden):
            clients.authenticate(session, register.keys, key, address)


@pytest.mark.parametrize(
    "wrong", [{"scopes": []}, {"scopes": ["letters:burn"]}, {"networks": ["10.0.0.1/8"]}, {"networks": []}]
)
def test_a_client_is_made_from_validated_input(wrong: dict[str, object]) -> None:
    given = {"agency_id": "a", "name": "x", "scopes": ["admin"]}
    clients.NewClient.model_validate(given)
    with pytest.raises(ValidationError):
        clients.NewClient.model_validate(given | wrong)


def test_a_renewed_key_makes_the_old_one_void(register: Register) -> None:
    with register.database.write() as session:
        key = clients.renew_key(session, register.keys, register.client)
    with register.database.read() as session:
        assert clients.authenticate(session, register.keys, key, None).client.key_prefix == key[:12]
        with pytest.raises(Unauthenticated):
            clients.authenticate(session, register.keys, register.api_key, None)


def test_use_is_noted_now_and_then_and_takes_the_key_over_to_a_new_server_key(register: Register) -> None:
    both, new = Keys(NEW_SERVER_KEY, SERVER_KEY), Keys(NEW_SERVER_KEY)
    with register.database.write() as session:
        who = clients.authenticate(session, both, register.api_key, None)
        assert clients.use_is_due(who.client, NOW)
        clients.note_use(session, both, who.client, register.api_key, NOW)
    with register.database.read() as session:
        client = clients.authenticate(session, new, register.api_key, None).client
    assert client.last_used_at == NOW
    assert not clients.use_is_due(client, after(minutes=4))
    assert clients.use_is_due(client, after(minutes=5))


def test_a_key_has_the_form_that_secret_scanners_know() -> None:
    key = apikeys.new()
    assert key.startswith("esign_")
    assert len(key) == apikeys.LENGTH == 44
    assert apikeys.well_formed(key)
    assert len({apikeys.new() for _ in range(200)}) == 200
    assert apikeys.shown(key) == key[:12]


def test_lists_show_an_agencys_own(register: Register) -> None:
    with register.database.read() as session:
        assert [one.id for one in clients.of_agency(session, register.agency.id)] == [register.client.id]
        assert [one.id for one in signers.of_agency(session, register.agency.id)] == [register.signer.id]
        assert clients.get(session, "another", register.client.id) is None
        assert register.agency.id in [one.id for one in agencies.all_of_them(session)]
