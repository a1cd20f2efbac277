"""What the database need not keep: old idempotency keys, webhooks that arrived long ago, old suggestions."""

from __future__ import annotations

from datetime import datetime, timedelta

from service.scoring import suggestions
from service.storage import likenesses
from service.storage import retention as queries
from service.storage.database import Database

KEYS_FOR = timedelta(days=7)
DELIVERIES_FOR = timedelta(days=30)
LIKENESSES_FOR = timedelta(days=1)
BATCH = 5000  # rows a transaction: on SQLite everybody who writes waits for it


def tidy(db: Database, now: datetime, *, suggestion_days: int, batch: int = BATCH) -> int:
    """Delete a batch of each kind, each in a transaction of its own; return how many rows, 0 at the end.

    Deliveries that failed or still wait stay: somebody may want to look at them or send them again.
    Suggested scores are kept for ``suggestion_days``; with 0 all go.
    """
    with db.write() as connection:
        keys = queries.drop_keys(connection, now - KEYS_FOR, batch)
    with db.write() as connection:
        deliveries = queries.drop_deliveries(connection, now - DELIVERIES_FOR, batch)
    with db.write() as connection:
        likened = likenesses.forget(connection, now - LIKENESSES_FOR, batch)
    suggested = suggestions.drop_old(db, now - timedelta(days=suggestion_days), batch)
    if suggested:
        db.empty_log()
    return keys + deliveries + likened + suggested
