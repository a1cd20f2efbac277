"""Training: the same data give the same bytes.

Proves `models/training/fast_lessons.py` and `models/training/other_languages.py` too.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models import load_scorer
from models.texts.data import Labelled
from models.training.fast_lessons import ATTRIBUTES, label_weights
from models.training.train import Plan, train


def test_two_trainings_on_the_same_data_are_byte_equal(
    trained: Path, samples: tuple[Path, Path], tmp_path: Path
) -> None:
    lines: list[str] = []
    model_id = train(Plan(*samples), tmp_path / "again", progress=lines.append)

    names = {path.name for path in trained.iterdir()}
    assert names == {"weights.npz", "model.json", "evaluation.json", "manifest.json"}
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (trained / name).read_bytes()
    assert model_id in lines[-1]
    assert len(lines) >= 8


def test_a_model_trained_on_little_still_tells_rude_from_civil(trained: Path) -> None:
    civil, rude = load_scorer(trained).read(["thank you for the article", "you stupid idiot"])

    assert rude.scores["TOXICITY"] > 0.5 > civil.scores["TOXICITY"]


def test_a_missing_file_is_named(samples: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        train(Plan(tmp_path / "absent.csv", samples[1]), tmp_path / "out", progress=lambda line: None)


def test_a_folder_with_other_files_is_left_alone(samples: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(ValueError, match=r"other files than a model's: thesis\.txt"):
        train(Plan(*samples), tmp_path, progress=lambda line: None)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_is_no_folder_to_save_in(samples: tuple[Path, Path]) -> None:
    with pytest.raises(ValueError, match="is not a folder"):
        train(Plan(*samples), samples[0], progress=lambda line: None)


def test_sub_labels_are_learnt_from_sources_with_all_six_alone() -> None:
    sources = np.array(
        ["jigsaw2018_train", "civilcomments_toxicspans", "davidson2017_tweets", "latent_hatred"]
    )
    weights = label_weights(Labelled([""] * 4, np.zeros((4, 7)), sources))

    by_name = dict(zip(ATTRIBUTES, weights.T.tolist(), strict=True))
    assert by_name["INSULT"] == by_name["THREAT"] == by_name["PROFANITY"] == [1, 0, 0, 0]
    assert by_name["TOXICITY"] == [1, 1, 0, 0.2]
    assert by_name["IDENTITY_ATTACK"] == [1, 0, 0, 0.3]


def test_data_of_someone_else_count_in_full() -> None:
    weights = label_weights(Labelled([""], np.zeros((1, 7)), np.array(["mine"])))

    assert weights.tolist() == [[1.0] * 7]
