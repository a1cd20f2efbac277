"""What the database need not keep, and for how long it does.

That is the text of refused comments, what decisions on withdrawn ones were made from, events, deliveries, the
audit log, suggestions, and small things of a day or a week.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from service.domain import days
from service.domain.comment import Status
from service.domain.days import KeptFor, Kind
from service.scoring import suggestions
from service.storage import deliveries as delivery_queries
from service.storage import erasing, likenesses
from service.storage import retention as queries
from service.storage.comments import LONGEST_CLAIM
from service.storage.database import Database
from service.storage.records import Amount
from service.upkeep import folding

KEYS_FOR = timedelta(days=7)
LIKENESSES_FOR = timedelta(days=1)
BATCH = 5000  # rows a transaction: on SQLite everybody who writes waits for it
COMMENTS = 200  # of which something is erased in one transaction: each has some events, written anew

MEASURES: Mapping[Kind, Callable[[Connection, datetime], Amount]] = {
    days.REJECTED: queries.rejected,
    days.WITHDRAWN: queries.withdrawn,
    days.EVENTS: queries.events,
    days.DELIVERIES: queries.deliveries,
    days.AUDIT: queries.audit,
    days.SUGGESTIONS: queries.suggestions,
}


@dataclass(frozen=True, slots=True)
class Overdue:
    """How much of a kind is there for longer than ``days``; nothing where it is kept for ever."""

    kind: Kind
    days: int
    amount: Amount


def overdue(db: Database, now: datetime, kept_for: KeptFor) -> list[Overdue]:
    """Return how much of each kind `tidy` would delete or erase."""
    found = []
    with db.read() as connection:
        for kind, measure in MEASURES.items():
            before = kept_for.before(kind, now)
            amount = measure(connection, before) if before else Amount(0, 0)
            found.append(Overdue(kind, kept_for.of(kind), amount))
    return found


def tidy(db: Database, now: datetime, kept_for: KeptFor, *, batch: int = BATCH) -> int:
    """Delete a batch of each kind, each in a transaction of its own; return how many rows, 0 at the end.

    Deliveries that still wait stay, and their events with them. Those that failed stay as long as their
    event: somebody may want to look at them or send them again. Deliveries that a clock which was ahead holds
    are given back. At last SQLite's files are cleared of what was taken back since the last time.
    """

    def drop(kind: Kind, drop_some: Callable[[Connection, datetime, int], int], most: int = batch) -> int:
        before = kept_for.before(kind, now)
        if before is None:
            return 0
        with db.write() as connection:
            return drop_some(connection, before, most)

    with db.write() as connection:
        done = queries.drop_keys(connection, now - KEYS_FOR, batch)
    with db.write() as connection:
        delivery_queries.give_back_far(connection, now, LONGEST_CLAIM)
    with db.write() as connection:
        done += likenesses.forget(connection, now - LIKENESSES_FOR, batch)
    done += drop(days.DELIVERIES, queries.drop_deliveries)
    done += drop(days.EVENTS, queries.drop_events)
    done += drop(days.WITHDRAWN, queries.drop_decisions, min(batch, COMMENTS))
    done += drop(days.AUDIT, folding.fold, min(batch, COMMENTS))
    done += suggestions.drop_old(db, now - timedelta(days=kept_for.of(days.SUGGESTIONS)), batch)
    done += _erase(db, now, now - timedelta(days=kept_for.of(days.REJECTED)), min(batch, COMMENTS))
    if not done:
        db.pack()
    db.empty_log()
    return done


def _erase(db: Database, now: datetime, refused_before: datetime, limit: int) -> int:
    """Erase what was refused long ago, and what an earlier release deleted and kept the text of."""
    with db.write() as connection:
        gone = erasing.hold_old(connection, Status.DELETED, now, limit)
        gone += erasing.hold_old(connection, Status.REJECTED, refused_before, limit - len(gone))
        if gone:
            erasing.erase(connection, gone)
    return len(gone)
