"""Events that were written with the changes they tell of, on their way to the deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    Connection,
    func,
    insert,
    select,
    text,
    update,
)

from service.storage.records import EventToRelay, LoggedEvent, NewEvent, columns, rows_of, values_of
from service.storage.tables import Event, Site

RELAY_LOCK = 0x52656C6179  # any number of ours


def lock_relay(connection: Connection) -> None:
    """Let one relay run at a time, until the transaction ends.

    Two that fan out different stretches of the outbox could commit a subject's later event first.
    SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": RELAY_LOCK})


def unplaced(connection: Connection, limit: int) -> list[EventToRelay]:
    """Return events that have no place in the log yet, in the order in which they were written.

    Those with ``relayed_at`` were fanned out already: tests of endpoints, and what a release that knew no
    places relayed beside this one.
    """
    query = select(*columns(EventToRelay, Event)).where(Event.place.is_(None))
    return rows_of(EventToRelay, connection.execute(query.order_by(Event.position).limit(limit)))


def last_place(connection: Connection) -> int:
    """Return the last place in the log that was given; the caller holds the relay's lock.

    Where the events that had the last ones were pruned, their sites remember.
    """
    given = connection.scalar(select(func.max(Event.place))) or 0
    return max(given, connection.scalar(select(func.max(Site.events_pruned))) or 0)


def mark_relayed(connection: Connection, positions: Sequence[int], after: int, now: datetime) -> None:
    """Note that events were fanned out, and give them the places after one, in the order of positions."""
    chosen = Event.position.in_(positions)
    number = func.row_number().over(order_by=Event.position).label("number")
    numbered = select(Event.position, number).where(chosen).subquery()
    connection.execute(
        update(Event)
        .where(chosen, Event.position == numbered.c.position)
        .values(relayed_at=func.coalesce(Event.relayed_at, now), place=after + numbered.c.number)
    )


def add_event(connection: Connection, event: NewEvent) -> None:
    """Insert an event."""
    connection.execute(insert(Event), values_of(event))


def events_after(
    connection: Connection, site: str, place: int, limit: int, leave_out: str
) -> list[LoggedEvent]:
    """Return a site's events after a place in the log, in order."""
    query = (
        select(*columns(LoggedEvent, Event))
        .where(Event.site_id == site, Event.place > place, Event.type != leave_out)
        .order_by(Event.place)
        .limit(limit)
    )
    return rows_of(LoggedEvent, connection.execute(query))


def pruned_until(connection: Connection, site: str) -> int:
    """Return the last place that an event of a site was pruned from; 0 if none was, or there is no site."""
    return connection.scalar(select(Site.events_pruned).where(Site.id == site)) or 0


def oldest_place(connection: Connection, site: str, after: int, leave_out: str) -> int | None:
    """Return the place of a site's first event after one, if there is any."""
    query = select(func.min(Event.place)).where(
        Event.site_id == site, Event.place > after, Event.type != leave_out
    )
    return connection.scalar(query)
