"""scikit-learn's promises, kept by the careful reader and the join."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from models import SHIPPED
from models.reading.artifact import Artifact, load
from models.reading.careful import EXTRAS
from models.training.joint import CarefulReader, JointReader, _named, _too_much, bounded_regression

ATTRIBUTES = ("TOXICITY", "INSULT")
RUDE = ("you are a stupid idiot", "shut up, moron", "what a worthless liar you are", "go away you clown")
CIVIL = ("thank you for the article", "does it rain in spring?", "I disagree with the mayor", "good bread")
TEXTS = [f"{text} {tail}" for tail in ("today", "again", "in May") for text in (*RUDE, *CIVIL)]
LABELS = np.array([[float(any(text.startswith(rude) for rude in RUDE))] * 2 for text in TEXTS])
WEIGHTS = np.ones_like(LABELS)


@pytest.fixture(scope="module")
def model() -> Artifact:
    return load(SHIPPED)


@pytest.fixture
def careful(model: Artifact) -> CarefulReader:
    assert model.careful is not None
    return CarefulReader(model.careful.network, model.careful.tokenizer)


@pytest.fixture
def joint(model: Artifact, careful: CarefulReader) -> JointReader:
    return JointReader(model.kernels["en"], careful, ATTRIBUTES, budget=0.5)


def test_the_careful_reader_is_a_transformer_that_clones_unfitted(careful: CarefulReader) -> None:
    outputs = careful.fit_transform(TEXTS[:3])

    assert outputs.shape[0] == 3
    assert np.isfinite(outputs).all()
    assert not hasattr(clone(careful), "encoder_")
    with pytest.raises(NotFittedError, match="not fitted"):
        clone(careful).transform(TEXTS[:1])


def test_parameters_are_stored_as_given_and_cloned(joint: JointReader) -> None:
    joint.fit(TEXTS, LABELS, WEIGHTS)
    copy = clone(joint)

    assert (copy.C, copy.budget, copy.attributes) == (joint.C, joint.budget, ATTRIBUTES)
    assert set(copy.get_params(deep=False)) == {"kernel", "careful", "attributes", "C", "budget"}
    assert not hasattr(copy, "join_")


def test_an_unfitted_join_says_so(joint: JointReader) -> None:
    with pytest.raises(NotFittedError, match="not fitted"):
        joint.predict_proba(["x"])


def test_it_learns_and_a_second_fit_gives_the_same(joint: JointReader) -> None:
    first = joint.fit(TEXTS, LABELS, WEIGHTS).predict_proba(TEXTS)
    again = joint.fit(TEXTS, 1 - LABELS, WEIGHTS).fit(TEXTS, LABELS, WEIGHTS).predict_proba(TEXTS)

    assert first.shape == LABELS.shape
    assert ((first >= 0) & (first <= 1)).all()
    assert np.array_equal(joint.predict(TEXTS), LABELS)
    assert np.abs(first - again).max() < 1e-9


def test_probabilities_reckon_with_the_share_of_positives_in_traffic(joint: JointReader) -> None:
    traffic = np.where(LABELS[:, 0] == 1, 0.1, 0.9)

    found = joint.fit(TEXTS, LABELS, WEIGHTS, traffic).predict_proba(TEXTS)

    assert np.average(found[:, 0], weights=traffic) == pytest.approx(0.1, abs=0.01)


def test_no_more_traffic_than_the_budget_is_read_carefully(joint: JointReader) -> None:
    join = joint.fit(TEXTS, LABELS, WEIGHTS).join_
    margins = joint.kernel.margins(TEXTS)

    assert join.is_unsure(join.expected(TEXTS, margins)).mean() <= joint.budget + 1 / len(TEXTS)


def test_a_missing_label_teaches_nothing(joint: JointReader) -> None:
    labels = np.vstack([LABELS, [[np.nan, np.nan]]])

    with_it = joint.fit([*TEXTS, "odd"], labels, np.ones_like(labels)).join_.weights

    assert np.allclose(with_it, joint.fit(TEXTS, LABELS, WEIGHTS).join_.weights)


def test_what_an_output_says_can_only_raise_an_attribute(joint: JointReader) -> None:
    weights = joint.fit(TEXTS, LABELS, WEIGHTS).join_.weights

    assert (weights[:-EXTRAS] >= 0).all()
    assert weights.any()


def test_a_regression_without_bounds_is_scikit_learn_s() -> None:
    rng = np.random.default_rng(0)
    features, weights = rng.normal(size=(300, 3)), rng.random(300)
    positive = features @ [1.0, -2.0, 0.5] + rng.normal(size=300) > 0
    theirs = LogisticRegression(C=0.1, max_iter=1000, tol=1e-8).fit(features, positive, sample_weight=weights)
    free = [(None, None)] * 3

    ours = bounded_regression(features, positive, weights, 0.1, free)
    assert ours == pytest.approx([*theirs.coef_[0], theirs.intercept_[0]], abs=2e-3)
    bounded = bounded_regression(features, positive, weights, 0.1, [(0.0, None), (0.0, None), (0.0, 0.0)])
    assert (bounded[0] > 0, bounded[1], bounded[2]) == (True, 0.0, 0.0)


def test_a_group_s_name_changes_nothing_about_what_civil_comments_are_held(model: Artifact) -> None:
    features = np.zeros((400, 3 + EXTRAS))
    named = np.arange(400) % 2 == 1
    features[:, 0] = np.linspace(-2, 2, 400) + named  # texts that name a group look worse by 1
    features[:, _named(features.shape[1])] = named

    column = np.array([2.0, 0.0, 0.0, 0.0, 0.0, 0.5])
    assert _too_much(features, column, np.ones(400, bool)) == pytest.approx(2.0, abs=0.05)
    assert _too_much(features, column, ~named) == 0.0


@pytest.mark.parametrize(
    ("changes", "labels", "message"),
    [
        ({}, LABELS[:, :1], "must have shape"),
        ({"budget": 0.0}, LABELS, "budget must lie between"),
        ({}, np.ones_like(LABELS), "class"),
    ],
)
def test_what_cannot_be_fitted_is_refused(
    joint: JointReader, changes: dict[str, Any], labels: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        joint.set_params(**changes).fit(TEXTS, labels, np.ones_like(labels))
