"""The scoring tasks: thin shells over use cases. Each is safe to run twice, or never."""

from __future__ import annotations

import os
import platform
import time

import structlog

from service import moderation, operations
from service.domain.errors import Unavailable
from workers.app import app, context
from workers.silent import Silent

log = structlog.get_logger("parley.worker")

DRAIN_S = 8.0  # a task ends before the broker could think its worker dead


@app.task(name="parley.drain")
def drain() -> None:
    """Score and decide what was received, until nothing is left."""
    here = context()
    scorer = here.scorer() or Silent()
    until = time.monotonic() + DRAIN_S
    try:
        while moderation.drain(here.db, scorer=scorer, clock=here.clock):
            here.tasks.nudge_webhooks()
            if time.monotonic() > until:
                here.tasks.nudge_scoring()
                return
    except Unavailable as error:
        log.warning("drain interrupted", reason=str(error))


@app.task(name="parley.heartbeat")
def heartbeat() -> None:
    """Say that this worker runs tasks, and with which model."""
    here = context()
    scorer = here.scorer()
    name = f"{platform.node()}:{os.getppid()}"
    try:
        operations.beat(here.db, name, scorer.model_id if scorer else None, here.clock())
    except Unavailable as error:
        log.warning("heartbeat not written", reason=str(error))
