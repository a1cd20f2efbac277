"""A model on disk is read with suspicion.

Proves `models/reading/files.py` and `models/reading/self_test.py` too.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import random
import re
import shutil
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import SHIPPED, BadArtifact, load_scorer
from models.reading.artifact import careful_of, load
from models.reading.files import SIZE_LIMITS, arrays, to_json
from models.reading.scorer import self_test
from models.reading.self_test import BAD, CIVIL, TEXTS
from models.texts.data import COLUMNS

FLIPS = 1_000


@pytest.fixture
def copy(trained: Path, tmp_path: Path) -> Path:
    """A copy of a small model, to spoil."""
    return Path(shutil.copytree(trained, tmp_path / "model"))


@pytest.fixture
def joint(tmp_path: Path) -> Path:
    """A copy of the shipped model, to spoil."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "shipped"))


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


def test_an_untouched_copy_is_the_same_model(copy: Path, trained: Path) -> None:
    assert load_scorer(copy).model_id == load_scorer(trained).model_id


def test_the_id_is_a_digest_of_content_and_not_of_figures(copy: Path) -> None:
    before = load_scorer(copy).model_id
    (copy / "evaluation.json").write_bytes(to_json({"attributes": {}}))

    assert load_scorer(sealed(copy)).model_id == before
    assert load_scorer(with_header(copy, seed=99)).model_id != before


def test_no_flipped_bit_of_a_thousand_is_accepted(copy: Path) -> None:
    names = sorted(path.name for path in copy.iterdir())
    good = {name: (copy / name).read_bytes() for name in names}
    chance = random.Random(0)
    for flip in range(FLIPS):
        name = names[flip % len(names)]
        spoilt = bytearray(good[name])
        spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
        (copy / name).write_bytes(spoilt)

        with pytest.raises(BadArtifact):
            load_scorer(copy)
        (copy / name).write_bytes(good[name])
    load_scorer(copy)


@pytest.mark.parametrize("name", ["encoder.onnx", "tokenizer.json"])
def test_no_flipped_bit_of_the_careful_reader_is_accepted(joint: Path, name: str) -> None:
    good = (joint / name).read_bytes()
    chance = random.Random(name)
    for _ in range(10):
        spoilt = bytearray(good)
        spoilt[chance.randrange(len(good))] ^= 1 << chance.randrange(8)
        (joint / name).write_bytes(spoilt)

        with pytest.raises(BadArtifact, match="does not match its SHA-256"):
            load_scorer(joint)


def test_half_a_careful_reader_is_refused(joint: Path) -> None:
    (joint / "tokenizer.json").unlink()

    with pytest.raises(BadArtifact, match=r"tokenizer\.json is missing"):
        load_scorer(sealed(joint))


def test_a_careful_reader_and_its_join_belong_together(joint: Path) -> None:
    with pytest.raises(BadArtifact, match="belong together"):
        load_scorer(with_header(joint, join=None))


def test_a_network_that_is_none_is_refused(joint: Path) -> None:
    (joint / "encoder.onnx").write_bytes(b"no network")

    with pytest.raises(BadArtifact, match="the careful reader cannot be loaded"):
        load_scorer(sealed(joint))


def test_a_join_that_scores_otherwise_than_when_made_is_refused(joint: Path) -> None:
    join = json.loads((joint / "model.json").read_bytes())["join"]
    join["offsets"][0] += 1.0

    with pytest.raises(BadArtifact, match="self-test"):
        load_scorer(with_header(joint, join=join))


@pytest.mark.parametrize(
    "change",
    [{"weights": [[0.0]]}, {"offsets": ["x"]}, {"band": [0.0]}, {"route": None}, {"outputs": "many"}],
)
def test_a_join_that_does_not_fit_is_refused(joint: Path, change: dict[str, Any]) -> None:
    join = json.loads((joint / "model.json").read_bytes())["join"]

    with pytest.raises(BadArtifact, match="not understood"):
        load_scorer(with_header(joint, join={**join, **change}))


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
        ({"format": 1}, "format is 1, this version reads 2"),
        ({"normaliser": 0}, "normaliser is 0"),
        ({"identity_terms": "x"}, "identity_terms is 'x'"),
        ({"kernels": {}}, "expected"),
        ({"kernels": None}, "not understood"),
        ({"self_test": [{"text": "x"}] * 20}, "no usable self_test"),
        ({"self_test": []}, "no usable self_test"),
        ({"thresholds": {}}, "thresholds"),
        ({"thresholds": {"en": {}}}, "thresholds"),
        ({"profiles": []}, "profiles"),
        ({"profiles": {"forum": {"TOXICITY": 2.0}}}, "thresholds"),
        ({"languages": "en"}, "languages"),
        ({"beta_languages": ["de"]}, "beta_languages"),
        ({"prior": 1.0}, "prior"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(copy: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadArtifact, match=message):
        load_scorer(with_header(copy, **changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"attributes": ["TOXICITY"] * 6}, "attributes are not distinct"),
        ({"attributes": ["TOXICITY"]}, "weights is int8"),
        ({"hashing": None}, "not understood"),
        ({"hashing": {"bits": 90, "shortest": 2, "longest": 5}}, "hashing is"),
        ({"calibration": {}}, "not understood"),
    ],
)
def test_a_reader_that_does_not_fit_is_refused(copy: Path, changes: dict[str, Any], message: str) -> None:
    kernels = json.loads((copy / "model.json").read_bytes())["kernels"]

    with pytest.raises(BadArtifact, match=message):
        load_scorer(with_header(copy, kernels={"en": {**kernels["en"], **changes}}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"en.weights": np.zeros((1 << 18, 6), np.float32)}, "weights is float32"),
        ({"en.weights": np.zeros((1 << 10, 6), np.int8)}, r"weights is int8 \(1024, 6\)"),
        ({"en.weights": np.zeros((1 << 18, 6), np.int8)}, "self-test"),
        ({"en.scales": np.full(6, np.nan)}, "not a finite number"),
        ({"en.biases": None}, "holds"),
        ({"extra": np.zeros(1)}, "holds"),
        ({"en.biases": np.array([object()] * 6)}, "cannot be read"),
        ({"en.weights": np.zeros(40 << 20, np.int8)}, "unpack to too much"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(copy: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(BadArtifact, match=message):
        load_scorer(with_arrays(copy, **change))


def zipped(head: str, content: bytes = b"", *, packing: int = zipfile.ZIP_DEFLATED, names: int = 1) -> bytes:
    """Return an archive whose arrays have this head."""
    start = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode()
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", packing) as archive:
        for number in range(names):
            archive.writestr(f"{number}.npy", start + content)
    return box.getvalue()


def shape(dims: str, dtype: str = "'|i1'") -> str:
    return f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {dims}}}\n"


def with_byte(content: bytes, in_file: int, in_list: int, byte: bytes) -> bytes:
    """Return an archive with one byte changed: where an array begins, and in the list of all."""
    found = bytearray(content)
    for sign, at in ((b"PK\3\4", in_file), (b"PK\1\2", in_list)):
        for match in re.finditer(re.escape(sign), content):
            found[match.start() + at : match.start() + at + 1] = byte
    return bytes(found)


FINE = zipped(shape("(8,)"), bytes(range(8)))
BOMB = zipped(shape(f"({60 << 20},)"), bytes(60 << 20))
ARCHIVES = {
    "corrupt packing": FINE[:40] + b"\xff" * 25 + FINE[65:],
    "an encrypted one": with_byte(FINE, 6, 8, b"\1"),
    "an unknown packing": with_byte(FINE, 8, 10, b"\x63"),
    "a packing that is slow to undo": zipped(shape("(8,)"), bytes(8), packing=zipfile.ZIP_LZMA),
    "a shape of 2^40": zipped(shape(f"({2**40},)"), bytes(8)),
    "a shape of 2^90": zipped(shape(f"({2**90},)"), bytes(8)),
    "many dimensions": zipped(shape(f"({'1,' * 99})"), bytes(1)),
    "a head of brackets": zipped("(" * 9000),
    "a head that is not closed": zipped('{"descr": """'),
    "an unknown type": zipped(shape("(8,)", "'nothing'"), bytes(8)),
    "no type at all": zipped(shape("(8,)", "[]"), bytes(8)),
    "objects": zipped(shape("(1,)", "'|O'"), bytes(8)),
    "no head": zipped(""),
    "a thousand arrays": zipped(shape("(0,)"), names=1000),
    "a bomb": BOMB,
    "a bomb in three parts": zipped(shape(f"({12 << 20},)"), bytes(12 << 20), names=3),
    "a bomb that says it is small": with_byte(BOMB, 25, 27, b"\0"),
}


@pytest.mark.parametrize("content", ARCHIVES.values(), ids=ARCHIVES.keys())
def test_a_crafted_archive_is_refused_before_it_takes_much_memory(content: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(BadArtifact, match=r"weights\.npz"):
            arrays(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 50 << 20


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"languages": [["en"]]}, "not understood"),
        ({"profiles": {"forum": 1}}, "thresholds"),
        ({"self_test": [{"text": str(n)} for n in range(201)]}, "no usable self_test: 201"),
        (
            {"self_test": [{"text": t, "scores": [], "alone": [], "reader": "fast"} for t in TEXTS]},
            "self_test",
        ),
        ({"self_test": None}, "no usable self_test"),
        ({"self_test": [7] * 20}, "no usable self_test"),
        ({"kernels": {"en": []}}, "not understood|holds"),
        ({"kernels": []}, "not understood|holds"),
        ({"join": 7}, "not understood"),
    ],
)
def test_an_odd_header_is_refused_with_a_sentence(copy: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadArtifact, match=message):
        load_scorer(with_header(copy, **changes))


def test_a_network_with_another_number_of_outputs_is_refused(joint: Path) -> None:
    listed = json.loads((joint / "model.json").read_bytes())["join"]
    join = {
        **listed,
        "outputs": listed["outputs"] + 1,
        "weights": [*listed["weights"], listed["weights"][0]],
    }

    with pytest.raises(BadArtifact, match=r"the careful reader gives \d+ features, its join takes \d+"):
        load_scorer(with_header(joint, join=join))


@pytest.mark.parametrize("content", [b"\xff", b"{}", b"[]", b"null", b'{"model": {"type": "WordPiece"}}'])
def test_an_odd_tokenizer_is_refused(joint: Path, content: bytes) -> None:
    (joint / "tokenizer.json").write_bytes(content)

    with pytest.raises(BadArtifact, match=r"tokenizer\.json is not UTF-8|cannot be loaded"):
        load_scorer(sealed(joint))


def test_a_careful_reader_to_be_kept_is_refused_with_a_sentence_too(joint: Path) -> None:
    (joint / "tokenizer.json").write_bytes(b"\xff")

    with pytest.raises(BadArtifact, match=r"tokenizer\.json is not UTF-8"):
        careful_of(sealed(joint))


def test_a_model_that_scores_otherwise_than_when_made_is_refused(copy: Path) -> None:
    kernels = json.loads((copy / "model.json").read_bytes())["kernels"]
    kernels["en"]["calibration"]["TOXICITY"]["offset"] += 0.01

    with pytest.raises(BadArtifact, match="self-test"):
        load_scorer(with_header(copy, kernels=kernels))


def test_a_model_of_zeros_is_refused_though_it_scores_as_when_it_was_made(copy: Path) -> None:
    with_arrays(copy, **{"en.weights": np.zeros((1 << 18, 6), np.int8)})
    with_header(copy, self_test=self_test(load(copy)))

    with pytest.raises(BadArtifact, match=f"tells no bad text from a civil one by {', '.join(COLUMNS)}"):
        load_scorer(copy)


def test_the_self_test_has_a_bad_text_for_every_attribute_of_the_shipped_model() -> None:
    shipped = load_scorer()
    civil = [reading.scores for reading in shipped.read(CIVIL)]

    assert tuple(BAD) == shipped.attributes
    assert set(TEXTS) >= {*BAD.values(), *CIVIL}
    for name, text in BAD.items():
        assert shipped.read([text])[0].scores[name] > max(scores[name] for scores in civil), name


def test_the_files_we_know_are_bounded() -> None:
    assert set(SIZE_LIMITS) >= {path.name for path in SHIPPED.iterdir()}
    assert max(SIZE_LIMITS.values()) <= 64 << 20


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
