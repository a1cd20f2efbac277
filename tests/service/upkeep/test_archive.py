"""A backup as one file: whole or none, and read with distrust."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.errors import Misconfigured
from service.domain.manifest import Manifest
from service.upkeep import archive, encrypting

PASSPHRASE = "tulip-mania-1637"


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encrypting, "COST", 2**10)


def made(folder: Path, passphrase: str | None = None) -> tuple[Path, Manifest]:
    files = {"database": folder / "a", "secret.key": folder / "b", "models/m-1/model.json": folder / "c"}
    for name, path in files.items():
        path.write_bytes(f"what {name} holds ".encode() * 5000)
    parts = tuple(archive.part_of(name, path) for name, path in files.items())
    manifest = Manifest("0.1.0", "2026-11-01T12:00:00.000000Z", "sqlite", "0013", 7, parts)
    archive.write(folder / "x.backup", manifest, files, passphrase)
    return folder / "x.backup", manifest


def no_passphrase() -> str:
    raise AssertionError("nobody need ask")


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_what_was_written_is_read_and_taken_out(tmp_path: Path, passphrase: str | None) -> None:
    file, manifest = made(tmp_path, passphrase)
    (tmp_path / "out").mkdir()
    asked = (lambda: PASSPHRASE) if passphrase else no_passphrase

    assert archive.read(file, asked) == manifest
    assert archive.read(file, asked, tmp_path / "out") == manifest

    assert (tmp_path / "out" / "database").read_bytes() == (tmp_path / "a").read_bytes()
    assert (tmp_path / "out/models/m-1/model.json").read_bytes() == (tmp_path / "c").read_bytes()
    assert {path.stat().st_mode & 0o777 for path in (file, tmp_path / "out/secret.key")} == {0o600}
    assert not list(tmp_path.glob(".*"))


def test_anybody_opens_it_with_tar(tmp_path: Path) -> None:
    file, manifest = made(tmp_path)

    with tarfile.open(file) as tar:
        assert tar.getnames() == ["manifest.json", *(part.name for part in manifest.parts)]


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
@given(at=st.integers(0, 10**9), bit=st.integers(0, 7))
@settings(max_examples=40)
def test_a_bit_that_changed_is_found(
    tmp_path_factory: pytest.TempPathFactory, passphrase: str | None, at: int, bit: int
) -> None:
    folder = tmp_path_factory.mktemp("flipped")
    file, manifest = made(folder, passphrase)
    data = bytearray(file.read_bytes())
    # Four bytes of gzip's head say when and on what it was made: they change nothing.
    at = 10 + at % (len(data) - 10) if passphrase is None else at % len(data)
    data[at] ^= 1 << bit
    file.write_bytes(bytes(data))

    try:
        found = archive.read(file, lambda: PASSPHRASE)
    except Misconfigured:
        return
    assert found == manifest, "what is not found must mean nothing: a filled-up end"


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.999])
def test_one_that_is_cut_off_is_found(tmp_path: Path, share: float) -> None:
    file, _ = made(tmp_path)
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])

    with pytest.raises(Misconfigured, match="is damaged"):
        archive.read(file, no_passphrase)


def forged(folder: Path, *entries: tarfile.TarInfo, manifest: bytes) -> Path:
    file = folder / "forged.backup"
    with gzip.open(file, "wb") as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
        head = tarfile.TarInfo("manifest.json")
        head.size = len(manifest)
        tar.addfile(head, io.BytesIO(manifest))
        for entry in entries:
            tar.addfile(entry, io.BytesIO(b"x" * entry.size))
    return file


@pytest.mark.parametrize(
    "name", ["../database", "/etc/passwd", "models/../../x", "models/.hidden", "database/x", "", "a\x00b"]
)
def test_a_name_that_leads_elsewhere_makes_no_file(tmp_path: Path, name: str) -> None:
    file, manifest = made(tmp_path)
    text = manifest.as_json().replace(b'"secret.key"', f'"{name}"'.replace("\x00", "\\u0000").encode())
    into = tmp_path / "out"
    into.mkdir()

    with pytest.raises(Misconfigured):
        archive.read(forged(tmp_path, manifest=text), no_passphrase, into)

    assert list(into.iterdir()) == []
    assert file.exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_what_is_no_file_makes_none(tmp_path: Path, kind: bytes) -> None:
    _, manifest = made(tmp_path)
    entry = tarfile.TarInfo("database")
    entry.type, entry.linkname = kind, "/etc/passwd"
    into = tmp_path / "out"
    into.mkdir()

    with pytest.raises(Misconfigured, match="is no file"):
        archive.read(forged(tmp_path, entry, manifest=manifest.as_json()), no_passphrase, into)

    assert list(into.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"{}", b'{"format": 2}', b"null", b'{"format": 1, "parts": [1]}', b"\xff", b"[" * 9999],
)
def test_a_manifest_that_is_none_is_one_sentence(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(Misconfigured):
        archive.read(forged(tmp_path, manifest=text), no_passphrase)


@pytest.mark.parametrize("text", [b"", b"no archive", b"\x1f\x8b", os.urandom(5000)])
def test_any_other_file_is_one_sentence(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "other").write_bytes(text)

    with pytest.raises(Misconfigured):
        archive.read(tmp_path / "other", no_passphrase)
    with pytest.raises(Misconfigured, match="no such file"):
        archive.read(tmp_path / "nothing", no_passphrase)
    with pytest.raises(Misconfigured, match="is a directory"):
        archive.read(tmp_path, no_passphrase)


def test_one_that_cannot_be_finished_leaves_nothing_and_keeps_the_one_before(tmp_path: Path) -> None:
    file, manifest = made(tmp_path)
    before = file.read_bytes()
    (tmp_path / "a").unlink()

    with pytest.raises(Misconfigured, match="nothing is left of it"):
        archive.write(file, manifest, {p.name: tmp_path / "a" for p in manifest.parts}, None)

    assert file.read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_a_workroom_is_for_one_at_a_time_and_is_cleared_of_what_was_left(tmp_path: Path) -> None:
    room = tmp_path / "work"
    room.mkdir()
    (room / "left").write_text("of one that was killed")

    with archive.workroom(room) as work:
        assert list(work.iterdir()) == []
        with pytest.raises(Misconfigured, match="Another backup"), archive.workroom(room):
            pass
        assert work.exists()
    assert not room.exists()
