"""Queries for operators: heartbeats and counts."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, func, literal_column, select

from service.storage.records import Beat, ReviewQueue, columns, rows_of
from service.storage.tables import Comment, DecisionCount, Delivery, Heartbeat, Site, WebhookEndpoint
from service.storage.upserts import upsert

FORGOTTEN = timedelta(days=1)
SCHEDULER = "scheduler"  # its row among those of the workers; their names have a colon
PROBE = "probe"  # the row that is written to see whether anything can be
UNSURE = ("policy", "unsure")  # its row among the counts of decisions: no outcome, some of each may be


def heartbeats(connection: Connection) -> list[Beat]:
    """Return when each worker last reported, and when the scheduler last rang."""
    query = select(*columns(Beat, Heartbeat)).where(Heartbeat.worker != PROBE)
    return rows_of(Beat, connection.execute(query))


def beat(connection: Connection, worker: str, model_id: str | None, now: datetime) -> None:
    """Note that a worker reported, and forget reports of another day, a future one included."""
    report = {"seen_at": now, "model_id": model_id}
    upsert(connection, Heartbeat, {"worker": worker, **report}, report)
    is_of_today = Heartbeat.seen_at.between(now - FORGOTTEN, now + FORGOTTEN)
    connection.execute(delete(Heartbeat).where(~is_of_today))


def decision_counts(connection: Connection) -> dict[tuple[str, str], int]:
    """Return how many decisions were taken, by kind of actor and outcome; `UNSURE` is among them."""
    rows = connection.execute(select(DecisionCount.actor_kind, DecisionCount.outcome, DecisionCount.count))
    return {(row[0], row[1]): row[2] for row in rows}


def deliveries_due(connection: Connection) -> int:
    """Return how many deliveries have not arrived and are not given up."""
    query = select(func.count()).select_from(Delivery).where(Delivery.status == literal_column("'due'"))
    return int(connection.execute(query).scalar_one())


def oldest_due(connection: Connection) -> datetime | None:
    """Return since when the delivery that is late the longest could have been sent; None if none waits.

    What waits for a disabled endpoint waits for its owner, and is no delay of ours.
    """
    first = select(func.min(Delivery.next_attempt_at)).where(
        Delivery.endpoint_id == WebhookEndpoint.id, Delivery.status == literal_column("'due'")
    )
    firsts = select(first.scalar_subquery().label("since")).where(WebhookEndpoint.disabled_at.is_(None))
    since: datetime | None = connection.execute(select(func.min(firsts.subquery().c.since))).scalar_one()
    return since


def review_queues(connection: Connection) -> list[ReviewQueue]:
    """Return how many comments of each site wait for a person, and since when the oldest does."""
    pending = and_(Comment.site_id == Site.id, Comment.status == literal_column("'pending'"))
    query = select(Site.id, func.count(Comment.id), func.min(Comment.created_at)).outerjoin(Comment, pending)
    return rows_of(ReviewQueue, connection.execute(query.group_by(Site.id)))
