"""A model's folder, read with suspicion: known names, bounded sizes, digests, JSON as we write it."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

WEIGHTS, MODEL, EVALUATION, MANIFEST = "weights.npz", "model.json", "evaluation.json", "manifest.json"
ENCODER, TOKENIZER = "encoder.onnx", "tokenizer.json"
SIZE_LIMITS = {
    WEIGHTS: 8 << 20,
    MODEL: 1 << 20,
    EVALUATION: 1 << 20,
    MANIFEST: 1 << 12,
    ENCODER: 64 << 20,
    TOKENIZER: 4 << 20,
}
NEEDED = (MANIFEST, WEIGHTS, MODEL)
TOGETHER = (ENCODER, TOKENIZER)  # the careful reader's; a model without it has neither
ARRAY_BYTES = 32 << 20  # of all arrays together, unpacked
ARRAYS_AT_MOST = 64
FIRST = b"PK\x03\x04"  # begins a zip file
MEMBER = b"PK\x01\x02"  # begins each entry of the list of what is in a zip file


class BadArtifact(Exception):
    """The model on disk is missing, damaged, tampered with, or made for another version."""


def write(folder: Path, files: Mapping[str, bytes]) -> dict[str, str]:
    """Write a model's files and their manifest, drop those of an older one; return the digests.

    Raises
    ------
    ValueError
        If the folder holds files of something else.
    """
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in SIZE_LIMITS.keys() - files.keys():
        (folder / name).unlink(missing_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    digests = {name: sha256(content) for name, content in files.items()}
    (folder / MANIFEST).write_bytes(to_json(digests))
    return digests


def check_folder(folder: Path) -> None:
    """Raise ValueError if a model cannot be saved here without touching files of something else."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is not a folder")
    strange = sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []
    strange = [name for name in strange if name not in SIZE_LIMITS]
    if strange:
        raise ValueError(f"{folder} holds other files than a model's: {', '.join(strange)}")


def add_evaluation(folder: Path, evaluation: Mapping[str, Any]) -> None:
    """Put figures beside a saved model and into its manifest; the model's id stays."""
    content = to_json(evaluation)
    digests = json.loads((folder / MANIFEST).read_bytes())
    (folder / EVALUATION).write_bytes(content)
    (folder / MANIFEST).write_bytes(to_json({**digests, EVALUATION: sha256(content)}))


def verified(folder: Path) -> dict[str, bytes]:
    """Return the content of a model's files but the manifest, each proved by its digest.

    Raises
    ------
    BadArtifact
        With the reason, for a folder that is not exactly one written by `write`.
    """
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise BadArtifact(f"no model at {folder}: {error.strerror}") from error
    for entry in entries:
        if entry.name not in SIZE_LIMITS:
            raise BadArtifact(f"unknown file in the model's folder: {entry.name!r}")
        if entry.is_symlink() or not entry.is_file():
            raise BadArtifact(f"{entry.name} is not a plain file")
    # Each file is read once: what is checked is what is used.
    files = {entry.name: _content(entry) for entry in entries}
    whole = [*NEEDED, *(TOGETHER if files.keys() & set(TOGETHER) else ())]
    for name in whole:
        if name not in files:
            raise BadArtifact(f"{name} is missing in {folder}")
    digests = parsed(files.pop(MANIFEST), MANIFEST)
    if digests.keys() != files.keys():
        raise BadArtifact(f"{MANIFEST} names {sorted(digests)}, the folder holds {sorted(files)}")
    for name, content in files.items():
        if digests[name] != sha256(content):
            raise BadArtifact(f"{name} does not match its SHA-256 in {MANIFEST}")
    return files


def _content(entry: Path) -> bytes:
    limit = SIZE_LIMITS[entry.name]
    with entry.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise BadArtifact(f"{entry.name} is larger than {limit} bytes")
    return content


def parsed(content: bytes, name: str) -> dict[str, Any]:
    """Return a file's JSON object; raise `BadArtifact` if it is not written as `to_json` writes it."""
    try:
        value = json.loads(content)
        canonical = isinstance(value, dict) and to_json(value) == content
    except (ValueError, RecursionError) as error:
        raise BadArtifact(f"{name} is not valid JSON: {error}") from error
    if not canonical:
        raise BadArtifact(f"{name} was not written by this program")
    return dict(value)


def arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of ``weights.npz``; never an object, nor more than is sensible."""
    if not content.startswith(FIRST):  # zipfile would find an archive within anything
        raise BadArtifact(f"{WEIGHTS} cannot be read: it is no zip file")
    # Number and size are bounded before anything is listed or unpacked.
    if content.count(MEMBER) > ARRAYS_AT_MOST:
        raise BadArtifact(f"{WEIGHTS} has more than {ARRAYS_AT_MOST} arrays")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as box:
            members = box.infolist()
            if sum(info.file_size for info in members) > ARRAY_BYTES:
                raise BadArtifact(f"{WEIGHTS} would unpack to too much")
            return {info.filename.removesuffix(".npy"): _array(box, info) for info in members}
    except BadArtifact:
        raise
    except Exception as error:  # a dozen classes, by which byte is wrong: zlib's, tokenize's, MemoryError
        raise BadArtifact(f"{WEIGHTS} cannot be read: {error or type(error).__name__}") from error


def _array(box: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[Any]:
    """Return one array, made of the bytes that are there and not of the shape that its head tells."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{info.filename} is packed in another way")
    with box.open(info) as member:
        if npy.read_magic(member) != (1, 0):
            raise ValueError(f"{info.filename} is in another format")
        shape, by_columns, dtype = npy.read_array_header_1_0(member)
        if dtype.hasobject:
            raise ValueError(f"{info.filename} holds objects")
        # With its length: else all that is packed is unpacked first, whatever size was declared.
        flat = np.frombuffer(member.read(info.file_size), dtype)
    return flat.reshape(shape, order="F" if by_columns else "C")


def packed(found: Mapping[str, NDArray[Any]]) -> bytes:
    """Return arrays as the content of ``weights.npz``; equal arrays give equal bytes."""
    box = io.BytesIO()
    np.savez_compressed(box, **dict(sorted(found.items())))  # type: ignore[arg-type]  # names are not its own
    return box.getvalue()


def to_json(value: Mapping[str, Any]) -> bytes:
    """Return the one way we write a value as JSON, so that equal values are equal bytes."""
    return (json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def sha256(content: bytes) -> str:
    """Return a digest in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
