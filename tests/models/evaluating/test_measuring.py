"""Readings by each reader of a joint model, whose encoder is a stub: its outputs are counts of words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from models import Scorer, load_scorer
from models.evaluating.measuring import all_carefully, fast_alone, measure, probabilities, read
from models.reading import artifact
from models.reading.artifact import Artifact, CarefulFiles
from models.reading.joint import Join, route_width
from models.texts.data import COLUMNS, read_labelled


class Stub:
    """An encoder with one output: the number of words, less six."""

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([[len(text.split()) - 6.0] for text in texts])


@pytest.fixture
def joint(trained: Path) -> Scorer:
    """A model that reads what it finds rather toxic carefully."""
    model = artifact.load(trained)
    heads = len(model.kernels["en"].attributes)
    route = np.zeros((route_width(heads) + 1, len(COLUMNS)))
    route[0] = 1.0
    weights = np.vstack([np.zeros((heads, len(COLUMNS))), np.ones((1, len(COLUMNS)))])
    join = Join(tuple(COLUMNS), 1, weights, np.zeros(len(COLUMNS)), route, (0.0, 100.0))
    scorer = Scorer(Artifact(model.kernels, join, CarefulFiles(b"", ""), model.header, "joint-x"), "off")
    scorer._encoder, scorer._careful, scorer.careful_state = Stub(), "auto", "on"
    return scorer


def test_the_fast_reader_alone_is_the_model_without_a_careful_one(
    joint: Scorer, trained: Path, samples: tuple[Path, Path]
) -> None:
    as_it_is = read(joint, read_labelled(samples[1]))
    alone = fast_alone(joint, as_it_is)

    assert 0 < as_it_is.careful.mean() < 1
    assert not alone.careful.any()
    assert (alone.scores == probabilities(load_scorer(trained), as_it_is.data.texts)).all()
    assert (alone.scores != as_it_is.scores).any()


def test_all_that_was_not_read_carefully_is_read_again(joint: Scorer, samples: tuple[Path, Path]) -> None:
    as_it_is = read(joint, read_labelled(samples[1]))
    careful = all_carefully(joint, as_it_is)
    words = np.array([len(text.split()) - 6.0 for text in as_it_is.data.texts])

    assert careful.careful.all()
    assert careful.scores == pytest.approx(np.tile(1 / (1 + np.exp(-words))[:, None], (1, 6)))
    assert (careful.scores[as_it_is.careful] == as_it_is.scores[as_it_is.careful]).all()


def test_reading_otherwise_leaves_the_scorer_as_it_is(joint: Scorer, samples: tuple[Path, Path]) -> None:
    before = measure(joint, samples[1]).languages["en"]
    fast_alone(joint, before)
    all_carefully(joint, before)
    after = measure(joint, samples[1]).languages["en"]

    assert (before.scores == after.scores).all()
    assert (before.careful == after.careful).all()


def test_readings_are_by_attribute(joint: Scorer, samples: tuple[Path, Path]) -> None:
    found = measure(joint, samples[1]).languages["en"]
    scores, labels = found.of("INSULT")

    assert (scores == found.scores[:, found.attributes.index("INSULT")]).all()
    assert (labels == read_labelled(samples[1]).labels[:, list(COLUMNS).index("INSULT")]).all()
