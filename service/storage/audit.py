"""The audit log: reading it, and what each subject keeps of its last row."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, func, select, tuple_

from service.storage.records import AuditEntry, Sealed, SubjectHead, columns, row_of, rows_of
from service.storage.tables import AuditRow, Comment, Subject

ENTRIES = select(*columns(AuditEntry, AuditRow))
LOOKED_AT = 20_000  # rows in which the last deeds of somebody are looked for


def comments_after(connection: Connection, after: str, limit: int) -> list[Sealed]:
    """Return comments in order of id, with the hash each keeps of its last audit row."""
    query = select(*columns(Sealed, Comment)).where(Comment.id > after)
    return rows_of(Sealed, connection.execute(query.order_by(Comment.id).limit(limit)))


def sealed(connection: Connection, comment_id: str) -> Sealed | None:
    """Return one comment with the hash it keeps of its last audit row."""
    query = select(*columns(Sealed, Comment)).where(Comment.id == comment_id)
    return row_of(Sealed, connection.execute(query))


def subjects_after(connection: Connection, kind: str, after: str, limit: int) -> list[SubjectHead]:
    """Return other subjects in order of kind and id, with the hash each keeps of its last audit row."""
    query = select(*columns(SubjectHead, Subject)).where(tuple_(Subject.kind, Subject.id) > (kind, after))
    return rows_of(SubjectHead, connection.execute(query.order_by(Subject.kind, Subject.id).limit(limit)))


def entries(connection: Connection, kind: str, ids: Collection[str]) -> list[AuditEntry]:
    """Return everything done to some subjects of one kind, in order of id and sequence."""
    query = ENTRIES.where(AuditRow.subject_kind == kind, AuditRow.subject_id.in_(ids))
    return rows_of(AuditEntry, connection.execute(query.order_by(AuditRow.subject_id, AuditRow.sequence)))


def last_of(connection: Connection, kind: str, actor_kind: str, actor: str, limit: int) -> list[str]:
    """Return to which subjects of a kind somebody did something last, newest first, without repeats.

    Only the newest rows of the log are looked at, so this costs the same beside any log.
    """
    newest = select(func.max(AuditRow.id)).scalar_subquery()
    query = select(AuditRow.subject_id).where(
        AuditRow.id > newest - LOOKED_AT,
        AuditRow.subject_kind == kind,
        AuditRow.actor_kind == actor_kind,
        AuditRow.actor == actor,
    )
    return list(dict.fromkeys(connection.scalars(query.order_by(AuditRow.id.desc()).limit(limit))))
