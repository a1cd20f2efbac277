"""What each source teaches: missing labels teach nothing, and each convention has its own output."""

from __future__ import annotations

import numpy as np
import pytest

from models.texts.data import COLUMNS, Labelled
from models.training.sources import OUTPUTS, SOURCES, shares_of, source_of, targets_of

NAN = float("nan")
COLUMN = {name: i for i, name in enumerate(OUTPUTS)}


def one(source: str, **labels: float) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and weights of one text with some labels."""
    row = [labels.get(name.lower(), NAN) for name in COLUMNS]
    targets, weights = targets_of(Labelled(["a text"], np.array([row]), np.array([source])))
    return targets[0], weights[0]


def test_what_nobody_labelled_has_no_weight() -> None:
    _, weights = one("cad_reddit", toxicity=1.0)

    assert {name for name in OUTPUTS if weights[COLUMN[name]]} == {"TOXICITY", "talk_abuse"}


def test_a_convention_of_its_own_has_an_output_of_its_own() -> None:
    targets, weights = one("davidson2017_tweets", toxicity=1.0, identity_attack=0.0)

    assert weights[COLUMN["TOXICITY"]] == 0
    assert (targets[COLUMN["tweet_offence"]], weights[COLUMN["tweet_offence"]]) == (1.0, 1.0)
    assert weights[COLUMN["hate"]] > 0


@pytest.mark.parametrize(("hate", "toxicity"), [(1.0, 0.8), (0.0, 0.1)])
def test_where_hate_alone_was_labelled_it_is_a_weak_label_of_toxicity(hate: float, toxicity: float) -> None:
    targets, weights = one("latent_hatred", identity_attack=hate)

    assert targets[COLUMN["TOXICITY"]] == toxicity
    assert 0 < weights[COLUMN["TOXICITY"]] < 1


def test_kind_comments_teach_that_they_are_nothing_of_all_six() -> None:
    targets, weights = one("goemotions", **{name.lower(): 0.0 for name in COLUMNS})

    assert (weights[: len(COLUMNS)] > 0).all()
    assert not targets.any()


def test_other_people_s_data_count_as_they_are() -> None:
    assert source_of("ours").share == 1.0
    assert set(source_of("ours").attributes) == set(COLUMNS)


def test_toxic_rows_of_conversation_are_all_drawn() -> None:
    labels = np.array([[1.0] + [NAN] * 5, [0.0] + [NAN] * 5])
    data = Labelled(["a", "b"], labels, np.array(["cad_reddit"] * 2))

    assert shares_of(data) == [1.0, SOURCES["cad_reddit"].share]
