"""What operators ask: is everything running, and how much is waiting."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from service.domain.pressure import FLOOD_SHOWN
from service.storage import health as queries
from service.storage import queue
from service.storage.comments import backlog
from service.storage.database import Database
from service.storage.records import Beat

WORKER_SILENT = timedelta(seconds=30)
SCHEDULER_SILENT = timedelta(seconds=60)  # rings every ten; under a backlog it is heard late
SCHEDULER = queries.SCHEDULER
READY = "ok"
NO_MODEL = "no worker could load a model; every comment goes to review"


@dataclass(frozen=True, slots=True)
class Readiness:
    """Of each part `READY`, or what is wrong with it in words. The database answered, or there is none."""

    worker: str
    scheduler: str
    model: str
    database: str = READY
    backlog: str = READY


@dataclass(frozen=True, slots=True)
class Figures:
    """A snapshot for metrics.

    ``decisions`` by actor kind and outcome; ``review`` by site: how many wait, and the age of the oldest;
    ``flooded`` pages are read first.
    """

    backlog: int
    oldest_s: float
    deliveries_due: int
    decisions: Mapping[tuple[str, str], int]
    models: frozenset[str]
    review: Mapping[str, tuple[int, float]]
    flooded: int


def oldest_received_s(db: Database, now: datetime) -> float:
    """Return for how many seconds the oldest comment has waited to be scored; 0 if none does."""
    with db.read() as connection:
        return _age(backlog(connection)[1], now)


def readiness(db: Database, now: datetime, oldest_s: float = 0.0, late_s: float = math.inf) -> Readiness:
    """Say whether database, worker, scheduler and model are ready, and comments decided in time.

    A worker notes when the scheduler rang, so without a worker nothing is known of the scheduler. Comments
    are late when the oldest has waited for more than ``late_s``.
    """
    with db.read() as connection:
        seen = {beat.worker: beat for beat in queries.heartbeats(connection)}
    late = READY if oldest_s <= late_s else f"a comment has waited for {oldest_s:.0f} s to be scored"
    return replace(_parts(seen, now), backlog=late)


def _parts(seen: dict[str, Beat], now: datetime) -> Readiness:
    rang = seen.pop(SCHEDULER, None)
    recent = [beat for beat in seen.values() if now - beat.seen_at <= WORKER_SILENT]
    if not recent:
        silent = "no worker has reported for 30 s; comments are accepted and wait"
        unknown = "unknown until a worker reports"
        return Readiness(worker=silent, scheduler=unknown, model=unknown)
    rings = rang is not None and now - rang.seen_at <= SCHEDULER_SILENT
    scheduler = READY if rings else "no scheduler has rung for 60 s; sweeps and retries wait"
    model = READY if any(beat.model_id for beat in recent) else NO_MODEL
    return Readiness(worker=READY, scheduler=scheduler, model=model)


def figures(db: Database, now: datetime) -> Figures:
    """Count what is waiting and what was decided."""
    with db.read() as connection:
        depth, oldest = backlog(connection)
        beats = queries.heartbeats(connection)
        decisions = queries.decision_counts(connection)
        due = queries.deliveries_due(connection)
        queues = queries.review_queues(connection)
        flooded = len(queue.flooded(connection, None, now - FLOOD_SHOWN))
    recent = (beat.model_id for beat in beats if now - beat.seen_at <= WORKER_SILENT)
    review = {one.site_id: (one.waiting, _age(one.oldest, now)) for one in queues}
    age = _age(oldest, now)
    models = frozenset(model for model in recent if model)
    return Figures(depth, age, due, decisions, models, review, flooded)


def _age(moment: datetime | None, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds()) if moment else 0.0


def beat(db: Database, worker: str, model_id: str | None, now: datetime) -> None:
    """Say that a worker runs its tasks, and with which model; or, named `SCHEDULER`, that this one rang."""
    with db.write() as connection:
        queries.beat(connection, worker, model_id, now)
