"""What operators ask: is everything running, and how much is waiting."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from service.domain.clock import Clock
from service.domain.errors import Unavailable
from service.domain.pressure import FLOOD_SHOWN
from service.storage import health as queries
from service.storage import queue
from service.storage.clock import DatabaseClock
from service.storage.comments import backlog
from service.storage.database import Database
from service.storage.records import Beat

WORKER_SILENT = timedelta(seconds=30)
SCHEDULER_SILENT = timedelta(seconds=60)  # rings every ten; under a backlog it is heard late
EARLY = timedelta(seconds=5)
CLOCK_OFF = timedelta(seconds=5)  # from there on somebody should be told
WRITE_EVERY_S = 2.0
A_POST = 1 << 20  # bytes that a few posts at once may take on SQLite's disk
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

    ``decisions`` by actor kind and outcome, of which ``unsure`` were decided without the careful reading
    that they wanted; ``review`` by site: how many wait, and the age of the oldest; ``flooded`` pages are
    read first; ``silent_s`` by part: seconds since it was heard, infinite where it never was;
    ``oldest_due_s``: how late the latest delivery is.
    """

    backlog: int
    oldest_s: float
    deliveries_due: int
    oldest_due_s: float
    decisions: Mapping[tuple[str, str], int]
    unsure: int
    models: frozenset[str]
    review: Mapping[str, tuple[int, float]]
    flooded: int
    silent_s: Mapping[str, float]


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
    recent = [beat for beat in seen.values() if _is_fresh(beat, now, WORKER_SILENT)]
    if not recent:
        silent = "no worker has reported for 30 s; comments are accepted and wait"
        unknown = "unknown until a worker reports"
        return Readiness(worker=silent, scheduler=unknown, model=unknown)
    rings = rang is not None and _is_fresh(rang, now, SCHEDULER_SILENT)
    scheduler = READY if rings else "no scheduler has rung for 60 s; sweeps and retries wait"
    model = READY if any(beat.model_id for beat in recent) else NO_MODEL
    return Readiness(worker=READY, scheduler=scheduler, model=model)


def figures(db: Database, now: datetime) -> Figures:
    """Count what is waiting and what was decided."""
    with db.read() as connection:
        depth, oldest = backlog(connection)
        beats = queries.heartbeats(connection)
        decisions = queries.decision_counts(connection)
        due, since = queries.deliveries_due(connection), queries.oldest_due(connection)
        queues = queries.review_queues(connection)
        flooded = len(queue.flooded(connection, None, now - FLOOD_SHOWN))
    recent = (beat.model_id for beat in beats if _is_fresh(beat, now, WORKER_SILENT))
    review = {one.site_id: (one.waiting, _age(one.oldest, now)) for one in queues}
    return Figures(
        backlog=depth,
        oldest_s=_age(oldest, now),
        deliveries_due=due,
        oldest_due_s=_age(since, now),
        unsure=decisions.pop(queries.UNSURE, 0),
        decisions=decisions,
        models=frozenset(model for model in recent if model),
        review=review,
        flooded=flooded,
        silent_s=_silent(beats, now),
    )


def _silent(beats: Sequence[Beat], now: datetime) -> Mapping[str, float]:
    """Return for how long no worker, and for how long no scheduler, was heard."""
    heard: dict[str, list[datetime]] = {"worker": [], "scheduler": []}
    for beat in beats:
        if beat.seen_at <= now + EARLY:
            heard["scheduler" if beat.worker == SCHEDULER else "worker"].append(beat.seen_at)
    return {part: _age(max(times), now) if times else math.inf for part, times in heard.items()}


def _is_fresh(beat: Beat, now: datetime, silent: timedelta) -> bool:
    """Whether a report is of this moment; one of the future tells of a clock alone."""
    return -EARLY <= now - beat.seen_at <= silent


def _age(moment: datetime | None, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds()) if moment else 0.0


def beat(db: Database, worker: str, model_id: str | None, now: datetime) -> None:
    """Say that a worker runs its tasks, and with which model; or, named `SCHEDULER`, that this one rang."""
    with db.write() as connection:
        queries.beat(connection, worker, model_id, now)


def clock_ahead(db: Database, own: Clock) -> timedelta:
    """Return by how much this machine's clock is ahead of the database's; nothing on SQLite."""
    return DatabaseClock(db, own).ahead()


def clock(ahead: timedelta) -> str:
    """Say whether the clock of this machine is right, or how far it is off.

    >>> clock(timedelta(seconds=-4)), clock(timedelta(days=1))
    ('ok', "this machine's clock is 86400 s ahead of the database's; set it by NTP")
    >>> clock(timedelta(seconds=-90.4))
    "this machine's clock is 90 s behind the database's; set it by NTP"
    """
    if abs(ahead) <= CLOCK_OFF:
        return READY
    where = "ahead of" if ahead > timedelta() else "behind"
    return f"this machine's clock is {abs(ahead).total_seconds():.0f} s {where} the database's; set it by NTP"


class Writes:
    """Knows whether the database can write, by writing; not more often than every few seconds."""

    def __init__(self, db: Database, folder: Path, steady: Callable[[], float] = time.monotonic) -> None:
        self._db, self._folder, self._steady = db, folder, steady
        self._looked_at, self._state = -math.inf, READY

    def state(self, now: datetime) -> str:
        """Return `READY`, or what keeps it from writing and how much room is left."""
        if self._steady() - self._looked_at >= WRITE_EVERY_S:
            self._state = self._look(now)
            self._looked_at = self._steady()
        return self._state

    def _look(self, now: datetime) -> str:
        try:
            with self._db.write() as connection:
                queries.beat(connection, queries.PROBE, None, now)
        except Unavailable as error:
            return f"{error} {self._room()}"
        if self._db.is_sqlite and shutil.disk_usage(self._folder).free < A_POST:  # a row is less than that
            return f"The database cannot write a comment any more. {self._room()}"
        return READY

    def _room(self) -> str:
        return f"The data folder has {shutil.disk_usage(self._folder).free >> 20} MiB left."
