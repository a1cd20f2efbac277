"""How a task takes its turn: it works until nothing is left, or until others should have theirs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from service.domain.errors import Unavailable

log = structlog.get_logger("parley.worker")


def until_done(step: Callable[[], object], seconds: float, *, again: Callable[[], object]) -> None:
    """Take steps until one finds nothing to do; after some seconds ring ``again`` instead, and stop.

    >>> until_done(lambda: True, 0.0, again=lambda: print("rung"))
    rung
    """
    until = time.monotonic() + seconds
    while step():
        if time.monotonic() > until:
            again()
            return


@contextmanager
def interrupted(what: str, **ids: str) -> Iterator[None]:
    """Log ``what`` was interrupted where the database does not answer: the next bell finds what is left."""
    try:
        yield
    except Unavailable as error:
        log.warning(what, reason=str(error), **ids)
