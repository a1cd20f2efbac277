"""scikit-learn's promises, kept by the reader.

Proves `models/training/calibration.py` too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from models.reading.fast import UNMASKED
from models.training.fast import ATTRIBUTES, REACH, FastReader, platt

HEADS = ("INSULT", UNMASKED)
TEXTS = [
    f"{word} {place}" for place in ("here", "there", "home") for word in ("lovely", "stupid", "gay vermin")
]
LABELS = np.array([[0, 0], [1, 0], [1, 1]] * 3, float)


def reader(**changes: Any) -> FastReader:
    return FastReader(HEADS, bits=12, **changes)


def test_parameters_are_stored_as_given_and_cloned() -> None:
    original = reader(C=(0.5, 2.0), emphasis=0.0, random_state=7).fit(TEXTS, LABELS)

    copy = clone(original)

    assert copy.get_params() == original.get_params()
    assert not hasattr(copy, "kernel_")


def test_an_unfitted_reader_says_so() -> None:
    with pytest.raises(NotFittedError, match="not fitted"):
        reader().predict_proba(["x"])


def test_fit_learns_the_labels_and_returns_itself() -> None:
    fitted = reader(C=10.0)

    assert fitted.fit(TEXTS, LABELS) is fitted
    assert np.array_equal(fitted.predict(TEXTS), LABELS)


def test_a_second_fit_forgets_the_first() -> None:
    again = reader().fit(TEXTS, 1 - LABELS).fit(TEXTS, LABELS)

    assert np.array_equal(again.predict_proba(TEXTS), reader().fit(TEXTS, LABELS).predict_proba(TEXTS))


def test_probabilities_have_one_column_a_head() -> None:
    found = reader().fit(TEXTS, LABELS).predict_proba(["", "stupid", "한국어"])

    assert found.shape == (3, 2)
    assert ((found >= 0) & (found <= 1)).all()


def test_a_missing_label_teaches_nothing() -> None:
    labels = np.vstack([LABELS, [[np.nan, 1]]])
    fitted = reader().fit([*TEXTS, "lovely lovely"], labels)

    assert np.array_equal(fitted.kernel_.weights[:, 0], reader().fit(TEXTS, LABELS).kernel_.weights[:, 0])


def test_a_label_of_weight_zero_teaches_nothing() -> None:
    labels, weights = np.vstack([LABELS, [[1, 1]]]), np.vstack([np.ones_like(LABELS), [[0, 0]]])
    fitted = reader().fit([*TEXTS, "lovely lovely"], labels, weights)

    assert np.array_equal(fitted.kernel_.weights, reader().fit(TEXTS, LABELS).kernel_.weights)


@pytest.mark.parametrize(
    ("changes", "labels", "message"),
    [
        ({}, LABELS[:, :1], "y must have shape"),
        ({}, np.ones_like(LABELS), "INSULT needs labels of both kinds"),
        ({"bits": 40}, LABELS, "bits must be"),
        ({"smoothing": 0.0}, LABELS, "smoothing must be above 0"),
    ],
)
def test_what_cannot_be_fitted_is_refused(changes: dict[str, Any], labels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        reader().set_params(**changes).fit(TEXTS, labels)


def test_one_string_is_not_a_list_of_texts() -> None:
    with pytest.raises(ValueError, match="sequence of str"):
        reader().fit("text", LABELS)


def test_calibration_meets_the_weighted_share_of_positives() -> None:
    fitted = reader().fit(TEXTS, LABELS)
    weights = np.where(LABELS == 1, 0.1, 1.0)

    found = fitted.calibrate(TEXTS, LABELS, weights).predict_proba(TEXTS)

    for head in range(len(HEADS)):
        wanted = np.average(LABELS[:, head], weights=weights[:, head])
        assert np.average(found[:, head], weights=weights[:, head]) == pytest.approx(wanted, abs=1e-3)


def test_a_text_of_huge_margin_on_the_wrong_side_does_not_flatten_the_curve() -> None:
    texts, labels = TEXTS * 20, np.vstack([LABELS] * 20)
    calm = reader().fit(TEXTS, LABELS).calibrate(texts, labels, np.ones_like(labels))
    texts, labels = [*texts, "stupid " * 500], np.vstack([labels, [[0, 0]]])
    shaken = clone(calm).fit(TEXTS, LABELS).calibrate(texts, labels, np.ones_like(labels))

    assert shaken.kernel_.margins(["stupid " * 500])[0, 0] > REACH
    assert shaken.kernel_.curves["INSULT"].slope > calm.kernel_.curves["INSULT"].slope / 4


def test_platt_finds_the_curve_that_made_the_data() -> None:
    margins = np.repeat(np.linspace(-3, 3, 61), 2)
    positive = np.tile([True, False], 61)
    truth = 1 / (1 + np.exp(-(1.5 * margins - 0.7)))
    weights = np.where(positive, truth, 1 - truth)

    curve = platt(margins, positive, weights)

    assert curve.slope == pytest.approx(1.5, abs=0.01)
    assert curve.offset == pytest.approx(-0.7, abs=0.01)


def test_a_falling_curve_is_refused() -> None:
    with pytest.raises(ValueError, match="falling curve"):
        platt(np.array([1.0, 1.1, 0.0, 0.1]), np.array([False, False, True, True]), np.ones(4))


def test_the_heads_are_the_six_attributes() -> None:
    assert FastReader().attributes == ATTRIBUTES
