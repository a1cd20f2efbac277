"""Comments, and the requests that brought them."""

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
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from service.domain.comment import Status
from service.storage.tables.base import Base, Id, SubjectId

TO_ERASE = "status IN ('deleted', 'rejected') AND body <> ''"


class Comment(Base):
    """One reader's words in one thread. Its id sorts by time (UUID version 7).

    ``version`` is the number of its last audit row and event. ``shown`` is kept for top-level comments
    only: approved, or kept as a tombstone because approved replies hang below it. ``body`` is empty where the
    text was erased (nobody can post an empty one); the audit log keeps its hash.
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
        Index(
            "ix_comments_to_erase",
            "status",
            "decided_at",
            sqlite_where=text(TO_ERASE),
            postgresql_where=text(TO_ERASE),
        ),  # whose text goes some day; what was erased is not in it
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
    pressure: Mapped[dict[str, Any] | None]  # how much was posted when it came: figures, no caller
    # What the post says of its page and the thread does not say yet: a thread takes it over with the comment
    # that brought it, once that is published. ``page_key`` is there to be judged, where no page of the site's
    # own vouches for it.
    page_title: Mapped[str | None] = mapped_column(Text)
    page_url: Mapped[str | None] = mapped_column(Text)
    page_key: Mapped[str | None] = mapped_column(Text)


class IdempotencyKey(Base):
    """A request that was answered: the same key with the same content gets the same subject."""

    __tablename__ = "idempotency_keys"
    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    subject_kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[str] = mapped_column(SubjectId)
    created_at: Mapped[datetime] = mapped_column(index=True)


class Likeness(Base):
    """One hash of a text that was like no other of its day: one who writes nearly the same has it too.

    What repeats a text is not kept, so a flood of one text leaves no more than one such post does.
    """

    __tablename__ = "likenesses"
    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True)
    hash: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    comment_id: Mapped[str] = mapped_column(
        ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    thread_id: Mapped[str] = mapped_column(Id)
    author_id: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(index=True)
