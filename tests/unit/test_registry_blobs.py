import errno
import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from esign.errors import BlobDamaged, BlobMissing, StorageUnavailable
from esign.registry import blobs, durable, letters, signatures, states, upkeep
from esign.registry.blobs import Blobs, FolderBlobs, ObjectBlobs
from tests.registers import NOW, migrated_sqlite, open_register, race

LETTER = b"%PDF-1.7 a letter"
NAME = hashlib.sha256(LETTER).hexdigest()


@pytest.fixture(params=["folder", "objects"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    return FolderBlobs(tmp_path / "blobs") if request.param == "folder" else ObjectBlobs(MemoryStore())


@pytest.fixture
def folder(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


def path_of(tmp_path: Path, name: str = NAME) -> Path:
    return tmp_path / "blobs" / "sha256" / name[:2] / name[2:4] / name


def names(store: Blobs) -> list[str]:
    return [blob.sha256 for blob in store.stored()]


def test_what_was_put_comes_back_by_its_hash(store: Blobs) -> None:
    assert store.put(LETTER) == NAME
    assert store.get(NAME) == LETTER
    assert store.has(NAME)


def test_putting_it_again_changes_nothing(store: Blobs) -> None:
    assert store.put(LETTER) == store.put(LETTER)
    assert names(store) == [NAME]


def test_what_is_not_there_is_told_plainly(store: Blobs) -> None:
    assert not store.has(NAME)
    with pytest.raises(BlobMissing):
        store.get(NAME)
    store.delete(NAME)


def test_what_is_deleted_is_gone(store: Blobs) -> None:
    store.put(LETTER)
    store.delete(NAME)
    assert not store.has(NAME)
    assert names(store) == []


def test_blobs_are_listed_with_size_and_date(store: Blobs) -> None:
    store.put(LETTER)
    (blob,) = store.stored()
    assert (blob.sha256, blob.size) == (NAME, len(LETTER))
    assert abs(datetime.now(UTC) - blob.modified) < timedelta(minutes=1)


def test_a_probe_leaves_nothing(store: Blobs) -> None:
    store.probe()
    assert names(store) == []


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", NAME.upper(), NAME[:-1], NAME + "0", "/" * 64])
def test_only_a_hash_is_a_name(store: Blobs, name: str) -> None:
    for use in (store.get, store.has, store.delete):
        with pytest.raises(ValueError, match="SHA-256"):
            use(name)


def test_many_may_put_the_same_at_once(folder: FolderBlobs) -> None:
    put, refused = race(8, lambda _: folder.put(LETTER))
    assert (set(put), refused) == ({NAME}, [])
    assert folder.get(NAME) == LETTER


def test_files_are_the_owners_alone(folder: FolderBlobs, tmp_path: Path) -> None:
    folder.put(LETTER)
    path = path_of(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    while path != tmp_path:
        path = path.parent
        if path != tmp_path:
            assert path.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", [b"", LETTER[:-1], LETTER[:-1] + b"x", LETTER + b"\n"])
def test_a_damaged_file_is_not_handed_out_and_is_mended_by_putting_it_again(
    folder: FolderBlobs, tmp_path: Path, damage: bytes
) -> None:
    folder.put(LETTER)
    path_of(tmp_path).write_bytes(damage)
    with pytest.raises(BlobDamaged):
        folder.get(NAME)
    folder.put(LETTER)
    assert folder.get(NAME) == LETTER


def test_file_and_folders_are_synced_before_the_name_is_acknowledged(
    folder: FolderBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def hear_fsync(descriptor: int) -> None:
        said.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink()}")
        fsync(descriptor)

    def hear_replace(path: Path, target: Path) -> Path:
        said.append(f"name {target}")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", hear_fsync)
    monkeypatch.setattr(Path, "replace", hear_replace)
    folder.put(LETTER)
    path = path_of(tmp_path)
    top, middle = path.parent.parent.parent, path.parent.parent
    assert said[:2] == [f"sync {top}", f"sync {middle}"], "the new folders' own names"
    assert said[2].startswith(f"sync {path.parent}/.{NAME}"), "the content, still without its name"
    assert said[3:] == [f"name {path}", f"sync {path.parent}"]


@pytest.mark.parametrize("trouble", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_a_full_or_failing_disk_is_told_plainly_and_nothing_is_left(
    folder: FolderBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: int
) -> None:
    write = os.write

    def fail_half_way(descriptor: int, chunk: bytes) -> int:
        if len(chunk) < len(LETTER):
            raise OSError(trouble, os.strerror(trouble))
        return write(descriptor, chunk[:5])

    monkeypatch.setattr(os, "write", fail_half_way)
    with pytest.raises(StorageUnavailable):
        folder.put(LETTER)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_store_in_whose_place_is_a_file_is_told_plainly(tmp_path: Path) -> None:
    (tmp_path / "blobs").touch()
    with pytest.raises(StorageUnavailable):
        FolderBlobs(tmp_path / "blobs")


def test_a_file_is_never_replaced_where_it_must_not_be(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert durable.write(path, [b"first"], replace=False)
    assert not durable.write(path, [b"second"], replace=False)
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_store_is_opened_by_its_address(tmp_path: Path) -> None:
    spaced = tmp_path / "berkas surat"
    blobs.open_store(spaced.as_uri()).put(LETTER)
    assert (spaced / "sha256" / NAME[:2] / NAME[2:4] / NAME).read_bytes() == LETTER
    assert blobs.open_store("memory:///").put(LETTER) == NAME
    with pytest.raises(StorageUnavailable):
        blobs.open_store("gopher://somewhere")


def test_blobs_that_nothing_names_are_found_once_they_are_old(tmp_path: Path, folder: FolderBlobs) -> None:
    kept = {use: folder.put(use.encode()) for use in ("original", "signed", "quarantined", "unnamed")}
    with open_register(migrated_sqlite(tmp_path)) as register:
        with register.database.write() as session:
            new = register.new_letter(original_sha256=kept["original"])
            letter = letters.reserve(session, new, NOW, letters.Rules()).letter
            signing = states.start_signing(session, letter, NOW)
            states.release(session, signing, register.new_signature(kept["signed"]), NOW)
            file = signatures.Quarantined(
                letter_id=letter.id,
                signer_id=None,
                client_id=None,
                sha256=kept["quarantined"],
                size=1,
                reason="digest",
                request_id="r",
            )
            signatures.quarantine(session, file, NOW)
        now = datetime.now(UTC)
        assert list(upkeep.unnamed_blobs(register.database, folder, now)) == []
        later = upkeep.unnamed_blobs(register.database, folder, now + timedelta(hours=25))
        assert [blob.sha256 for blob in later] == [kept["unnamed"]]


@pytest.fixture(autouse=True)
def _nothing_half_written_stays(tmp_path: Path) -> Iterator[None]:
    yield
    assert [path for path in tmp_path.rglob(".*") if path.is_file()] == []
