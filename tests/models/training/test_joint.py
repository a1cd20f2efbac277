"""scikit-learn's promises, kept by the careful reader and the join."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from models import SHIPPED
from models.reading.artifact import Artifact, load
from models.training.joint import CarefulReader, JointReader

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
