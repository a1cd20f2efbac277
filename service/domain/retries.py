"""When to try again: webhook deliveries and comments whose scoring failed."""

from __future__ import annotations

from datetime import timedelta

# The example schedule of Standard Webhooks 1.0.0: ten attempts over about 75 hours.
GAPS = tuple(
    timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
JITTER = 0.2
MAX_RETRY_AFTER = timedelta(hours=24)
MAX_SCORING_TRIES = 3


def wait_before(attempt: int, chance: float, retry_after: timedelta | None = None) -> timedelta | None:
    """Return how long to wait after failed attempt number ``attempt`` (1 is the first).

    ``chance`` in [0, 1] spreads the waits by a fifth, so that an outage does not end in a stampede.
    A receiver's ``Retry-After`` is honoured up to a day, and never shortens the wait. None means: give up.

    >>> wait_before(1, 0.5)
    datetime.timedelta(seconds=5)
    >>> wait_before(1, 0.0)
    datetime.timedelta(seconds=4)
    >>> wait_before(2, 0.5, timedelta(hours=1))
    datetime.timedelta(seconds=3600)
    >>> wait_before(10, 0.5) is None
    True
    """
    if attempt > len(GAPS):
        return None
    gap = GAPS[attempt - 1] * (1 + JITTER * (2 * chance - 1))
    return max(gap, min(retry_after or timedelta(), MAX_RETRY_AFTER))


def wait_before_rescoring(tries: int) -> timedelta:
    """Return how long a comment rests after its scoring failed ``tries`` times: 1, 4, 16 … seconds.

    >>> wait_before_rescoring(2)
    datetime.timedelta(seconds=4)
    """
    return timedelta(seconds=4 ** (tries - 1))
