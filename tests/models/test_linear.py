"""The scoring kernel: bounded, finite, additive."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.features import Hashing
from models.linear import Curve, LinearScorer, sigmoid

NAMES = ("TOXICITY", "IDENTITY_ATTACK")
WORDS = st.lists(st.text("abcgéy", min_size=1, max_size=9), min_size=1, max_size=9).map(" ".join)


@pytest.fixture(scope="module")
def kernel() -> LinearScorer:
    weights = np.random.default_rng(1).integers(-127, 128, (1 << 12, 2)).astype(np.int8)
    curves = {"TOXICITY": Curve(2.0, -1.0), "IDENTITY_ATTACK": Curve()}
    return LinearScorer(NAMES, weights, np.array([0.01, 0.02]), np.array([0.5, 0.0]), curves, Hashing(12))


@given(text=WORDS)
def test_the_shares_of_a_text_add_up_to_its_log_odds(kernel: LinearScorer, text: str) -> None:
    margin = kernel.margins([text])[0, 0]

    assert kernel.shares(text, "TOXICITY").sum() == pytest.approx(2 * (margin - 0.5), abs=1e-9)


@given(texts=st.lists(WORDS | st.just(""), min_size=1, max_size=6))
def test_a_score_does_not_depend_on_the_rest_of_the_batch(kernel: LinearScorer, texts: list[str]) -> None:
    together = kernel.probabilities(texts)

    assert np.array_equal(together, np.vstack([kernel.probabilities([text]) for text in texts]))


def test_one_head_alone_sees_which_group_is_named(kernel: LinearScorer) -> None:
    one, other = kernel.margins(["the gay baker", "the german baker"])

    assert one[0] == other[0]
    assert one[1] != other[1]


def test_an_empty_text_has_the_bias_alone(kernel: LinearScorer) -> None:
    assert kernel.margins([""]).tolist() == [[0.5, 0.0]]


def test_the_curve_takes_any_float() -> None:
    assert sigmoid(np.array([-1e308, -800.0, 0.0, 800.0, 1e308])).tolist() == [0, 0, 0.5, 1, 1]
