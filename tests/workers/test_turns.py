"""How a task takes its turn."""

from __future__ import annotations

import pytest

from service.domain.errors import NotFound, Unavailable
from workers.turns import interrupted, until_done


def test_a_task_works_until_nothing_is_left() -> None:
    left, rung = [1, 2, 3], []
    until_done(lambda: left and left.pop(), 60.0, again=lambda: rung.append(1))

    assert left == []
    assert rung == []


def test_after_its_time_a_task_rings_once_for_another_and_stops() -> None:
    steps, rung = [], []
    until_done(lambda: steps.append(1) or True, 0.0, again=lambda: rung.append(1))

    assert (len(steps), len(rung)) == (1, 1)


def test_a_database_that_does_not_answer_ends_a_turn_and_no_other_error_is_kept_back() -> None:
    with interrupted("work interrupted", endpoint="e"):
        raise Unavailable("The database does not answer.")
    with pytest.raises(NotFound, match="no site"), interrupted("work interrupted"):
        raise NotFound("There is no site.")
