"""The task that keeps the database small: a thin shell over its use case. Safe to run twice, or never."""

from __future__ import annotations

import time

import structlog

from service.domain.errors import Unavailable
from service.upkeep.retention import tidy
from workers.app import app, context

log = structlog.get_logger("parley.worker")

TIDY_S = 8.0


@app.task(name="parley.tidy")
def tidy_up() -> None:
    """Delete what is too old to keep, until nothing is or others should have their turn."""
    here = context()
    until = time.monotonic() + TIDY_S
    try:
        while tidy(here.db, here.clock(), suggestion_days=here.settings.suggestion_days):
            if time.monotonic() > until:
                here.tasks.send("parley.tidy")
                return
    except Unavailable as error:
        log.warning("tidying interrupted", reason=str(error))
