"""What each process is made of, put together from the settings."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import structlog

from service.context import Context, utcnow
from service.domain.scores import Scorer
from service.settings import Settings
from service.storage.database import Database
from service.tasks import Tasks

if TYPE_CHECKING:  # importing them takes 30 MB, and many processes never read a text
    import models
    from models.registry import Registry

log = structlog.get_logger("parley.wiring")

LOOK_S = 2.0  # between looks for another choice of model, so that loading it still ends within 5 s


def make_context(settings: Settings, pool_size: int = 5) -> Context:
    """Return a process's context. Opens nothing: connections are made and the model is read when needed."""
    return Context(
        settings=settings,
        db=Database(settings.database_url, pool_size, settings.seal_key),
        tasks=Tasks(settings),
        clock=utcnow,
        scorer=ModelInUse(settings),
    )


class ModelInUse:
    """Gives a process the model in use, and follows when another is chosen in its data folder.

    Called without arguments, from any thread. The first call loads the model. Later ones look every
    `LOOK_S` seconds whether the choice changed; one thread then loads the new model while the others go on
    with the old, which also stays if the new one is bad. Without any model the call gives None, and every
    comment goes to review: a silent model is no reason to publish.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._registry: Registry | None = None  # made when first asked
        self._lock = threading.Lock()
        self._next_look = -math.inf
        self._state: tuple[int, ...] | None = None
        self._scorer: models.Scorer | None = None

    def __call__(self) -> Scorer | None:
        if self._clock() >= self._next_look:
            self._look()
        return self._scorer

    def _look(self) -> None:
        first = self._next_look == -math.inf
        if not self._lock.acquire(blocking=first):
            return
        try:
            if self._clock() < self._next_look:  # another thread looked while this one waited
                return
            self._registry = self._registry or registry_of(self._settings)
            state = None if self._settings.model_dir else self._registry.state()
            if first or state != self._state:
                self._state = state  # now: a bad model is one line in the log, not one a look
                self._load()
            self._next_look = self._clock() + LOOK_S
        finally:
            self._lock.release()

    def _load(self) -> None:
        import models

        before = self._scorer.model_id if self._scorer else None
        try:
            self._scorer = load_in_use(self._settings)
        except (models.BadArtifact, OSError) as error:
            log.error(
                "model kept, the new one is bad" if before else "no model", error=str(error), model=before
            )
        else:
            careful = self._scorer.careful_state
            log.info("model in use", model=self._scorer.model_id, careful_reader=careful, before=before)


def registry_of(settings: Settings) -> Registry:
    """Return the models of the data folder, which read as the settings say."""
    import models
    from models.registry import Registry

    return Registry(settings.data_dir, load=partial(models.load_scorer, **asdict(settings.scoring)))


def load_in_use(settings: Settings) -> models.Scorer:
    """Load and self-test the model in use: that of ``PARLEY_MODEL_DIR``, else the one chosen.

    Raises
    ------
    BadArtifact, OSError
        If there is none, or it is bad.
    """
    import models

    if settings.model_dir:
        return models.load_scorer(settings.model_dir, **asdict(settings.scoring))
    return registry_of(settings).in_use()
