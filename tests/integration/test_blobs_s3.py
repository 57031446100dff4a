"""Blobs on a real S3 server: what is kept, what is told when it can't be, and a letter whose files rest there."""

import hashlib
import shutil
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from esign.errors import BlobDamaged, BlobMissing, StorageUnavailable
from esign.registry.blobs import Blobs, open_store
from esign.service import readiness
from tests.integration.installation import Installation
from tests.s3_server import BUCKET, S3Server, free_port, s3_server

LETTER = b"%PDF-1.7 a letter"
NAME = hashlib.sha256(LETTER).hexdigest()
URL = f"s3://{BUCKET}/esign"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture
def aws(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The variables that lead to the server; its bucket is empty again afterwards."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    yield monkeypatch
    for kept in server.bucket.iterdir():
        shutil.rmtree(kept)


@pytest.fixture
def store(aws: pytest.MonkeyPatch) -> Blobs:
    return open_store(URL)


def path_of(server: S3Server) -> Path:
    return server.bucket / "esign" / "sha256" / NAME[:2] / NAME[2:4] / NAME


def test_what_was_put_is_there_comes_back_and_is_listed(store: Blobs, server: S3Server) -> None:
    assert not store.has(NAME)
    assert store.put(LETTER) == store.put(LETTER) == NAME
    assert store.has(NAME)
    assert store.get(NAME) == LETTER == path_of(server).read_bytes()
    (blob,) = store.stored()
    assert (blob.sha256, blob.size) == (NAME, len(LETTER))
    assert abs(datetime.now(UTC) - blob.modified) < timedelta(minutes=1)


def test_what_is_deleted_is_gone_and_may_be_deleted_again(store: Blobs) -> None:
    store.put(LETTER)
    store.delete(NAME)
    store.delete(NAME)
    assert not store.has(NAME)
    with pytest.raises(BlobMissing):
        store.get(NAME)


def test_more_than_one_page_of_a_listing_is_read(store: Blobs) -> None:
    """S3 lists a thousand objects at a time."""
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(store.put, (str(number).encode() for number in range(1005))))
    assert {blob.sha256 for blob in store.stored()} == names


def test_a_probe_leaves_nothing(store: Blobs, server: S3Server) -> None:
    store.probe()
    assert list(store.stored()) == []
    assert [path for path in server.bucket.rglob("*") if path.is_file()] == []


def test_a_damaged_object_is_not_handed_out_and_is_mended_by_putting_it_again(store: Blobs, server: S3Server) -> None:
    store.put(LETTER)
    path_of(server).write_bytes(LETTER[:-1] + b"x")
    with pytest.raises(BlobDamaged):
        store.get(NAME)
    store.put(LETTER)
    assert store.get(NAME) == LETTER


def refused_within(seconds: float, url: str = URL) -> None:
    """Everything that the store at that address is asked for is refused as `StorageUnavailable`, and soon."""
    for ask in (
        lambda store: store.put(LETTER),
        lambda store: store.get(NAME),
        lambda store: store.has(NAME),
        lambda store: store.delete(NAME),
        lambda store: list(store.stored()),
        lambda store: store.probe(),
    ):
        began = time.monotonic()
        with pytest.raises(StorageUnavailable) as told:
            ask(open_store(url))
        assert not isinstance(told.value, BlobMissing | BlobDamaged)
        assert time.monotonic() - began < seconds


def test_wrong_keys_are_told_at_once(aws: pytest.MonkeyPatch) -> None:
    aws.setenv("AWS_SECRET_ACCESS_KEY", "tebakan")
    refused_within(2)


def test_a_server_that_is_down_is_told_soon(aws: pytest.MonkeyPatch) -> None:
    aws.setenv("AWS_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    refused_within(2)


def test_a_server_that_says_nothing_is_given_up(aws: pytest.MonkeyPatch) -> None:
    aws.setenv("AWS_TIMEOUT", "500ms")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        aws.setenv("AWS_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(StorageUnavailable):
            open_store(URL).put(LETTER)


def test_a_bucket_that_is_not_there_is_no_store(aws: pytest.MonkeyPatch) -> None:
    nowhere = open_store("s3://tiada/esign")
    for ask in (nowhere.probe, lambda: nowhere.put(LETTER)):
        with pytest.raises(StorageUnavailable):
            ask()


def test_a_letter_is_signed_and_verified_with_its_files_on_s3(aws: pytest.MonkeyPatch, tmp_path: Path) -> None:
    there = Installation.made(tmp_path, blob_url=URL)
    made = there.sign("S3/1/2026")
    there.is_green(made)
    assert not (tmp_path / "var" / "blobs").exists()
    checked = there.esign("check", "--deep")
    assert checked.exit_code == 0, checked.output
    assert "files: 1 read, 0 missing, 0 damaged" in checked.output
    aws.setenv("AWS_SECRET_ACCESS_KEY", "tebakan")
    with there.services() as services:
        blobs = next(part for part in readiness.check(services).checks if part.name == "blobs")
    assert not blobs.ok
    assert "SignatureDoesNotMatch" in (blobs.cause or "")
