"""What was done, by whom, and how often."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.tables.base import Base, Serial


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


class DecisionCount(Base):
    """How many decisions of one outcome the policy or the moderators took, for metrics."""

    __tablename__ = "decision_counts"
    actor_kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(16), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
