"""Two lanes to an application: whoever asks whether the process lives waits behind nobody's work."""

from __future__ import annotations

from typing import Any

from waitress.task import ThreadedTaskDispatcher

from service.settings import OWN_PATHS

ALIVE = "healthz"  # what is answered there touches nothing


class Lanes(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Hands requests to threads, and those for `ALIVE` to one that does nothing else.

    All others may sit in a database or a model, and what asks for life from outside would then restart a
    process that will go on by itself. The line of our own supervisor goes the way of every request: it looks
    for threads that are stuck.
    """

    def __init__(self) -> None:
        super().__init__()
        self._quick = ThreadedTaskDispatcher()
        self._quick.set_thread_count(1)

    def add_task(self, task: Any) -> None:
        """Take a connection with a request."""
        request = task.requests[0]
        if not task.is_ours and not request.error and asks_for_life(request.path):
            self._quick.add_task(task)
        else:
            super().add_task(task)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End all threads that have nothing to do."""
        self._quick.shutdown(cancel_pending, timeout)
        return bool(super().shutdown(cancel_pending, timeout))


def asks_for_life(path: str) -> bool:
    """Whether a path is that of `ALIVE`, perhaps behind that of a public address; never another door's.

    >>> [asks_for_life(path) for path in ("/healthz", "/talk/healthz", "/review/static/healthz")]
    [True, True, False]
    """
    first, last = path.split("/")[1:2], path.rsplit("/", 1)[-1]
    return last == ALIVE and (first == [ALIVE] or not OWN_PATHS.intersection(first))
