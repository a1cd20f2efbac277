"""A trained model on disk: a folder of arrays and JSON, read with suspicion.

``weights.npz``
    ``weights`` int8 (rows, heads), ``scales`` and ``biases`` float64 (heads,). Never pickled objects.
``model.json``
    What the arrays mean: attributes, hashing, normaliser version, calibration, priors, thresholds,
    digests of the training data, and the self-test.
``evaluation.json``
    Figures on development data (made after the model, so no part of its id).
``manifest.json``
    SHA-256 of the three. A model's id is a digest of the first two.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import identity, normalise
from models.features import Hashing
from models.linear import Curve, LinearScorer

FORMAT = 1
WEIGHTS, MODEL, EVALUATION, MANIFEST = "weights.npz", "model.json", "evaluation.json", "manifest.json"
SIZE_LIMITS = {WEIGHTS: 8 << 20, MODEL: 1 << 20, EVALUATION: 1 << 20, MANIFEST: 1 << 12}
SELF_TEST_TOLERANCE = 1e-6
HEADS_AT_MOST = 32


class BadArtifact(Exception):
    """The model on disk is missing, damaged, tampered with, or made for another version."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A checked model: what it computes, its id, and everything its header says."""

    kernel: LinearScorer
    model_id: str
    header: Mapping[str, Any]


def save(folder: Path, kernel: LinearScorer, header: Mapping[str, Any]) -> str:
    """Write a model and return its id. Equal input gives byte-equal files.

    Parameters
    ----------
    folder : Path
        Made if missing; the four files of an older model are replaced, others refused.
    kernel : LinearScorer
        Weights, scales, biases, curves and hashing.
    header : mapping
        Everything else for ``model.json``; must hold ``self_test``, ``languages``, ``thresholds``.

    Raises
    ------
    ValueError
        If the folder holds files of something else.
    """
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    body = {**header, **_meaning(kernel)}
    arrays = io.BytesIO()
    np.savez_compressed(arrays, weights=kernel.weights, scales=kernel.scales, biases=kernel.biases)
    files = {WEIGHTS: arrays.getvalue(), MODEL: to_json(body)}
    (folder / EVALUATION).unlink(missing_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    digests = {name: _sha256(content) for name, content in files.items()}
    (folder / MANIFEST).write_bytes(to_json(digests))
    return model_id(digests)


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
    (folder / MANIFEST).write_bytes(to_json({**digests, EVALUATION: _sha256(content)}))


def load(folder: Path) -> Artifact:
    """Read and check a model's folder.

    Raises
    ------
    BadArtifact
        With the reason, for anything that is not exactly a model written by `save`.
    """
    files = _verified_files(folder)
    header = _parsed(files[MODEL], MODEL)
    arrays = _arrays(files[WEIGHTS])
    try:
        kernel = _kernel(header, arrays)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadArtifact(f"{MODEL} is not understood: {error!r}") from error
    digests = {name: _sha256(files[name]) for name in (WEIGHTS, MODEL)}
    _check_promises(header, kernel)
    artifact = Artifact(kernel, model_id(digests), header)
    _self_test(artifact)
    return artifact


def model_id(digests: Mapping[str, str]) -> str:
    """Return the id of the model with these file digests."""
    both = f"{digests[WEIGHTS]} {digests[MODEL]}"
    return f"fast-{_sha256(both.encode())[:12]}"


def to_json(value: Mapping[str, Any]) -> bytes:
    """Return the one way we write a value as JSON, so that equal values are equal bytes."""
    return (json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def _meaning(kernel: LinearScorer) -> dict[str, Any]:
    curves = {name: {"slope": c.slope, "offset": c.offset} for name, c in kernel.curves.items()}
    return {
        "format": FORMAT,
        "kind": "fast-linear",
        "attributes": list(kernel.attributes),
        "hashing": kernel.hashing.as_dict(),
        "normaliser": normalise.VERSION,
        "identity_terms": identity.DIGEST,
        "calibration": curves,
    }


def _verified_files(folder: Path) -> dict[str, bytes]:
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
    for name in (MANIFEST, WEIGHTS, MODEL):
        if name not in files:
            raise BadArtifact(f"{name} is missing in {folder}")
    digests = _parsed(files.pop(MANIFEST), MANIFEST)
    if digests.keys() != files.keys():
        raise BadArtifact(f"{MANIFEST} names {sorted(digests)}, the folder holds {sorted(files)}")
    for name, content in files.items():
        if digests[name] != _sha256(content):
            raise BadArtifact(f"{name} does not match its SHA-256 in {MANIFEST}")
    return files


def _content(entry: Path) -> bytes:
    limit = SIZE_LIMITS[entry.name]
    with entry.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise BadArtifact(f"{entry.name} is larger than {limit} bytes")
    return content


def _parsed(content: bytes, name: str) -> dict[str, Any]:
    try:
        value = json.loads(content)
        canonical = isinstance(value, dict) and to_json(value) == content
    except (ValueError, RecursionError) as error:
        raise BadArtifact(f"{name} is not valid JSON: {error}") from error
    if not canonical:
        raise BadArtifact(f"{name} was not written by this program")
    return dict(value)


def _arrays(content: bytes) -> dict[str, NDArray[Any]]:
    expected = {"weights", "scales", "biases"}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as box:
            members = {info.filename: info.file_size for info in box.infolist()}
            if set(members) != {f"{name}.npy" for name in expected} or len(box.infolist()) != len(expected):
                raise BadArtifact(f"{WEIGHTS} holds {sorted(members)}, expected {sorted(expected)}")
            # Unpacked size is bounded before anything is unpacked.
            if max(members.values()) > HEADS_AT_MOST << 20:
                raise BadArtifact(f"{WEIGHTS} would unpack to {max(members.values())} bytes")
        with np.load(io.BytesIO(content), allow_pickle=False) as box:
            return {name: box[name] for name in expected}
    except (ValueError, OSError, zipfile.BadZipFile, NotImplementedError) as error:
        raise BadArtifact(f"{WEIGHTS} cannot be read: {error}") from error


def _kernel(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> LinearScorer:
    wanted = header["hashing"]
    hashing = Hashing(wanted["bits"], wanted["shortest"], wanted["longest"])
    known = {
        "format": FORMAT,
        "kind": "fast-linear",
        "hashing": hashing.as_dict(),
        "normaliser": normalise.VERSION,
        "identity_terms": identity.DIGEST,
    }
    for name, value in known.items():
        if header[name] != value:
            raise BadArtifact(f"{name} is {header[name]!r}, this version reads {value!r}")
    attributes = [str(name) for name in header["attributes"]]
    if not 0 < len(set(attributes)) == len(attributes) <= HEADS_AT_MOST:
        raise BadArtifact(f"attributes are not distinct names: {attributes}")
    shapes = {
        "weights": (np.dtype(np.int8), (hashing.rows, len(attributes))),
        "scales": (np.dtype(np.float64), (len(attributes),)),
        "biases": (np.dtype(np.float64), (len(attributes),)),
    }
    for name, (dtype, shape) in shapes.items():
        array = arrays[name]
        if array.dtype != dtype or array.shape != shape:
            raise BadArtifact(f"{name} is {array.dtype} {array.shape}, expected {dtype} {shape}")
    curves = {name: Curve(**header["calibration"][name]) for name in attributes}
    numbers = [arrays["scales"], arrays["biases"], *([c.slope, c.offset] for c in curves.values())]
    if not all(np.isfinite(np.asarray(array, np.float64)).all() for array in numbers):
        raise BadArtifact("a scale, bias or calibration is not a finite number")
    return LinearScorer(attributes, arrays["weights"], arrays["scales"], arrays["biases"], curves, hashing)


def _check_promises(header: Mapping[str, Any], kernel: LinearScorer) -> None:
    """Check what the scorer hands out as it stands in the header."""
    thresholds, languages = header.get("thresholds"), header.get("languages")
    numbers = list(thresholds.values()) if isinstance(thresholds, dict) else []
    fitting = all(isinstance(number, float) and 0 <= number <= 1 for number in numbers)
    if (
        not fitting
        or len(numbers) != len(kernel.attributes)
        or set(thresholds or ()) != set(kernel.attributes)
    ):
        raise BadArtifact(f"thresholds do not give one number in [0, 1] an attribute: {thresholds!r}")
    if (
        not isinstance(languages, list)
        or not languages
        or not all(isinstance(code, str) for code in languages)
    ):
        raise BadArtifact(f"languages is not a list of codes: {languages!r}")


def _self_test(artifact: Artifact) -> None:
    """Score the header's example texts; this also proves that the normaliser is the one trained with."""
    try:
        texts = [str(example["text"]) for example in artifact.header["self_test"]]
        expected = np.array(
            [[e["scores"][name] for name in artifact.kernel.attributes] for e in artifact.header["self_test"]]
        )
    except (KeyError, TypeError) as error:
        raise BadArtifact(f"{MODEL} has no usable self_test: {error!r}") from error
    scores = artifact.kernel.probabilities([normalise.normalise(text) for text in texts])
    if scores.shape != expected.shape or not np.allclose(scores, expected, rtol=0, atol=SELF_TEST_TOLERANCE):
        raise BadArtifact("the self-test gives other scores than when the model was made")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
