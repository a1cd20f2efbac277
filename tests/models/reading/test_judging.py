"""For how long comments are read carefully, and what a crowd does to that; `test_scorer` has the readings."""

from __future__ import annotations

import math
import time

import pytest

from models.reading.judging import Crowd, Until


def test_without_limits_there_is_all_the_time_in_the_world() -> None:
    assert Until.after(None, None) == Until(math.inf, math.inf)


@pytest.mark.parametrize(
    ("within", "spare", "expected"),
    [
        (5.0, None, (5, 5)),
        (5.0, 1.0, (5, 1)),
        (1.0, 5.0, (1, 1)),
        (None, 2.0, (math.inf, 2)),
        (5.0, 0.0, (5, 0)),
    ],
)
def test_time_to_spare_is_never_the_longer(
    within: float | None, spare: float | None, expected: tuple[float, float]
) -> None:
    now = time.monotonic()
    found = Until.after(within, spare)

    assert (found.must - now, found.may - now) == pytest.approx(expected, abs=1.0)
    assert found.may <= found.must


def test_who_is_pressed_has_none_to_spare_and_as_long_for_what_must_be() -> None:
    until = Until.after(5.0, 3.0)

    assert until.pressed() == Until(until.must, -math.inf)


def test_a_crowd_counts_the_others_and_forgets_who_left_even_in_haste() -> None:
    crowd = Crowd()
    with crowd.joined() as first, crowd.joined() as second:
        assert (first, second) == (0, 1)
    with pytest.raises(ValueError, match="in haste"), crowd.joined():
        raise ValueError("in haste")
    with crowd.joined() as again:
        assert again == 0
