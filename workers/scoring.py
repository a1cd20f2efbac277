"""The scoring tasks: thin shells over use cases. Each is safe to run twice, or never."""

from __future__ import annotations

import math
import os
import platform
import time

from service.context import Context
from service.domain.scores import Scorer
from service.moderation import deciding
from service.moderation.marking import Marks
from service.tasks import SCORING
from service.upkeep import health
from workers import alive
from workers.app import app, context
from workers.silent import Silent
from workers.turns import interrupted, until_done

DRAIN_S = 8.0  # a task ends before the broker could think its worker dead
PULSE_S = 5.0


@app.task(name="parley.drain")
def drain() -> None:
    """Score and decide what was received, until nothing is left; then mark words, until something comes."""
    here = context()

    def step() -> bool:
        scorer = here.scorer()  # another may have been chosen
        if not deciding.drain(here.db, scorer=scorer or Silent(), clock=here.clock, marks=_marks):
            return scorer is not None and _marks.mark_next(here.db, scorer)
        _pulse.give(here, scorer)
        here.tasks.nudge_webhooks()
        return True

    # Under a backlog the heartbeat task waits behind these; who works must not be taken for dead.
    _pulse.give(here, here.scorer())
    with interrupted("drain interrupted"):
        until_done(step, DRAIN_S, again=here.tasks.nudge_scoring)


@app.task(name="parley.heartbeat")
def heartbeat(rung_by: str = "") -> None:
    """Say that this worker runs tasks, and with which model; and that the scheduler rang, if it did."""
    here = context()
    scorer = here.scorer()
    _report(here, scorer)
    if rung_by == health.SCHEDULER:
        _report(here, None, rung_by)


class _Pulse:
    """Heartbeats of a process that is at work: not after every batch, but every few seconds."""

    def __init__(self) -> None:
        self._given = -math.inf

    def give(self, here: Context, scorer: Scorer | None) -> None:
        """Report, unless this process did so a moment ago."""
        now = time.monotonic()
        if now - self._given >= PULSE_S:
            self._given = now
            _report(here, scorer)


_pulse = _Pulse()
_marks = Marks()


def _report(here: Context, scorer: Scorer | None, name: str = "") -> None:
    if not name:
        name = f"{platform.node()}:{os.getppid()}"
        alive.touch(here.settings.data_dir, SCORING)  # with the database or without
    with interrupted("heartbeat not written"):
        health.beat(here.db, name, scorer.model_id if scorer else None, here.clock())
