"""What each process is made of, put together from the settings."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import structlog

from service.context import Context, utcnow
from service.domain.clock import Clock
from service.domain.errors import Unavailable
from service.domain.scores import Scorer
from service.settings import Settings
from service.storage import model_choice
from service.storage.clock import DatabaseClock
from service.storage.database import Database
from service.storage.patience import FOR_REQUESTS, FOR_TASKS
from service.tasks import Tasks

if TYPE_CHECKING:  # importing them takes 30 MB, and many processes never read a text
    import models
    from models.registry import Choice, Registry

log = structlog.get_logger("parley.wiring")

LOOK_S = 2.0  # between looks for another choice of model, so that loading it still ends within 5 s


def make_context(
    settings: Settings, pool_size: int = 5, own_clock: Clock = utcnow, *, is_asked: bool = False
) -> Context:
    """Return a process's context. Opens nothing: connections are made and the model is read when needed.

    Somebody waits for the answers of one that ``is_asked``.
    """
    patience = FOR_REQUESTS if is_asked else FOR_TASKS
    db = Database(settings.database_url, pool_size, settings.seal_key, patience)
    return Context(
        settings=settings,
        db=db,
        tasks=Tasks(settings),
        clock=DatabaseClock(db, own_clock),
        own_clock=own_clock,
        scorer=ModelInUse(settings, db=db),
    )


class ModelInUse:
    """Gives a process the model in use, and follows when another is chosen.

    Called without arguments, from any thread. The first call loads the model. Later ones look every
    `LOOK_S` seconds whether the choice changed; one thread then loads the new model while the others go on
    with the old, which also stays if the new one is bad, or if the database does not say which it is. Without
    any model the call gives None, and every comment goes to review: a silent model is no reason to publish.
    """

    def __init__(
        self, settings: Settings, clock: Callable[[], float] = time.monotonic, *, db: Database | None = None
    ) -> None:
        self._settings, self._clock = settings, clock
        self._registry: Registry | None = None  # made when first asked
        self._db = db
        self._lock = threading.Lock()
        self._next_look = -math.inf
        self._has_looked = False
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
            with suppress(Unavailable):
                self._registry = self._registry or registry_of(self._settings, self._db)
                state = None if self._settings.model_dir else self._registry.state()
                if not self._has_looked or state != self._state:
                    self._load(self._registry)
                    # A bad model is one line in the log, not one a look.
                    self._state, self._has_looked = state, True
            self._next_look = self._clock() + LOOK_S
        finally:
            self._lock.release()

    def _load(self, registry: Registry) -> None:
        import models

        before = self._scorer.model_id if self._scorer else None
        try:
            self._scorer = load_in_use(self._settings, registry)
        except (models.BadArtifact, OSError) as error:
            log.error(
                "model kept, the new one is bad" if before else "no model", error=str(error), model=before
            )
        else:
            careful = self._scorer.careful_state
            log.info("model in use", model=self._scorer.model_id, careful_reader=careful, before=before)


class ChosenInDatabase:
    """The choice of model that all hosts share (`models.registry.Shared`); ``opened`` gives the database."""

    def __init__(self, opened: Callable[[], AbstractContextManager[Database]]) -> None:
        self._opened = opened

    def read(self) -> tuple[Choice, int] | None:
        """Return the choice and its number; None before the first."""
        with self._opened() as db, db.read() as connection:
            found = model_choice.chosen(connection)
        from models.registry import Choice

        return (Choice(found.current, tuple(found.history)), found.number) if found else None

    def write(self, choice: Choice) -> None:
        """Put a choice in the place of the one before."""
        with self._opened() as db, db.write() as connection:
            model_choice.choose(connection, choice.current, choice.history)


def registry_of(settings: Settings, db: Database | None = None) -> Registry:
    """Return the models of the store, or of the data folder, which read as the settings say.

    Which of them is in use the database says, if it is a server's and given; else a file beside them.
    """
    import models
    from models.registry import Registry

    shared = None
    if db and not settings.embedded:
        given = db
        shared = ChosenInDatabase(lambda: nullcontext(given))
    load = partial(models.load_scorer, **asdict(settings.scoring))
    return Registry(settings.data_dir, load=load, folder=settings.model_store, shared=shared)


def load_in_use(settings: Settings, registry: Registry) -> models.Scorer:
    """Load and self-test the model in use: that of ``PARLEY_MODEL_DIR``, else the one chosen.

    Raises
    ------
    BadArtifact, OSError
        If there is none, or it is bad.
    Unavailable
        If the database does not say which it is.
    """
    import models

    if settings.model_dir:
        return models.load_scorer(settings.model_dir, **asdict(settings.scoring))
    return registry.in_use()
