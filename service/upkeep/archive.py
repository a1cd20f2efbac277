"""A backup as one file: a tar with its manifest first, packed, and encrypted where that is wanted."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import io
import os
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO, cast

from service.domain.errors import Misconfigured
from service.domain.manifest import NAME, BadManifest, Manifest, Part
from service.upkeep.encrypting import HEAD, Decrypting, Encrypting, is_encrypted

FOR_ITS_OWNER = 0o600
LARGEST_MANIFEST = 1_000_000
AT_ONCE = 1 << 20


def part_of(name: str, file: Path) -> Part:
    """Return a file as a part of a backup."""
    with file.open("rb") as opened:
        return Part(name, file.stat().st_size, hashlib.file_digest(opened, "sha256").hexdigest())


def write(target: Path, manifest: Manifest, files: Mapping[str, Path], passphrase: str | None) -> None:
    """Write a backup for its owner alone: under another name, and renamed once it is whole."""
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FOR_ITS_OWNER)
        with open(descriptor, "wb") as file:
            _fill(file, manifest, files, passphrase)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise Misconfigured(
            f"The backup {target} cannot be written ({error.strerror or error}); nothing is left of it."
        ) from None
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Have the disk keep what a folder's files are called now."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fill(file: BinaryIO, manifest: Manifest, files: Mapping[str, Path], passphrase: str | None) -> None:
    outer = None if passphrase is None else Encrypting(file, passphrase)
    with (
        gzip.GzipFile("", "wb", 3, cast(BinaryIO, outer or file), mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        text = manifest.as_json()
        tar.addfile(_entry(NAME, len(text)), io.BytesIO(text))
        for part in manifest.parts:
            with files[part.name].open("rb") as source:
                tar.addfile(_entry(part.name, part.size), source)
    if outer is not None:
        outer.finish()


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, FOR_ITS_OWNER
    return entry


def read(file: Path, passphrase: Callable[[], str], into: Path | None = None) -> Manifest:
    """Read a whole backup and compare every part with its checksum; with ``into``, put the parts there.

    The ``passphrase`` is asked for where there is one to ask for. Raises `Misconfigured` if anything is
    missing, left over, or not as the manifest says; what stands in ``into`` is then good for nothing.
    """
    try:
        with _opened(file, passphrase) as tar:
            manifest = _manifest(tar)
            for part in manifest.parts:
                _take(tar, part, into)
            if tar.next() is not None:
                raise Misconfigured(f"{file} has more in it than its manifest says.")
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, BadManifest) as error:
        raise Misconfigured(f"{file} is no backup of Parley, or is damaged ({error}).") from None
    except OSError as error:
        raise Misconfigured(f"{error.filename or file}: {(error.strerror or str(error)).lower()}.") from None
    return manifest


@contextmanager
def _opened(file: Path, passphrase: Callable[[], str]) -> Iterator[tarfile.TarFile]:
    with file.open("rb") as raw:
        head = raw.read(len(HEAD))
        raw.seek(0)
        inner = cast(BinaryIO, Decrypting(raw, passphrase())) if is_encrypted(head) else raw
        with gzip.GzipFile(fileobj=inner) as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
            yield tar
            # The end of the tar is not the end of the file: what proves the rest must be read too.
            while packed.read(AT_ONCE):
                pass


def _manifest(tar: tarfile.TarFile) -> Manifest:
    entry = tar.next()
    if entry is None or entry.name != NAME or entry.size > LARGEST_MANIFEST:
        raise BadManifest("it does not begin with a manifest")
    return Manifest.read(_content(tar, entry).read())


def _take(tar: tarfile.TarFile, part: Part, into: Path | None) -> None:
    entry = tar.next()
    if entry is None or entry.name != part.name:
        raise BadManifest(f"{part.name} is missing")
    source, digest, size = _content(tar, entry), hashlib.sha256(), 0
    with _target(part, into) as target:
        while piece := source.read(AT_ONCE):
            digest.update(piece)
            size += len(piece)
            target.write(piece)
    if (size, digest.hexdigest()) != (part.size, part.sha256):
        raise BadManifest(f"{part.name} is not as its checksum says")


def _content(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    found = tar.extractfile(entry) if entry.isreg() else None
    if found is None:
        raise BadManifest(f"{entry.name} is no file")
    return found


@contextmanager
def _target(part: Part, into: Path | None) -> Iterator[BinaryIO]:
    """Give a new file for a part, for its owner alone; its name was checked with the manifest."""
    if into is None:
        with open(os.devnull, "wb") as nowhere:
            yield nowhere
        return
    path = into / part.name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FOR_ITS_OWNER), "wb") as made:
        yield made


@contextmanager
def workroom(folder: Path) -> Iterator[Path]:
    """Give an empty folder, to one at a time; what somebody who was killed left there goes first."""
    folder.mkdir(mode=0o700, exist_ok=True)
    held = os.open(folder, os.O_RDONLY)
    try:
        _hold(held)
        for left in folder.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        try:
            yield folder
        finally:
            shutil.rmtree(folder)
    finally:
        os.close(held)


def _hold(folder: int) -> None:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Misconfigured("Another backup is being made or restored here. Wait until it is done.") from None
