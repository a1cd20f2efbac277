"""A part that is away is told of once, and once when it is back: not with every try in between."""

from __future__ import annotations

import threading
from typing import Any


class Outage:
    """Whether one part works, as one process sees it. Safe to use from many threads.

    >>> from structlog.testing import capture_logs
    >>> from structlog import get_logger
    >>> bell = Outage(get_logger(), "nobody hears the bell", "the bell is heard again")
    >>> with capture_logs() as lines:
    ...     for works in (True, False, False, True, True):
    ...         bell.back() if works else bell.lost(task="drain")
    >>> [(line["event"], line.get("tries")) for line in lines]
    [('nobody hears the bell', None), ('the bell is heard again', 2)]
    """

    def __init__(self, log: Any, lost: str, back: str) -> None:
        self._log, self._lost, self._back = log, lost, back
        self._lock, self._tries = threading.Lock(), 0

    def lost(self, **more: object) -> None:
        """Say that it does not work, unless that was said already."""
        with self._lock:
            self._tries += 1
            is_new = self._tries == 1
        if is_new:
            self._log.warning(self._lost, **more)

    def back(self) -> None:
        """Say that it works again, and how many tries failed, if any did."""
        if not self._tries:  # mostly; what is missed here is said the next time
            return
        with self._lock:
            tries, self._tries = self._tries, 0
        if tries:
            self._log.warning(self._back, tries=tries)
