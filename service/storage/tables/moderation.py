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

from service.storage.tables.base import Base, Serial, SubjectId


class AuditRow(Base):
    """One thing done to one subject, by whom and why. Rows are only ever added.

    Statuses, ``body_hash``, reasons, scores and model are a comment's; ``detail`` is another subject's.
    """

    __tablename__ = "audit"
    __table_args__ = (UniqueConstraint("subject_kind", "subject_id", "sequence"),)
    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    subject_kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[str] = mapped_column(SubjectId)
    sequence: Mapped[int]
    actor_kind: Mapped[str] = mapped_column(String(16))  # author, policy, moderator or operator
    actor: Mapped[str] = mapped_column(String(120))
    action: Mapped[str] = mapped_column(String(16))
    from_status: Mapped[str | None] = mapped_column(String(16))
    to_status: Mapped[str | None] = mapped_column(String(16))
    body_hash: Mapped[str | None] = mapped_column(String(64))
    reasons: Mapped[list[Any] | None]
    scores: Mapped[dict[str, Any] | None]
    model_id: Mapped[str | None] = mapped_column(String(80))
    note: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    hash: Mapped[str] = mapped_column(String(64))


class Subject(Base):
    """How far the log of a subject that is no comment has come: its last number and hash."""

    __tablename__ = "subjects"
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    id: Mapped[str] = mapped_column(SubjectId, primary_key=True)
    site_id: Mapped[str | None] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"))
    sequence: Mapped[int]
    audit_head: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """How many entries a part of the log has and their sum: see `service.domain.sealing.RunningHead`.

    It refers to no site on purpose: who deletes a site does not delete what tells of it.
    """

    __tablename__ = "audit_heads"
    part: Mapped[str] = mapped_column(String(64), primary_key=True)
    entries: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[str] = mapped_column(String(64))
    since: Mapped[datetime]
    before: Mapped[int] = mapped_column(BigInteger)
    proof: Mapped[str] = mapped_column(String(64))


class Policy(Base):
    """One version of a site's policy, its defaults filled in. Rows are only ever added."""

    __tablename__ = "policies"
    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document: Mapped[dict[str, Any]]
    author: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]


class Decision(Base):
    """One decision on one subject with all that it was made from; the simulator and appeals read it.

    ``evidence`` is None where it was not kept, and for what a person decided. The key begins with the site,
    and ids sort by time: one stretch of it is one site's decisions in order.
    """

    __tablename__ = "decisions"
    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True)
    subject_kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    subject_id: Mapped[str] = mapped_column(SubjectId, primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outcome: Mapped[str] = mapped_column(String(16))
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(120))
    policy_version: Mapped[int | None]
    model_id: Mapped[str | None] = mapped_column(String(80))
    evidence: Mapped[dict[str, Any] | None]
    reasons: Mapped[list[Any] | None]
    created_at: Mapped[datetime]


class DecisionCount(Base):
    """How many decisions of one outcome the policy or the moderators took, for metrics.

    One row more counts those of the policy whose evidence was unsure (`service.storage.health.UNSURE`).
    """

    __tablename__ = "decision_counts"
    actor_kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(16), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
