"""Whose webhooks are sent next: no host site's slow receivers ever take the others' turn.

A turn is one worker at one endpoint, with a batch of what is due there. Three bounds hold, whoever is slow:

- a site's endpoints take at most `PER_SITE` turns at a time;
- endpoints that were slow the last time take at most `SLOW_IN_ALL` turns at a time, of whatever sites;
- an endpoint that let us wait and never answered rests, longer from time to time, and is then asked with a
  single delivery.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

PER_SITE = 4
SLOW_IN_ALL = 8
SLOW = timedelta(seconds=5)  # from here on an attempt is slow; a receiver should answer and then work
BATCH = 32  # deliveries of a turn, as many as are worth a transaction
SLOW_BATCH = 8  # as many as go out at once: the turn ends with its slowest attempt
FIRST_REST = timedelta(seconds=15)
LONGEST_REST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an endpoint has done: how many slow turns in a row, and until when it rests."""

    slow_turns: int = 0
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AtEndpoint:
    """An endpoint that waits for a turn or has one, and whether it was slow the last time."""

    id: str
    site_id: str
    is_slow: bool


def chosen(
    waiting: Iterable[AtEndpoint], under_way: Iterable[AtEndpoint], chance: Callable[[], float]
) -> list[str]:
    """Return the ids of the endpoints that may have a turn now: quick ones first, else by ``chance``.

    By chance, since any fixed order would serve some of a site's endpoints last for ever.

    >>> slow = [AtEndpoint(f"s{n}", "a", True) for n in range(9)]
    >>> chosen([*slow, AtEndpoint("q", "b", False)], [], lambda: 0.5)
    ['q', 's0', 's1', 's2', 's3']
    """
    taken = list(under_way)
    found = []
    for one in sorted(waiting, key=lambda one: (one.is_slow, chance())):
        if has_room(one, taken):
            taken.append(one)
            found.append(one.id)
    return found


def has_room(wanted: AtEndpoint, under_way: Iterable[AtEndpoint]) -> bool:
    """Whether an endpoint may have a turn beside those that are under way."""
    others = [one for one in under_way if one.id != wanted.id]
    of_site = Counter(one.site_id for one in others)[wanted.site_id]
    return of_site < PER_SITE and not (wanted.is_slow and sum(one.is_slow for one in others) >= SLOW_IN_ALL)


def batch_of(standing: Standing) -> int:
    """Return how many deliveries a turn takes: few where receivers are slow, one where it had to rest.

    >>> batch_of(Standing()), batch_of(Standing(2)), batch_of(Standing(2, datetime(2026, 1, 1)))
    (32, 8, 1)
    """
    if standing.paused_until is not None:
        return 1
    return SLOW_BATCH if standing.slow_turns else BATCH


def after_turn(before: Standing, slowest: timedelta, *, answered: bool, now: datetime) -> Standing:
    """Return how an endpoint stands after a turn, by its slowest attempt and whether any got an answer.

    An answer that says no is an answer: its delivery waits by itself, the endpoint does not.

    >>> now = datetime(2026, 1, 1)
    >>> after_turn(Standing(3), timedelta(seconds=1), answered=True, now=now)
    Standing(slow_turns=0, paused_until=None)
    >>> after_turn(Standing(1), timedelta(seconds=15), answered=False, now=now).paused_until - now
    datetime.timedelta(seconds=30)
    """
    if slowest < SLOW:
        return Standing()
    turns = before.slow_turns + 1
    if answered:
        return Standing(turns)
    return Standing(turns, now + min(FIRST_REST * 2 ** min(turns - 1, 10), LONGEST_REST))
