"""Data with one label teach that one, and the others stay as they are; what cannot be is said at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models import load_scorer
from models.reading.artifact import MAIN, load
from models.texts.data import COLUMNS
from models.training.train import Plan, train
from tests.models.conftest import PLACES, rows, write_csv

SUB = [name for name in COLUMNS.values() if name != "toxicity"]


def without(path: Path, found: tuple[str, ...], *columns: str, value: str = "") -> Path:
    """Write the sample rows with some columns empty, or all of one value."""
    return write_csv(path, [row | dict.fromkeys(columns, value) for row in rows(found, 2)])


def one_label(folder: Path, value: str = "") -> tuple[Path, Path]:
    return (
        without(folder / "train.csv.gz", PLACES[:7], *SUB, value=value),
        without(folder / "dev.csv.gz", PLACES[7:], *SUB, value=value),
    )


@pytest.mark.parametrize("value", ["", "0"])
def test_a_publisher_with_one_label_trains_that_one_and_keeps_the_others(
    tmp_path: Path, trained: Path, value: str
) -> None:
    said: list[str] = []
    out = tmp_path / "model"
    train(Plan(*one_label(tmp_path, value), keep_from=trained, full=False), out, progress=said.append)
    old, new = load(trained), load(out)
    texts = ["thank you for the library", "you are a stupid idiot", "I will burn your tram down"]
    before, after = load_scorer(trained).read(texts), load_scorer(out).read(texts)

    assert new.kernels[MAIN].attributes == old.kernels[MAIN].attributes
    for name in list(COLUMNS)[1:]:
        same = [one.scores[name] == other.scores[name] for one, other in zip(before, after, strict=True)]
        assert all(same), name
        assert new.header["thresholds"][MAIN][name] == old.header["thresholds"][MAIN][name]
    assert new.header["kept"] == {"from": old.model_id, "attributes": list(COLUMNS)[1:]}
    assert any(old.model_id in line and "SEVERE_TOXICITY" in line for line in said)
    assert after[1].scores["TOXICITY"] > after[0].scores["TOXICITY"]


def test_some_empty_columns_are_kept_with_the_careful_reader_of_the_shipped_model(tmp_path: Path) -> None:
    missing = ("severe_toxicity", "threat")
    files = (
        without(tmp_path / "train.csv.gz", PLACES[:7], *missing),
        without(tmp_path / "dev.csv.gz", PLACES[7:], *missing),
    )
    out = tmp_path / "model"
    train(Plan(*files, careful="keep", full=False), out, progress=lambda line: None)
    new, shipped = load_scorer(out), load_scorer()

    assert new.careful_state == "on"
    assert new.attributes == tuple(COLUMNS)
    for text in ("I will kill you tomorrow", "What a lovely day"):
        [mine], [theirs] = new.read([text]), shipped.read([text])
        assert abs(mine.scores["THREAT"] - theirs.scores["THREAT"]) < 0.25
    listed = json.loads((out / "model.json").read_bytes())["kept"]["attributes"]
    assert listed == ["SEVERE_TOXICITY", "THREAT"]


def test_what_cannot_be_is_said_before_anything_is_fitted(tmp_path: Path, trained: Path) -> None:
    said: list[str] = []
    files = one_label(tmp_path)
    plans = {
        "--careful keep": Plan(*files, careful="train", keep_from=trained),
        "careful keep": Plan(*files, careful="continue", keep_from=trained),
        "--prior 0.1": Plan(*files, keep_from=trained, prior=0.3),
        "0 positive of 0": Plan(
            without(tmp_path / "a.csv.gz", PLACES[:7], "toxicity"), files[1], keep_from=trained
        ),
        "positive of": Plan(
            without(tmp_path / "b.csv.gz", PLACES[:7], "toxicity", value="0"), files[1], keep_from=trained
        ),
    }

    for words, plan in plans.items():
        with pytest.raises(ValueError, match=words):
            train(plan, tmp_path / "out", progress=said.append)
    assert not (tmp_path / "out").exists()
    assert not [line for line in said if "fitted" in line]
