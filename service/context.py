"""What a running process holds: made once by the wiring, read by the doors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from flask import current_app

from service.domain.clock import Clock
from service.domain.scores import Scorer
from service.settings import Settings
from service.storage.database import Database
from service.tasks import Tasks


def utcnow() -> datetime:
    """The time now, with its zone."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Context:
    """Settings, database, task producer and clocks of one process.

    ``clock`` is what everything goes by: PostgreSQL's time, the same on all machines. ``own_clock`` is this
    machine's, which may be off.
    ``scorer`` gives the model in use, which may change between calls: loaded when first called, and None
    when there is none to load.
    """

    settings: Settings
    db: Database
    tasks: Tasks
    clock: Clock
    own_clock: Clock
    scorer: Callable[[], Scorer | None]


def context() -> Context:
    """Return the context of the running Flask application."""
    return cast(Context, current_app.extensions["parley"])
