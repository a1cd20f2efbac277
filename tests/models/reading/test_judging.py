"""For how long comments are read carefully, and what a crowd does to that; `test_scorer` has the readings."""

from __future__ import annotations

import math
import time

import pytest

from models.reading.judging import Crowd, Until


def test_without_limits_there_is_all_the_time_in_the_world() -> None:
    assert Until.after(None, None, None) == Until(math.inf, math.inf, math.inf)


@pytest.mark.parametrize(
    ("effort", "spare", "expected"),
    [
        (5.0, None, (5, 5)),
        (5.0, 1.0, (5, 1)),
        (1.0, 5.0, (1, 1)),
        (None, 2.0, (math.inf, 2)),
        (5.0, 0.0, (5, 0)),
    ],
)
def test_time_to_spare_is_never_the_longer(
    effort: float | None, spare: float | None, expected: tuple[float, float]
) -> None:
    now = time.thread_time()
    found = Until.after(None, effort, spare)

    assert (found.must - now, found.may - now) == pytest.approx(expected, abs=1.0)
    assert found.may <= found.must


def test_who_is_pressed_has_none_to_spare_and_as_long_for_what_must_be() -> None:
    until = Until.after(9.0, 5.0, 3.0)

    assert until.pressed() == Until(until.must, -math.inf, until.end)


def test_the_time_that_others_take_of_the_processor_is_not_counted() -> None:
    until = Until.after(None, 0.1, None)

    time.sleep(0.3)  # as on a machine that is busy with others
    assert until.allows(until.must)
    while time.thread_time() < until.must:
        pass
    assert not until.allows(until.must)


def test_who_waits_is_not_kept_waiting_whatever_the_processor_does() -> None:
    until = Until.after(0.01, 60.0, 60.0)
    time.sleep(0.02)

    assert not until.allows(until.must)
    assert not until.allows(until.may)


def test_a_crowd_counts_the_others_and_forgets_who_left_even_in_haste() -> None:
    crowd = Crowd()
    with crowd.joined() as first, crowd.joined() as second:
        assert (first, second) == (0, 1)
    with pytest.raises(ValueError, match="in haste"), crowd.joined():
        raise ValueError("in haste")
    with crowd.joined() as again:
        assert again == 0
