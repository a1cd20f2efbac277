"""How a task takes its turn."""

from __future__ import annotations

import pytest
import structlog
from structlog.testing import capture_logs

from service.domain.errors import NotFound, Unavailable
from workers import turns
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


def test_a_worker_that_is_told_to_end_takes_no_further_step(monkeypatch: pytest.MonkeyPatch) -> None:
    steps, rung = [], []
    monkeypatch.setattr(turns, "is_ending", lambda: len(steps) == 2)
    until_done(lambda: steps.append(1) or True, 60.0, again=lambda: rung.append(1))

    assert (len(steps), len(rung)) == (2, 1)


def test_that_the_database_is_away_is_said_once_however_often_a_bell_rings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "log", structlog.get_logger())  # that nobody has set up before

    def ring(*, answers: bool) -> None:
        with interrupted("a test interrupted"):
            if not answers:
                raise Unavailable("The database does not answer.")

    with capture_logs() as lines:
        for answers in [True, *[False] * 40, *[True] * 40, False]:
            ring(answers=answers)

    assert [line["event"] for line in lines] == [
        "a test interrupted",
        "a test interrupted: works again",
        "a test interrupted",
    ]


def test_a_database_that_does_not_answer_ends_a_turn_and_no_other_error_is_kept_back() -> None:
    with interrupted("work interrupted", endpoint="e"):
        raise Unavailable("The database does not answer.")
    with pytest.raises(NotFound, match="no site"), interrupted("work interrupted"):
        raise NotFound("There is no site.")
