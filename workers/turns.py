"""How a task takes its turn: it works until nothing is left, or until others should have theirs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import structlog

from service.domain.errors import Unavailable
from service.outages import Outage
from workers.ending import is_ending

log = structlog.get_logger("parley.worker")


def until_done(step: Callable[[], object], seconds: float, *, again: Callable[[], object]) -> None:
    """Take steps until one finds nothing to do; after some seconds ring ``again`` instead, and stop.

    A worker that is told to end takes no further step: what is left is found by the next one.

    >>> until_done(lambda: True, 0.0, again=lambda: print("rung"))
    rung
    """
    until = time.monotonic() + seconds
    while step():
        if time.monotonic() > until or is_ending():
            again()
            return


@contextmanager
def interrupted(what: str, **ids: str) -> Iterator[None]:
    """Log ``what`` was interrupted where the database does not answer: the next bell finds what is left.

    It is logged once, however many bells ring meanwhile, and once when it works again.
    """
    try:
        yield
    except Unavailable as error:
        _outage(what).lost(reason=str(error), **ids)
    else:
        _outage(what).back()


@cache
def _outage(what: str) -> Outage:
    return Outage(log, what, f"{what}: works again")
