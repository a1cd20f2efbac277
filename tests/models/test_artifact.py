"""A model on disk is read with suspicion."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import SHIPPED, BadArtifact, load_scorer
from models.artifact import to_json


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the shipped model, to spoil."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "model"))


def sealed(folder: Path) -> Path:
    """Make the manifest right again after a change, as a careful forger would."""
    names = [path.name for path in folder.iterdir() if path.name != "manifest.json"]
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    (folder / "manifest.json").write_bytes(to_json(digests))
    return folder


def with_header(folder: Path, **changes: Any) -> Path:
    header = json.loads((folder / "model.json").read_bytes())
    (folder / "model.json").write_bytes(to_json({**header, **changes}))
    return sealed(folder)


def with_arrays(folder: Path, **changes: Any) -> Path:
    with np.load(folder / "weights.npz") as box:
        arrays = {**box, **changes}
    np.savez_compressed(folder / "weights.npz", **{k: v for k, v in arrays.items() if v is not None})
    return sealed(folder)


def test_an_untouched_copy_is_the_same_model(copy: Path) -> None:
    assert load_scorer(copy).model_id == load_scorer().model_id


def test_the_id_is_a_digest_of_content_and_not_of_figures(copy: Path) -> None:
    before = load_scorer(copy).model_id
    (copy / "evaluation.json").write_bytes(to_json({"attributes": {}}))

    assert load_scorer(sealed(copy)).model_id == before
    assert load_scorer(with_header(copy, seed=99)).model_id != before


@pytest.mark.parametrize("name", ["weights.npz", "model.json", "evaluation.json", "manifest.json"])
def test_no_flipped_bit_is_accepted(copy: Path, name: str) -> None:
    good = (copy / name).read_bytes()
    chance = random.Random(name)
    for _ in range(25):
        spoilt = bytearray(good)
        spoilt[chance.randrange(len(good))] ^= 1 << chance.randrange(8)
        (copy / name).write_bytes(spoilt)

        with pytest.raises(BadArtifact):
            load_scorer(copy)


@pytest.mark.parametrize("name", ["weights.npz", "model.json", "manifest.json"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()

    with pytest.raises(BadArtifact, match=f"{name} is missing"):
        load_scorer(copy)


@pytest.mark.parametrize("name", ["weights.npz", "model.json", "manifest.json"])
def test_a_truncated_file_is_refused(copy: Path, name: str) -> None:
    (copy / name).write_bytes((copy / name).read_bytes()[:-1])

    with pytest.raises(BadArtifact):
        load_scorer(copy)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadArtifact, match=r"no model at .*absent"):
        load_scorer(tmp_path / "absent")


def test_an_unknown_file_is_refused(copy: Path) -> None:
    (copy / "weights.pkl").write_bytes(b"")

    with pytest.raises(BadArtifact, match=r"unknown file .*'weights\.pkl'"):
        load_scorer(copy)


def test_a_symbolic_link_is_refused(copy: Path, tmp_path: Path) -> None:
    shutil.move(copy / "weights.npz", tmp_path / "elsewhere.npz")
    (copy / "weights.npz").symlink_to(tmp_path / "elsewhere.npz")

    with pytest.raises(BadArtifact, match=r"weights\.npz is not a plain file"):
        load_scorer(copy)


def test_a_folder_may_be_reached_through_a_link(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(copy)

    assert load_scorer(tmp_path / "current").model_id == load_scorer(copy).model_id


def test_a_file_too_large_is_not_read(copy: Path) -> None:
    with (copy / "weights.npz").open("r+b") as file:
        file.truncate(1 << 30)

    with pytest.raises(BadArtifact, match=r"weights\.npz is larger than"):
        load_scorer(copy)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "format is 2, this version reads 1"),
        ({"kind": "slow"}, "kind is 'slow'"),
        ({"normaliser": 0}, "normaliser is 0"),
        ({"identity_terms": "x"}, "identity_terms is 'x'"),
        ({"attributes": ["TOXICITY"] * 6}, "attributes are not distinct"),
        ({"attributes": ["TOXICITY"]}, "weights is int8"),
        ({"hashing": None}, "not understood"),
        ({"calibration": {}}, "not understood"),
        ({"self_test": [{"text": "x"}]}, "no usable self_test"),
        ({"self_test": []}, "no usable self_test|self-test"),
        ({"thresholds": {}}, "thresholds"),
        ({"languages": "en"}, "languages"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(copy: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadArtifact, match=message):
        load_scorer(with_header(copy, **changes))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": np.zeros((1 << 18, 6), np.float32)}, "weights is float32"),
        ({"weights": np.zeros((1 << 10, 6), np.int8)}, r"weights is int8 \(1024, 6\)"),
        ({"weights": np.zeros((1 << 18, 6), np.int8)}, "self-test"),
        ({"scales": np.full(6, np.nan)}, "not a finite number"),
        ({"biases": None}, "holds"),
        ({"extra": np.zeros(1)}, "holds"),
        ({"biases": np.array([object()] * 6)}, "cannot be read"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(copy: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(BadArtifact, match=message):
        load_scorer(with_arrays(copy, **change))


def test_a_model_that_scores_otherwise_than_when_made_is_refused(copy: Path) -> None:
    header = json.loads((copy / "model.json").read_bytes())
    header["calibration"]["TOXICITY"]["offset"] += 0.01

    with pytest.raises(BadArtifact, match="self-test"):
        load_scorer(with_header(copy, calibration=header["calibration"]))


def spoil_zip(content: bytes) -> bytes:
    return b"PK" + content[2:][::-1]


def as_pickle(content: bytes) -> bytes:
    return pickle.dumps(content)


def as_npy(content: bytes) -> bytes:
    box = io.BytesIO()
    np.save(box, np.zeros(3))
    return box.getvalue()


@pytest.mark.parametrize("change", [spoil_zip, as_pickle, as_npy])
def test_other_formats_are_refused(copy: Path, change: Callable[[bytes], bytes]) -> None:
    path = copy / "weights.npz"
    path.write_bytes(change(path.read_bytes()))

    with pytest.raises(BadArtifact, match=r"weights\.npz cannot be read"):
        load_scorer(sealed(copy))
