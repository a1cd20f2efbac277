"""Deleting what is good for nothing any more, a bounded number of rows at a time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select

from service.domain.ids import new_id
from service.storage.tables import Delivery, IdempotencyKey


def drop_keys(connection: Connection, before: datetime, limit: int) -> int:
    """Delete up to ``limit`` idempotency keys of requests answered before a time; return how many."""
    old = select(IdempotencyKey.key_hash).where(IdempotencyKey.created_at < before)
    chosen = old.order_by(IdempotencyKey.created_at).limit(limit).cte("chosen")
    gone = delete(IdempotencyKey).where(IdempotencyKey.key_hash.in_(select(chosen.c.key_hash)))
    return len(connection.execute(gone.returning(IdempotencyKey.key_hash)).all())


def drop_deliveries(connection: Connection, before: datetime, limit: int) -> int:
    """Delete up to ``limit`` deliveries that arrived before a time, with their attempts; return how many.

    What arrived before a time was made before it, and ids sort by time: so only the old end of the
    table is looked at.
    """
    old = select(Delivery.id).where(
        Delivery.id < new_id(before), Delivery.status == "delivered", Delivery.delivered_at < before
    )
    chosen = old.order_by(Delivery.id).limit(limit).cte("chosen")
    # Attempts go along by their foreign key.
    gone = delete(Delivery).where(Delivery.id.in_(select(chosen.c.id)))
    return len(connection.execute(gone.returning(Delivery.id)).all())
