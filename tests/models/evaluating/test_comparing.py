"""Two models side by side; `tests/service/commands/test_models.py` compares different ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from models import load_scorer
from models.evaluating.comparing import compare
from models.evaluating.evaluation import PRIOR
from tests.models.conftest import PLACES, rows, write_csv


def test_a_model_compared_with_itself_differs_in_nothing(trained: Path, tmp_path: Path) -> None:
    scorer, csv = load_scorer(trained), write_csv(tmp_path / "dev.csv.gz", rows(PLACES[7:], 2))
    found = compare(scorer, scorer, csv)

    assert (found.models.a, found.models.b, found.prior) == (scorer.model_id, scorer.model_id, PRIOR)
    assert (found.decisions.newly_reviewed, found.decisions.no_longer_reviewed) == (0.0, 0.0)
    assert found.toxicity_rank_correlation == 1.0
    assert {row.roc_auc.difference for row in found.attributes.values()} == {0.0}


def test_a_file_with_labels_of_one_kind_is_refused(trained: Path, tmp_path: Path) -> None:
    civil = [row for row in rows(PLACES[:1]) if row["toxicity"] == "0"]
    scorer, csv = load_scorer(trained), write_csv(tmp_path / "civil.csv.gz", civil)

    with pytest.raises(ValueError, match="rows of both kinds"):
        compare(scorer, scorer, csv)
