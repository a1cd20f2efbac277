"""Queries for operators: heartbeats and counts."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

from service.storage.records import Record, every
from service.storage.tables import DecisionCount, Delivery, Heartbeat

FORGOTTEN = timedelta(days=1)
SCHEDULER = "scheduler"  # its row among those of the workers; their names have a colon


def heartbeats(connection: Connection) -> list[Record]:
    """Return when each worker last reported, and when the scheduler last rang."""
    return every(connection.execute(select(*Heartbeat.__table__.c)))


def beat(connection: Connection, worker: str, model_id: str | None, now: datetime) -> None:
    """Note that a worker reported, and forget those that have been silent for a day."""
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    values = {"seen_at": now, "model_id": model_id}
    statement = make(Heartbeat).values(worker=worker, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["worker"], set_=values))
    connection.execute(delete(Heartbeat).where(Heartbeat.seen_at < now - FORGOTTEN))


def decision_counts(connection: Connection) -> dict[tuple[str, str], int]:
    """Return how many decisions were taken, by kind of actor and outcome."""
    rows = connection.execute(select(DecisionCount.actor_kind, DecisionCount.outcome, DecisionCount.count))
    return {(row[0], row[1]): row[2] for row in rows}


def deliveries_due(connection: Connection) -> int:
    """Return how many deliveries have not arrived and are not given up."""
    query = select(func.count()).select_from(Delivery).where(Delivery.status == literal_column("'due'"))
    return int(connection.execute(query).scalar_one())
