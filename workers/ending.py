"""How the processes of a worker learn that it is told to end: those it forked are not told by anybody."""

from __future__ import annotations

import mmap

from celery.signals import worker_shutting_down

_told = mmap.mmap(-1, 1)  # shared with all that are forked


def is_ending() -> bool:
    """Whether this worker was told to end: no further step of work is begun."""
    return _told[0] != 0


@worker_shutting_down.connect
def _end(**_: object) -> None:
    _told[0] = 1
