"""The task that keeps the database small: a thin shell over its use case. Safe to run twice, or never."""

from __future__ import annotations

from functools import partial

from service.upkeep.retention import tidy
from workers.app import app, context
from workers.turns import interrupted, until_done

TIDY_S = 8.0


@app.task(name="parley.tidy")
def tidy_up() -> None:
    """Delete or erase what is too old to keep, until nothing is or others should have their turn."""
    here = context()

    def batch() -> int:
        return tidy(here.db, here.clock(), here.settings.kept_for)

    with interrupted("tidying interrupted"):
        until_done(batch, TIDY_S, again=partial(here.tasks.send, "parley.tidy"))
