"""What each process is made of, put together from the settings."""

from __future__ import annotations

from functools import cache

import structlog

import models
from service.context import Context, utcnow
from service.domain.scores import Scorer
from service.settings import Settings
from service.storage.database import Database
from service.tasks import Tasks

log = structlog.get_logger("parley.wiring")


def make_context(settings: Settings, pool_size: int = 5) -> Context:
    """Return a process's context. Opens nothing: connections are made and the model is read when needed."""

    @cache
    def scorer() -> Scorer | None:
        return load_scorer(settings)

    return Context(
        settings=settings,
        db=Database(settings.database_url, pool_size=pool_size),
        tasks=Tasks(settings),
        clock=utcnow,
        scorer=scorer,
    )


def load_scorer(settings: Settings) -> Scorer | None:
    """Load the model; None and a line in the log if it is missing or damaged.

    Without a model every comment goes to review: a silent model is no reason to publish.
    """
    try:
        return models.load_scorer(settings.model_dir)
    except (models.BadArtifact, OSError) as error:
        log.error("no model", error=str(error))
        return None
