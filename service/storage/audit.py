"""Reading the audit log as a whole, to check it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from service.storage.records import Record, every
from service.storage.tables import AuditRow, Comment


def comments_after(connection: Connection, after: str, limit: int) -> list[Record]:
    """Return comments in order of id, with the hash each keeps of its last audit row."""
    query = select(Comment.id, Comment.status, Comment.body, Comment.audit_head).where(Comment.id > after)
    return every(connection.execute(query.order_by(Comment.id).limit(limit)))


def rows_of(connection: Connection, ids: Collection[str]) -> list[Record]:
    """Return all audit rows of some comments, in order of comment and sequence."""
    query = select(*AuditRow.__table__.c).where(AuditRow.comment_id.in_(ids))
    return every(connection.execute(query.order_by(AuditRow.comment_id, AuditRow.sequence)))
