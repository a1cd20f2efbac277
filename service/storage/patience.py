"""How long a process waits for its database, and how it stops asking one that is silent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from service.domain.errors import Unavailable

NO_ANSWER = "The database does not answer."
PAUSE_S = 1.0  # in which a silent database is asked nothing; then one caller tries


@dataclass(frozen=True, slots=True)
class Patience:
    """What a process waits for at most, in seconds; None is without end.

    ``statement`` and ``lock`` are told to the database, which then gives up by itself. ``silence`` is ours,
    for a database that can do nothing any more: stopped, or behind a path that swallows what is sent. It is
    counted from its last sign of life. ``own`` is the wait for a connection of the pool, and on SQLite for
    the turn to write.
    """

    statement: float | None = None
    lock: float | None = None
    silence: float | None = None
    own: float = 10.0


WITHOUT_END = Patience()  # for what may take hours, such as an upgrade
# A reader is answered within five seconds, if need be with 503.
FOR_REQUESTS = Patience(statement=3.0, lock=2.5, silence=3.5, own=3.5)
FOR_TASKS = Patience(statement=30.0, lock=10.0, silence=35.0)
FOR_WATCHING = Patience(statement=1.5, lock=1.0, silence=2.0, own=2.0)  # who watches has others to look after


class Gate:
    """Turns callers away at once while a database is silent, but for one that tries whether it still is.

    Else each of them would hold a thread as long as the first did, and who waits behind them even longer.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._shut_at: float | None = None
        self._trying = threading.Lock()

    @property
    def is_shut(self) -> bool:
        """Whether no answer came the last time."""
        return self._shut_at is not None

    def shut(self) -> None:
        """Note that no answer came."""
        self._shut_at = self._clock()

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Let the caller ask; raise `Unavailable` where others have just found the database silent."""
        shut_at = self._shut_at
        if shut_at is None:
            yield
            return
        if self._clock() - shut_at < PAUSE_S or not self._trying.acquire(blocking=False):
            raise Unavailable(NO_ANSWER)
        try:
            yield
        finally:
            if self._shut_at == shut_at:  # whatever came, it came from the database
                self._shut_at = None
            self._trying.release()
