"""Seeing a worker or scheduler that lives and does nothing, which a look at its process cannot."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol, cast

import redis

from service.domain.errors import Unavailable
from service.redis_client import redis_client, trouble
from service.settings import Settings
from service.storage import health as queries
from service.storage.database import Database
from service.tasks import WEBHOOKS

LOOK_S = 2.0
ASK_S = 15.0  # then we ask for a heartbeat ourselves: it may be the scheduler that hangs
SILENT_S = 30.0
# How long the oldest message may stay the same. The longest task of a webhooks worker takes 35 s, and as many
# may wait as there are threads; one that scores takes two turns of 16 s at most.
STUCK_S = {"scoring": 45.0, "webhooks": 90.0}
# The same after Redis was away: then it may be the connection that nobody reads. (A scoring worker finds
# comments without it.)
BACK_S, BACK_FOR_S = 6.0, 30.0
MUTE_S = 90.0  # the scheduler rings every 10 s, and a worker may hear it late
START_S = 60.0  # to load the model on a busy machine


class Keeper(Protocol):
    """What the watchdog needs of a supervisor."""

    def started_at(self, name: str) -> float | None:
        """Return when a program was started last, on the monotonic clock; None if it is not running."""

    def kill(self, name: str, why: str) -> None:
        """Kill a program; it is started again."""


class Progress:
    """How long a sign of life has not changed, not counting what may have other reasons."""

    def __init__(self) -> None:
        self._seen: object = None
        self._start: float | None = None
        self._since = 0.0

    def silent_s(self, sign: object, started_at: float | None, now: float) -> float:
        """Return for how many seconds the same sign was seen, in one run of the program.

        Negative while the program is still starting.
        """
        if started_at != self._start:
            self._seen, self._start, self._since = sign, started_at, now + START_S - SILENT_S
        elif sign != self._seen:
            self._seen, self._since = sign, now
        return now - self._since

    def excuse(self, now: float) -> None:
        """Begin to count anew: it could not have given a sign."""
        self._since = max(self._since, now)


class Watchdog:
    """Kills a worker or scheduler that makes no progress although the database and Redis answer.

    The broker's client can lose its connection in a way that leaves a live but idle worker. The signs of
    life are the newest heartbeat in the database for the scoring worker, and for both workers the oldest
    message that waits for them, which must not stay the same. For the scheduler it is when a worker heard it
    last, counted only while a scoring worker lives, on whatever machine. The clock of the day plays no part.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        keeper: Keeper,
        ask_heartbeat: Callable[[], object],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db, self._keeper, self._ask, self._clock = db, keeper, ask_heartbeat, clock
        self._redis = redis_client(settings)
        self._scoring, self._scheduler = Progress(), Progress()
        self._hearing = {name: Progress() for name in STUCK_S}
        self._looked_at = clock()
        self._redis_run: object = None
        self._back_at = -math.inf  # when Redis was seen for the first time after it was away

    def look(self) -> None:
        """Look once; called every few seconds."""
        now = self._clock()
        paused, self._looked_at = now - self._looked_at > 3 * LOOK_S, now
        try:
            (beat, rang), heads = self._newest_beats(), self._heads(now)
        except Unavailable:
            paused = True
        if paused or heads is None:  # a part is away, or this very process was stopped for a while
            for progress in (self._scoring, self._scheduler, *self._hearing.values()):
                progress.excuse(now)
            return
        silent = self._scoring.silent_s(beat, self._keeper.started_at("scoring"), now)
        self._check_scheduler(rang, now, heard=0 <= silent <= SILENT_S)
        self._check_scoring(silent)
        for name, head in heads.items():
            self._check_hearing(name, head, now)

    def _check_scoring(self, silent: float) -> None:
        if self._keeper.started_at("scoring") is None:
            return
        if silent > SILENT_S:
            self._keeper.kill("scoring", f"no task has run for {silent:.0f} s")
            self._scoring.excuse(self._looked_at)
        elif silent < 0 or silent > ASK_S:  # while it starts, so that it is known to work at once
            self._ask()

    def _check_hearing(self, name: str, head: object, now: float) -> None:
        started_at = self._keeper.started_at(name)
        silent = self._hearing[name].silent_s(head, started_at, now)
        is_back = name == WEBHOOKS and now - self._back_at < BACK_FOR_S
        if head is not None and started_at is not None and silent > (BACK_S if is_back else STUCK_S[name]):
            self._keeper.kill(name, f"a message has waited for {silent:.0f} s")
            self._hearing[name].excuse(now)

    def _check_scheduler(self, rang: object, now: float, *, heard: bool) -> None:
        started_at = self._keeper.started_at("scheduler")
        silent = self._scheduler.silent_s(rang, started_at, now)
        if not heard:
            self._scheduler.excuse(now)  # it may ring, and nobody writes it down
        elif started_at is not None and silent > MUTE_S:
            self._keeper.kill("scheduler", f"it has not rung for {silent:.0f} s")
            self._scheduler.excuse(now)

    def _newest_beats(self) -> tuple[object, object]:
        """Return when the workers last reported, and when the scheduler last rang.

        All of them, not the newest: that may be of a worker whose clock was ahead, and stay so for a day.
        """
        with self._db.read() as connection:
            seen = {beat.worker: beat.seen_at for beat in queries.heartbeats(connection)}
        rang = seen.pop(queries.SCHEDULER, None)
        return frozenset(seen.items()), rang

    def _heads(self, now: float) -> Mapping[str, object] | None:
        """Return the oldest message in each task queue; None where Redis does not work.

        Workers take from the right. Another run of Redis is one that was away, however shortly.
        """
        if self._redis is None:
            return {}
        run, heads = None, None
        with suppress(redis.RedisError):
            if not trouble(self._redis):
                run = cast("dict[str, object]", self._redis.info("server")).get("run_id")
                heads = {name: self._redis.lindex(name, -1) for name in STUCK_S}
        if run != self._redis_run:
            self._redis_run, self._back_at = run, now
        return heads
