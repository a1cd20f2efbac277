"""The scoring tasks and their schedule, run in a process of their own as a worker would."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import asdict

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
assert not schedule["sweep-comments"].is_due().is_due
assert "expires" not in schedule["heartbeat"].options, "it may wait behind a drain"
"""


def run(script: str, settings: Settings) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")},
        "PARLEY_DATA_DIR": str(settings.data_dir),
        "PARLEY_DATABASE_URL": settings.database_url,
        "PARLEY_REDIS_URL": settings.redis_url,
    }
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr


def reporters(db: Database) -> list[str]:
    with db.read() as connection:
        return sorted(beat.worker.partition(":")[1] or beat.worker for beat in heartbeats(connection))


def test_a_worker_that_only_drains_is_known_to_work(db: Database, settings: Settings) -> None:
    run(DRAINS, settings)

    assert health.readiness(db, utcnow()).worker == "ok"
    assert health.readiness(db, utcnow()).model == "ok"
    assert reporters(db) == [":"]


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
