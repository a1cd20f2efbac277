"""The scoring tasks: thin shells over use cases. Each is safe to run twice, or never."""

from __future__ import annotations

import faulthandler
import math
import os
import platform
import threading
import time
from collections.abc import Callable
from functools import partial

import structlog
from celery.signals import worker_process_init, worker_process_shutdown

from service.context import Context
from service.domain.scores import Scorer
from service.moderation import deciding
from service.moderation.marking import Marks
from service.tasks import SCORING
from service.upkeep import health
from workers import alive
from workers.app import app, context
from workers.ending import is_ending
from workers.silent import Silent
from workers.turns import interrupted, until_done

# A batch that took so long is void: others have claimed its comments. Who is at it still may be so for ever,
# and report meanwhile from another thread; so this process ends. What it read is tried again, three times at
# most.
VOID_S = 25.0
DRAIN_S = 8.0  # a task ends before the broker could think its worker dead
PULSE_S = 5.0
SWEEP_S = 2.0
LAST_S = 3.0  # for a sweep under way when its process ends

log = structlog.get_logger("parley.worker")
_turn = threading.Lock()  # a process reads one batch at a time, whoever asks for it
_rung = threading.Event()  # while somebody else had the turn
_nowhere = open(os.devnull, "w")  # noqa: SIM115 - as long as the process; the log has no traceback of many lines


@app.task(name="parley.drain")
def drain() -> None:
    """Score and decide what was received, until nothing is left.

    Where this process does so already, it goes on a little longer instead: messages never wait for it.
    """
    _rung.set()
    _take_turns(_decide, again=context().tasks.nudge_scoring)


def sweep() -> None:
    """Do as `drain` does, unasked, unless this process does so; then mark words, until something comes.

    What a lost message, a dead worker or a Redis that is away left behind is found by this. It asks the
    database alone, so comments are decided as long as that answers.
    """
    _take_turns(_decide_or_mark, again=_rung.set, unasked=True)


def _take_turns(step: Callable[[Context], bool], *, again: Callable[[], None], unasked: bool = False) -> None:
    while (unasked or _rung.is_set()) and not is_ending() and _turn.acquire(blocking=False):
        try:
            unasked = False
            _rung.clear()
            _work(context(), step, again)
        finally:
            _turn.release()


def _work(here: Context, step: Callable[[Context], bool], again: Callable[[], None]) -> None:
    # Under a backlog the heartbeat task waits behind these; who works must not be taken for dead.
    _pulse.give(here, here.scorer())
    with interrupted("drain interrupted"):
        until_done(partial(_before_it_is_void, step, here), DRAIN_S, again=again)


def _before_it_is_void(step: Callable[[Context], bool], here: Context) -> bool:
    # Not by a thread of Python's: a model may hold all of them up.
    faulthandler.dump_traceback_later(VOID_S, file=_nowhere, exit=True)
    try:
        return step(here)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _decide(here: Context) -> bool:
    scorer = here.scorer()  # another may have been chosen
    if not deciding.drain(here.db, scorer=scorer or Silent(), clock=here.clock, marks=_marks):
        return False
    _pulse.give(here, scorer)
    here.tasks.nudge_webhooks()
    return True


def _decide_or_mark(here: Context) -> bool:
    if _decide(here):
        return True
    scorer = here.scorer()
    return scorer is not None and _marks.mark_next(here.db, scorer)


class Sweeper:
    """Sweeps in a thread of each process that scores, from its start to its end."""

    def __init__(self) -> None:
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweep", daemon=True)

    def start(self) -> None:
        """Begin, and sweep for the first time."""
        self._thread.start()

    def end(self) -> None:
        """Sweep no more; wait for the sweep under way, for a while."""
        self._ends.set()
        self._thread.join(LAST_S)

    def _run(self) -> None:
        while not (self._ends.is_set() or is_ending()):
            try:
                sweep()
            except Exception:  # whatever it was, the next sweep may do better
                log.exception("sweep failed")
            self._ends.wait(SWEEP_S)


_sweepers: list[Sweeper] = []  # of this process, which has one once it was started by a worker


@worker_process_init.connect
def _begin_to_sweep(**_: object) -> None:
    context()  # made by one thread, before there are two
    _sweepers[:] = [Sweeper()]
    _sweepers[0].start()


@worker_process_shutdown.connect
def _end_sweeping(**_: object) -> None:
    for sweeper in _sweepers:
        sweeper.end()


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
