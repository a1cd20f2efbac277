"""Deleting what is good for nothing any more, a bounded number of rows at a time; and how much that is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    Text,
    and_,
    cast,
    delete,
    exists,
    func,
    literal,
    select,
    text,
    update,
)

from service.domain.audit import COMMENT, FOLDED
from service.domain.comment import Status
from service.domain.ids import new_id
from service.storage.records import Amount
from service.storage.tables import (
    Attempt,
    AuditRow,
    Comment,
    Decision,
    Delivery,
    Event,
    IdempotencyKey,
    Site,
    Suggestion,
)
from service.storage.tables.comments import TO_ERASE

DUE = select(Delivery.event_id).where(text("deliveries.status = 'due'"))  # written out: for its small index


def _arrived(before: datetime) -> ColumnElement[bool]:
    """Deliveries that arrived before a time.

    These were made before it, and ids sort by time: so only the old end of the table is looked at.
    """
    return and_(Delivery.id < new_id(before), Delivery.status == "delivered", Delivery.delivered_at < before)


def _told(before: datetime) -> ColumnElement[bool]:
    """Events from before a time that stand in the log, and of which no delivery waits."""
    return and_(
        Event.id > "evt_",
        Event.id < "evt_" + new_id(before).replace("-", ""),
        Event.place.is_not(None),
        Event.id.not_in(DUE),
    )


def _withdrawn(before: datetime) -> ColumnElement[bool]:
    """Comments that were taken back before a time."""
    every = Comment.site_id.in_(select(Site.id))  # for the index, which begins with the site
    return and_(every, Comment.status == Status.DELETED, Comment.decided_at < before)


OF_COMMENT = and_(
    Decision.site_id == Comment.site_id, Decision.subject_kind == COMMENT, Decision.subject_id == Comment.id
)


def drop_keys(connection: Connection, before: datetime, limit: int) -> int:
    """Delete up to ``limit`` idempotency keys of requests answered before a time; return how many."""
    old = select(IdempotencyKey.key_hash).where(IdempotencyKey.created_at < before)
    chosen = old.order_by(IdempotencyKey.created_at).limit(limit).cte("chosen")
    gone = delete(IdempotencyKey).where(IdempotencyKey.key_hash.in_(select(chosen.c.key_hash)))
    return len(connection.execute(gone.returning(IdempotencyKey.key_hash)).all())


def drop_deliveries(connection: Connection, before: datetime, limit: int) -> int:
    """Delete up to ``limit`` deliveries that arrived before a time, with their attempts; return how many."""
    chosen = select(Delivery.id).where(_arrived(before)).order_by(Delivery.id).limit(limit).cte("chosen")
    # Attempts go along by their foreign key.
    gone = delete(Delivery).where(Delivery.id.in_(select(chosen.c.id)))
    return len(connection.execute(gone.returning(Delivery.id)).all())


def drop_events(connection: Connection, before: datetime, limit: int) -> int:
    """Delete up to ``limit`` events from before a time, with deliveries of them that were given up; return
    how many.

    How far the log of each site is gone now is noted with it, so that nobody reads over the gap.
    """
    old = select(Event.position, Event.site_id, Event.place).where(_told(before))
    chosen = connection.execute(old.order_by(Event.id).limit(limit).with_for_update(skip_locked=True)).all()
    until: dict[str, int] = {}
    for row in chosen:
        until[row.site_id] = max(row.place, until.get(row.site_id, 0))
    connection.execute(delete(Event).where(Event.position.in_([row.position for row in chosen])))
    for site, place in sorted(until.items()):
        connection.execute(
            update(Site).where(Site.id == site, Site.events_pruned < place).values(events_pruned=place)
        )
    return len(chosen)


def drop_decisions(connection: Connection, before: datetime, limit: int) -> int:
    """Delete what was kept of decisions on up to ``limit`` comments taken back before a time; return of how
    many comments.
    """
    decided = select(Comment.id).where(_withdrawn(before), exists().where(OF_COMMENT))
    chosen = list(connection.scalars(decided.limit(limit)))
    of_sites = Decision.site_id.in_(select(Site.id))
    connection.execute(
        delete(Decision).where(of_sites, Decision.subject_kind == COMMENT, Decision.subject_id.in_(chosen))
    )
    return len(chosen)


def rejected(connection: Connection, before: datetime) -> Amount:
    """Return how many refused comments have a text that is to go, and its size."""
    old = and_(text(TO_ERASE), Comment.status == Status.REJECTED, Comment.decided_at < before)
    return _amount(connection, select(func.count(), _size(connection, Comment.body)).where(old))


def withdrawn(connection: Connection, before: datetime) -> Amount:
    """Return of how many withdrawn comments decisions are to go, and their size."""
    size = _size(connection, Decision.evidence, Decision.reasons)
    query = select(func.count(Comment.id.distinct()), size).join_from(Comment, Decision, OF_COMMENT)
    return _amount(connection, query.where(_withdrawn(before)))


def events(connection: Connection, before: datetime) -> Amount:
    """Return how many events are to go, and their size."""
    return _amount(connection, select(func.count(), _size(connection, Event.payload)).where(_told(before)))


def deliveries(connection: Connection, before: datetime) -> Amount:
    """Return how many deliveries are to go, and the size of what was answered to them."""
    size = _size(connection, Attempt.answer, Attempt.error)
    query = select(func.count(Delivery.id.distinct()), size).join_from(
        Delivery, Attempt, Attempt.delivery_id == Delivery.id, isouter=True
    )
    return _amount(connection, query.where(_arrived(before)))


def audit(connection: Connection, before: datetime) -> Amount:
    """Return how many entries are to be folded with those before them, and their size."""
    size = _size(connection, AuditRow.reasons, AuditRow.scores, AuditRow.detail, AuditRow.note)
    old = and_(AuditRow.created_at < before, AuditRow.action != FOLDED)
    return _amount(connection, select(func.count(), size).where(old))


def suggestions(connection: Connection, before: datetime) -> Amount:
    """Return how many suggested scores are to go, and the size of their texts."""
    size = _size(connection, Suggestion.body, Suggestion.scores)
    return _amount(connection, select(func.count(), size).where(Suggestion.created_at < before))


def _amount(connection: Connection, query: Select[Any, Any]) -> Amount:
    rows, size = connection.execute(query).one()
    return Amount(rows, int(size or 0))


def _size(connection: Connection, *columns: Any) -> ColumnElement[int]:
    """How many bytes columns hold, of all rows together."""
    if connection.dialect.name == "sqlite":
        sizes = [func.length(cast(column, LargeBinary)) for column in columns]
    else:
        sizes = [func.octet_length(cast(column, Text)) for column in columns]
    total: ColumnElement[int] = literal(0)
    for size in sizes:
        total = total + func.coalesce(size, 0)
    return func.sum(total)
