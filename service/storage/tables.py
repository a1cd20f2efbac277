"""The tables. Each states its own limits; `migrations/` makes exactly these."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from service.domain.comment import Status


class Instant(TypeDecorator[datetime]):
    """A moment with a time zone; SQLite, which has none, keeps it in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


Serial = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only an INTEGER key
Id = String(36)


class Base(DeclarativeBase):
    """Constraint names are fixed by rule, so that migrations can drop them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: Instant, dict[str, Any]: JSON, list[Any]: JSON}


class Site(Base):
    """One host site; its id stands in the widget's ``site`` attribute."""

    __tablename__ = "sites"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    policy: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Thread(Base):
    """The talk on one page. ``version`` grows with every public change: it is cache key and ETag."""

    __tablename__ = "threads"
    __table_args__ = (UniqueConstraint("site_id", "key"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    premoderate: Mapped[bool] = mapped_column(default=False)
    closed_at: Mapped[datetime | None]
    approved_count: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class Comment(Base):
    """One reader's words in one thread. Its id sorts by time (UUID version 7).

    ``version`` is the number of its last audit row and event. ``shown`` is kept for top-level comments
    only: approved, or kept as a tombstone because approved replies hang below it.
    """

    __tablename__ = "comments"
    __table_args__ = (
        Index(None, "thread_id", "shown", "id"),  # newest, oldest
        Index(None, "thread_id", "shown", "rank", "id"),  # top
        Index(None, "root_id", "status", "id"),  # replies of one page
        Index(None, "site_id", "status", "id"),  # the review queue, oldest first
        Index(None, "site_id", "author_id", "status"),  # an author's record
        Index(None, "thread_id", "text_hash"),  # repeats
        Index(
            "ix_comments_received",
            "id",
            sqlite_where=text("status = 'received'"),
            postgresql_where=text("status = 'received'"),
        ),  # waiting to be scored: as small as the backlog
        CheckConstraint(
            "status IN ('received', 'pending', 'approved', 'rejected', 'deleted')", name="status_known"
        ),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"))
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id", ondelete="CASCADE"))
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    root_id: Mapped[str | None] = mapped_column(Id)
    author_id: Mapped[str | None] = mapped_column(String(64))
    author_name: Mapped[str | None] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    text_hash: Mapped[str | None] = mapped_column(String(64))  # of the normalised text, once scored
    status: Mapped[str] = mapped_column(String(16), default=Status.RECEIVED)
    version: Mapped[int] = mapped_column(default=1)
    audit_head: Mapped[str] = mapped_column(String(64))
    shown: Mapped[bool] = mapped_column(default=False)
    rank: Mapped[int] = mapped_column(default=0)
    reply_count: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(120))
    scores: Mapped[dict[str, Any] | None]
    reasons: Mapped[list[Any] | None]
    spans: Mapped[list[Any] | None]
    language: Mapped[str | None] = mapped_column(String(16))
    model_id: Mapped[str | None] = mapped_column(String(80))
    claimed_by: Mapped[str | None] = mapped_column(Id)
    claimed_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)


class AuditRow(Base):
    """One thing done to one comment, by whom and why. Rows are only ever added."""

    __tablename__ = "audit"
    __table_args__ = (UniqueConstraint("comment_id", "sequence"),)
    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    comment_id: Mapped[str] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    sequence: Mapped[int]
    actor_kind: Mapped[str] = mapped_column(String(16))  # author, policy or moderator
    actor: Mapped[str] = mapped_column(String(120))
    action: Mapped[str] = mapped_column(String(16))
    from_status: Mapped[str | None] = mapped_column(String(16))
    to_status: Mapped[str] = mapped_column(String(16))
    body_hash: Mapped[str] = mapped_column(String(64))
    reasons: Mapped[list[Any] | None]
    scores: Mapped[dict[str, Any] | None]
    model_id: Mapped[str | None] = mapped_column(String(80))
    note: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    hash: Mapped[str] = mapped_column(String(64))


class IdempotencyKey(Base):
    """A request that was answered: the same key with the same content gets the same comment."""

    __tablename__ = "idempotency_keys"
    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    comment_id: Mapped[str] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(index=True)


class Event(Base):
    """The outbox and the log of events in one: ``payload`` is the exact text that is signed and sent."""

    __tablename__ = "events"
    __table_args__ = (
        Index(
            "ix_events_unrelayed",
            "position",
            sqlite_where=text("relayed_at IS NULL"),
            postgresql_where=text("relayed_at IS NULL"),
        ),
    )
    position: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(48), unique=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"))
    comment_id: Mapped[str] = mapped_column(Id)
    sequence: Mapped[int]
    type: Mapped[str] = mapped_column(String(40))
    payload: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    relayed_at: Mapped[datetime | None]


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


class Delivery(Base):
    """One event for one endpoint, until it arrived or was given up."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "event_id"),
        Index(None, "endpoint_id", "status", "next_attempt_at"),  # what is due
        Index(None, "endpoint_id", "comment_id", "status", "sequence"),  # order within a comment
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
    comment_id: Mapped[str] = mapped_column(Id)
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


class Moderator(Base):
    """A person who decides. The password is an argon2id hash."""

    __tablename__ = "moderators"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class ModeratorSite(Base):
    """Which sites a moderator may act on; an ``owner`` may also set policies and webhooks."""

    __tablename__ = "moderator_sites"
    __table_args__ = (CheckConstraint("role IN ('moderator', 'owner')", name="role_known"),)
    moderator_id: Mapped[str] = mapped_column(
        ForeignKey("moderators.id", ondelete="CASCADE"), primary_key=True
    )
    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))


class Credential(Base):
    """A login session or an API token, recognised by the SHA-256 of its secret."""

    __tablename__ = "credentials"
    __table_args__ = (CheckConstraint("kind IN ('session', 'token')", name="kind_known"),)
    secret_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    moderator_id: Mapped[str] = mapped_column(ForeignKey("moderators.id", ondelete="CASCADE"), index=True)
    label: Mapped[str | None] = mapped_column(String(120))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class PerspectiveKey(Base):
    """A key for scoring from outside, recognised by the SHA-256 of its secret; ``id`` counts its quota."""

    __tablename__ = "perspective_keys"
    __table_args__ = ({"sqlite_autoincrement": True},)  # no number is given twice
    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    per_minute: Mapped[int]
    created_at: Mapped[datetime]


class Suggestion(Base):
    """The scores that somebody says a text should have; for training, and gone after a while.

    ``scores`` is attribute -> ``{"summary": number or null, "spans": [[begin, end, value], …]}``, offsets in
    UTF-16 code units. ``token`` is the sender's own reference, ``sender`` the name of its key.
    """

    __tablename__ = "suggestions"
    __table_args__ = (Index(None, "community", "id"), Index(None, "token"))
    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    community: Mapped[str] = mapped_column(String(200))
    token: Mapped[str | None] = mapped_column(String(200))
    sender: Mapped[str | None] = mapped_column(String(120))
    body: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(16))
    scores: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)


class Heartbeat(Base):
    """When a worker last ran a task, and with which model."""

    __tablename__ = "heartbeats"
    worker: Mapped[str] = mapped_column(String(120), primary_key=True)
    seen_at: Mapped[datetime]
    model_id: Mapped[str | None] = mapped_column(String(80))


class DecisionCount(Base):
    """How many decisions of one outcome the policy or the moderators took, for metrics."""

    __tablename__ = "decision_counts"
    actor_kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(16), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
