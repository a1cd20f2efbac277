"""The scoring tasks and their schedule, run in a process of their own as a worker would."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import asdict, replace

from flask.testing import FlaskClient

from service.context import utcnow
from service.settings import Settings
from service.storage.database import Database
from service.storage.health import heartbeats
from service.upkeep import health
from tests.running import ROOT
from tests.service.api.parts import post

DRAINS = """
from workers import scoring
scoring.drain()
"""
OFTEN = """
from workers import scoring
written = []
beat = scoring.health.beat
scoring.health.beat = lambda *given: (written.append(1), beat(*given))
for _ in range(3):
    scoring.drain()
assert len(written) == 1, written
scoring.PULSE_S = 0.0
scoring.drain()
assert len(written) == 2, written
"""
WORKS = """
from workers import scoring
written = []
beat = scoring.health.beat
scoring.health.beat = lambda *given: (written.append(1), beat(*given))
scoring.PULSE_S = 0.0
scoring.drain()
assert len(written) == 2, "once at the beginning, once after the batch"
"""
ASKED = """
from workers import scoring
scoring.heartbeat()
"""
RUNG = """
from workers import scoring
from workers.app import app
entry = app.conf.beat_schedule["heartbeat"]
scoring.heartbeat(*entry["args"])
"""
AT_ONCE = """
from celery.beat import Scheduler
from workers.app import app
schedule = Scheduler(app=app).schedule
assert schedule["heartbeat"].is_due().is_due
assert not schedule["sweep-events"].is_due().is_due
assert "expires" not in schedule["heartbeat"].options, "it may wait behind a drain"
"""


SWEEPS = """
import sys, time
from celery.signals import worker_process_init, worker_process_shutdown
from workers import scoring
scoring.SWEEP_S = 0.05
worker_process_init.send(sender="a worker starts")
sweeper, = scoring._sweepers
until = time.monotonic() + 50
while scoring.health.oldest_received_s(scoring.context().db, scoring.context().clock()):
    assert time.monotonic() < until, "not decided"
    time.sleep(0.05)
worker_process_shutdown.send(sender="it ends", pid=1, exitcode=0)
assert not sweeper._thread.is_alive()
"""
BESIDE = """
from workers import scoring
worked = []
def work(here, step, again):
    worked.append(step.__name__)
    if len(worked) == 1:
        scoring.sweep()  # nobody asked: nothing more is owed
        scoring.drain()  # somebody did, and does not wait
        scoring.drain()
        assert len(worked) == 1, "a process has one batch at a time"
scoring._work = work
scoring.sweep()
assert worked == ["_decide_or_mark", "_decide_or_mark"], "a bell that rang meanwhile was heard, once"
scoring.drain()
assert worked[2:] == ["_decide"], worked
scoring.sweep()
assert len(worked) == 4
"""
FAILS = """
import time
from workers import scoring
scoring.SWEEP_S, tries = 0.01, []
def fail(here, step, again):
    tries.append(1)
    raise ValueError("once or for ever")
scoring._work = fail
sweeper = scoring.Sweeper()
sweeper.start()
while len(tries) < 3:
    assert sweeper._thread.is_alive()
    time.sleep(0.01)
sweeper.end()
"""
ENDLESS = """
import time
from workers import scoring
scoring.VOID_S = 0.5
def read_for_ever(here):
    while True:
        pass
def work(here, step, again):
    return works(here, read_for_ever, again)
works, scoring._work = scoring._work, work
sweeper = scoring.Sweeper()
sweeper.start()
time.sleep(50)
raise SystemExit("it still holds its turn, and reports as if it worked")
"""
SLOW = """
import time
from workers import scoring
scoring.VOID_S = 2.0
pauses = [0.6] * 4
def work(here, step, again):
    return works(here, lambda here: pauses and (time.sleep(pauses.pop()), True), again)
works, scoring._work = scoring._work, work
scoring.sweep()
assert not pauses
time.sleep(0.5)
"""


def run(script: str, settings: Settings, ends_with: int = 0) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")},
        "PARLEY_DATA_DIR": str(settings.data_dir),
        "PARLEY_DATABASE_URL": settings.database_url,
        "PARLEY_REDIS_URL": settings.redis_url,
    }
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == ends_with, ran.stderr


def reporters(db: Database) -> list[str]:
    with db.read() as connection:
        return sorted(beat.worker.partition(":")[1] or beat.worker for beat in heartbeats(connection))


def test_a_worker_that_only_drains_is_known_to_work(db: Database, settings: Settings) -> None:
    run(DRAINS, settings)

    assert health.readiness(db, utcnow()).worker == "ok"
    assert health.readiness(db, utcnow()).model == "ok"
    assert reporters(db) == [":"]


def test_a_worker_decides_without_redis_and_without_any_bell(
    db: Database, client: FlaskClient, settings: Settings
) -> None:
    post(client)

    run(SWEEPS, replace(settings, redis_url="unix:///nowhere/redis.sock"))

    assert health.readiness(db, utcnow()).worker == "ok"


def test_a_process_works_once_at_a_time_and_misses_no_bell_meanwhile(settings: Settings) -> None:
    run(BESIDE, settings)


def test_a_sweep_that_fails_is_not_the_last(settings: Settings) -> None:
    run(FAILS, settings)


def test_a_process_ends_that_never_ends_a_batch(settings: Settings) -> None:
    run(ENDLESS, settings, ends_with=1)


def test_many_batches_that_end_in_time_may_take_longer_together(settings: Settings) -> None:
    run(SLOW, settings)


def test_a_worker_reports_between_batches(client: FlaskClient, settings: Settings) -> None:
    post(client)

    run(WORKS, settings)


def test_a_busy_worker_does_not_report_after_every_batch(settings: Settings) -> None:
    run(OFTEN, settings)


def test_a_heartbeat_that_the_watchdog_asks_for_says_nothing_of_the_scheduler(
    db: Database, settings: Settings
) -> None:
    run(ASKED, settings)

    assert reporters(db) == [":"]
    assert health.readiness(db, utcnow()).scheduler != "ok"


def test_a_heartbeat_of_the_schedule_says_that_the_scheduler_rings(db: Database, settings: Settings) -> None:
    run(RUNG, settings)

    assert reporters(db) == [":", "scheduler"]
    assert set(asdict(health.readiness(db, utcnow())).values()) == {"ok"}


def test_the_scheduler_rings_at_once_and_can_be_heard_behind_a_drain(settings: Settings) -> None:
    run(AT_ONCE, settings)
