"""What the database need not keep: old idempotency keys, webhooks that arrived long ago, old suggestions, and
the text of comments that were deleted or refused long ago."""

from __future__ import annotations

from datetime import datetime, timedelta

from service.domain.comment import Status
from service.scoring import suggestions
from service.storage import deliveries as delivery_queries
from service.storage import erasing, likenesses
from service.storage import retention as queries
from service.storage.database import Database

KEYS_FOR = timedelta(days=7)
DELIVERIES_FOR = timedelta(days=30)
LIKENESSES_FOR = timedelta(days=1)
LONGEST_CLAIM = timedelta(minutes=2)  # of a delivery: more than any lease
BATCH = 5000  # rows a transaction: on SQLite everybody who writes waits for it
COMMENTS = 200  # of which the text is erased in one transaction: each has some events, which are written anew


def tidy(db: Database, now: datetime, *, suggestion_days: int, rejected_days: int, batch: int = BATCH) -> int:
    """Delete a batch of each kind, each in a transaction of its own; return how many rows, 0 at the end.

    Deliveries that failed or still wait stay: somebody may want to look at them or send them again.
    Suggested scores are kept for ``suggestion_days``; with 0 all go. The text of a refused comment is kept
    for ``rejected_days`` after the last decision. Deliveries that a clock which was ahead holds are given
    back. At last SQLite's files are cleared of what was taken back
    since the last time.
    """
    with db.write() as connection:
        keys = queries.drop_keys(connection, now - KEYS_FOR, batch)
    with db.write() as connection:
        deliveries = queries.drop_deliveries(connection, now - DELIVERIES_FOR, batch)
    with db.write() as connection:
        delivery_queries.give_back_far(connection, now, LONGEST_CLAIM)
    with db.write() as connection:
        likened = likenesses.forget(connection, now - LIKENESSES_FOR, batch)
    suggested = suggestions.drop_old(db, now - timedelta(days=suggestion_days), batch)
    erased = _erase(db, now, now - timedelta(days=rejected_days), min(batch, COMMENTS))
    done = keys + deliveries + likened + suggested + erased
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
