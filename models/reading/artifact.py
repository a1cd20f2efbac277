"""A trained model: what its files mean, and the checks that it still computes what it did when it was made.

``weights.npz``
    The fast readers, one a language: ``en.weights`` int8 (rows, heads), ``en.scales`` and ``en.biases``
    float64 (heads,), and so on. Never pickled objects.
``encoder.onnx``, ``tokenizer.json``
    The careful reader, if there is one.
``model.json``
    What the arrays mean: attributes, hashing, normaliser version, calibration, join, priors, thresholds,
    digests of the training data, and the self-test.
``evaluation.json``
    Figures on development data (made after the model, so no part of its id).
``manifest.json``
    SHA-256 of them all. A model's id is a digest of all but the evaluation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.reading import disguises, files, identity, normalise
from models.reading.fast import Curve, LinearScorer
from models.reading.features import Hashing
from models.reading.files import BadArtifact
from models.reading.joint import Join

FORMAT = 2
MAIN = "en"  # the language whose fast reader is joined with the careful one
HEADS_AT_MOST = 32
LANGUAGES_AT_MOST = 16


@dataclass(frozen=True, slots=True)
class CarefulFiles:
    """The careful reader as it lies on disk: an ONNX network, and its tokenizer as JSON."""

    network: bytes
    tokenizer: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """A checked model: its parts, its id, and everything its header says.

    ``kernels`` holds a fast reader for each language code, `MAIN` among them. ``join`` and ``careful`` are
    both there or both None.
    """

    kernels: Mapping[str, LinearScorer]
    join: Join | None
    careful: CarefulFiles | None
    header: Mapping[str, Any]
    model_id: str = ""


def save(folder: Path, model: Artifact) -> str:
    """Write a model and return its id. Equal input gives byte-equal files.

    Parameters
    ----------
    folder : Path
        Made if missing; the files of an older model are replaced, others refused.
    model : Artifact
        Its header must hold ``self_test``, ``languages``, ``beta_languages``, ``thresholds`` and ``prior``.

    Raises
    ------
    ValueError
        If the folder holds files of something else.
    """
    parts = {
        f"{code}.{name}": array
        for code, kernel in model.kernels.items()
        for name, array in (("weights", kernel.weights), ("scales", kernel.scales), ("biases", kernel.biases))
    }
    content = {
        files.WEIGHTS: files.packed(parts),
        files.MODEL: files.to_json({**model.header, **_meaning(model)}),
    }
    if model.careful:
        content |= {
            files.ENCODER: model.careful.network,
            files.TOKENIZER: model.careful.tokenizer.encode(),
        }
    return model_id(files.write(folder, content))


def load(folder: Path) -> Artifact:
    """Read and check a model's folder.

    Raises
    ------
    BadArtifact
        With the reason, for anything that is not exactly a model written by `save`.
    """
    found = files.verified(folder)
    header = files.parsed(found[files.MODEL], files.MODEL)
    arrays = files.arrays(found[files.WEIGHTS])
    _check_version(header)
    try:
        kernels = _kernels(header["kernels"], arrays)
        join = None if header["join"] is None else Join.from_dict(header["join"], _heads(kernels))
        careful = _careful(found)
        _check_promises(header, kernels)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadArtifact(f"{files.MODEL} is not understood: {error!r}") from error
    if (join is None) != (careful is None):
        raise BadArtifact(f"{files.ENCODER} and the join in {files.MODEL} belong together")
    return Artifact(kernels, join, careful, header, model_id({n: files.sha256(c) for n, c in found.items()}))


def careful_of(folder: Path) -> CarefulFiles:
    """Return a model's careful reader, to be taught further: also of a model for an older version.

    Raises
    ------
    BadArtifact
        If the files are not as they were written, or have no careful reader.
    """
    found = _careful(files.verified(folder))
    if found is None:
        raise BadArtifact(f"the model in {folder} has no careful reader to keep")
    return found


def model_id(digests: Mapping[str, str]) -> str:
    """Return the id of the model with these file digests."""
    parts = sorted(name for name in digests if name not in (files.EVALUATION, files.MANIFEST))
    kind = "joint" if files.ENCODER in digests else "fast"
    return f"{kind}-{files.sha256(' '.join(digests[name] for name in parts).encode())[:12]}"


def _meaning(model: Artifact) -> dict[str, Any]:
    kernels = {
        code: {
            "attributes": list(kernel.attributes),
            "hashing": kernel.hashing.as_dict(),
            "calibration": {n: {"slope": c.slope, "offset": c.offset} for n, c in kernel.curves.items()},
        }
        for code, kernel in model.kernels.items()
    }
    return {
        "format": FORMAT,
        "normaliser": normalise.VERSION,
        "identity_terms": identity.DIGEST,
        "disguises": disguises.DIGEST,
        "kernels": kernels,
        "join": model.join.as_dict() if model.join else None,
    }


def _check_version(header: Mapping[str, Any]) -> None:
    known = {
        "format": FORMAT,
        "normaliser": normalise.VERSION,
        "identity_terms": identity.DIGEST,
        "disguises": disguises.DIGEST,
    }
    for name, value in known.items():
        if header.get(name) != value:
            raise BadArtifact(f"{name} is {header.get(name)!r}, this version reads {value!r}")


def _kernels(listed: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> dict[str, LinearScorer]:
    expected = {f"{code}.{name}" for code in listed for name in ("weights", "scales", "biases")}
    if arrays.keys() != expected or MAIN not in listed or len(listed) > LANGUAGES_AT_MOST:
        raise BadArtifact(f"{files.WEIGHTS} holds {sorted(arrays)}, expected {sorted(expected)}")
    return {code: _kernel(code, found, arrays) for code, found in listed.items()}


def _kernel(code: str, listed: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> LinearScorer:
    wanted = listed["hashing"]
    hashing = Hashing(wanted["bits"], wanted["shortest"], wanted["longest"])
    if not 1 <= hashing.bits <= 22 or wanted != hashing.as_dict():
        raise BadArtifact(f"hashing is {wanted!r}, this version reads {hashing.as_dict()!r}")
    attributes = [str(name) for name in listed["attributes"]]
    if not 0 < len(set(attributes)) == len(attributes) <= HEADS_AT_MOST:
        raise BadArtifact(f"attributes are not distinct names: {attributes}")
    shapes = {
        "weights": (np.dtype(np.int8), (hashing.rows, len(attributes))),
        "scales": (np.dtype(np.float64), (len(attributes),)),
        "biases": (np.dtype(np.float64), (len(attributes),)),
    }
    parts = {name: arrays[f"{code}.{name}"] for name in shapes}
    for name, (dtype, shape) in shapes.items():
        if parts[name].dtype != dtype or parts[name].shape != shape:
            found = f"{parts[name].dtype} {parts[name].shape}"
            raise BadArtifact(f"{code}.{name} is {found}, expected {dtype} {shape}")
    curves = {name: Curve(**listed["calibration"][name]) for name in attributes}
    numbers = [parts["scales"], parts["biases"], *([c.slope, c.offset] for c in curves.values())]
    if not all(np.isfinite(np.asarray(array, np.float64)).all() for array in numbers):
        raise BadArtifact("a scale, bias or calibration is not a finite number")
    return LinearScorer(attributes, parts["weights"], parts["scales"], parts["biases"], curves, hashing)


def _heads(kernels: Mapping[str, LinearScorer]) -> int:
    return len(kernels[MAIN].attributes)


def _careful(found: Mapping[str, bytes]) -> CarefulFiles | None:
    if files.ENCODER not in found:
        return None
    try:
        return CarefulFiles(found[files.ENCODER], found[files.TOKENIZER].decode())
    except UnicodeDecodeError as error:
        raise BadArtifact(f"{files.TOKENIZER} is not UTF-8") from error


def _check_promises(header: Mapping[str, Any], kernels: Mapping[str, LinearScorer]) -> None:
    """Check what the scorer hands out as it stands in the header."""
    thresholds, prior = header.get("thresholds"), header.get("prior")
    if not isinstance(thresholds, dict) or thresholds.keys() != kernels.keys():
        raise BadArtifact(f"thresholds do not name each language: {thresholds!r}")
    for code, kernel in kernels.items():
        _check_limits(thresholds[code], kernel)
    profiles = header.get("profiles", {})
    if not isinstance(profiles, dict):
        raise BadArtifact(f"profiles do not name each kind of site: {profiles!r}")
    for limits in profiles.values():
        _check_limits(limits, kernels[MAIN])
    if not isinstance(prior, float) or not 0 < prior < 1:
        raise BadArtifact(f"prior is not between 0 and 1: {prior!r}")
    for name in ("languages", "beta_languages"):
        listed = header.get(name)
        if not isinstance(listed, list) or not all(code in kernels for code in listed):
            raise BadArtifact(f"{name} is not a list of this model's languages: {listed!r}")


def _check_limits(limits: Any, kernel: LinearScorer) -> None:
    fitting = isinstance(limits, dict) and limits.keys() == set(kernel.attributes)
    if not fitting or not all(isinstance(n, float) and 0 <= n <= 1 for n in limits.values()):
        raise BadArtifact(f"thresholds do not give one number in [0, 1] an attribute: {limits!r}")
