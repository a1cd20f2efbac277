"""Decisions as they were made, with their evidence. They are written by `moves`."""

from __future__ import annotations

from sqlalchemy import Connection, select

from service.domain.comment import Status
from service.domain.reasons import POLICY_ACTOR
from service.storage.records import DecisionRow, JudgedComment, columns, rows_of
from service.storage.tables import Comment, Decision


def of_subject(connection: Connection, site_id: str, kind: str, subject_id: str) -> list[DecisionRow]:
    """Return everything that was decided about one subject, oldest first."""
    query = select(*columns(DecisionRow, Decision)).where(
        Decision.site_id == site_id, Decision.subject_kind == kind, Decision.subject_id == subject_id
    )
    return rows_of(DecisionRow, connection.execute(query.order_by(Decision.sequence)))


def judged(connection: Connection, site_id: str, limit: int) -> list[JudgedComment]:
    """Return a site's newest comments that stand and those that a moderator refused, so many of each."""
    found = []
    for status in (Status.APPROVED, Status.REJECTED):
        is_refused = status == Status.REJECTED
        query = select(Comment.body, Comment.language).where(
            Comment.site_id == site_id,
            Comment.status == status,
            Comment.body != "",  # of one that was refused long ago, nothing is left to learn from
        )
        if is_refused:
            query = query.where(Comment.decided_by != POLICY_ACTOR)
        rows = connection.execute(query.order_by(Comment.id.desc()).limit(limit))
        found += [JudgedComment(body, language, is_refused) for body, language in rows]
    return found
