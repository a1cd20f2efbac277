"""Events, webhook endpoints, deliveries and attempts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.tables.base import Base, Id, Serial


class Event(Base):
    """The outbox and the log of events in one: ``payload`` is the exact text that is signed and sent.

    ``position`` is counted when a row is written; a transaction that commits late comes below rows that were
    read already. ``place`` is where the event stands in the log: the relay gives it, to committed rows alone.
    ``sequence`` counts what happened to one subject, from 1; 0 stands outside of any order.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index(
            "ix_events_unrelayed",
            "position",
            sqlite_where=text("relayed_at IS NULL"),
            postgresql_where=text("relayed_at IS NULL"),
        ),
        Index(
            "ix_events_place",
            "place",
            unique=True,
            sqlite_where=text("place IS NOT NULL"),
            postgresql_where=text("place IS NOT NULL"),
        ),
        Index(
            "ix_events_of_site",
            "site_id",
            "place",
            sqlite_where=text("place IS NOT NULL"),
            postgresql_where=text("place IS NOT NULL"),
        ),  # a site's own log to pull, however much the others have in theirs
        Index(
            "ix_events_unplaced",
            "position",
            sqlite_where=text("place IS NULL"),
            postgresql_where=text("place IS NULL"),
        ),  # what the relay has to do: as small as its backlog
        Index(None, "subject_id"),  # all that was told of a subject: its text may have to be erased
    )
    position: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(48), unique=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"))
    subject_kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[str] = mapped_column(String(64))
    sequence: Mapped[int]
    type: Mapped[str] = mapped_column(String(40))
    payload: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    relayed_at: Mapped[datetime | None]
    place: Mapped[int | None] = mapped_column(BigInteger)


class WebhookEndpoint(Base):
    """An address of a host site that is told of events. ``types`` empty means all."""

    __tablename__ = "webhook_endpoints"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"), index=True)
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(String(100))
    old_secret: Mapped[str | None] = mapped_column(String(100))
    old_secret_until: Mapped[datetime | None]
    types: Mapped[list[Any]]
    disabled_at: Mapped[datetime | None]
    disabled_because: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    slow_turns: Mapped[int] = mapped_column(default=0, server_default="0")  # in a row; see domain/turns.py
    paused_until: Mapped[datetime | None]


class Delivery(Base):
    """One event for one endpoint, until it arrived or was given up."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "event_id"),
        Index(None, "event_id"),  # what goes with an event that is no longer kept
        Index(None, "endpoint_id", "status", "next_attempt_at"),  # what is due
        Index(
            "ix_deliveries_subject", "endpoint_id", "subject_kind", "subject_id", "status", "sequence"
        ),  # order within a subject
        Index(
            "ix_deliveries_due",
            "next_attempt_at",
            sqlite_where=text("status = 'due'"),
            postgresql_where=text("status = 'due'"),
        ),  # how many wait, without a look at those that arrived
        CheckConstraint("status IN ('due', 'delivered', 'failed')", name="status_known"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    endpoint_id: Mapped[str] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    subject_kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[str] = mapped_column(String(64))
    sequence: Mapped[int]
    status: Mapped[str] = mapped_column(String(16), default="due")
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    claimed_by: Mapped[str | None] = mapped_column(Id)
    claimed_until: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]


class Attempt(Base):
    """One try of one delivery: what the receiver answered, or why it could not be reached."""

    __tablename__ = "attempts"
    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    delivery_id: Mapped[str] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    started_at: Mapped[datetime]
    duration_ms: Mapped[int]
    status_code: Mapped[int | None]
    answer: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
