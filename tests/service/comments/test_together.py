"""Whoever waits for a turn in the group commit waits for no longer than people do."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from service.comments import together
from service.comments.together import Together, Turn
from service.domain.errors import Unavailable
from service.storage.database import Database
from service.storage.patience import FOR_REQUESTS
from tests.running import wait_until


class Act:
    """Carries out what is asked, once the test lets it."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.batches: list[list[str]] = []
        self.error: Exception | None = None

    def __call__(self, connection: Connection, batch: Sequence[Turn[str, str]]) -> None:
        self.batches.append([turn.asked for turn in batch])
        for turn in batch:
            turn.outcome = turn.asked.upper()
        self.begun.set()
        self.go_on.wait(20)
        if self.error is not None:
            raise self.error


@pytest.fixture
def act() -> Act:
    return Act()


@pytest.fixture
def many(db: Database, act: Act) -> Together[str, str]:
    return Together(db, act, lambda *_: None)


def test_who_waits_too_long_is_told_so_and_nothing_is_done(
    many: Together[str, str], act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(many.submit, "a")
        assert act.begun.wait(10)
        monkeypatch.setattr(together, "TURN_S", 0.05)  # or the test would wait
        others = [pool.submit(many.submit, "b") for _ in range(3)]
        told = [one.exception(10) for one in others]
        act.go_on.set()

        assert first.result(10) == "A"
    assert {str(one) for one in told} == {together.NO_TURN}
    assert all(isinstance(one, Unavailable) for one in told)
    assert many.submit("c") == "C"
    assert act.batches == [["a"], ["c"]]


def test_who_is_taken_along_and_hears_nothing_does_not_hear_of_what_is_not_committed(
    many: Together[str, str], act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outcomes are filled in before the commit, which may still fail."""
    with ThreadPoolExecutor(3) as pool:
        act.go_on.set()
        many._turn.acquire()  # so that two wait, and one of them takes the other along
        waiting = [pool.submit(many.submit, name) for name in ("a", "b")]
        wait_until(lambda: len(many._waiting) == 2, 10, "they do not wait")
        act.go_on.clear()
        act.error = ValueError("in vain")
        batch = many._next_batch()
        carrying = pool.submit(many._carry_out, batch)
        assert act.begun.wait(10)
        given_up = many._given_up(batch[0])
        act.go_on.set()
        carrying.result(10)
        many._turn.release()
        outcomes = [one.exception(10) for one in waiting]

    assert str(given_up) == together.UNKNOWN
    assert "Idempotency-Key" in together.UNKNOWN
    assert [str(one) for one in outcomes] == ["in vain", "in vain"]


def test_two_who_ask_for_the_same_are_two(many: Together[str, str], act: Act) -> None:
    act.go_on.set()
    turns: list[Turn[str, str]] = [Turn("a"), Turn("a")]

    assert turns[0] != turns[1]
    assert [many.submit("a"), many.submit("a")] == ["A", "A"]


def test_what_another_process_did_at_the_same_time_undoes_nobody_elses(
    db: Database,
) -> None:
    def carry_out(_: Connection, batch: Sequence[Turn[str, str]]) -> None:
        for turn in batch:
            turn.outcome = "done"
        if any(turn.asked == "taken" for turn in batch):
            raise IntegrityError("", None, Exception())

    one_by_one: Together[str, str] = Together(db, carry_out, lambda *_: "as the other did")
    batch: list[Turn[str, str]] = [Turn("mine"), Turn("taken")]
    one_by_one._carry_out(batch)

    assert [turn.outcome for turn in batch] == ["done", "as the other did"]


def test_while_one_tries_a_silent_database_nobody_waits_for_a_turn(
    many: Together[str, str], act: Act, db: Database
) -> None:
    with ThreadPoolExecutor(2) as pool:
        trying = pool.submit(many.submit, "a")
        assert act.begun.wait(10)
        db._gate.shut()
        told = pool.submit(many.submit, "b").exception(10)
        act.go_on.set()
        trying.result(10)
    db._gate._shut_at = None  # it is shared by the tests

    assert isinstance(told, Unavailable)
    assert act.batches == [["a"]]


def test_who_waits_for_a_turn_waits_longer_than_for_a_silent_database() -> None:
    assert FOR_REQUESTS.silence is not None
    assert max(FOR_REQUESTS.silence, FOR_REQUESTS.own) < together.TURN_S
    assert max(FOR_REQUESTS.statement or 0, FOR_REQUESTS.lock or 0) < FOR_REQUESTS.silence
