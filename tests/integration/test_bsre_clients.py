"""Programs of others, and the ways in which they speak, against BSrE's API here."""

import json
import os
import socket
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from subprocess import run
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pytest
from pydantic import JsonValue

from esign.registry.models import Signer
from tests import letter_files, programs
from tests.bsre import SECRET, Application, nik_of, picture_png, quick, widget, written_page
from tests.integration.conftest import PASSPHRASE, House

NODE = Path(__file__).parents[1] / "node"
PACKAGE = "@rahadiana/node-esign-bsre"
PAGE = written_page("#", 300, 400)


@pytest.fixture(scope="session")
def house(house: House) -> Iterator[House]:
    with quick(house) as changed:
        yield changed


@pytest.fixture(scope="module")
def application(house: House) -> Application:
    return Application(house)


@pytest.fixture(scope="module")
def nik(house: House, signer: Signer) -> str:
    return nik_of(house, signer)


def node_path() -> Path:
    """The folder with the package (.ci/install puts it there); where there is none, the test ends."""
    folder = Path(os.environ.get("ESIGN_NODE_MODULES") or Path.home() / ".cache" / "esign-tests" / "node_modules")
    if not (folder / PACKAGE / "package.json").is_file():
        _missing(folder)
    return folder


def _missing(folder: Path) -> NoReturn:
    if (folder.parent / "no-such-package").is_file():  # .ci/install asked for it by name
        pytest.skip(f"the package registry has no {PACKAGE}")
    programs.missing(f"{PACKAGE} is not installed: .ci/install")


def test_the_npm_package_signs_downloads_and_asks(
    application: Application, house: House, nik: str, tmp_path: Path
) -> None:
    node, folder = programs.require_program("node"), node_path()
    letter, picture = tmp_path / "surat.pdf", tmp_path / "ttd.png"
    letter.write_bytes(PAGE)
    picture.write_bytes(picture_png())
    common: dict[str, JsonValue] = {"file": str(letter), "nik": int(nik), "passphrase": PASSPHRASE}
    box: dict[str, JsonValue] = {
        "tampilan": "visible",
        "page": 1,
        "xAxis": 50,
        "yAxis": 60,
        "width": 150,
        "height": 160,
    }
    code: dict[str, JsonValue] = {"image": False, "linkQR": "https://contoh.com/"}
    drawn: dict[str, JsonValue] = {"image": True, "imageTTD": str(picture), "linkQR": "https://contoh.com/"}
    calls: list[JsonValue] = [
        ["SignInvisible", common | {"reason": "setuju", "location": "kotaku", "text": "teks"}],
        ["DownloadDoc", {"id_doc": "$ID"}],
        ["DownloadDoc", {"id_doc": "$ID"}],
        ["SignQr", common | box | code],
        ["SignImageTTD", common | box | drawn],
        ["SignImageTTD", common | box | drawn | {"tag_koordinat": "#", "width": 80, "height": 80}],
        ["SignInvisible", common | {"passphrase": "salah"}],
        ["Status", {"nik": nik}],
        ["Verify", {"signed_file": str(letter)}],
    ]
    command = [str(node), str(NODE / "package_client.cjs"), house.url, application.username, SECRET, json.dumps(calls)]
    environment = {"PATH": os.environ["PATH"], "NODE_PATH": str(folder)}
    done = run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    invisible, first, second, coded, pictured, tagged, wrong, status, verified = json.loads(done.stdout)
    signed = signed_in(invisible)
    assert signed.startswith(PAGE)
    assert signed_in(first) == signed
    assert second["message"] == "Dokumen telah didownload sebelumnya"
    assert widget(signed_in(coded)).rect == [50, 60, 150, 160]
    assert widget(signed_in(pictured)).rect == [50, 60, 150, 160]
    assert widget(signed_in(pictured)).image != (0, 0, 0, 0)
    assert widget(signed_in(tagged)).rect == [260, 360, 340, 440]
    assert (wrong["success"], wrong["code"]) == (False, 400)
    assert status["data"]["status_code"] == 1111
    assert verified["message"] == "Dokumen belum ditandatangani secara elektronik"


def signed_in(answer: dict[str, Any]) -> bytes:
    """The file in an answer of the package."""
    assert answer["code"] == 200, answer
    assert len(answer["data"].get("id_dokumen", "0" * 32)) == 32
    return b64decode(answer["data"]["file"])


def test_a_client_on_fetch_and_form_data_signs_by_both_versions(
    application: Application, house: House, tmp_path: Path
) -> None:
    node = programs.require_program("node")
    official = house.signer(email="wayan@dinkes.example.go.id")
    letter = tmp_path / "surat.pdf"
    letter.write_bytes(PAGE)
    nik, email = nik_of(house, official), str(official.email)
    command = [str(node), str(NODE / "typed_client.mjs"), house.url, application.username, SECRET]
    done = programs.call([*command, nik, email, PASSPHRASE, letter], timeout=120)
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert answers["v1"]["status"] == 200
    assert len(answers["v1"]["id"]) == 32
    assert answers["v1"]["time"].isdigit()
    assert widget(b64decode(answers["v1"]["pdf"])).rect == [250, 350, 350, 450]
    assert answers["v2"]["status"] == 200
    assert b64decode(answers["v2"]["body"]["file"][0]).startswith(PAGE)
    assert answers["wrong"]["status"] == 400
    assert answers["wrong"]["body"]["error"] == "Passphrase anda salah"


def raw(url: str, *pieces: bytes) -> tuple[int, dict[str, str], bytes]:
    """The answer to a request that goes out as these pieces, over a socket; the server closes it."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as connection:
        for piece in pieces:
            connection.sendall(piece)
        answer = b""
        while received := connection.recv(65536):
            answer += received
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, body


def test_guzzles_parts_have_lengths_and_two_headers_say_who_asks(
    application: Application, house: House, nik: str
) -> None:
    fields = {
        "nik": nik, "passphrase": PASSPHRASE, "tampilan": "visible", "image": "", "page": "1", "xAxis": "50.0",
        "yAxis": "60.25", "width": "150", "height": "160.25", "linkQR": "https://contoh.go.id/?a=1&b=2",
    }  # fmt: skip
    boundary = "5f1a0c3d9be7d4a52f0c6c1d9a11"
    parts = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\nContent-Length: {len(value)}\r\n'
        f"\r\n{value}\r\n".encode()
        for name, value in fields.items()
    )
    parts += (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="surat 1.pdf"\r\n'
        f"Content-Length: {len(PAGE)}\r\nContent-Type: application/pdf\r\n\r\n"
    ).encode()
    parts += PAGE + f"\r\n--{boundary}--\r\n".encode()
    head = (
        f"POST //api/sign/pdf HTTP/1.1\r\nHost: esign\r\nUser-Agent: GuzzleHttp/7\r\nConnection: close\r\n"
        f"Authorization: Bearer abc\r\nAuthorization: {application.authorization}\r\n"
        f"Content-Length: {len(parts)}\r\nContent-Type: multipart/form-data; boundary={boundary}\r\n\r\n"
    ).encode()
    status, headers, body = raw(house.url, head, parts[:700], parts[700:])
    assert status == 200, body
    assert headers["content-type"] == "application/pdf"
    assert len(headers["id_dokumen"]) == 32
    assert widget(body).rect == [50, 60.25, 150, 160.25]


def test_a_body_in_chunks_with_the_fields_in_the_address(application: Application, house: House, nik: str) -> None:
    boundary = "--------------------------802385312"
    part = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"\r\nContent-Type: application/octet-stream\r\n\r\n'
    )
    body = part.encode() + PAGE + f"\r\n--{boundary}--\r\n".encode()
    query = f"nik={nik}&passphrase={PASSPHRASE.replace(' ', '%20')}&tampilan=invisible&jenis_response=base64"
    head = (
        f"POST /api/sign/pdf/?{query} HTTP/1.1\r\nHost: esign\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
        f"authorization: {application.authorization}\r\nContent-Type: multipart/form-data; boundary={boundary}\r\n\r\n"
    ).encode()
    chunks = [body[at : at + 999] for at in range(0, len(body), 999)]
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    status, _, answer = raw(house.url, head, framed)
    assert status == 200, answer
    assert b64decode(json.loads(answer)["base64_signed_file"]).startswith(PAGE)


def test_json_as_php_writes_it_without_any_accept(application: Application, house: House, nik: str) -> None:
    pdf = letter_files.read("typst")
    given = {
        "nik": nik, "email": "", "passphrase": PASSPHRASE,
        "signatureProperties": [{"tampilan": "visible", "imageBase64": b64encode(picture_png()).decode(),
                                 "page": 1, "originX": 100.5, "originY": 20, "width": 75, "height": 75}],
        "file": [b64encode(pdf).decode()],
    }  # fmt: skip
    body = json.dumps(given).replace("/", "\\/").encode()
    head = (
        f"POST /api/v2/sign/pdf HTTP/1.0\r\nHost: esign\r\nAuthorization: {application.authorization}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    status, headers, answer = raw(house.url, head, body)
    assert status == 200, answer
    assert headers["content-type"] == "application/json"
    assert widget(b64decode(json.loads(answer)["file"][0])).rect[0] == 100.5
