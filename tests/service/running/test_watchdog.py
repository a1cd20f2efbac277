"""The watchdog, on real databases and a real Redis, with a clock that is moved by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import redis

from service.running.watchdog import LOOK_S, Progress, Watchdog
from service.storage import health as queries
from service.upkeep import health
from tests.conftest import NOW


class Keeper:
    """A supervisor whose programs have been running since second 0."""

    def __init__(self):
        self.killed: list[str] = []
        self.runs = {"scoring", "webhooks", "scheduler"}

    def started_at(self, name):
        return 0.0 if name in self.runs else None

    def kill(self, name, why):
        self.killed.append(name)


class Watched:
    """A watchdog and the seconds that have passed for it."""

    def __init__(self, settings, db):
        self.now, self.asked, self.keeper, self.db = 0.0, 0, Keeper(), db
        self.dog = Watchdog(settings, db, self.keeper, self._ask, clock=lambda: self.now)

    def _ask(self):
        self.asked += 1

    def wait(self, seconds, *, beating=False, ringing=False):
        until = self.now + seconds
        while self.now < until:
            self.now += LOOK_S
            if beating:
                self.beat("a-worker")
            if ringing:
                self.beat(health.SCHEDULER)
            self.dog.look()

    def beat(self, name):
        health.beat(self.db, name, None, NOW + timedelta(seconds=self.now))


@pytest.fixture
def watched(settings, db, redis_url):
    with redis.Redis(unix_socket_path=redis_url.removeprefix("unix://")) as client:
        client.delete("webhooks", "scoring")
        yield Watched(settings, db)
        client.delete("webhooks", "scoring")


def test_a_worker_that_reports_is_left_alone(watched):
    watched.wait(300, beating=True, ringing=True)

    assert watched.keeper.killed == []


def test_a_scheduler_that_stops_ringing_is_killed_once_though_the_workers_report(watched):
    watched.wait(20, beating=True, ringing=True)
    watched.wait(86, beating=True)
    assert watched.keeper.killed == []

    watched.wait(10, beating=True)

    assert watched.keeper.killed == ["scheduler"]


def test_a_scheduler_that_never_rang_is_killed(watched):
    watched.wait(130, beating=True)

    assert watched.keeper.killed == ["scheduler"]


def test_a_scheduler_whose_rings_nobody_can_hear_is_left_alone(watched):
    watched.wait(20, beating=True, ringing=True)
    watched.wait(300)

    assert set(watched.keeper.killed) == {"scoring"}


def test_a_ring_is_no_sign_of_life_of_a_worker(watched):
    watched.wait(20, beating=True, ringing=True)
    watched.wait(34, ringing=True)

    assert watched.keeper.killed == ["scoring"]


def test_a_worker_that_stops_reporting_is_asked_then_killed_once(watched):
    watched.wait(20, beating=True)
    watched.wait(26)
    assert watched.keeper.killed == []
    assert watched.asked > 0

    watched.wait(8)

    assert watched.keeper.killed == ["scoring"]


def test_a_worker_that_never_reported_gets_time_to_start(watched):
    watched.wait(58)
    assert watched.keeper.killed == []

    watched.wait(8)

    assert watched.keeper.killed == ["scoring"]


def test_a_worker_is_not_blamed_while_redis_is_away(settings, db):
    watched = Watched(replace(settings, redis_url="unix:///nowhere/redis.sock"), db)
    watched.wait(300)

    assert watched.keeper.killed == []


def test_a_worker_is_not_blamed_when_the_watchdog_itself_was_stopped(watched):
    watched.wait(20, beating=True)
    watched.now += 3600
    watched.wait(10)

    assert watched.keeper.killed == []


def test_a_webhooks_worker_that_lets_a_message_lie_is_killed(watched, redis_url):
    with redis.Redis(unix_socket_path=redis_url.removeprefix("unix://")) as client:
        client.lpush("webhooks", "old")
        watched.wait(80, beating=True, ringing=True)
        assert watched.keeper.killed == []
        client.lpush("webhooks", "newer")
        watched.wait(50, beating=True, ringing=True)

    assert watched.keeper.killed == ["webhooks"]


def test_a_scoring_worker_that_beats_and_hears_no_bell_is_killed(watched, redis_url):
    with redis.Redis(unix_socket_path=redis_url.removeprefix("unix://")) as client:
        client.lpush("scoring", "old")
        watched.wait(70, beating=True, ringing=True)
        assert watched.keeper.killed == []
        watched.wait(10, beating=True, ringing=True)

    assert watched.keeper.killed == ["scoring"]


def test_after_redis_was_away_a_webhooks_worker_that_hears_nothing_is_killed_soon(watched, redis_url):
    watched.wait(100, beating=True, ringing=True)
    with redis.Redis(unix_socket_path=redis_url.removeprefix("unix://")) as client:
        client.replicaof("127.0.0.1", "1")  # it answers, and takes no writes
        watched.wait(10, beating=True, ringing=True)
        client.replicaof("NO", "ONE")
        client.lpush("webhooks", "rung")
        watched.wait(4, beating=True, ringing=True)
        assert watched.keeper.killed == []
        watched.wait(6, beating=True, ringing=True)

    assert watched.keeper.killed == ["webhooks"]


def test_after_redis_was_away_who_hears_is_left_alone(watched, redis_url):
    watched.wait(100, beating=True, ringing=True)
    watched.dog._redis_run = "another run"
    with redis.Redis(unix_socket_path=redis_url.removeprefix("unix://")) as client:
        for number in range(10):
            client.delete("webhooks")
            client.lpush("webhooks", f"message {number}")
            watched.wait(4, beating=True, ringing=True)

    assert watched.keeper.killed == []


def test_nobody_is_blamed_while_redis_takes_no_writes(watched, redis_url):
    watched.wait(100, beating=True, ringing=True)
    with redis.Redis(unix_socket_path=redis_url.removeprefix("unix://")) as client:
        client.lpush("webhooks", "old")
        client.config_set("maxmemory", 1)
        try:
            watched.wait(300, beating=True)
        finally:
            client.config_set("maxmemory", 0)

    assert watched.keeper.killed == []


def test_a_scheduler_that_runs_alone_is_watched_too(watched):
    watched.keeper.runs = {"scheduler"}
    watched.wait(20, beating=True, ringing=True)
    watched.wait(86, beating=True)
    assert watched.keeper.killed == []

    watched.wait(10, beating=True)

    assert watched.keeper.killed == ["scheduler"]


def test_a_scheduler_that_runs_alone_is_left_alone_while_no_worker_can_hear_it(watched):
    watched.keeper.runs = {"scheduler"}
    watched.wait(20, beating=True, ringing=True)
    watched.wait(300)

    assert watched.keeper.killed == []


def test_a_long_task_queue_that_moves_is_no_reason_to_kill(watched, redis_url):
    with redis.Redis(unix_socket_path=redis_url.removeprefix("unix://")) as client:
        for number in range(6):
            client.delete("webhooks")
            client.lpush("webhooks", f"message {number}")
            watched.wait(60, beating=True, ringing=True)

    assert watched.keeper.killed == []


def test_progress_is_counted_from_the_last_change_in_one_run():
    progress = Progress()

    assert progress.silent_s("a", 0.0, 0.0) < 0
    assert progress.silent_s("b", 0.0, 5.0) == 0
    assert progress.silent_s("b", 0.0, 12.0) == 7
    assert progress.silent_s("b", 12.5, 13.0) < 0


def test_a_report_of_the_future_hides_no_life(watched):
    """A worker with a clock that was ahead has the newest time for as long as it was."""
    with watched.db.write() as connection:
        queries.beat(connection, "ahead:1", None, NOW + timedelta(hours=20))
    watched.wait(200, beating=True, ringing=True)

    assert watched.keeper.killed == []


def test_a_row_that_only_shows_that_something_can_be_written_is_no_life(watched):
    for _ in range(60):
        with watched.db.write() as connection:
            queries.beat(connection, queries.PROBE, None, NOW + timedelta(seconds=watched.now))
        watched.wait(2)

    assert "scoring" in watched.keeper.killed
