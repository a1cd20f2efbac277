"""Events that were written with the changes they tell of, on their way to the deliveries."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    insert,
    select,
    text,
    update,
)

from service.storage.records import Record, every
from service.storage.tables import Event

RELAY_LOCK = 0x52656C6179  # any number of ours


def lock_relay(connection: Connection) -> None:
    """Let one relay run at a time, until the transaction ends.

    Two that fan out different stretches of the outbox could commit a comment's later event first.
    SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": RELAY_LOCK})


def unrelayed(connection: Connection, limit: int) -> list[Record]:
    """Return events nobody fanned out yet, oldest first."""
    columns = (Event.position, Event.id, Event.site_id, Event.comment_id, Event.sequence, Event.type)
    query = select(*columns).where(Event.relayed_at.is_(None)).order_by(Event.position).limit(limit)
    return every(connection.execute(query))


def mark_relayed(connection: Connection, positions: Collection[int], now: datetime) -> None:
    """Note that events were fanned out."""
    connection.execute(update(Event).where(Event.position.in_(positions)).values(relayed_at=now))


def add_event(connection: Connection, event: Mapping[str, Any]) -> None:
    """Insert an event."""
    connection.execute(insert(Event), event)


def events_after(
    connection: Connection, site: str, position: int, limit: int, until: datetime, leave_out: str
) -> list[Record]:
    """Return a site's events after a position and made before ``until``, oldest first."""
    query = (
        select(Event.position, Event.id, Event.payload)
        .where(
            Event.site_id == site,
            Event.position > position,
            Event.created_at <= until,
            Event.type != leave_out,
        )
        .order_by(Event.position)
        .limit(limit)
    )
    return every(connection.execute(query))
