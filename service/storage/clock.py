"""The time as the database has it: several machines have one database, and each a clock of its own."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import func, select

from service.domain.clock import Clock
from service.domain.errors import Unavailable
from service.storage.database import Database

LOOK_S = 30.0  # between looks at the database's clock
AGAIN_S = 2.0  # after one in vain
JUMP_S = 0.5  # by which this machine's clock may move against its steady one before we look again
QUICK_S = 1.0  # an answer that took longer does not tell the time


class DatabaseClock:
    """A clock that shows PostgreSQL's time: by how much this machine's is ahead is asked now and then.

    Between two looks nothing is asked. While the database does not answer the last look counts, and
    before the first one this machine's clock alone. SQLite lies on this machine and has no other clock.
    """

    def __init__(self, db: Database, own: Clock, steady: Callable[[], float] = time.monotonic) -> None:
        self._db, self._own, self._steady = db, own, steady
        self._ahead = timedelta()
        self._due_at = -math.inf
        self._pair: tuple[float, datetime] | None = None  # what both clocks of this machine showed
        self._looking = threading.Lock()

    def __call__(self) -> datetime:
        """Return the time now, with its zone."""
        if not self._db.is_sqlite and self._is_due() and self._looking.acquire(blocking=False):
            try:
                self._look()
            except Unavailable:  # whoever needs the database hears of it soon enough
                self._note(AGAIN_S)
            finally:
                self._looking.release()
        return self._own() - self._ahead

    def ahead(self) -> timedelta:
        """Return by how much this machine's clock is ahead of the database's; raise `Unavailable`."""
        if not self._db.is_sqlite:
            self._look()
        return self._ahead

    def _is_due(self) -> bool:
        if self._pair is None or self._steady() >= self._due_at:
            return True
        steady, own = self._pair
        moved = (self._own() - own).total_seconds() - (self._steady() - steady)
        return abs(moved) > JUMP_S  # it was set, or this machine slept

    def _look(self) -> None:
        with self._db.read() as connection:
            before, begun = self._own(), self._steady()
            there = connection.execute(select(func.clock_timestamp())).scalar_one()
            took = self._steady() - begun
        if took <= QUICK_S or self._pair is None:
            self._ahead = before + timedelta(seconds=took / 2) - there
        self._note(LOOK_S)

    def _note(self, pause: float) -> None:
        self._pair = self._steady(), self._own()
        self._due_at = self._pair[0] + pause
