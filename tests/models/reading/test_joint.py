"""The arithmetic that joins two readers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.reading.joint import (
    LOGITS_REACH,
    MARGINS_REACH,
    Join,
    route_features,
    route_width,
    shift_of_prior,
)

MARGINS, OUTPUTS = 3, 2
JOIN = Join(
    ("TOXICITY", "INSULT"),
    OUTPUTS,
    weights=np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.5, 0.0], [0.0, 2.0]]),
    offsets=np.array([-1.0, 0.5]),
    route=np.array([[1.0, 0.0], *[[0.0, 0.0]] * (route_width(MARGINS) - 1), [-1.0, 0.5]]),
    band=(0.0, 2.0),
)


def test_log_odds_are_a_weighted_sum_of_what_both_readers_say() -> None:
    logits = JOIN.logits(np.array([[2.0, 3.0, 9.0]]), np.array([[4.0, 1.0]]))

    assert logits.tolist() == [[2 + 0.5 * 4 - 1, 3 + 2 * 1 + 0.5]]


@given(
    margins=arrays(np.float64, (2, MARGINS), elements=st.floats(-1e300, 1e300)),
    outputs=arrays(np.float64, (2, OUTPUTS), elements=st.floats(-1e300, 1e300)),
)
def test_nothing_a_reader_says_leaves_the_reach_of_log_odds(margins: Any, outputs: Any) -> None:
    assert np.abs(JOIN.logits(margins, outputs)).max() <= LOGITS_REACH


def test_the_router_sees_margins_within_reach_named_groups_and_length() -> None:
    seen = route_features(["a muslim neighbour", "hello"], np.array([[99.0, 0, 0], [-99.0, 0, 0]]))

    assert seen.shape == (2, route_width(MARGINS))
    assert seen[:, 0].tolist() == [MARGINS_REACH, -MARGINS_REACH]
    assert seen[:, MARGINS].tolist() == [1.0, 0.0]
    assert seen[0, MARGINS + 1] > seen[1, MARGINS + 1]


def test_texts_within_the_band_are_read_carefully_and_its_edges_belong_to_it() -> None:
    margins = np.array([[0.9, 0, 0], [1.0, 0, 0], [3.0, 0, 0], [3.1, 0, 0]])
    expected = JOIN.expected(["x"] * 4, margins)

    assert JOIN.is_unsure(expected).tolist() == [False, True, True, False]


def test_a_join_survives_being_written_down() -> None:
    again = Join.from_dict(JOIN.as_dict(), MARGINS)

    assert again.as_dict() == JOIN.as_dict()
    assert again.attributes == JOIN.attributes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": [[0.0]]}, "weights must be finite numbers of shape"),
        ({"offsets": [0.0, float("nan")]}, "offsets must be finite"),
        ({"route": [0.0]}, "route must be"),
        ({"band": [0.0]}, "band must be"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Join.from_dict({**JOIN.as_dict(), **change}, MARGINS)


def test_a_prior_twice_as_high_doubles_the_odds() -> None:
    shift = shift_of_prior(1 / 11, 2 / 12)  # odds of 1 to 10, and of 2 to 10

    assert np.exp(shift) == pytest.approx(2.0)
