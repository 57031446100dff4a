"""``esign client bsre``, as an operator uses it."""

from pathlib import Path

import pytest

from esign.ca.authority import Secret
from esign.errors import Unauthenticated
from esign.registry import clients as registered
from esign.registry.basic_credentials import Remembered
from esign.service import applications, clients
from tests.integration.installation import Installation


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation.made(tmp_path_factory.mktemp("bsre"))


def admitted(installed: Installation, username: str, password: str) -> bool:
    with installed.services() as services:
        try:
            clients.authenticate_basic(
                services, Remembered(), username, Secret(password), "127.0.0.1", "request", before_trying=lambda: None
            )
        except Unauthenticated:
            return False
        return True


def test_an_application_keeps_the_very_password_that_it_has(installed: Installation) -> None:
    given = ("client", "bsre", "dinkes", installed.client, "--username", "simpeg")
    entered = installed.esign(*given, stdin="rahasia lama\n")
    assert entered.exit_code == 0, entered.output
    assert "username: simpeg" in entered.output
    assert "v1_rect: corners" in entered.output
    assert "rahasia" not in entered.output
    assert admitted(installed, "simpeg", "rahasia lama")
    assert "bsre:simpeg" in installed.esign("client", "list", "dinkes").output
    made = installed.esign(*given, "--generate")
    password = made.output.split("password: ")[1].splitlines()[0]
    assert admitted(installed, "simpeg", password)
    assert not admitted(installed, "simpeg", "rahasia lama")
    assert installed.esign("client", "bsre", "dinkes", installed.client, "--shut-out").exit_code == 0
    assert not admitted(installed, "simpeg", password)


def test_its_manner_is_changed_piece_by_piece(installed: Installation) -> None:
    command = ("client", "bsre", "dinkes", installed.client)
    changed = installed.esign(*command, "--v1-rect", "size", "--our-qr", "--classification", "biasa")
    assert changed.exit_code == 0, changed.output
    assert "v1_rect: size" in changed.output
    changed = installed.esign(*command, "--v2-tag", "centre", "--v2-origin", "bottom-left", "--no-our-qr")
    assert [line.split(": ")[1] for line in changed.output.splitlines()] == ["size", "bottom-left", "centre", "False"]
    with installed.services() as services, services.database.read() as session:
        client = registered.get(session, installed.agency, installed.client)
    assert client is not None
    assert client.classification == "biasa"
    assert applications.of_client(client).v2_tag == "centre"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--generate",), "--username"),
        (("--classification", "entah"), "classification"),
        (("--username", "a:b", "--generate"), "username"),
        (("--v1-rect", "round"), "round"),
        (("--username", "kosong"), "standard input"),
    ],
)
def test_what_can_not_be_is_refused(installed: Installation, arguments: tuple[str, ...], word: str) -> None:
    refused = installed.esign("client", "bsre", "dinkes", installed.client, *arguments)
    assert refused.exit_code != 0
    assert word in refused.output + refused.stderr


def test_the_server_key_is_changed_and_passwords_stay(installed: Installation, tmp_path: Path) -> None:
    command = ("client", "bsre", "dinkes", installed.client, "--username", "tetap")
    assert installed.esign(*command, stdin="sandi tetap\n").exit_code == 0
    old = (installed.folder / "var" / "secret.key").read_text().strip()
    new = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    changing = installed.having(secret_key=new, old_secret_keys=old)
    rotated = changing.esign("keys", "rotate")
    assert "2 NIKs and passwords were sealed anew" in rotated.output
    assert admitted(installed.having(secret_key=new), "tetap", "sandi tetap")
