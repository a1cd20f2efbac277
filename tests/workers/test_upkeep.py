"""The tidying task, run in a process of its own as a worker would, and its place in the schedule."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta

from service.context import utcnow
from service.settings import Settings
from service.storage.database import Database
from service.storage.tables import IdempotencyKey
from tests.fakes import FakeClock
from tests.running import ROOT
from tests.service.scoring.test_suggestions import bodies, suggest
from tests.service.upkeep.test_retention import answer, count

TASK = """
from service.tasks import ROUTES
from workers.app import app
from workers import upkeep
upkeep.tidy_up()
assert "workers.upkeep" in app.conf.imports
entry, = (entry for entry in app.conf.beat_schedule.values() if entry["task"] == upkeep.tidy_up.name)
assert entry["schedule"] == 3600
assert ROUTES[upkeep.tidy_up.name] == {"queue": "webhooks"}
"""


def test_a_worker_tidies_until_nothing_is_left_and_is_told_to_every_hour(
    db: Database, settings: Settings
) -> None:
    for days, number in ((8, 1), (9, 2), (1, 3)):
        answer(db, FakeClock(utcnow() - timedelta(days=days)), number)
        suggest(db, f"From {days} days ago.", now=utcnow() - timedelta(days=days))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")},
        "PARLEY_DATA_DIR": str(settings.data_dir),
        "PARLEY_DATABASE_URL": settings.database_url,
        "PARLEY_REDIS_URL": settings.redis_url,
        "PARLEY_SUGGESTION_DAYS": "2",
        "PARLEY_REJECTED_DAYS": "2",
    }
    ran = subprocess.run(
        [sys.executable, "-c", TASK], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )

    assert ran.returncode == 0, ran.stderr
    assert count(db, IdempotencyKey) == 1
    assert bodies(db) == ["From 1 days ago."]
