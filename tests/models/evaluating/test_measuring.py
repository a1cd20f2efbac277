"""Readings by each reader of a joint model, whose encoder is a stub: its outputs are counts of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models import Scorer, load_scorer
from models.evaluating.measuring import fast_alone, measure, probabilities, read, under_load
from models.reading import artifact
from models.reading.artifact import Artifact, CarefulFiles
from models.reading.joint import Join, route_width
from models.texts.data import COLUMNS, read_labelled


class Stub:
    """An encoder with one output: the number of words, less six."""

    def features(self, texts: Sequence[str]) -> np.ndarray:
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
    assert scorer._judge is not None
    scorer._judge, scorer.careful_state = replace(scorer._judge, encoder=Stub(), careful="auto"), "on"
    return scorer


def test_the_fast_reader_alone_is_the_model_without_a_careful_one(
    joint: Scorer, trained: Path, samples: tuple[Path, Path]
) -> None:
    as_it_is = read(joint, read_labelled(samples[1]))
    alone = fast_alone(joint, as_it_is)

    assert as_it_is.careful.all()
    assert not alone.careful.any()
    assert (alone.scores == probabilities(load_scorer(trained), as_it_is.data.texts)).all()
    assert (alone.scores != as_it_is.scores).any()


def test_under_load_only_what_is_unsure_is_read_carefully(joint: Scorer, samples: tuple[Path, Path]) -> None:
    as_it_is = read(joint, read_labelled(samples[1]))
    loaded = under_load(joint, as_it_is)
    words = np.array([len(text.split()) - 6.0 for text in as_it_is.data.texts])

    assert 0 < loaded.careful.mean() < 1
    assert as_it_is.scores == pytest.approx(np.tile(1 / (1 + np.exp(-words))[:, None], (1, 6)))
    assert (loaded.scores[loaded.careful] == as_it_is.scores[loaded.careful]).all()
    assert (loaded.scores[~loaded.careful] != as_it_is.scores[~loaded.careful]).any()


def test_reading_otherwise_leaves_the_scorer_as_it_is(joint: Scorer, samples: tuple[Path, Path]) -> None:
    before = measure(joint, samples[1]).languages["en"]
    fast_alone(joint, before)
    under_load(joint, before)
    after = measure(joint, samples[1]).languages["en"]

    assert (before.scores == after.scores).all()
    assert (before.careful == after.careful).all()


def test_readings_are_by_attribute(joint: Scorer, samples: tuple[Path, Path]) -> None:
    found = measure(joint, samples[1]).languages["en"]
    scores, labels = found.of("INSULT")

    assert (scores == found.scores[:, found.attributes.index("INSULT")]).all()
    assert (labels == read_labelled(samples[1]).labels[:, list(COLUMNS).index("INSULT")]).all()
