"""Figures: checked against cases that can be worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from models import load_scorer
from models.evaluation import evaluate, figures, review_threshold
from tests.models.conftest import write_csv


def test_the_figures_of_a_perfect_scorer_are_perfect() -> None:
    labels = np.array([0.0, 1.0, np.nan])

    found = figures(np.array([0.0, 1.0, 0.3]), labels, np.array([9.0, 1.0, 5.0]), threshold=0.5)

    assert found == {
        "rows": 2,
        "positives": 1,
        "prior": 0.1,
        "roc_auc": 1.0,
        "average_precision": 1.0,
        "brier": 0.0,
        "ece": 0.0,
        "threshold": 0.5,
        "false_alarms": 0.0,
        "recall": 1.0,
    }


def test_labels_of_one_kind_give_counts_alone() -> None:
    assert figures(np.array([0.2]), np.array([0.0]), np.ones(1), 0.5) == {"rows": 1, "positives": 0}


@pytest.mark.parametrize(("allowed", "threshold"), [(0.0, 0.401), (0.25, 0.301), (0.5, 0.201), (1.0, 0.101)])
def test_a_threshold_lets_no_more_negatives_through_than_allowed(allowed: float, threshold: float) -> None:
    scores, labels = np.array([0.1, 0.2, 0.3, 0.4, 0.9, 0.9]), np.array([0.0, 0, 0, 0, 1, np.nan])

    assert review_threshold(scores, labels, np.ones(6), allowed) == threshold


def test_evaluation_gives_plain_json(trained: Path, samples: tuple[Path, Path]) -> None:
    found = evaluate(load_scorer(trained), samples[1])

    assert json.loads(json.dumps(found)) == found
    assert found["attributes"]["TOXICITY"]["roc_auc"] > 0.9
    assert found["sources"]["jigsaw2018_train"]["positives"] == found["attributes"]["TOXICITY"]["positives"]


def test_evaluation_on_harmless_texts_alone_is_refused(trained: Path, tmp_path: Path) -> None:
    row = {"id": "1", "text": "fine", "lang": "en", "source": "mine", "toxicity": "0"}

    with pytest.raises(ValueError, match="rows of both kinds"):
        evaluate(load_scorer(trained), write_csv(tmp_path / "a.csv.gz", [row, row]))
